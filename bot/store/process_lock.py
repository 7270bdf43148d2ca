"""Tells processes on one database apart: SQLite takes only one, PostgreSQL gives each a slot of its own."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import sqlalchemy as sa

from bot.store.database import StoreError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bot.store.database import Database

_ONLY = "main"
_SLOTS = 32
_SLOT_KEY = 0x7472_6961_0000


class Place(Protocol):
    """One process's place at the database, until `release` or the process's end."""

    def take(self) -> str:
        """Its name: unique among live processes, the same after a restart. Raises StoreError when there is none."""
        ...

    def left_by(self, name: str) -> AbstractContextManager[bool]:
        """Whether the process of this name has ended; while this is held, no new one gets the name."""
        ...

    def release(self) -> None: ...


def place_at(database: Database) -> Place:
    if database.is_sqlite:
        return ProcessLock(Path(f"{database.url.database}.lock"))
    return Slot(database)


class ProcessLock:
    """A lock on a file that the system releases when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def take(self) -> str:
        """Raises StoreError when another process has it."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            message = (
                f"Another triage process{f' (number {holder})' if holder else ''} already works on this database"
                f" ({self.path} is locked). Stop it first, give this one another --data-dir, or use PostgreSQL by"
                " DATABASE_URL, which several processes may share."
            )
            raise StoreError(message) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._file = descriptor
        return _ONLY

    @contextmanager
    def left_by(self, name: str) -> Iterator[bool]:
        """There is no process but this one."""
        yield name != _ONLY

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Slot:
    """One of w0, w1, …, held by a lock of the session: the server frees it when the process ends, however it ends."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: sa.Connection | None = None

    def take(self) -> str:
        """The first that is free, so that a restarted process finds the work it left."""
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for number in range(_SLOTS):
            if connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_SLOT_KEY + number))):
                self._connection = connection
                return f"w{number}"
        connection.close()
        message = f"{_SLOTS} triage processes already work on this database, which is as many as there may be."
        raise StoreError(message)

    @contextmanager
    def left_by(self, name: str) -> Iterator[bool]:
        """Of a name that is no slot nothing is known."""
        number = name.removeprefix("w")
        if not number.isdecimal():
            yield False
            return
        key = _SLOT_KEY + int(number)
        with self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            free = bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(key))))
            try:
                yield free
            finally:
                if free:
                    connection.scalar(sa.select(sa.func.pg_advisory_unlock(key)))

    def release(self) -> None:
        if self._connection is not None:
            # Not back to the pool: the lock is the session's.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
