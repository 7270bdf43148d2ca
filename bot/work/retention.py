"""Clears away what is old, a little at a time, so that deliveries need not wait for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from dbos import DBOS

from bot.store import commands, deliveries, files, journal, repositories

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from sqlalchemy import Connection

    from bot.store.database import Database

log = structlog.get_logger(__name__)

_AT_ONCE = 200
_PAUSE = 0.05
"""Seconds between portions."""


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


KEEP = Keep()


def clean(database: Database, keep: Keep, stopping: threading.Event) -> None:
    """One round. Ends early when the service stops."""
    now = time.time()
    steps: list[tuple[str, timedelta, Callable[[Connection, int, int], int]]] = [
        ("bodies", keep.bodies, deliveries.forget_bodies),
        ("deliveries", keep.deliveries, deliveries.forget),
        # As long as a delivery that brings them again would be known.
        ("commands", keep.deliveries, commands.forget),
        ("journal", keep.journal, journal.forget),
        ("files", keep.files, files.forget),
        ("mirrors", timedelta(), lambda connection, _, most: repositories.forget_lost(connection, most)),
    ]
    cleared: dict[str, int] = {"runs": _clear_runs(keep.runs, stopping)}
    for name, age, forget in steps:
        before = round((now - age.total_seconds()) * 1000)
        cleared[name] = 0
        while not stopping.is_set():
            with database.write() as connection:
                gone = forget(connection, before, _AT_ONCE)
            cleared[name] += gone
            if gone < _AT_ONCE:
                break
            stopping.wait(_PAUSE)
    log.info("cleared away", **cleared)


def _clear_runs(age: timedelta, stopping: threading.Event) -> int:
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age.total_seconds()))
    cleared = 0
    while not stopping.is_set():
        old = DBOS.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED"],
            completed_before=before,
            limit=_AT_ONCE,
            load_input=False,
            load_output=False,
        )
        if not old:
            break
        DBOS.delete_workflows([run.workflow_id for run in old])
        cleared += len(old)
        stopping.wait(_PAUSE)
    return cleared
