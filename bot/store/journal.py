"""The journal: what was done, when, why and by which delivery. It holds no text of people's and no secret."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.store.database import execute_many
from bot.store.tables import journal

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `state`: intended, done, failed, unknown (lost in a crash), planned (a dry run), noted (no action)."""

    repository_id: int
    number: int
    """0 for what concerns the repository as a whole."""
    kind: str
    state: str
    because: str = ""
    detail: str = ""
    """Labels, a comment's id: what the action was about."""
    guid: str = ""
    """The delivery that led to it."""
    note: str = ""
    at: int = 0
    id: int = 0


_WRITE = journal.insert()
_BEGIN = journal.insert().returning(journal.c.id, sort_by_parameter_order=True)
_FINISH = (
    journal.update()
    .where(journal.c.id == sa.bindparam("entry"))
    .values(state=sa.bindparam("to"), note=sa.bindparam("why"), detail=sa.bindparam("what"))
)


def write(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    execute_many(connection, _WRITE, [_row(entry) for entry in entries])


def begin(connection: sa.Connection, entries: Iterable[Entry]) -> list[Entry]:
    """Writes these and tells their ids, in order, for `finish`."""
    rows = [(entry, _row(entry)) for entry in entries]
    if not rows:
        return []
    ids = connection.scalars(_BEGIN, [row for _, row in rows]).all()
    return [replace(entry, id=id_) for (entry, _), id_ in zip(rows, ids, strict=True)]


def finish(connection: sa.Connection, entries: Iterable[Entry]) -> None:
    """Records how these ended: their state, note and detail."""
    rows = [{"entry": it.id, "to": it.state, "why": it.note, "what": it.detail} for it in entries]
    execute_many(connection, _FINISH, rows)


def close_open(connection: sa.Connection, repository_id: int, number: int, note: str) -> None:
    """What was intended for this issue and never heard of again."""
    connection.execute(
        journal.update()
        .where(journal.c.repository_id == repository_id, journal.c.number == number, journal.c.state == "intended")
        .values(state="unknown", note=note)
    )


def latest(
    connection: sa.Connection, most: int = 100, *, repository_id: int | None = None, number: int | None = None
) -> list[Entry]:
    """The last lines, oldest first: of everything, of one repository, or of one of its issues."""
    chosen = sa.select(journal).order_by(journal.c.id.desc()).limit(most)
    if repository_id is not None:
        chosen = chosen.where(journal.c.repository_id == repository_id)
    if number is not None:
        chosen = chosen.where(journal.c.number == number)
    return [Entry(**row) for row in reversed(connection.execute(chosen).mappings().all())]


def forget(connection: sa.Connection, before: int, most: int) -> int:
    """Deletes what was written before then; how many lines were deleted."""
    old = sa.select(journal.c.id).where(journal.c.at < before).limit(most)
    return connection.execute(journal.delete().where(journal.c.id.in_(old))).rowcount


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "at": entry.at,
        "guid": entry.guid,
        "repository_id": entry.repository_id,
        "number": entry.number,
        "kind": entry.kind,
        "because": entry.because,
        "detail": entry.detail,
        "state": entry.state,
        "note": entry.note,
    }
