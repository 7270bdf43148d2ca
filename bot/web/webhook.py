"""`POST /webhook`: the signature first, then 202 once the delivery is safe on disk, and no call to GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import orjson
import structlog
from starlette.responses import JSONResponse, Response

from bot.github.events import signature_matches
from bot.store import lanes
from bot.web.bodies import Bodies, RefusedError
from bot.work.intake import NotStoredError, Stored

if TYPE_CHECKING:
    from starlette.requests import Request

log = structlog.get_logger(__name__)

MOST_BYTES = 25 * 1024 * 1024
"""GitHub sends no larger payload."""
_LONGEST_NAME = 200
"""Of a GUID or an event's name; GitHub's are below 40 characters."""


class Accepts(Protocol):
    """Where deliveries go: `bot.work.engine.Engine`."""

    async def accept(self, guid: str, event: str, lane: str, body: bytes) -> Stored: ...


class Webhook:
    """Takes deliveries signed with one secret."""

    def __init__(self, secret: bytes, engine: Accepts, bodies: Bodies) -> None:
        if not secret:
            message = "A webhook without a secret would take anybody's deliveries."
            raise ValueError(message)
        self._secret = secret
        self._engine = engine
        self._bodies = bodies

    async def receive(self, request: Request) -> Response:
        """Answers one request; every refusal says what is wrong."""
        try:
            body = await self._bodies.read(request, MOST_BYTES)
        except RefusedError as error:
            return _refusal(error.status, str(error))
        if not signature_matches(self._secret, body, request.headers.get("x-hub-signature-256")):
            return _refusal(
                401,
                "The signature in X-Hub-Signature-256 is missing or wrong: is the App's webhook secret the same here?",
            )
        event, guid = request.headers.get("x-github-event", ""), request.headers.get("x-github-delivery", "")
        for header, value in (("X-GitHub-Event", event), ("X-GitHub-Delivery", guid)):
            if not value or len(value) > _LONGEST_NAME:
                return _refusal(400, f"The header {header} is {'too long' if value else 'missing'}.")
        payload = _parse(body)
        if payload is None:
            form = body.startswith(b"payload=")
            hint = " It is form-encoded: set the webhook's content type to application/json." if form else ""
            return _refusal(400, f"The payload is not a JSON object in UTF-8.{hint}")
        return await self._store(guid, event, payload, body)

    async def _store(self, guid: str, event: str, payload: dict[str, Any], body: bytes) -> Response:
        try:
            stored = await self._engine.accept(guid, event, lane_of(payload), body)
        except NotStoredError as error:
            return _refusal(503, str(error))
        log.debug("delivery", delivery=guid, github_event=event, outcome=stored)
        return JSONResponse({"status": stored}, 202)


def lane_of(payload: dict[str, Any]) -> str:
    """The serial line of work that a payload belongs to."""
    if (repository := _id(payload.get("repository"))) is not None:
        return lanes.of_repository(repository)
    if (installation := _id(payload.get("installation"))) is not None:
        return lanes.of_installation(installation)
    return lanes.OF_APP


def _id(value: object) -> int | None:
    id_ = value.get("id") if isinstance(value, dict) else None
    return id_ if isinstance(id_, int) and not isinstance(id_, bool) and abs(id_) < 2**63 else None


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return payload if isinstance(payload, dict) else None


def _refusal(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status)
