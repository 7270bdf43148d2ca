"""When to do what, for a repository or for all: a row for each kind of work, taken by one worker when it is due."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from bot.store.database import execute_many, insert_into
from bot.store.tables import schedules

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

OWN = 0
"""Stands in place of a repository's id, for what the service does once for all of them."""
POLICY = "policy"
"""The chore that looks into the policy; due when the App is given a repository, and when its policy changes."""
GIVEN_BACK = "given back"
"""Noted for that chore: open Requests are to be looked at again, as what came of them meanwhile nobody told."""
REPORT = "report"
SWEEP = "sweep"
READ = "read"
"""The chore that brings the mirror up to date, where a bash waits for that; put on by the lane, and done once."""
_LEASE = 6 * 3_600_000
"""Milliseconds after which one that was taken, and never brought back, is due again."""


class Due(NamedTuple):
    repository_id: int
    name: str


_HERE = (schedules.c.repository_id == sa.bindparam("repository"), schedules.c.name == sa.bindparam("kind"))
_HASTEN = schedules.update().where(*_HERE, schedules.c.next_at > sa.bindparam("at")).values(next_at=sa.bindparam("at"))
_NOTE = schedules.update().where(*_HERE).values(state=sa.bindparam("noted"))


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


def plan(connection: sa.Connection, repository_id: int, name: str, next_at: int) -> None:
    """Sets the time of the next, unless one is planned already."""
    plan_all(connection, [repository_id], name, next_at)


def plan_all(connection: sa.Connection, repository_ids: Iterable[int], name: str, next_at: int) -> None:
    rows = [{"repository_id": it, "name": name, "next_at": next_at} for it in sorted(repository_ids)]
    execute_many(connection, _plan(connection.dialect.name), rows)


@cache
def _plan(dialect: str) -> Any:
    return insert_into(dialect, schedules).on_conflict_do_nothing(index_elements=["repository_id", "name"])


def hasten(connection: sa.Connection, repository_id: int, name: str, at: int) -> None:
    """Has it done then, where it is planned for later; and if nothing is planned."""
    plan(connection, repository_id, name, at)
    later = {"repository": repository_id, "kind": name, "at": at}
    connection.execute(_HASTEN, later)


def state(connection: sa.Connection, repository_id: int, name: str) -> str:
    """What it noted for its next time; empty where it noted nothing."""
    found: str | None = connection.scalar(
        sa.select(schedules.c.state).where(*_HERE), {"repository": repository_id, "kind": name}
    )
    return found or ""


def note(connection: sa.Connection, repository_id: int, name: str, state: str) -> None:
    """Keeps this for its next time, as long as it is planned."""
    connection.execute(_NOTE, {"repository": repository_id, "kind": name, "noted": state})


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


def take(connection: sa.Connection, now: int, names: Collection[str], most: int = 50) -> list[Due]:
    """Those of these names whose time has come. Nobody else gets them, also of several workers that ask at once.

    What a newer release does by the clock has another name, and is left to its processes.
    """
    soonest = (
        sa.select(schedules.c.repository_id, schedules.c.name)
        .where(schedules.c.next_at <= now, schedules.c.name.in_(names))
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


_ANY_DUE = sa.select(
    sa.exists().where(
        schedules.c.next_at <= sa.bindparam("now", type_=sa.BigInteger),
        schedules.c.name.in_(sa.bindparam("names", expanding=True)),
    )
)


def any_due(connection: sa.Connection, now: int, names: Collection[str]) -> bool:
    return bool(connection.scalar(_ANY_DUE, {"now": now, "names": list(names)}))
