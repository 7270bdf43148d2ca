"""How far the looks for deliveries that never arrived have come, in the schedule's own note."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import orjson

from bot.store import schedules

if TYPE_CHECKING:
    import sqlalchemy as sa

CATCH_UP = "catch_up"
"""The chore."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A delivery that never arrived, in GitHub's words on its latest attempt."""

    id: int
    guid: str
    event: str
    delivered_at: str
    status: str
    status_code: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Times in milliseconds."""

    until: int | None = None
    """All that was to arrive before then was looked for; None before the first look came to its end."""
    began_at: int | None = None
    """When the look under way began; None where none is."""
    page: str = ""
    """Where it goes on listing; empty for from the start."""
    listed: bool = False
    """It has come to the end of the list."""
    missing: tuple[Missing, ...] = ()
    """Found and yet to be asked for, newest first as GitHub lists them."""
    covered_at: int | None = None
    """When every account was last asked for the repositories that the App may see."""
    tries: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of deliveries that were asked for and did not arrive, by GUID: how often, and when last."""
    others: dict[str, Any] = field(default_factory=dict)
    """What a newer release wrote of its own, for it to find again."""

    def end(self) -> Progress:
        """Of the look under way."""
        return replace(self, until=self.began_at, began_at=None, page="", listed=False)


_NAMES = tuple(item.name for item in fields(Progress) if item.name != "others")
_OF_MISSING = tuple(item.name for item in fields(Missing))


def get(connection: sa.Connection) -> Progress:
    said: dict[str, Any] = orjson.loads(schedules.state(connection, schedules.OWN, CATCH_UP) or b"{}")
    known = {name: said.pop(name) for name in _NAMES if name in said}
    tries = {guid: tuple(it) for guid, it in known.get("tries", {}).items()}
    missing = tuple(Missing(*(it[name] for name in _OF_MISSING)) for it in known.get("missing", ()))
    return Progress(**known | {"tries": tries, "missing": missing, "others": said})


def put(connection: sa.Connection, progress: Progress, now: int) -> None:
    """A chore that was never planned is due `now`, to have a row for the note."""
    schedules.plan(connection, schedules.OWN, CATCH_UP, now)
    said = asdict(progress)
    schedules.note(connection, schedules.OWN, CATCH_UP, orjson.dumps(said.pop("others") | said).decode())
