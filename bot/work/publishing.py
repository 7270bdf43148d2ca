"""The chore that writes a repository's report when its time comes, keeps it, and posts it where the policy says so."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from croniter import croniter

from bot.github.errors import Forbidden, NotFound, Rejected
from bot.reports import json_file, markdown
from bot.store import journal, reports
from bot.store.journal import Entry
from bot.store.reports import Kept
from bot.store.times import to_ms
from bot.triage.plan import Close
from bot.work.reports import read_and_make
from bot.work.schedules import following

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.issuebash.report import Report
    from bot.store.database import Database
    from bot.triage.issue import Repository
    from bot.work.chores import Chore
    from bot.work.ports import Writes

log = structlog.get_logger(__name__)


def write_report(chore: Chore) -> datetime | None:
    """Once a slot of the schedule, however often it is begun; a reading that a limit stops goes on when it may."""
    settings = chore.context.policy.report
    if settings.schedule is None:
        return None
    repository = chore.known.repository
    report, filled = read_and_make(
        chore.database, repository, chore.installed, chore.context.checker, settings, clock=chore.clock
    )
    if filled.again_at is not None:
        return filled.again_at
    slot: datetime = croniter(settings.schedule, chore.now).get_prev(datetime)
    posts = settings.post == "issue" and not chore.context.policy.dry_run
    number = post(chore.database, repository, chore.installed.writer, report, slot) if posts else None
    keep(chore.database, repository, report, number, f"The policy's schedule is {settings.schedule}.")
    log.info("reported", repository=repository.full_name, issue=number, read=filled.issues, points=filled.points)
    return following(settings.schedule, chore.clock())


def post(database: Database, repository: Repository, writer: Writes, report: Report, slot: datetime) -> int:
    """Posts it, and closes the one before with a word on where the new one is. Gives the issue's number.

    Safe to repeat for the same slot: nothing comes twice, and what was kept is brought up to date. May raise
    GitHubError.
    """
    first, *others = markdown.pages(report)
    mark = f"<!-- report of {slot:%Y-%m-%dT%H:%M:%S.%f}Z -->"
    number = writer.open_issue(repository, markdown.title(report), _marked(first, mark), mark)
    before = _posted_before(database, repository)
    if before == number:
        writer.edit_issue(repository, number, _marked(first, mark))
    for at, page in enumerate(others, start=2):
        part = mark.replace(" -->", f", page {at} -->")
        comment = writer.comment(repository, number, _marked(page, part), part)
        if before == number:
            writer.edit_comment(repository, comment, _marked(page, part))
    if before not in {None, number}:
        _retire(writer, repository, before or 0, number)
    return number


def keep(database: Database, repository: Repository, report: Report, number: int | None, because: str) -> None:
    """For its page and for what the next one says of it. `number`: of the issue that it was posted as.

    Without one, that of the last posted report stays, which stands until the next one that is posted closes it.
    """
    standing = _posted_before(database, repository) if number is None else number
    with database.write() as connection:
        reports.put(connection, repository.id, Kept(to_ms(report.at), json_file.dump(report), standing))
        posted = f"posted as #{number}" if number else "kept for its page"
        entry = Entry(repository.id, number or 0, "report", "done", because=because, note=posted, at=to_ms(report.at))
        journal.write(connection, [entry])


def _posted_before(database: Database, repository: Repository) -> int | None:
    with database.read() as connection:
        before = reports.get(connection, repository.id)
    return None if before is None else before.issue_number


def _retire(writer: Writes, repository: Repository, old: int, number: int) -> None:
    gone = f"<!-- replaced by {number} -->"
    with _as_far_as_possible(repository, old):
        writer.comment(repository, old, f"{gone}\nThe next report is #{number}.", gone)
    with _as_far_as_possible(repository, old):
        writer.perform(repository, old, Close(reason="completed", because=f"The report in #{number} replaces it."))


@contextmanager
def _as_far_as_possible(repository: Repository, old: int) -> Iterator[None]:
    """It may have been deleted, locked or moved: if that stopped the work, each slot would open one more."""
    try:
        yield
    except (NotFound, Forbidden, Rejected) as error:
        log.warning("left the report before as it is", repository=repository.full_name, issue=old, reason=str(error))


def _marked(page: str, mark: str) -> str:
    """The page with a second marker, by which it is known again."""
    first, _, rest = page.partition("\n")
    return f"{first}\n{mark}\n{rest}"
