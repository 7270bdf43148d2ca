"""The App's own affairs, and reading without an App."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.github import transport
from bot.github.errors import NotFound
from bot.github.guest import guest_reader
from bot.github.registration import Registration, redeem
from bot.triage.issue import Repository
from tests.bot.github.scripted import Reply, ScriptedServer


@pytest.fixture(autouse=True)
def _connections_end(server: ScriptedServer) -> Iterator[None]:
    yield
    transport.close_idle()


@pytest.fixture
def registration(server: ScriptedServer, private_key: str) -> Registration:
    return Registration(7, private_key, server.url)


def test_the_hook_tells_where_deliveries_go(server: ScriptedServer, registration: Registration):
    config = {"url": "https://bot.example/webhook", "content_type": "json", "insecure_ssl": "0", "secret": "***"}
    server.on("GET /app/hook/config", Reply(config), Reply({"url": "http://x", "insecure_ssl": 1}))
    found = registration.hook()
    assert (found.url, found.content_type, found.insecure) == ("https://bot.example/webhook", "json", False)
    odd = registration.hook()
    assert (odd.content_type, odd.insecure) == ("form", True)


def test_attempts_to_deliver_are_told_with_what_came_of_them(server: ScriptedServer, registration: Registration):
    arrived = {"guid": "a-1", "event": "issues", "status": "OK", "status_code": 202, "delivered_at": "2026-01-01"}
    server.on("GET /app/hook/deliveries", Reply([arrived, {"status_code": 502}, {}]))
    page = registration.sent()
    assert [(one.guid, one.arrived) for one in page.sent] == [("a-1", True), ("", False), ("", False)]
    assert page.cursor == ""


def test_attempts_are_listed_by_cursor_and_sent_again_by_number(server: ScriptedServer, registration: Registration):
    more = {"link": f'<{server.url}/app/hook/deliveries?per_page=100&cursor=v1_7%3D>; rel="next"'}
    listed = {"id": 5, "guid": "a-1", "delivered_at": "2026-01-01T00:00:00Z", "installation_id": 9}
    server.on("GET /app/hook/deliveries", Reply([listed], headers=more), Reply([]))
    server.on("POST /app/hook/deliveries/5/attempts", Reply({}, 202))
    first = registration.sent()
    assert (first.sent[0].at, first.sent[0].installation_id) == (datetime(2026, 1, 1, tzinfo=UTC), 9)
    assert registration.sent(first.cursor).cursor == ""
    assert "cursor=v1_7%3D" in server.asked[-1].target
    registration.send_again(first.sent[0].id)


def test_what_accounts_have_granted_is_listed(server: ScriptedServer, registration: Registration):
    granted = {
        "account": {"login": "octo"},
        "permissions": {"issues": "write"},
        "suspended_at": None,
    }
    server.on("GET /app/installations", Reply([granted, {"account": None, "suspended_at": "2026-01-01T00:00:00Z"}]))
    octo, unknown = registration.grants()
    assert (octo.account, octo.permissions, octo.suspended) == ("octo", {"issues": "write"}, False)
    assert (unknown.account, unknown.suspended) == ("", True)


def test_a_manifests_code_is_redeemed_without_credentials(server: ScriptedServer):
    server.on("POST /app-manifests/c0de/conversions", Reply({"id": 7, "pem": "key"}, 201))
    assert redeem(server.url, "c0de") == {"id": 7, "pem": "key"}
    assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize(("token", "shown"), [("", None), ("ghp_mine", "token ghp_mine")])
def test_a_guest_reads_what_is_public_or_what_the_token_may(server: ScriptedServer, token: str, shown: str | None):
    comment = {"id": 1, "body": "hi", "user": {"login": "triage-bot[bot]", "type": "Bot"}}
    server.on("GET /repos/octo/hello/issues/3/comments", Reply([comment]))
    (found,) = guest_reader(token, server.url).comments(Repository(1, "octo", "hello", ""), 3)
    assert not found.by_this_app
    assert server.asked[0].headers.get("authorization") == shown


def test_a_guest_is_told_what_is_not_there(server: ScriptedServer):
    with pytest.raises(NotFound):
        guest_reader(api_url=server.url).repository("octo", "hidden")
