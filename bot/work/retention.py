"""Clears away what is old, a little at a time, so that deliveries need not wait for it.

Each portion is a transaction of its own, so that PostgreSQL's vacuum is never held up; SQLite gives the pages that
become free back to the disk in portions, too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from dbos import DBOS

from bot.store import books, commands, deliveries, files, journal, repositories
from bot.work.chores import OwnWork

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from sqlalchemy import Connection

    from bot.settings import Settings
    from bot.store.database import Database
    from bot.work.chores import OwnChore

log = structlog.get_logger(__name__)

CLEAN = "clean"
"""The chore."""
_EVERY = timedelta(days=1)
_FIRST_AFTER = timedelta(minutes=10)
_AT_ONCE = 200
_PAGES_AT_ONCE = 1000
_PAUSE = 0.05
"""Seconds between portions."""
_SLICE = 60.0
"""Seconds after which other chores get their turn."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long."""

    runs: timedelta = timedelta(days=1)
    """The engine's own records of finished runs."""
    bodies: timedelta = timedelta(days=7)
    """What GitHub sent, of deliveries that are done."""
    deliveries: timedelta = timedelta(days=90)
    """That a GUID was here, and dead letters."""
    journal: timedelta = timedelta(days=365)
    files: timedelta = timedelta(days=90)

    @classmethod
    def of(cls, settings: Settings) -> Keep:
        return cls(
            runs=timedelta(days=settings.keep_runs_days),
            bodies=timedelta(days=settings.keep_bodies_days),
            deliveries=timedelta(days=settings.keep_deliveries_days),
            journal=timedelta(days=settings.keep_journal_days),
        )


def cleaning(keep: Keep) -> OwnWork:
    """The chore, daily and by one process of all."""

    def do(chore: OwnChore) -> datetime:
        done = clean(chore.database, keep, chore.stopping, _SLICE)
        return chore.now + _EVERY if done else chore.now

    return OwnWork(do, first_after=_FIRST_AFTER)


def clean(database: Database, keep: Keep, stopping: threading.Event, seconds: float = float("inf")) -> bool:
    """One round, or as much of it as can be done in that time; whether nothing is left of it."""
    round_ = _Round(database, stopping, time.monotonic() + seconds)
    steps: list[tuple[str, timedelta, Callable[[Connection, int, int], int]]] = [
        ("bodies", keep.bodies, deliveries.forget_bodies),
        ("deliveries", keep.deliveries, deliveries.forget),
        # As long as a delivery that brings them again would be known.
        ("commands", keep.deliveries, commands.forget),
        ("journal", keep.journal, journal.forget),
        ("files", keep.files, files.forget),
        # What was spent an hour ago counts no more.
        ("books", timedelta(days=1), books.forget),
        ("mirrors", timedelta(), lambda connection, _, most: repositories.forget_lost(connection, most)),
    ]
    round_.portions("runs", lambda: _forget_runs(keep.runs))
    for name, age, forget in steps:
        round_.rows(name, age, forget)
    if database.is_sqlite:
        round_.portions("pages", lambda: _give_back_pages(database), _PAGES_AT_ONCE)
    log.info("cleared away", done=round_.done, **round_.cleared)
    return round_.done


class _Round:
    def __init__(self, database: Database, stopping: threading.Event, until: float) -> None:
        self._database, self._stopping, self._until = database, stopping, until
        self.cleared: dict[str, int] = {}
        self.done = True

    def rows(self, name: str, age: timedelta, forget: Callable[[Connection, int, int], int]) -> None:
        before = round((time.time() - age.total_seconds()) * 1000)

        def portion() -> int:
            with self._database.write() as connection:
                return forget(connection, before, _AT_ONCE)

        self.portions(name, portion)

    def portions(self, name: str, portion: Callable[[], int], most: int = _AT_ONCE) -> None:
        """One after the other, until one is not full."""
        self.cleared[name] = 0
        while True:
            if self._stopping.is_set() or time.monotonic() >= self._until:
                self.done = False
                return
            gone = portion()
            self.cleared[name] += gone
            if gone < most:
                return
            self._stopping.wait(_PAUSE)


def _forget_runs(age: timedelta) -> int:
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age.total_seconds()))
    old = DBOS.list_workflows(
        status=["SUCCESS", "ERROR", "CANCELLED"],
        completed_before=before,
        limit=_AT_ONCE,
        load_input=False,
        load_output=False,
    )
    if old:
        DBOS.delete_workflows([run.workflow_id for run in old])
    return len(old)


def _give_back_pages(database: Database) -> int:
    """How many; none of a file that was made without that."""
    with database.write() as connection:
        before: int = connection.scalar(sa.text("PRAGMA freelist_count")) or 0
        if before and connection.scalar(sa.text("PRAGMA auto_vacuum")) == 2:
            # Each step of it frees one page, and only a script is taken step by step to its end.
            driver = connection.connection.driver_connection
            if driver is not None:
                driver.executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})")
        return before - (connection.scalar(sa.text("PRAGMA freelist_count")) or 0)
