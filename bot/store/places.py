"""A process's place at the database: SQLite has one, PostgreSQL as many as wanted, each held by a lease.

A lease ends by time: whoever has not said for 20 seconds that it is alive is given up, and its work is anybody's. That
is so also for a process that is frozen or cut off and does not know. So each transaction of a place locks its row and
looks whether it still is whose it was (`guard`); what takes a place away locks the row in the mode that waits for
those, and therefore comes before them or after, never between. A place that changes hands gets a new epoch, and with
it a new name for the engine: no name is ever used twice, and what is said of an old one never touches the new.

The advisory lock only keeps two living processes from trying for one name. It proves nothing by being free: a restart
of the server frees all of them.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from bot.store.database import StoreError
from bot.store.process_lock import ProcessLock
from bot.store.tables import workers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.store.database import Database

LAPSES_AFTER = 20.0
"""Seconds without a sign of life."""
_PLACES = 64
_LOCK = 0x7472_6961_0000
_MOST_IDLE = 15_000
"""Milliseconds that a process may leave a transaction idle: one that is frozen within it would keep its row locked."""


class PlaceLost(StoreError):
    """Another process has taken over this one's work, so nothing more of it may be written."""


class Figures(NamedTuple):
    """Of all places together."""

    alive: int
    lapses: int
    """How often, since the first start, a process's work was taken over by others."""


class Place(Protocol):
    """One process's place at the database, from `take` until `release` or the process's end."""

    @property
    def lapses(self) -> bool:
        """Whether it is lost without a sign of life now and then (`beat`)."""
        ...

    def take(self) -> str:
        """The name that the engine's runs bear. Raises StoreError, for people, when there is none."""
        ...

    def beat(self) -> bool:
        """Says that this process lives; False once its place was given up. StoreError: who knows."""
        ...

    def guard(self, connection: sa.Connection) -> None:
        """Raises PlaceLost unless the place is this process's until the transaction ends."""
        ...

    def ended(self, names: Iterable[str]) -> set[str]:
        """Which of these are no living process's. To be asked about names read before, not after."""
        ...

    def figures(self) -> Figures: ...

    def release(self, *, clean: bool) -> None:
        """`clean`: nothing is in hand any more. Else others wait until no late write of it can come."""
        ...


def place_at(database: Database, lapses_after: float = LAPSES_AFTER) -> Place:
    """`lapses_after` in seconds, and the same for all processes on a database."""
    if database.is_sqlite:
        return OnlyPlace(Path(f"{database.url.database}.lock"))
    return Slot(database, lapses_after)


class OnlyPlace:
    """An SQLite file's: a lock on a file, which the system keeps as long as the process lives."""

    lapses = False
    _NAME = "main"

    def __init__(self, path: Path) -> None:
        self._lock = ProcessLock(path)

    def take(self) -> str:
        self._lock.take()
        return self._NAME

    def beat(self) -> bool:
        return True

    def guard(self, connection: sa.Connection) -> None:
        """Nobody can take it away."""

    def ended(self, names: Iterable[str]) -> set[str]:
        return set(names) - {self._NAME}

    def figures(self) -> Figures:
        return Figures(alive=1, lapses=0)

    def release(self, *, clean: bool) -> None:  # noqa: ARG002 whoever starts next, starts after this process's end
        self._lock.release()


# The database's clock, as the processes' may differ.
_NOW = sa.cast(sa.func.extract("epoch", sa.func.clock_timestamp()) * 1000, sa.BigInteger)
_SERVER_STARTED = sa.cast(sa.func.extract("epoch", sa.func.pg_postmaster_start_time()) * 1000, sa.BigInteger)
_LIVING = workers.c.seen_at.is_not(None)
_MINE = sa.and_(workers.c.name == sa.bindparam("place"), workers.c.epoch == sa.bindparam("at"), _LIVING)
_TAKE = (
    postgresql.insert(workers)
    .values(
        name=sa.bindparam("place"), epoch=1, seen_at=_NOW, host=sa.bindparam("machine"), pid=sa.bindparam("process")
    )
    .on_conflict_do_update(
        index_elements=["name"],
        set_={
            "epoch": workers.c.epoch + 1,
            "seen_at": _NOW,
            "host": sa.bindparam("machine"),
            "pid": sa.bindparam("process"),
        },
        where=workers.c.seen_at.is_(None),
    )
    .returning(workers.c.epoch)
)
_BEAT = workers.update().where(_MINE).values(seen_at=_NOW)
# KEY SHARE does not stand in the way of a beat, only of FOR UPDATE.
_GUARD = (
    sa.select(sa.func.set_config("idle_in_transaction_session_timeout", str(_MOST_IDLE), sa.true()))
    .where(_MINE)
    .with_for_update(read=True, key_share=True)
)
_RELEASE = workers.update().where(_MINE).values(epoch=workers.c.epoch + 1, seen_at=None)
# Rows that a transaction of theirs still holds are left to the next time. After a restart of the server all living
# processes need a moment to be seen again.
_LAPSED = (
    sa.select(workers.c.name)
    .where(sa.func.greatest(workers.c.seen_at, _SERVER_STARTED) < _NOW - sa.bindparam("silence"), _LIVING)
    .with_for_update(skip_locked=True)
)
_TAKE_AWAY = (
    workers.update()
    .where(workers.c.name.in_(sa.bindparam("places", expanding=True)))
    .values(epoch=workers.c.epoch + 1, seen_at=None, lapses=workers.c.lapses + 1)
)


class Slot:
    """One of w0, w1, … on PostgreSQL, with a session of its own that holds the name."""

    lapses = True

    def __init__(self, database: Database, lapses_after: float = LAPSES_AFTER) -> None:
        self._database = database
        self._silence = round(1000 * lapses_after)
        self._session: sa.Connection | None = None
        self._number = 0
        self._mine = {"place": "", "at": 0}

    def take(self) -> str:
        """The first that is free. The tables must be up to date."""
        self._give_up_lapsed()
        session = self._connect()
        for number in range(_PLACES):
            if not session.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK + number))):
                continue
            name = f"w{number}"
            who = {"place": name, "machine": socket.gethostname(), "process": os.getpid()}
            epoch = session.scalar(_TAKE, who)
            if epoch is not None:
                self._session, self._number, self._mine = session, number, {"place": name, "at": epoch}
                return _engine_name(name, epoch)
            # Its last holder may still be writing: it has not been silent for long enough.
            session.scalar(sa.select(sa.func.pg_advisory_unlock(_LOCK + number)))
        session.close()
        message = f"{_PLACES} triage processes already work on this database, which is as many as there may be."
        raise StoreError(message)

    def beat(self) -> bool:
        try:
            if self._session is None:
                self._session = self._connect()
                # Whoever was quicker to lock the name finds it taken in the table, and lets go.
                self._session.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK + self._number)))
            return self._session.execute(_BEAT, self._mine).rowcount == 1
        except sa.exc.SQLAlchemyError as error:
            self._leave_session()
            raise StoreError(self._database.unusable(error)) from error

    def guard(self, connection: sa.Connection) -> None:
        if connection.execute(_GUARD, self._mine).one_or_none() is None:
            message = "Other processes have taken over this one's work: it was silent for too long."
            raise PlaceLost(message)

    def ended(self, names: Iterable[str]) -> set[str]:
        asked = set(names)
        self._give_up_lapsed()
        with self._database.read() as connection:
            living = connection.execute(sa.select(workers.c.name, workers.c.epoch).where(_LIVING))
            return asked - {_engine_name(name, epoch) for name, epoch in living}

    def figures(self) -> Figures:
        columns = sa.func.count().filter(_LIVING), sa.func.coalesce(sa.func.sum(workers.c.lapses), 0)
        with self._database.read() as connection:
            alive, lapses = connection.execute(sa.select(*columns).select_from(workers)).one()
        return Figures(alive, int(lapses))

    def release(self, *, clean: bool) -> None:
        if self._session is None:
            return
        try:
            if clean:
                self._session.execute(_RELEASE, self._mine)
        except sa.exc.SQLAlchemyError:
            # Then it lapses.
            pass
        finally:
            self._leave_session()

    def _give_up_lapsed(self) -> None:
        with self._database.engine.begin() as connection:
            names = connection.scalars(_LAPSED, {"silence": self._silence}).all()
            if names:
                connection.execute(_TAKE_AWAY, {"places": names})

    def _connect(self) -> sa.Connection:
        return self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def _leave_session(self) -> None:
        if self._session is not None:
            # Not back to the pool: the lock is the session's.
            self._session.invalidate()
            self._session.close()
            self._session = None


def _engine_name(place: str, epoch: int) -> str:
    return f"{place}.{epoch}"
