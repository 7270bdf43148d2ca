"""Lanes: one serial line of work a repository, and whether a run of it is on its way.

Why no delivery is ever stranded. `queued` is set in the transaction that stores a delivery, together with a run in the
engine's queue, unless it is set already; the run clears it in its first transaction (`begin`), before it reads what is
pending. Both change the same row, so they come one after the other. A delivery therefore either found the mark cleared
and enqueued a run of its own, or found it set, and then the run that had set it has yet to begin and will read what is
pending after this delivery was committed. A run that dies after `begin` is started again by the engine. A lane that is
paused, or rests, or has deliveries waiting for another attempt, has `due_at` set; `due` finds it then. Where very many
lanes have work at once, a delivery sets `due_at` as well, and no mark (`ask_for`): for each run that it takes the
engine goes through all that are in its queue, and it takes them in no order. Should the engine lose a run altogether,
`lost` finds the lane.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from bot.store.database import execute_one, insert_into
from bot.store.tables import QUEUED, UNDONE, bashes, deliveries, issues, lanes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def of_repository(repository_id: int) -> str:
    return f"repository:{repository_id}"


def of_installation(installation_id: int) -> str:
    return f"installation:{installation_id}"


OF_APP = "app"
"""For what belongs to no installation: a ping, or a payload that tells nothing."""
MOST_QUEUED = 256
"""Runs on their way, of all processes together: enough for any number of them until the next look for lanes due."""
_LOOKED_THROUGH = 1000
"""Issues whose time has come, the first of them, among which lanes are looked for."""
_NOW = sa.bindparam("now", type_=sa.BigInteger)
_MOST = sa.bindparam("most", type_=sa.Integer)


def repository_of(lane: str) -> int | None:
    kind, _, id_ = lane.partition(":")
    return int(id_) if kind == "repository" else None


def mark_queued(connection: sa.Connection, names: Iterable[str], now: int) -> list[str]:
    """Sets the mark on these lanes; those that had none and are not paused, for which the caller enqueues a run.

    In one order everywhere, so that no two processes wait for each other's.
    """
    statement = _mark(connection.dialect.name)
    found: list[str] = []
    for name in sorted(names):
        row = {"id": name, "queued": True, "queued_at": now, "now": now}
        found += [id_ for (id_,) in execute_one(connection, statement, row)]
    return found


@cache
def _mark(dialect: str) -> Any:
    return (
        insert_into(dialect, lanes)
        .values(id=sa.bindparam("id"), queued=sa.bindparam("queued"), queued_at=sa.bindparam("queued_at"))
        .on_conflict_do_update(
            index_elements=["id"],
            set_={"queued": sa.true(), "queued_at": _NOW},
            where=sa.and_(lanes.c.queued.is_(False), lanes.c.paused_until <= _NOW),
        )
        .returning(lanes.c.id)
    )


def ask_for(connection: sa.Connection, names: Iterable[str], now: int, most: int = MOST_QUEUED) -> list[str]:
    """Like `mark_queued`, of as many as there is room for; the others are due, and have their turn after these."""
    ordered = sorted(names)
    room = max(0, most - count_queued(connection, most))
    marked = mark_queued(connection, ordered[:room], now)
    for name in ordered[room:]:
        execute_one(connection, _wait(connection.dialect.name), {"id": name, "now": now})
    return marked


@cache
def _wait(dialect: str) -> Any:
    return (
        insert_into(dialect, lanes)
        .values(id=sa.bindparam("id"), due_at=_NOW)
        .on_conflict_do_update(
            index_elements=["id"],
            set_={"due_at": sa.case((lanes.c.due_at < _NOW, lanes.c.due_at), else_=_NOW)},
            # One that is paused is due already, and a run that has not begun will see to it.
            where=sa.and_(lanes.c.queued.is_(False), lanes.c.paused_until <= _NOW),
        )
        .returning(lanes.c.id)
    )


_BEGIN = (
    lanes.update()
    .where(lanes.c.id == sa.bindparam("lane"))
    .values(
        queued=False,
        due_at=sa.case((lanes.c.paused_until <= _NOW, None), else_=lanes.c.due_at),
    )
    .returning(lanes.c.paused_until, lanes.c.background_until, lanes.c.failures)
)


class State(NamedTuple):
    """Of a lane, as a run finds it. Times in milliseconds; one that is past tells when a limit last held it."""

    paused_until: int = 0
    background_until: int = 0
    failures: int = 0
    """How many runs broke before, one after the other."""


def begin(connection: sa.Connection, name: str, now: int) -> State:
    """A run's first transaction: clears the mark."""
    row = connection.execute(_BEGIN, {"lane": name, "now": now}).one_or_none()
    return State() if row is None else State(*row)


def wake_at(connection: sa.Connection, name: str, due_at: int) -> None:
    """Have the lane run then, or earlier if something else wakes it."""
    earlier = sa.case((lanes.c.due_at < due_at, lanes.c.due_at), else_=due_at)
    connection.execute(lanes.update().where(lanes.c.id == name).values(due_at=earlier))


def mark_due(connection: sa.Connection, name: str, now: int) -> None:
    """Have the lane run at the next tick, whatever it was waiting for."""
    statement = insert_into(connection.dialect.name, lanes).values(id=name, due_at=now)
    at_once = {"due_at": now, "paused_until": 0, "background_until": 0}
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=at_once))


def pause(connection: sa.Connection, name: str, until: int) -> None:
    """Nothing can be done in this lane before then; it is woken then."""
    connection.execute(lanes.update().where(lanes.c.id == name).values(due_at=until, paused_until=until))


def rest(connection: sa.Connection, name: str, until: int) -> None:
    """Nothing that can wait can be done in this lane before then; it is woken then, and for news any time."""
    connection.execute(lanes.update().where(lanes.c.id == name).values(background_until=until))
    wake_at(connection, name, until)


_COUNT_QUEUED = sa.select(sa.func.count()).select_from(sa.select(lanes.c.id).where(QUEUED).limit(_MOST).subquery())


def count_queued(connection: sa.Connection, most: int = MOST_QUEUED) -> int:
    """How many have a run on its way that has not begun; no more than `most` are counted."""
    return connection.scalar(_COUNT_QUEUED, {"most": most}) or 0


_WAITING = (
    sa.select(lanes.c.id).where(lanes.c.due_at <= _NOW, lanes.c.queued.is_(False)).order_by(lanes.c.due_at).limit(_MOST)
)
_LANE_OF_ISSUE = sa.literal("repository:") + sa.cast(issues.c.repository_id, sa.Text)
# Not all of them: after a change of the policy there may be a hundred thousand.
_OLDEST = (
    sa.select(_LANE_OF_ISSUE.label("id"))
    .outerjoin_from(issues, lanes, lanes.c.id == _LANE_OF_ISSUE)
    .where(
        issues.c.next_look_at <= _NOW,
        sa.func.coalesce(lanes.c.paused_until, 0) <= _NOW,
        sa.func.coalesce(lanes.c.background_until, 0) <= _NOW,
    )
    .where(sa.func.coalesce(lanes.c.queued, sa.false()).is_(sa.false()))
    .order_by(issues.c.next_look_at)
    .limit(_LOOKED_THROUGH)
    .subquery()
)
_LOOKED_AT = sa.select(_OLDEST.c.id).distinct().limit(_MOST)
_LANE_OF_BASH = sa.literal("repository:") + sa.cast(bashes.c.repository_id, sa.Text)
_TENDED = (
    sa.select(_LANE_OF_BASH)
    .outerjoin_from(bashes, lanes, lanes.c.id == _LANE_OF_BASH)
    .where(bashes.c.next_at <= _NOW, sa.func.coalesce(lanes.c.paused_until, 0) <= _NOW)
    .distinct()
    .limit(_MOST)
)


def due(connection: sa.Connection, now: int, most: int = 100, looks: int = 100) -> list[str]:
    """Lanes to be woken, at most so many of each kind.

    Their time has come, that due first before the others; or that of one of their bashes or, of at most `looks`, of an
    issue.
    """
    bounds = {"now": now, "most": most}
    waiting = connection.scalars(_WAITING, bounds)
    looked_at = connection.scalars(_LOOKED_AT, {"now": now, "most": looks}) if looks else ()
    tended = connection.scalars(_TENDED, bounds)
    return list(dict.fromkeys([*waiting, *tended, *looked_at]))


def lost(connection: sa.Connection, before: int) -> list[str]:
    """Lanes with work from before then and no sign of a run or a wake-up. A false alarm costs an empty run."""
    overdue = (
        sa.select(deliveries.c.lane)
        .join(lanes, lanes.c.id == deliveries.c.lane)
        .where(UNDONE, deliveries.c.received_at < before)
        # A lane that is marked is not woken, whenever it is due.
        .where(sa.case((lanes.c.queued, lanes.c.queued_at < before), else_=lanes.c.due_at.is_(None)))
        .distinct()
    )
    return list(connection.scalars(overdue))


def release(connection: sa.Connection, names: Collection[str]) -> None:
    """Takes the mark away, so that `mark_queued` will ask for a run again; in its order."""
    for name in sorted(names):
        connection.execute(lanes.update().where(lanes.c.id == name).values(queued=False))


def count_failure(connection: sa.Connection, name: str) -> int:
    """A run broke; how many have, one after the other."""
    statement = (
        lanes.update().where(lanes.c.id == name).values(failures=lanes.c.failures + 1).returning(lanes.c.failures)
    )
    return connection.scalar(statement) or 0


def clear_failures(connection: sa.Connection, name: str) -> None:
    connection.execute(lanes.update().where(lanes.c.id == name).values(failures=0))
