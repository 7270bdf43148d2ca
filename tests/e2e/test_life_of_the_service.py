"""The service's own life: registered in the browser, stopped in the middle, started again."""

from __future__ import annotations

import html
import re
import time
from pathlib import Path
from typing import Any

import httpx
import orjson

from tests.e2e.town import FORMS, OWNER, Home, Town, environment
from tests.fakes.github import Running, key_pair
from tests.fakes.github.model import App
from tests.fakes.process import served, triage

GAPS = {"what": "It stops."}


def installed(github: Running) -> App:
    app = github.fake.add_app()
    github.fake.account(OWNER, "Organization")
    github.fake.install(app, OWNER)
    return app


def test_what_was_taken_before_a_stop_is_done_after_the_start(github: Running, tmp_path: Path):
    fake, app = github.fake, installed(github)
    with served(tmp_path, environment(github, app)) as service:
        app.webhook_url = f"{service.url}/webhook"
        town = Town(github, app, service)
        home = town.found()
        town.quiet()
        fake.faults.hang(5, times=-1)  # GitHub answers nothing, and the deliveries are taken all the same
        issues = [home.file(GAPS) for _ in range(5)]
        fake.hooks.wait()
        assert fake.hooks.failed == []
        began = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - began < 20
        fake.faults.clear()
    assert all(home.comments(issue) == [] for issue in issues)
    with served(tmp_path, environment(github, app)) as service:
        app.webhook_url = f"{service.url}/webhook"
        town = Town(github, app, service)
        home = Home(town, home.name)
        for issue in issues:
            home.asked(issue)
        assert service.stop() == 0


def test_a_restart_remembers_what_people_did(github: Running, tmp_path: Path):
    fake, app = github.fake, installed(github)
    with served(tmp_path, environment(github, app)) as service:
        app.webhook_url = f"{service.url}/webhook"
        town = Town(github, app, service)
        home = town.found()
        issue = home.file(GAPS)
        home.asked(issue)
        fake.unlabel(home.name, issue, "needs-info", by="maya")
        town.quiet()
        assert service.stop() == 0
    with served(tmp_path, environment(github, app)) as service:
        app.webhook_url = f"{service.url}/webhook"
        town = Town(github, app, service)
        Home(town, home.name).edit(issue, GAPS | {"version": "2.1.0"})
        town.quiet()
        (comment,) = fake.comments_by(app, home.name, issue)
        assert "**Version**" not in comment.body
        assert fake.labels_of(home.name, issue) == ["bug"]
        assert service.stop() == 0


def test_two_clicks_register_the_app_and_the_first_issue_is_triaged(github: Running, tmp_path: Path):
    with served(tmp_path, {"GITHUB_API_URL": github.url}) as service:
        found = re.search(r"code=([A-Z0-9-]+)", service.said)
        assert found, service.said
        with httpx.Client(base_url=service.url, follow_redirects=False) as browser:
            assert browser.post("/webhook", content=b"{}").status_code == 503
            answer = browser.post("/setup", data={"code": found[1], "public_url": service.url})
            assert answer.status_code == 200, answer.text
            manifest = manifest_in(answer.text)
            state = re.search(r"[?&;]state=([\w-]+)", html.unescape(answer.text))
            assert state, answer.text
            code = github.fake.offer_manifest(manifest)
            back = browser.get("/setup/callback", params={"code": code, "state": state[1]})
            assert back.status_code == 200, back.text
            assert browser.get("/setup").status_code in {403, 404, 410}
        (app,) = github.fake.apps.values()
        github.fake.install(app, OWNER)
        town = Town(github, app, service)
        home = town.found(files=FORMS)
        home.asked(home.file(GAPS))
        assert service.stop() == 0
    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert kept
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


def manifest_in(page: str) -> dict[str, Any]:
    found = re.search(r'name="manifest"[^>]*value="([^"]*)"', page) or re.search(
        r'value="([^"]*)"[^>]*name="manifest"', page
    )
    assert found, page
    manifest: dict[str, Any] = orjson.loads(html.unescape(found[1]))
    return manifest


def test_no_secret_reaches_the_log(github: Running, tmp_path: Path):
    app = installed(github)
    with served(tmp_path, environment(github, app)) as service:
        app.webhook_url = f"{service.url}/webhook"
        town = Town(github, app, service)
        home = town.found()
        github.fake.faults.error(500, path="access_tokens")
        home.asked(home.file(GAPS))
        assert service.stop() == 0
        tokens = list(github.fake.tokens)
        log = service.log
    assert tokens
    assert not any(secret in log for secret in (*tokens, app.webhook_secret, "PRIVATE KEY"))


def test_no_secret_reaches_the_database(github: Running, tmp_path: Path):
    app = installed(github)
    with served(tmp_path, environment(github, app)) as service:
        app.webhook_url = f"{service.url}/webhook"
        home = Town(github, app, service).found()
        home.asked(home.file(GAPS))
        kept = b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir())
        assert service.stop() == 0
    kept += b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir())
    assert b"octo-org" in kept
    assert github.fake.tokens
    secrets = (*github.fake.tokens, app.webhook_secret, *key_pair()[0].splitlines()[1:4])
    assert not [secret for secret in secrets if secret.encode() in kept]


def test_the_doctor_finds_a_sound_app_sound(github: Running, tmp_path: Path):
    app = installed(github)
    with served(tmp_path, environment(github, app)) as service:
        app.webhook_url = f"{service.url}/webhook"
        github.fake.ping(app)
        github.fake.hooks.wait()
        told = triage("doctor", "--data-dir", str(tmp_path / "other"), env=environment(github, app))
        assert service.stop() == 0
    assert told.returncode == 0, told.stdout + told.stderr
