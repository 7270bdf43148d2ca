"""Deliveries: webhooks as received, in the order they came, until their work is done or given up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.store.database import execute_many, execute_one, insert_into
from bot.store.tables import DEAD, UNDONE, deliveries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_MOST_NAMES = 500
"""Of one IN list; both databases allow many more, but long ones are slow to compile."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A webhook that has just come in. `lane` names the serial line of work it belongs to."""

    guid: str
    event: str
    lane: str
    body: bytes
    received_at: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A stored one. `applied`: what it says is in the mirror already, only the issue is still to be looked at."""

    id: int
    guid: str
    event: str
    body: bytes
    received_at: int
    applied: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that was given up, with the reason for people."""

    id: int
    guid: str
    event: str
    lane: str
    received_at: int
    attempts: int
    reason: str


_PENDING = (
    sa.select(
        deliveries.c.id,
        deliveries.c.guid,
        deliveries.c.event,
        deliveries.c.body,
        deliveries.c.received_at,
        deliveries.c.applied,
        deliveries.c.attempts,
    )
    .where(
        UNDONE,
        deliveries.c.lane == sa.bindparam("lane"),
        deliveries.c.not_before <= sa.bindparam("now"),
        deliveries.c.received_at >= sa.bindparam("since"),
    )
    .order_by(deliveries.c.id)
    .limit(sa.bindparam("most"))
)
_FINISH = (
    deliveries.update()
    .where(deliveries.c.id == sa.bindparam("delivery"))
    .values(dead=sa.bindparam("to"), reason=sa.bindparam("why"), finished_at=sa.bindparam("at"))
)
_RETRY = (
    deliveries.update()
    .where(deliveries.c.id == sa.bindparam("delivery"))
    .values(attempts=deliveries.c.attempts + 1, not_before=sa.bindparam("then"), reason=sa.bindparam("why"))
)


_APPLIED = deliveries.update().where(deliveries.c.id.in_(sa.bindparam("ids", expanding=True))).values(applied=True)
_NEXT_ATTEMPT = sa.select(sa.func.min(deliveries.c.not_before)).where(
    UNDONE, deliveries.c.lane == sa.bindparam("lane"), deliveries.c.received_at >= sa.bindparam("since")
)


@cache
def _add(dialect: str) -> Any:
    insert = insert_into(dialect, deliveries).on_conflict_do_nothing(index_elements=["guid"])
    return insert.returning(deliveries.c.id)


def add(connection: sa.Connection, new: Iterable[NewDelivery]) -> list[NewDelivery]:
    """Stores these; those that are stored now, without any whose GUID was there already."""
    statement = _add(connection.dialect.name)
    return [it for it in new if execute_one(connection, statement, _row(it))]


def _row(new: NewDelivery) -> dict[str, Any]:
    return {
        "guid": new.guid,
        "event": new.event,
        "lane": new.lane,
        "body": new.body,
        "received_at": new.received_at,
    }


def pending(connection: sa.Connection, lane: str, now: int, most: int, since: int = 0) -> list[Delivery]:
    """The lane's next deliveries in order, of those received since then; not those that wait for another attempt."""
    rows = connection.execute(_PENDING, {"lane": lane, "now": now, "most": most, "since": since})
    return [
        Delivery(row.id, row.guid, row.event, row.body or b"", row.received_at, row.applied, row.attempts)
        for row in rows
    ]


def next_attempt(connection: sa.Connection, lane: str, since: int = 0) -> int | None:
    """When the earliest of the lane's undone deliveries, received since then, may be tried; None where all is done."""
    found: int | None = connection.scalar(_NEXT_ATTEMPT, {"lane": lane, "since": since})
    return found


def mark_applied(connection: sa.Connection, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), _MOST_NAMES):
        some = ids[start : start + _MOST_NAMES]
        connection.execute(_APPLIED, {"ids": some})


def finish(connection: sa.Connection, ids: Iterable[int], at: int) -> None:
    rows = [{"delivery": id_, "to": False, "why": "", "at": at} for id_ in ids]
    execute_many(connection, _FINISH, rows)


def give_up(connection: sa.Connection, ids: Iterable[int], at: int, reason: str) -> None:
    """Makes them dead letters."""
    rows = [{"delivery": id_, "to": True, "why": reason, "at": at} for id_ in ids]
    execute_many(connection, _FINISH, rows)


def try_again(connection: sa.Connection, ids: Iterable[int], not_before: int, reason: str) -> None:
    """Counts a failed attempt."""
    rows = [{"delivery": id_, "then": not_before, "why": reason} for id_ in ids]
    if rows:
        connection.execute(_RETRY, rows)


def dead(connection: sa.Connection, most: int = 1000) -> list[DeadLetter]:
    """The dead letters, newest first."""
    columns = [deliveries.c[name] for name in ("id", "guid", "event", "lane", "received_at", "attempts", "reason")]
    rows = connection.execute(sa.select(*columns).where(DEAD).order_by(deliveries.c.id.desc()).limit(most))
    return [DeadLetter(*row) for row in rows]


def revive(connection: sa.Connection, guids: Collection[str] | None = None) -> set[str]:
    """Makes dead letters (all of them, or these) undone again; their lanes."""
    chosen = [DEAD]
    if guids is not None:
        chosen.append(deliveries.c.guid.in_(guids))
    values: dict[str, Any] = {"dead": False, "attempts": 0, "not_before": 0, "reason": "", "finished_at": None}
    return set(connection.scalars(deliveries.update().where(*chosen).values(**values).returning(deliveries.c.lane)))


def count_dead(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(sa.func.count()).where(DEAD)) or 0


def known(connection: sa.Connection, guids: Collection[str]) -> set[str]:
    """Those of these that were stored once, whatever became of them."""
    return set(connection.scalars(sa.select(deliveries.c.guid).where(deliveries.c.guid.in_(guids))))


def latest(connection: sa.Connection) -> int | None:
    """When the last one came in; None where none ever did."""
    newest = sa.select(deliveries.c.received_at).order_by(deliveries.c.id.desc()).limit(1)
    found: int | None = connection.scalar(newest)
    return found


def oldest_undone(connection: sa.Connection) -> int | None:
    """When the oldest delivery that is still to do came in."""
    found: int | None = connection.scalar(sa.select(sa.func.min(deliveries.c.received_at)).where(UNDONE))
    return found


def count_undone(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(sa.func.count()).where(UNDONE)) or 0


def forget_bodies(connection: sa.Connection, before: int, most: int) -> int:
    """Drops the bodies of deliveries done before then; how many were dropped."""
    old = (
        sa.select(deliveries.c.id)
        .where(deliveries.c.finished_at < before, deliveries.c.dead.is_(False), deliveries.c.body.is_not(None))
        .limit(most)
    )
    return connection.execute(deliveries.update().where(deliveries.c.id.in_(old)).values(body=None)).rowcount


def forget(connection: sa.Connection, before: int, most: int) -> int:
    """Deletes deliveries finished before then, dead letters too; how many were deleted."""
    old = sa.select(deliveries.c.id).where(deliveries.c.finished_at < before).limit(most)
    return connection.execute(deliveries.delete().where(deliveries.c.id.in_(old))).rowcount


def find(connection: sa.Connection, guid: str) -> Delivery | None:
    """One by its GUID; its body is empty once retention has taken it."""
    columns = [deliveries.c[name] for name in ("id", "guid", "event", "body", "received_at", "applied", "attempts")]
    row = connection.execute(sa.select(*columns).where(deliveries.c.guid == guid)).one_or_none()
    return None if row is None else Delivery(row[0], row[1], row[2], row[3] or b"", *row[4:])
