"""What must hold of the web, whatever bytes come in: driven below the socket, through the server's own HTTP parser."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from bot.github.events import parse_event
from bot.settings import Settings
from bot.store.deliveries import Delivery
from bot.web.app import create_app
from bot.web.setup import ATTEMPTS
from bot.work.mirror import Mirror
from tests.fakes.service import FakeService, new_key
from tests.fuzz.target import Target

_SECRET = "It's a Secret to Everybody"
_APP = 7
_EXPECTED = frozenset({"200", "202", "304", "400", "401", "403", "404", "405", "413", "429", "503"})


class _Wire(asyncio.Transport):
    """Keeps what the server says."""

    def __init__(self) -> None:
        super().__init__()
        self.said = bytearray()
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.said += data

    def close(self) -> None:
        self._closing = True

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class _Errors(logging.Handler):
    """Keeps the exceptions that the server caught and told its log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.caught: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            self.caught.append(record.exc_info[1])


class Edge:
    """A site, registered or not, and its server without the socket."""

    def __init__(self, settings: Settings) -> None:
        self.service = FakeService()
        app, self.site = create_app(settings, self.service.start)
        self._config = Config(app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False)
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self.site.open())
        self._errors = _Errors()
        server = logging.getLogger("uvicorn.error")
        server.addHandler(self._errors)
        server.propagate = False

    def send(self, data: bytes) -> bytes:
        """All that is said to these bytes, by whose end the sender is gone. Raises what broke within."""
        self._errors.caught.clear()
        wire, state = _Wire(), ServerState()

        async def talk() -> None:
            protocol = HttpToolsProtocol(self._config, state, {})
            protocol.connection_made(wire)
            protocol.data_received(data)
            # All that is there is answered before the line is cut.
            for _ in range(3):
                await asyncio.sleep(0)
            protocol.connection_lost(None)
            while state.tasks:
                await asyncio.gather(*state.tasks)

        self._loop.run_until_complete(talk())
        for error in self._errors.caught:
            raise error
        return bytes(wire.said)


@cache
def _registered() -> Edge:
    return Edge(_settings(app_id=_APP, private_key=new_key(), webhook_secret=_SECRET))


@cache
def _unregistered() -> Edge:
    return Edge(_settings())


def _settings(**credentials: Any) -> Settings:
    return Settings(TRIAGE_DATA_DIR=Path(tempfile.mkdtemp()), **credentials)


def webhook(data: bytes) -> None:
    """No request breaks the server; only what is signed is taken, as it came, and what is taken can be worked on."""
    head, blank, body = data.partition(b"\r\n\r\n")
    request = head.replace(b"{length}", b"%d" % len(body)).replace(b"{signature}", _signature(body)) + blank + body
    edge = _registered()
    edge.service.accepted.clear()
    _is_in_order(edge.send(request))
    for guid, event, _, taken in edge.service.accepted:
        assert b"{signature}" in head
        assert taken in request
        _is_workable(guid, event, taken)
    if b"setup" in data:
        waiting = _unregistered()
        setup = waiting.site.setup
        assert setup
        setup._attempts_left = ATTEMPTS  # noqa: SLF001 otherwise nothing else is tried after ten wrong codes
        _is_in_order(waiting.send(request.replace(b"{code}", setup.code.encode())))
        assert not waiting.service.accepted


def _signature(body: bytes) -> bytes:
    return b"sha256=" + hmac.new(_SECRET.encode(), body, hashlib.sha256).hexdigest().encode()


def _is_in_order(said: bytes) -> None:
    for answer in re.split(rb"(?=^HTTP/1\.1 )", said, flags=re.MULTILINE):
        status = answer[9:12].decode()
        # The first two are the HTTP server's own words.
        if answer and status != "100" and b"Invalid HTTP request received." not in answer:
            assert status in _EXPECTED, answer
            assert b"\r\nx-content-type-options: nosniff\r\n" in answer


def _is_workable(guid: str, event: str, body: bytes) -> None:
    read = parse_event(event, orjson.loads(body), _APP)
    mirror = Mirror({}, 1, "bot")
    delivery = Delivery(1, guid, event, body, 0, applied=False, attempts=0)
    mirror.apply(read, delivery)
    mirror.again(read, delivery)


_ISSUE = {
    "number": 1, "title": "t", "body": "### Version\n\n1", "user": {"login": "ann", "type": "User"}, "state": "open",
    "labels": [{"name": "bug"}], "created_at": "2030-01-01T00:00:00Z", "updated_at": "2030-01-01T00:00:00Z",
    "author_association": "NONE",
}  # fmt: skip
_BASE = {
    "installation": {"id": 7},
    "repository": {"id": 5, "full_name": "octo/demo", "owner": {"login": "octo"}, "name": "demo", "private": False},
    "sender": {"login": "ann", "type": "User"},
}
_COMMENT = {"id": 9, "body": "/label bug", "user": {"login": "ann"}, "created_at": "2030-01-01T00:00:00Z"}
_PUSH = {"ref": "refs/heads/main", "commits": [{"added": ["a"], "removed": [], "modified": ["b"]}], "forced": False}
_PAYLOADS = {
    "issues": {
        **_BASE,
        "action": "opened",
        "issue": _ISSUE,
        "label": {"name": "bug"},
        "changes": {"title": {"from": "u"}},
    },
    "issue_comment": {**_BASE, "action": "created", "issue": _ISSUE, "comment": _COMMENT},
    "push": {**_BASE, **_PUSH},
    "installation": {**_BASE, "action": "created", "repositories": [{"id": 5, "full_name": "octo/demo"}]},
}


def _request(event: str, payload: object) -> bytes:
    head = (
        "POST /webhook HTTP/1.1\r\nHost: bot\r\nContent-Length: {length}\r\nContent-Type: application/json\r\n"
        f"X-GitHub-Event: {event}\r\nX-GitHub-Delivery: 72d3162e\r\nX-Hub-Signature-256: {{signature}}\r\n\r\n"
    )
    return head.encode() + orjson.dumps(payload)


_SEEDS = (
    *(_request(event, payload) for event, payload in _PAYLOADS.items()),
    b"GET /bash/octo/demo/7.json HTTP/1.1\r\nHost: bot\r\nIf-None-Match: x\r\n\r\n",
    b"GET /reports/octo/demo?a=b HTTP/1.1\r\nHost: bot\r\n\r\n",
    b"GET /setup?code={code} HTTP/1.1\r\nHost: bot\r\n\r\n",
    b"POST /setup HTTP/1.1\r\nContent-Length: {length}\r\n\r\ncode={code}&public_url=https://a.b&organisation=octo",
    b"GET /setup/callback?state=x&code=y HTTP/1.1\r\nHost: bot\r\n\r\n",
)
_WORDS = (
    "GET ", "POST ", "HEAD ", "OPTIONS ", "PUT ", "/webhook", "/healthz", "/readyz", "/metrics", "/ ", "/setup",
    "/setup/callback", "/reports/octo/demo", "/bash/octo/demo/7", ".json", "/", "?", "%00", "%2F", "%ff", "..", "*",
    " HTTP/1.1\r\n", " HTTP/1.0\r\n", "Host: bot\r\n", "Host: [::1]\r\n", "Content-Length: {length}\r\n",
    "Content-Length: 0\r\n", "Content-Length: 99999999\r\n", "Transfer-Encoding: chunked\r\n",
    "Expect: 100-continue\r\n", "Connection: close\r\n", "X-GitHub-Event: issues\r\n", "X-GitHub-Delivery: a\r\n",
    "X-Hub-Signature-256: {signature}\r\n", "X-Hub-Signature-256: sha256=0\r\n", "\r\n", "\r\n\r\n", "code={code}",
    "&public_url=https://a.b", "&organisation=o", "0\r\n\r\n", "5\r\n", '{"action":', '"opened"', '"issue":',
    '"number":', '"user":', '"login":', '"labels":[', '"repository":', '"id":', '"comment":', '"created_at":',
    '"commits":[', '"2030-01-01T00:00:00Z"', '"9999-12-31T23:59:59-23:59"', '"0001-01-01T00:00:00+23:59"',
    "18446744073709551615", "-1", "1e400", "null", "true", "{", "}", "[", "]", ",", '""', '"\\u0000"',
)  # fmt: skip

TARGETS = {"webhook": Target(webhook, _WORDS, _SEEDS)}
