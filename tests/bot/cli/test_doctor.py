"""`triage doctor`: names what is wrong on either side, says how to mend it, and fails only for what stops the bot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.cli.diagnosis import check_hook
from bot.credentials import Credentials, write_credentials
from bot.github.registration import Hook
from bot.store import deliveries, repositories
from bot.store.database import Database
from bot.store.deliveries import NewDelivery
from bot.triage.issue import Repository
from tests.bot.cli.conftest import Triage
from tests.fakes.github import Running, key_pair
from tests.fakes.service import new_key

TRIAGE_ALONE = {"issues": "write", "contents": "read", "metadata": "read"}
"""What the App asked for before there were reports."""


@pytest.fixture
def healthy(github: Running, tmp_path: Path) -> dict[str, str]:
    """An environment in which all is well."""
    app = github.fake.add_app(webhook_url="http://127.0.0.1:9/webhook")
    github.fake.install(app, "octo-org")
    github.fake.hooks.wait()
    for delivery in github.fake.hooks.deliveries:
        delivery.status, delivery.status_code = "OK", 202
    (tmp_path / "data").mkdir(mode=0o700)
    Database(f"sqlite:///{tmp_path}/data/triage.db").migrate()
    return {
        "GITHUB_API_URL": github.url,
        "APP_ID": str(app.id),
        "PRIVATE_KEY": key_pair()[0],
        "WEBHOOK_SECRET": app.webhook_secret,
    }


def only_app(github: Running) -> Any:
    (app,) = github.fake.apps.values()
    return app


def test_where_all_is_well_every_line_is_ok(triage: Triage, healthy: dict[str, str]):
    shown = triage("doctor", **healthy)
    assert shown.exit_code == 0, shown.output
    assert [line[:4] for line in shown.output.splitlines()] == ["OK  "] * 9


def test_no_secret_is_shown(triage: Triage, healthy: dict[str, str]):
    shown = triage("doctor", **healthy).output
    assert healthy["WEBHOOK_SECRET"] not in shown
    assert key_pair()[0].splitlines()[1] not in shown


def test_before_setup_it_says_what_to_do(triage: Triage):
    shown = triage("doctor")
    assert shown.exit_code == 1
    assert "FAIL  credentials: no GitHub App is registered yet" in shown.output
    assert "triage serve" in shown.output


def test_half_a_configuration_is_a_failure(triage: Triage):
    shown = triage("doctor", APP_ID="7")
    assert shown.exit_code == 1
    assert "FAIL  settings: Half a configuration" in shown.output


@pytest.mark.parametrize(
    ("change", "level", "said"),
    [
        (lambda app: app.permissions.update(issues="read"), "FAIL", "permissions: missing issues: write"),
        (lambda app: app.permissions.pop("contents"), "FAIL", "permissions: missing contents: read"),
        (lambda app: app.permissions.pop("pull_requests"), "WARN", "permissions: missing pull_requests: read; reports"),
        (lambda app: app.permissions.update(checks="write"), "WARN", "more than the bot needs: checks: write"),
        (lambda app: app.permissions.update(contents="write"), "WARN", "more than the bot needs: contents: write"),
        (lambda app: app.events.remove("issue_comment"), "FAIL", "events: not subscribed to issue_comment"),
        (lambda app: app.events.append("star"), "WARN", "events: more than the bot needs: star"),
        (lambda app: setattr(app, "webhook_url", ""), "FAIL", "webhook: no address is set"),
        (lambda app: setattr(app, "webhook_url", "https://x.example/hook"), "WARN", "does not end in /webhook"),
        (lambda app: setattr(app, "webhook_url", "http://x.example/webhook"), "WARN", "not protected by TLS"),
    ],
)
def test_what_differs_from_the_manifest_is_named(
    triage: Triage, healthy: dict[str, str], github: Running, change: Any, level: str, said: str
):
    change(only_app(github))
    shown = triage("doctor", **healthy)
    (line,) = [line for line in shown.output.splitlines() if said in line]
    assert line.startswith(level)
    assert shown.exit_code == (1 if level == "FAIL" else 0)
    assert "to mend: " in shown.output


@pytest.mark.parametrize(
    ("codes", "level", "said"),
    [
        ([401], "FAIL", "WEBHOOK_SECRET differ"),
        ([503], "FAIL", "/readyz"),
        ([500], "FAIL", "log"),
        ([0], "FAIL", "can reach"),
        ([500, 202], "WARN", "1 of 2 did not arrive"),
        ([202, 202], "OK", "the latest 2 arrived"),
        ([], "WARN", "none yet"),
    ],
)
def test_deliveries_that_did_not_arrive_are_told(
    triage: Triage, healthy: dict[str, str], github: Running, codes: list[int], level: str, said: str
):
    github.fake.hooks.deliveries.clear()
    for code in codes:
        github.fake.ping(only_app(github))
        github.fake.hooks.wait()
        delivery = github.fake.hooks.deliveries[-1]
        delivery.event = "issues"
        delivery.status_code, delivery.status = code, "OK" if code == 202 else "broken"
    shown = triage("doctor", **healthy).output
    (line,) = [line for line in shown.splitlines() if "deliveries from GitHub" in line]
    assert line.startswith(level)
    assert said in shown


def test_the_ping_that_came_before_the_setup_was_done_is_no_fault(
    triage: Triage, healthy: dict[str, str], github: Running
):
    for code in (503, 202):
        github.fake.ping(only_app(github))
        github.fake.hooks.wait()
        delivery = github.fake.hooks.deliveries[-1]
        delivery.status_code, delivery.status = code, "OK" if code == 202 else "Service Unavailable"
    assert "OK    deliveries from GitHub" in triage("doctor", **healthy).output


def test_a_hook_of_forms_and_one_out_of_reach_are_failures():
    class Asked:
        api_url = "https://api.github.com"

        def hook(self) -> Hook:
            return Hook("http://localhost:8000/webhook", "form", insecure=False)

    levels = {line.message: line.level for line in check_hook(Asked(), "the page")}
    assert levels == {
        "GitHub cannot reach http://localhost:8000/webhook": "FAIL",
        "the content type is form": "FAIL",
    }


def test_a_key_that_github_refuses_is_told(triage: Triage, healthy: dict[str, str]):
    shown = triage("doctor", **healthy | {"PRIVATE_KEY": new_key()})
    assert shown.exit_code == 1
    assert "FAIL  App: GitHub does not accept the key" in shown.output
    assert "clock" in shown.output


def test_an_unknown_app_is_told(triage: Triage, healthy: dict[str, str], github: Running):
    github.fake.faults.error(404, path="^/app$")
    shown = triage("doctor", **healthy)
    assert shown.exit_code == 1
    assert f"FAIL  App: {github.url} has no App {healthy['APP_ID']}" in shown.output


def test_github_out_of_reach_is_told(triage: Triage, healthy: dict[str, str]):
    shown = triage("doctor", **healthy | {"GITHUB_API_URL": "http://127.0.0.1:9"})
    assert shown.exit_code == 1
    assert "GitHub was not reached" in shown.output
    assert "GITHUB_API_URL" in shown.output


def test_a_part_that_github_does_not_tell_is_no_failure(triage: Triage, healthy: dict[str, str], github: Running):
    github.fake.faults.error(502, path="/app/hook/deliveries", times=-1)
    shown = triage("doctor", **healthy)
    assert shown.exit_code == 0
    assert "WARN  deliveries from GitHub: GitHub did not tell" in shown.output


def test_installations_are_looked_at_one_by_one(triage: Triage, healthy: dict[str, str], github: Running):
    app = only_app(github)
    github.fake.install(app, "stingy-org", permissions={"issues": "read", "metadata": "read"})
    github.fake.install(app, "early-org", permissions=TRIAGE_ALONE)
    github.fake.suspend(github.fake.install(app, "resting-org"))
    shown = triage("doctor", **healthy)
    assert shown.exit_code == 1
    assert "OK    installation in octo-org" in shown.output
    assert "FAIL  installation in stingy-org: has not granted issues, contents" in shown.output
    assert "WARN  installation in early-org: has not granted pull_requests; reports cannot" in shown.output
    assert "WARN  installation in resting-org: suspended" in shown.output


def test_an_app_installed_nowhere_is_pointed_out(triage: Triage, healthy: dict[str, str], github: Running):
    github.fake.installations.clear()
    shown = triage("doctor", **healthy)
    assert "WARN  installations: the App is not installed anywhere" in shown.output


def test_dead_letters_and_broken_policies_are_told(triage: Triage, healthy: dict[str, str], tmp_path: Path):
    with Database(f"sqlite:///{tmp_path}/data/triage.db").write() as connection:
        deliveries.add(connection, [NewDelivery("d-1", "issues", "repository:5", b"{}", 1)])
        found = deliveries.find(connection, "d-1")
        assert found
        deliveries.give_up(connection, [found.id], 2, "403")
        repositories.see(connection, Repository(5, "octo-org", "repo", "https://github.com/octo-org/repo"), 1, 1)
        repositories.keep_policy(connection, 5, None, ".github/triage.yml:3:1: error: there is no such key")
    shown = triage("doctor", **healthy)
    assert shown.exit_code == 0
    assert "WARN  deliveries: 1 was given up" in shown.output
    assert "triage replay --failed" in shown.output
    assert "WARN  policy of octo-org/repo: .github/triage.yml:3:1: error" in shown.output


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////dev/null/triage.db", "no folder that can be written to"),
        ("postgresql://triage:hunter2@127.0.0.1:9/triage", "FAIL  database"),
    ],
)
def test_a_database_out_of_reach_is_told_without_its_password(
    triage: Triage, healthy: dict[str, str], url: str, said: str
):
    shown = triage("doctor", **healthy | {"DATABASE_URL": url})
    assert shown.exit_code == 1
    assert said in shown.output
    assert "hunter2" not in shown.output


def test_a_damaged_database_is_told(triage: Triage, healthy: dict[str, str], tmp_path: Path):
    for file in (tmp_path / "data").iterdir():
        file.write_bytes(b"this is no database, though it is long enough to be one" * 100)
    shown = triage("doctor", **healthy)
    assert shown.exit_code == 1
    assert "FAIL  database" in shown.output


def test_an_empty_database_is_no_problem(triage: Triage, healthy: dict[str, str], tmp_path: Path):
    (tmp_path / "data" / "triage.db").unlink()
    assert "OK    database" in triage("doctor", **healthy).output
    (tmp_path / "data" / "triage.db").touch()
    assert "OK    database: reachable" in triage("doctor", **healthy).output


@pytest.mark.parametrize(("place", "level"), [("data", "WARN"), ("data/app.json", "FAIL")])
def test_what_others_may_read_is_told(triage: Triage, healthy: dict[str, str], tmp_path: Path, place: str, level: str):
    write_credentials(tmp_path / "data", Credentials(7, new_key(), "another secret"))
    (tmp_path / place).chmod(0o755)
    shown = triage("doctor", **healthy)
    (line,) = [line for line in shown.output.splitlines() if "data directory" in line]
    assert line.startswith(level)
    assert f"chmod {'600' if level == 'FAIL' else '700'} {tmp_path / place}" in shown.output
