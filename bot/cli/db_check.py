"""What `triage db check` looks at: whether the database is whole and up to date, how large, and what waits in it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.cli.findings import Line
from bot.store import condition, deliveries
from bot.store.migrations import State, state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.store.database import Database

_OLD = 900.0
"""Seconds; the age of an undone delivery from which on the alarm of the docs goes off."""
_LONG_LOG = 64 * 1024 * 1024
_SHOWN = 6
"""Tables."""


def check(database: Database, *, thorough: bool) -> Iterator[Line]:
    """Each finding in turn. Raises SQLAlchemyError where the database cannot be read."""
    with database.read() as connection:
        yield Line("OK", "reachable", condition.version(connection))
        found = state(connection)
        missing = condition.missing(connection)
    yield _revision(found)
    if database.is_sqlite:
        yield from _file(condition.file(database, thorough=thorough))
    if not found.found:
        return
    if missing and not found.pending:
        yield Line("FAIL", "tables", f"not there: {', '.join(missing)}", "restore a backup: somebody took them away")
        return
    if missing:
        return
    yield from _contents(database)


def _revision(found: State) -> Line:
    if not found.found:
        return Line("WARN", "revision", "there are no tables yet", "`triage db upgrade` makes them, or `triage serve`")
    if found.is_newer and (not found.compatible_from or found.compatible_from > found.head):
        said = f"{found.found}, made by a newer release that this one, at {found.head}, cannot work with"
        return Line("FAIL", "revision", said, "run the newer release")
    if found.is_newer:
        return Line("WARN", "revision", f"{found.found}, made by a newer release; this one, at {found.head}, can go on")
    if found.pending:
        said = f"{found.found}; to come: {', '.join(found.pending)}"
        return Line("WARN", "revision", said, "`triage db upgrade`, or start `triage serve`, which does the same")
    return Line("OK", "revision", f"{found.found}, the newest that this release knows")


def _file(file: condition.File) -> Iterator[Line]:
    if file.damage:
        yield Line("FAIL", "file", "\n".join(("damaged", *file.damage)), "stop the service and restore a backup")
    else:
        yield Line("OK", "file", f"whole; {_megabytes(file.size)}, of which {_megabytes(file.free)} are free")
    if not file.gives_back and file.free > file.size // 2:
        yield Line(
            "WARN",
            "file",
            "most of it is free, and it was made by a release that gives nothing back to the disk",
            "stop the service, and say: sqlite3 FILE 'PRAGMA auto_vacuum=INCREMENTAL; VACUUM'",
        )
    if file.log > _LONG_LOG:
        mend = "end whatever has been reading the database for long: the log is taken in once nobody reads what is old"
        yield Line("WARN", "log", f"{_megabytes(file.log)} are not in the file yet", mend)
    else:
        yield Line("OK", "log", f"{_megabytes(file.log)} ({file.journal_mode})")


def _contents(database: Database) -> Iterator[Line]:
    with database.read() as connection:
        undone, oldest = deliveries.count_undone(connection), deliveries.oldest_undone(connection)
        dead, workers = deliveries.count_dead(connection), condition.living(connection)
        runs, sizes = condition.runs(connection), condition.sizes(connection)
    age = time.time() - oldest / 1000 if oldest else 0.0
    if age > _OLD:
        mend = "see whether the service runs, and its log"
        yield Line(
            "WARN", "deliveries", f"{undone:,} are still to be worked through, for {age / 60:,.0f} minutes", mend
        )
    else:
        yield Line("OK", "deliveries", f"{undone:,} are still to be worked through")
    if dead:
        yield Line("WARN", "deliveries", f"{dead:,} were given up", "`triage replay --failed` lists them with reasons")
    if runs:
        yield Line("OK", "runs", ", ".join(f"{count:,} {name.lower()}" for name, count in sorted(runs.items())))
    for it in workers:
        yield Line("OK", f"process {it.name}", f"number {it.pid} on {it.host}, heard of {it.silent_for:.0f} s ago")
    told = [f"{it.name} {it.rows:,}{'' if it.bytes is None else f' ({_megabytes(it.bytes)})'}" for it in sizes]
    yield Line("OK", "rows", ", ".join(told[:_SHOWN]))


def _megabytes(size: int) -> str:
    return f"{size / 1_048_576:,.1f} MB"


def reason(error: sa.exc.SQLAlchemyError) -> str:
    """What the database said, without what it was asked."""
    return str(getattr(error, "orig", None) or type(error).__name__).strip().partition("\n")[0]
