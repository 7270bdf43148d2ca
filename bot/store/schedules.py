"""When to do what for a repository: a row for each kind of work, taken by one worker alone when its time comes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from bot.store.database import execute_many, insert_into
from bot.store.tables import schedules

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEASE = 6 * 3_600_000
"""Milliseconds after which one that was taken, and never brought back, is due again."""


class Due(NamedTuple):
    repository_id: int
    name: str


_HERE = (schedules.c.repository_id == sa.bindparam("repository"), schedules.c.name == sa.bindparam("kind"))


def put(connection: sa.Connection, repository_id: int, name: str, next_at: int, *, failures: int = 0) -> None:
    """Sets the time of the next."""
    values = {"next_at": next_at, "failures": failures}
    statement = insert_into(connection.dialect.name, schedules).values(repository_id=repository_id, name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["repository_id", "name"], set_=values))


def put_all(connection: sa.Connection, repository_ids: Iterable[int], name: str, next_at: int) -> None:
    rows = [{"repository_id": it, "name": name, "next_at": next_at, "failures": 0} for it in sorted(repository_ids)]
    execute_many(connection, _put(connection.dialect.name), rows)


@cache
def _put(dialect: str) -> Any:
    insert = insert_into(dialect, schedules)
    values = {name: insert.excluded[name] for name in ("next_at", "failures")}
    return insert.on_conflict_do_update(index_elements=["repository_id", "name"], set_=values)


def drop(connection: sa.Connection, repository_id: int, name: str | None = None) -> None:
    """It is done no more; without a name, nothing is."""
    gone = schedules.delete().where(schedules.c.repository_id == repository_id)
    connection.execute(gone if name is None else gone.where(schedules.c.name == name))


def next_at(connection: sa.Connection, repository_id: int, name: str) -> int | None:
    found: int | None = connection.scalar(
        sa.select(schedules.c.next_at).where(*_HERE), {"repository": repository_id, "kind": name}
    )
    return found


def bring_back(
    connection: sa.Connection, repository_id: int, name: str, lease: int | None, at: int | None, *, failures: int = 0
) -> None:
    """Once it is done: its next time, or None for never. `lease`: what `next_at` told when it was begun.

    Whoever has set another time meanwhile knows more, and is not overruled.
    """
    if next_at(connection, repository_id, name) != lease:
        return
    if at is None:
        drop(connection, repository_id, name)
    else:
        put(connection, repository_id, name, at, failures=failures)


def failures(connection: sa.Connection, repository_id: int, name: str) -> int:
    found: int | None = connection.scalar(
        sa.select(schedules.c.failures).where(*_HERE), {"repository": repository_id, "kind": name}
    )
    return found or 0


def take(connection: sa.Connection, now: int, most: int = 50) -> list[Due]:
    """Those whose time has come. Nobody else gets them, also of several workers that ask at once."""
    soonest = (
        sa.select(schedules.c.repository_id, schedules.c.name)
        .where(schedules.c.next_at <= now)
        .order_by(schedules.c.next_at)
        .limit(most)
    )
    taken = (
        schedules.update()
        # Asked for once more: another worker may have taken the row while this one waited for it.
        .where(sa.tuple_(schedules.c.repository_id, schedules.c.name).in_(soonest), schedules.c.next_at <= now)
        .values(next_at=now + _LEASE)
        .returning(schedules.c.repository_id, schedules.c.name)
    )
    return [Due(*row) for row in connection.execute(taken)]


def any_due(connection: sa.Connection, now: int) -> bool:
    return bool(connection.scalar(sa.select(sa.exists().where(schedules.c.next_at <= now))))
