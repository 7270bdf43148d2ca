"""Makes a report from an export: it is loaded into a mirror of its own, from which the report is made as any other."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from bot.github.export_files import name_of
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
    from bot.issuebash.thread import Aspect
    from bot.triage.report_policy import ReportSection

_ID = 1
"""Of the only repository in the mirror."""
_AT_ONCE = 500
_KEPT_OUT: dict[Aspect, str] = {
    "milestone": "are in a milestone",
    "pinned": "are pinned",
    "locked": "are locked",
    "sub_issues": "have open sub-issues",
}
"""What else keeps an issue out of a report, beside labels."""


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
        source = Source(_said(database, export), known=export.known or frozenset(), partial=_partial(export))
        return make(database, repository, settings, source, now, sections), export


def _said(database: Database, export: Export) -> str:
    """Where the facts are from, and what of them nobody should rely on."""
    with database.read() as connection:
        count, newest = mirror.count(connection, _ID), mirror.newest(connection, _ID)
    changed = f", newest change {from_ms(newest):%Y-%m-%d}" if newest else ""
    said = [f"{export.name}, {count:,} issue{'' if count == 1 else 's'}{changed}"]
    untold = [words for aspect, words in _KEPT_OUT.items() if aspect not in (export.known or ())]
    if untold:
        *others, last = untold
        listed = f"{', '.join(others)} or {last}" if others else last
        said.append(f"it does not tell which issues {listed}, so none was left out for that")
    if not export.tells_bots:
        said.append("it does not tell which comments are by bots, so only well-known ones were taken for such")
    if export.cut:
        said.append(f"of {export.cut:,} with 100 comments or more it tells the first 100 alone")
    if export.closed_by_change:
        ones = "one" if export.closed_by_change == 1 else "ones"
        said.append(f"of {export.closed_by_change:,} closed {ones} the last change stands for the closing")
    return "; ".join(said)


def _partial(export: Export) -> str:
    if "labels" in (export.known or ()):
        return ""
    return "The export does not tell labels, so none kept an issue out: neither an exempt one nor `security`."


@contextmanager
def mirrored(
    path: Path, folder: Path, checker: Checker | None, now: datetime
) -> Iterator[tuple[Database, Repository, Export]]:
    """An export in a mirror of its own, which `folder` holds meanwhile. Raises ExportError."""
    export = Export(name_of(path))
    database = Database(f"sqlite:///{folder / 'mirror.db'}")
    try:
        database.migrate()
        found = threads(path, export)
        filed = {} if checker is None else {"filed": filing(checker)}
        while batch := list(islice(found, _AT_ONCE)):
            with database.write() as connection:
                mirror.save(connection, _ID, batch, to_ms(now), **filed)
        owner, _, name = (export.repository or export.name).partition("/")
        yield database, Repository(_ID, owner, name, export.page), export
    finally:
        database.close()
