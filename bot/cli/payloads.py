"""Reads payload files: GitHub's own example files, wrapped payloads, and bare ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bot.work.metrics import KNOWN_EVENTS


class PayloadError(Exception):
    """A file that cannot be used; the text is for people."""


@dataclass(frozen=True, slots=True)
class Payload:
    """One delivery's event and body, and where they come from."""

    source: str
    event: str
    content: dict[str, Any]
    body: bytes


def read_payload(path: Path, event: str | None) -> Payload:
    """The event is `--event`, or said by the file, or by its name or folder."""
    try:
        body = path.read_bytes()
        content = orjson.loads(body)
    except OSError as error:
        raise PayloadError(f"{path} cannot be read: {error.strerror}.") from None
    except orjson.JSONDecodeError as error:
        raise PayloadError(f"{path} is not JSON: {error}.") from None
    if not isinstance(content, dict):
        raise PayloadError(f"{path} holds no JSON object; a payload is one.")
    wrapped = content.get("payload")
    if isinstance(wrapped, dict):
        event = event or _text(content.get("event")) or _text(content.get("name"))
        content, body = wrapped, orjson.dumps(wrapped)
    event = event or _named(path)
    if not event:
        raise PayloadError(
            f"{path} does not say which event it is: give --event issues, or name the file like"
            " issues.opened.payload.json."
        )
    return Payload(str(path), event, content, body)


def _named(path: Path) -> str:
    """By `issues.opened.payload.json`, or by the folder in `issues/opened.payload.json`."""
    parts = path.name.removesuffix(".json").removesuffix(".payload").split(".")
    candidates = [parts[0], path.absolute().parent.name]
    known = (name for name in candidates if name in KNOWN_EVENTS)
    # An event that the bot does not know is stored all the same, as the service would store it.
    return next(known, parts[0] if len(parts) > 1 else "")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
