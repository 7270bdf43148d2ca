"""Setup: guarded by its code, forged or stale links refused, keys kept, and closed for good afterwards."""

from __future__ import annotations

import asyncio
import html
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.types import Message

from bot.credentials import read_credentials
from bot.settings import Settings, load_settings
from bot.web.bodies import Bodies
from bot.web.registration import read_manifest
from bot.web.setup import ATTEMPTS, STATE_SECONDS, Setup
from tests.fakes.github import Running, key_pair
from tests.fakes.service import Browser, FakeService


@pytest.fixture
def settings(github: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("APP_ID", "PRIVATE_KEY", "PRIVATE_KEY_PATH", "WEBHOOK_SECRET", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    return load_settings(data_dir=tmp_path / "data")


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def browser(settings: Settings, service: FakeService) -> Browser:
    return Browser(settings, service.start)


def code_of(browser: Browser) -> str:
    assert browser.site.setup is not None
    return browser.site.setup.code


def begin(browser: Browser, **form: str) -> httpx.Response:
    filled = {"code": code_of(browser), "public_url": "https://triage.example.com", "organisation": ""} | form
    return browser.post("/setup", data=filled)


def test_a_form_that_is_cut_off_breaks_nothing(browser: Browser):
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        statuses.append(message.get("status", 0))

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/setup",
        "query_string": b"",
        "headers": [],
        "server": ("b", 80),
    }
    asyncio.run(browser.app(scope, receive, send))
    assert max(statuses) == 403


def posted(page: httpx.Response) -> tuple[str, dict[str, object]]:
    """Where the page's button goes, and the manifest that it takes along."""
    action = re.search(r'<form method="post" action="([^"]+)"', page.text)
    manifest = re.search(r'name="manifest" value="([^"]+)"', page.text)
    assert action
    assert manifest
    return html.unescape(action[1]), json.loads(html.unescape(manifest[1]))


def confirmed(github: Running, page: httpx.Response) -> str:
    """What GitHub sends the browser back to once a person has confirmed."""
    action, manifest = posted(page)
    state = parse_qs(urlsplit(action).query)["state"][0]
    code = github.fake.offer_manifest(manifest)
    return f"{urlsplit(str(manifest['redirect_url'])).path}?code={code}&state={state}"


def test_two_clicks_register_the_app_and_the_work_is_taken_up(
    browser: Browser, github: Running, service: FakeService, settings: Settings
):
    assert browser.get("/setup").status_code == 200
    page = begin(browser)
    assert page.status_code == 200
    done = browser.get(confirmed(github, page))
    assert done.status_code == 200
    assert "Your App is registered" in done.text
    kept = read_credentials(settings.data_dir)
    assert kept is not None
    assert kept == service.started_with
    assert kept.app_id in github.fake.apps
    assert kept.private_key.strip() == key_pair()[0].strip()
    assert f"{kept.html_url}/installations/new" in done.text
    for path in settings.data_dir.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    assert settings.data_dir.stat().st_mode & 0o777 == 0o700


def test_setup_is_closed_once_configured(browser: Browser, github: Running, settings: Settings, service: FakeService):
    page = begin(browser)
    link = confirmed(github, page)
    second = confirmed(github, begin(browser))
    browser.get(link)
    restarted = Browser(load_settings(data_dir=settings.data_dir), service.start)
    for visitor in (browser, restarted):
        assert visitor.get("/setup").status_code == 404
        assert visitor.get(second).status_code == 404
        assert visitor.post("/setup", data={"code": code_of(browser)}).status_code == 404
    assert len(github.fake.apps) == 1


def test_the_manifest_asks_for_what_app_yaml_says_and_no_more(browser: Browser, github: Running):
    action, sent = posted(begin(browser))
    manifest = read_manifest()
    assert sent["default_permissions"] == {
        "issues": "write",
        "contents": "read",
        "metadata": "read",
        "pull_requests": "read",
    }
    assert sent["default_permissions"] == manifest.default_permissions
    assert sent["default_events"] == ["issues", "issue_comment", "label", "push", "repository"]
    assert sent["hook_attributes"] == {"url": "https://triage.example.com/webhook", "active": True}
    assert sent["redirect_url"] == "https://triage.example.com/setup/callback"
    assert sent["public"] is False
    assert action.startswith(f"{github.url}/settings/apps/new?state=")


def test_an_organisation_may_own_the_app(browser: Browser, github: Running):
    action, _ = posted(begin(browser, organisation="octo-org"))
    assert action.startswith(f"{github.url}/organizations/octo-org/settings/apps/new?state=")


def test_from_the_operators_own_machine_the_browser_comes_back_there(settings: Settings, service: FakeService):
    local = Browser(settings, service.start, "http://127.0.0.1:8000")
    _, manifest = posted(begin(local))
    assert manifest["redirect_url"] == "http://127.0.0.1:8000/setup/callback"
    assert manifest["hook_attributes"] == {"url": "https://triage.example.com/webhook", "active": True}


@pytest.mark.parametrize("typed", [str.lower, lambda code: code.replace("-", " "), lambda code: f" {code} "])
def test_the_code_may_be_typed_carelessly(browser: Browser, typed: Callable[[str], str]):
    assert begin(browser, code=typed(code_of(browser))).status_code == 200


@pytest.mark.parametrize("code", ["", "AAAA-AAAA-AAAA", "ÄÖÜ"])
def test_without_the_code_nothing_is_offered(browser: Browser, code: str):
    page = begin(browser, code=code)
    assert page.status_code == 403
    assert "manifest" not in page.text
    assert code_of(browser) not in page.text


def test_the_code_in_the_address_only_fills_the_form(browser: Browser):
    page = browser.get('/setup?code=WRNG"><script>')
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "WRNG&#34;&gt;" in page.text


def test_guessing_ends_after_some_attempts_even_with_the_right_code(browser: Browser):
    for _ in range(ATTEMPTS):
        assert begin(browser, code="AAAA-AAAA-AAAA").status_code == 403
    page = begin(browser)
    assert page.status_code == 429
    assert "Restart the service" in page.text


def test_an_oversized_form_is_not_read(browser: Browser):
    assert begin(browser, organisation="x" * 10_000).status_code == 403


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"public_url": "http://triage.example.com"}, "must begin with https"),
        ({"public_url": "triage.example.com"}, "must look like"),
        ({"public_url": "https://user:pw@triage.example.com"}, "must look like"),
        ({"public_url": "https://[triage"}, "must look like"),
        ({"public_url": "https://triage.example.com:99999"}, "must look like"),
        ({"organisation": "../evil"}, "no organisation"),
    ],
)
def test_a_wrong_field_is_explained_and_keeps_what_was_typed(browser: Browser, form: dict[str, str], said: str):
    page = begin(browser, **form)
    assert page.status_code == 403
    assert said in html.unescape(page.text)
    assert next(iter(form.values())) in html.unescape(page.text)


def test_an_address_github_cannot_reach_is_pointed_out(browser: Browser):
    assert "GitHub cannot reach" in begin(browser, public_url="http://127.0.0.1:8000").text


@pytest.mark.parametrize("query", ["", "?code=x", "?code=x&state=", "?code=x&state=forged"])
def test_a_link_with_a_forged_state_is_refused(browser: Browser, github: Running, query: str):
    begin(browser)
    assert browser.get(f"/setup/callback{query}").status_code == 403
    assert not github.requests("POST")


def test_a_state_works_once(browser: Browser, github: Running):
    link = confirmed(github, begin(browser))
    spoilt = re.sub(r"code=[^&]+", "code=wrong", link)
    assert browser.get(spoilt).status_code == 502
    assert browser.get(link).status_code == 403


def test_a_state_expires(settings: Settings):
    now = [0.0]

    async def done(_credentials: object) -> str:
        return ""

    setup = Setup(settings, done, Bodies(), clock=lambda: now[0])
    state = setup.new_state()
    late = setup.new_state()
    now[0] = STATE_SECONDS - 1
    assert setup.take_state(state)
    now[0] = STATE_SECONDS + 1
    assert not setup.take_state(late)


@pytest.mark.parametrize("code", ["wrong", "../../repos/o/r/issues", ""])
def test_a_code_that_github_refuses_leaves_setup_open(browser: Browser, github: Running, settings: Settings, code: str):
    link = confirmed(github, begin(browser))
    page = browser.get(re.sub(r"code=[^&]+", f"code={code}", link))
    assert page.status_code == 502
    assert "Start again" in page.text
    assert not settings.data_dir.exists()
    assert browser.get("/setup").status_code == 200
    assert all(exchange.path.startswith("/app-manifests/") for exchange in github.requests("POST"))


def test_github_not_answering_is_told(browser: Browser, github: Running):
    link = confirmed(github, begin(browser))
    github.fake.faults.error(502, path="/app-manifests/")
    page = browser.get(link)
    assert page.status_code == 502
    assert "GitHub did not answer" in page.text


def test_a_start_that_fails_after_setup_is_told_and_keeps_the_keys(settings: Settings, github: Running):
    def start(*_: object) -> FakeService:
        raise RuntimeError("the disk is full")

    browser = Browser(settings, start)
    page = browser.get(confirmed(github, begin(browser)))
    assert page.status_code == 200
    assert "restart" in page.text
    assert "disk is full" not in page.text
    assert read_credentials(settings.data_dir) is not None
    assert browser.post("/webhook", content=b"{}").status_code == 503
    for address in ("/", "/readyz"):
        shown = browser.get(address).text
        assert "could not take up work" in shown
        assert "registered yet" not in shown


def test_no_page_and_no_log_holds_a_secret(
    browser: Browser,
    github: Running,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
):
    caplog.set_level(logging.DEBUG)
    page = begin(browser)
    wrong = begin(browser, code="AAAA-AAAA-AAAA")
    link = confirmed(github, page)
    done = browser.get(link)
    kept = read_credentials(settings.data_dir)
    assert kept is not None
    code, state = (parse_qs(urlsplit(link).query)[name][0] for name in ("code", "state"))
    pages = [wrong.text, done.text, browser.get("/").text, browser.get("/metrics").text]
    # httpx is this test's browser, which does tell the addresses it visits.
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    shown = "\n".join([*pages, *logged, *capsys.readouterr()])
    assert "the App is registered" in shown
    for secret in (kept.webhook_secret, kept.private_key.splitlines()[1], code_of(browser), code, state):
        assert secret not in shown
    assert kept.webhook_secret not in page.text
