"""Health, readiness, figures and the status page, with and without an App."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from starlette.types import Message

from bot.credentials import Credentials, write_credentials
from bot.settings import load_settings
from tests.fakes.service import Browser, FakeService, new_key

CREDENTIALS = Credentials(7, new_key(), "a webhook secret", "https://github.com/apps/x")


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def waiting(tmp_path: Path, service: FakeService) -> Browser:
    return Browser(load_settings(data_dir=tmp_path), service.start)


@pytest.fixture
def running(tmp_path: Path, service: FakeService) -> Browser:
    write_credentials(tmp_path, CREDENTIALS)
    return Browser(load_settings(data_dir=tmp_path), service.start)


def test_without_an_app_it_is_alive_but_not_ready(waiting: Browser):
    assert waiting.get("/healthz").json() == {"status": "ok"}
    ready = waiting.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"]["credentials"]["ok"] is False
    assert "setup page" in ready.json()["checks"]["credentials"]["message"]


def test_who_only_works_shows_health_and_figures_and_nothing_else(tmp_path: Path, service: FakeService):
    write_credentials(tmp_path, CREDENTIALS)
    inner = Browser(load_settings(data_dir=tmp_path), service.start, inner=True)
    assert [inner.get(path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [200] * 3
    for path in ("/", "/webhook", "/setup", "/setup/callback", "/reports/a/b", "/bash/a/b/1"):
        assert (inner.get(path).status_code, inner.post(path).status_code) == (404, 404)


def test_who_only_works_waits_for_an_app_and_is_then_to_start_anew(tmp_path: Path, service: FakeService):
    inner = Browser(load_settings(data_dir=tmp_path), service.start, inner=True)
    assert inner.get("/healthz").status_code == 200
    assert inner.get("/readyz").json()["checks"]["credentials"]["ok"] is False
    assert not inner.site.anew.is_set()
    write_credentials(tmp_path, CREDENTIALS)
    assert inner.site.anew.wait(20)
    inner.close()


def test_without_an_app_no_delivery_is_taken_signed_or_not(waiting: Browser, service: FakeService):
    for headers in ({}, {"X-Hub-Signature-256": "sha256=00"}):
        answer = waiting.post("/webhook", content=b"{}", headers=headers)
        assert answer.status_code == 503
        assert "setup page" in answer.json()["error"]
    assert not service.accepted


def test_with_an_app_it_is_ready(running: Browser, service: FakeService):
    ready = running.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {
        "status": "ready",
        "checks": {name: {"ok": True, "message": "ok"} for name in ("credentials", "database", "engine")},
    }
    assert service.started_with == CREDENTIALS


def test_a_failing_part_is_named(running: Browser, service: FakeService):
    service.wrong["engine"] = "stopped"
    ready = running.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"]["engine"] == {"ok": False, "message": "stopped"}
    assert ready.json()["checks"]["database"]["ok"] is True


def test_checks_that_break_are_a_failure_without_details(running: Browser, service: FakeService):
    service.broken = True
    ready = running.get("/readyz")
    assert ready.status_code == 503
    assert "no database" not in ready.text


def test_an_unsigned_delivery_is_never_taken(running: Browser, service: FakeService):
    assert running.post("/webhook", content=b"{}").status_code == 401
    assert not service.accepted


def test_figures_count_answers_by_known_route_only(running: Browser):
    running.get("/healthz")
    running.get("/some/invented/path")
    running.get("/bash/octo/invented/7.json")
    running.post("/webhook", content=b"{}")
    answer = running.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "triage_configured 1.0" in answer.text
    assert "triage_deliveries_undone 3.0" in answer.text
    assert 'triage_budget_left{installation="7",resource="content_hour"} 0.25' in answer.text
    assert 'triage_http_answers_total{route="/healthz",status="200"} 1.0' in answer.text
    assert 'triage_http_answers_total{route="other",status="404"} 1.0' in answer.text
    assert 'triage_http_answers_total{route="/bash/{owner}/{name}/{number}.json",status="404"} 1.0' in answer.text
    assert 'triage_http_answers_total{route="/webhook",status="401"} 1.0' in answer.text
    assert "triage_webhook_seconds_count 1.0" in answer.text
    assert "triage_actions_total" in answer.text or "triage_actions" in answer.text
    assert "invented" not in answer.text


def test_figures_are_there_without_an_app(waiting: Browser):
    assert "triage_configured 0.0" in waiting.get("/metrics").text


def test_the_status_page_says_how_things_are(waiting: Browser, running: Browser, service: FakeService):
    assert "Waiting for its GitHub App" in waiting.get("/").text
    assert "Up and running" in running.get("/").text
    service.wrong["database"] = "the disk is full"
    assert "the disk is full" in running.get("/").text


@pytest.mark.parametrize("path", ["/", "/setup", "/setup/callback", "/healthz", "/readyz", "/metrics", "/nothing"])
def test_every_answer_carries_the_security_headers(waiting: Browser, running: Browser, path: str):
    for browser in (waiting, running):
        headers = browser.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        if headers["content-type"].startswith("text/html"):
            policy = headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; style-src 'sha256-")
            assert "unsafe" not in policy
            assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/setup", "/setup/callback", "/healthz/", "/nothing"])
def test_a_query_that_is_no_text_breaks_nothing(waiting: Browser, running: Browser, path: str):
    for browser in (waiting, running):
        assert status_of(browser, path, b"code=\xff") < 500


def status_of(browser: Browser, path: str, query: bytes) -> int:
    """Asks without a client, which would make text of the query."""
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query, "headers": [], "server": ("bot", 80)}
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        statuses.append(message.get("status", 0))

    asyncio.run(browser.app(scope, receive, send))
    return max(statuses)


def test_the_generated_api_pages_are_off(running: Browser):
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert running.get(path).status_code == 404


def test_closing_stops_the_service(running: Browser, service: FakeService):
    running.close()
    assert service.stopped
