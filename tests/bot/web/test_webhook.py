"""`POST /webhook`: what is refused, what is stored, and in which order the checks come."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Route

from bot.web.bodies import Bodies
from bot.web.webhook import MOST_BYTES, Webhook, lane_of
from bot.work.intake import NotStoredError, Stored

SECRET = b"It's a Secret to Everybody"
PAYLOAD = {"action": "opened", "repository": {"id": 5}, "installation": {"id": 7}}


@dataclass
class Engine:
    """Keeps what it accepts in memory; `broken` cannot store."""

    broken: bool = False
    accepted: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)

    async def accept(self, guid: str, event: str, lane: str, body: bytes) -> Stored:
        if self.broken:
            raise NotStoredError("The delivery could not be stored: OperationalError.")
        if guid in self.accepted:
            return "duplicate"
        self.accepted[guid] = (event, lane, body)
        return "stored"


@pytest.fixture
def engine() -> Engine:
    return Engine()


def sign(body: bytes, secret: bytes = SECRET) -> str:
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def headers(body: bytes, **changed: str | None) -> dict[str, str]:
    """GitHub's own, with some changed (`_` for `-`) or left out."""
    usual: dict[str, str | None] = {
        "content-type": "application/json",
        "x-github-event": "issues",
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "x-hub-signature-256": sign(body),
    }
    usual |= {name.replace("_", "-"): value for name, value in changed.items()}
    return {name: value for name, value in usual.items() if value is not None}


def post(
    engine: Engine, content: bytes | AsyncIterator[bytes], sent: dict[str, str] | list[tuple[bytes, bytes]]
) -> httpx.Response:
    async def send() -> httpx.Response:
        hook = Webhook(SECRET, engine, Bodies())
        app = Starlette(routes=[Route("/webhook", hook.receive, methods=["POST"])])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot") as client:
            return await client.post("/webhook", content=content, headers=sent)

    return asyncio.run(send())


def test_a_signed_delivery_is_stored_as_it_came(engine: Engine):
    body = orjson.dumps(PAYLOAD)
    response = post(engine, body, headers(body))
    assert response.status_code == 202
    assert response.json() == {"status": "stored"}
    assert engine.accepted == {"72d3162e-cc78-11e3-81ab-4c9367dc0958": ("issues", "repository:5", body)}


def test_a_redelivery_is_welcomed_and_changes_nothing(engine: Engine):
    body, later = orjson.dumps(PAYLOAD), orjson.dumps({**PAYLOAD, "action": "edited"})
    post(engine, body, headers(body))
    response = post(engine, later, headers(later))
    assert (response.status_code, response.json()) == (202, {"status": "duplicate"})
    assert [stored[2] for stored in engine.accepted.values()] == [body]


@pytest.mark.parametrize(
    "signature",
    [None, "", "sha256=", "sha256=" + "0" * 64, sign(b"{}", b"another secret"), sign(b"{}").upper(), "sha1=1234", "ä"],
)
def test_without_our_signature_it_is_refused(engine: Engine, signature: str | None):
    sent = [(name.encode(), value.encode()) for name, value in headers(b"{}", x_hub_signature_256=None).items()]
    if signature is not None:
        sent.append((b"x-hub-signature-256", signature.encode()))
    response = post(engine, b"{}", sent)
    assert response.status_code == 401
    assert "webhook secret" in response.json()["error"]
    assert not engine.accepted


def test_the_signature_is_checked_before_anything_is_said_about_the_rest(engine: Engine):
    response = post(engine, b"not json", {"x-hub-signature-256": sign(b"other")})
    assert response.status_code == 401


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'"text"', b"7", b"{", b"{'a': 1}", b'{"a": NaN}', b"\xff\xfe", '{"a": 1}'.encode("utf-16"),
     b'{"a": "\xff"}', b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_json_object_in_utf8_is_refused(engine: Engine, body: bytes):
    response = post(engine, body, headers(body))
    assert response.status_code == 400
    assert "JSON object" in response.json()["error"]
    assert not engine.accepted


@pytest.mark.parametrize("header", ["x_github_event", "x_github_delivery"])
@pytest.mark.parametrize("value", [None, "x" * 201])
def test_a_delivery_must_name_its_event_and_its_guid(engine: Engine, header: str, value: str | None):
    response = post(engine, b"{}", headers(b"{}", **{header: value}))
    assert response.status_code == 400
    assert header.replace("_", "-") in response.json()["error"].lower()


def test_a_guid_is_any_text(engine: Engine):
    post(engine, b"{}", headers(b"{}", x_github_delivery="not-a-uuid; DROP TABLE"))
    assert list(engine.accepted) == ["not-a-uuid; DROP TABLE"]


def test_form_encoded_webhooks_are_told_what_to_change(engine: Engine):
    body = b"payload=%7B%7D"
    response = post(engine, body, headers(body, content_type="application/x-www-form-urlencoded; charset=utf-8"))
    assert response.status_code == 400
    assert "application/json" in response.json()["error"]


def test_what_a_sender_calls_its_json_does_not_matter(engine: Engine):
    """Curl and Python's urllib call everything a form."""
    sent = headers(b"{}", content_type="application/x-www-form-urlencoded")
    assert post(engine, b"{}", sent).status_code == 202


def test_25_megabytes_are_taken(engine: Engine):
    body = b'{"a":"' + b"x" * (MOST_BYTES - 8) + b'"}'
    assert len(body) == MOST_BYTES
    assert post(engine, body, headers(body)).status_code == 202


def test_more_is_refused_by_its_announced_length_alone(engine: Engine):
    async def nothing() -> AsyncIterator[bytes]:
        yield pytest.fail("the body was read")

    response = post(engine, nothing(), headers(b"", content_length=str(MOST_BYTES + 1)))
    assert response.status_code == 413


@pytest.mark.parametrize("announced", [None, "10", "-1", "many", "0" * 5000])
def test_more_is_refused_whatever_length_was_announced(engine: Engine, announced: str | None):
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b" " * 1024 * 1024

    response = post(engine, endless(), headers(b"", content_length=announced))
    assert response.status_code == 413
    assert read < 40


def test_what_could_not_be_stored_is_not_acknowledged():
    response = post(Engine(broken=True), b"{}", headers(b"{}"))
    assert response.status_code == 503
    assert "OperationalError" in response.json()["error"]


def test_a_webhook_needs_a_secret(engine: Engine):
    with pytest.raises(ValueError, match="without a secret"):
        Webhook(b"", engine, Bodies())


@pytest.mark.parametrize(
    ("payload", "lane"),
    [
        ({"repository": {"id": 5}, "installation": {"id": 7}}, "repository:5"),
        ({"repository": None, "installation": {"id": 7}}, "installation:7"),
        ({"repository": {"id": True}, "installation": {"id": 7}}, "installation:7"),
        ({"repository": {"id": 2**63}}, "app"),
        ({"repository": [5], "installation": "7"}, "app"),
        ({}, "app"),
    ],
)
def test_the_lane_is_the_repositorys_if_one_is_named(payload: dict[str, object], lane: str):
    assert lane_of(payload) == lane


@given(
    st.dictionaries(st.text(max_size=5), st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
)
def test_any_json_object_is_stored(payload: dict[str, object]):
    engine = Engine()
    try:
        body = orjson.dumps(payload)
    except (TypeError, orjson.JSONEncodeError):
        return  # an integer that orjson does not write
    assert post(engine, body, headers(body)).status_code == 202
