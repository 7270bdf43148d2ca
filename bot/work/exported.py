"""Makes a report from an export: it is loaded into a mirror of its own, from which the report is made as any other."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from bot.github.exports import Export, threads
from bot.store import threads as mirror
from bot.store.database import Database
from bot.store.times import from_ms, to_ms
from bot.triage.issue import Repository
from bot.work.reports import Source, filing, make

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime
    from pathlib import Path

    from bot.forms.check import Checker
    from bot.issuebash.report import Report
    from bot.triage.report_policy import ReportSection

_ID = 1
"""Of the only repository in the mirror."""
_AT_ONCE = 500


def report_on(
    path: Path,
    folder: Path,
    checker: Checker | None,
    settings: ReportSection,
    now: datetime,
    sections: Collection[str] = (),
) -> tuple[Report, Export]:
    """`folder` holds the mirror meanwhile. Raises ExportError."""
    with mirrored(path, folder, checker, now) as (database, repository, export):
        with database.read() as connection:
            newest = mirror.newest(connection, repository.id)
        changed = f", newest change {from_ms(newest):%Y-%m-%d}" if newest else ""
        source = Source(f"{path.name}, {export.read:,} issues{changed}", known=export.known or frozenset())
        return make(database, repository, settings, source, now, sections), export


@contextmanager
def mirrored(
    path: Path, folder: Path, checker: Checker | None, now: datetime
) -> Iterator[tuple[Database, Repository, Export]]:
    """An export in a mirror of its own, which `folder` holds meanwhile. Raises ExportError."""
    export = Export(path.name)
    database = Database(f"sqlite:///{folder / 'mirror.db'}")
    try:
        database.migrate()
        found = threads(path, export)
        filed = {} if checker is None else {"filed": filing(checker)}
        while batch := list(islice(found, _AT_ONCE)):
            with database.write() as connection:
                mirror.save(connection, _ID, batch, to_ms(now), **filed)
        name = export.repository or path.name
        owner, _, rest = name.partition("/")
        yield database, Repository(_ID, owner, rest, f"https://github.com/{name}" if export.repository else ""), export
    finally:
        database.close()
