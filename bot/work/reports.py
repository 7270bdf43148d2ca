"""Makes a repository's report from the mirror: one pass for the numbers, one over what is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from bot.forms.template import Submission
from bot.issuebash.compose import compose
from bot.issuebash.desk import Desk
from bot.issuebash.statistics import numbers
from bot.issuebash.thread import EVERYTHING, Aspect
from bot.store import repositories, threads
from bot.store.search import Search, index_pages
from bot.store.threads import Filed
from bot.store.times import from_ms, to_ms
from bot.work.fill import Filled, fill

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from bot.forms.check import Checker
    from bot.github.docs_pages import DocsPage
    from bot.github.threads import ThreadReader
    from bot.issuebash.report import Report
    from bot.store.database import Database
    from bot.triage.issue import Issue, Repository
    from bot.triage.release import Release
    from bot.triage.report_policy import ReportSection


def filing(checker: Checker) -> Callable[[Issue], Filed]:
    """Tells of an issue which template it came from, and how many of its fields lack an answer."""

    def filed(issue: Issue) -> Filed:
        check = checker.check(Submission(issue.title, issue.body, issue.labels, issue.type))
        template = check.match.template
        return Filed() if template is None else Filed(template.file, len(check.findings))

    return filed


class ReadsDocs(Protocol):
    """May raise GitHubError."""

    def docs(self, repo: Repository, folders: Collection[str]) -> tuple[DocsPage, ...]: ...


class Sight(Protocol):
    """As much of an `Installed` as a report needs."""

    @property
    def reader(self) -> ReadsDocs: ...
    @property
    def threads(self) -> ThreadReader: ...


@dataclass(frozen=True, slots=True)
class Source:
    """What is known beside the mirror, and how far what is in it can be relied on."""

    said: str
    """Where the facts are from, for people."""
    known: frozenset[Aspect] = EVERYTHING
    releases: tuple[Release, ...] | None = None
    bot_since: datetime | None = None
    partial: str = ""
    """What is missing, as a sentence; empty when nothing is."""


def make(
    database: Database,
    repository: Repository,
    settings: ReportSection,
    source: Source,
    now: datetime,
    sections: Collection[str] = (),
) -> Report:
    """The mirror must have been filled before. `sections` limits the report to these rules; empty for all."""
    spoken_since = to_ms(now - timedelta(days=settings.sections.voices_after_close.days))
    with database.read() as connection, database.read() as searching:
        desk = Desk(
            repository=repository,
            settings=settings,
            now=now,
            maintainers=threads.load_maintainers(connection, repository.id),
            releases=source.releases,
            similar=Search(searching, repository.id),
            known=source.known,
        )
        return compose(
            threads.open_threads(connection, repository.id),
            threads.spoken_after_close(connection, repository.id, spoken_since),
            numbers(threads.figures(connection, repository.id), now, source.bot_since, source.known),
            desk,
            sections=sections,
            source=source.said,
            partial=source.partial,
        )


def read(
    database: Database,
    repository: Repository,
    sight: Sight,
    checker: Checker,
    settings: ReportSection,
    told: Callable[[Filled], None] = lambda _: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Filled:
    """Brings the mirror up to date, and what is known of the docs. Raises GitHubError; a limit only stops it."""
    filled = fill(database, repository, sight.threads, filing(checker), told, clock=lambda: to_ms(clock()))
    if filled.complete:
        pages = sight.reader.docs(repository, settings.docs)
        with database.write() as connection:
            index_pages(connection, repository.id, [(it.path, it.title, it.headings, it.url) for it in pages])
    return filled


def make_of_github(
    database: Database,
    repository: Repository,
    sight: Sight,
    settings: ReportSection,
    now: datetime,
    sections: Collection[str] = (),
    again_at: datetime | None = None,
) -> Report:
    """Of what was read. `again_at`: where a limit stopped the reading, when it may go on. Raises GitHubError."""
    with database.read() as connection:
        seen = repositories.get(connection, repository.id)
        count = threads.count(connection, repository.id)
    partial = ""
    if again_at is not None:
        partial = (
            f"GitHub's limit stopped the reading after {count:,} issues, and lets it go on at"
            f" {again_at:%Y-%m-%d %H:%M} UTC. A report made then goes on from there."
        )
    source = Source(
        said="GitHub",
        known=sight.threads.known,
        releases=sight.threads.releases(repository) if again_at is None else None,
        bot_since=from_ms(seen.installed_at or seen.first_seen) if seen else None,
        partial=partial,
    )
    return make(database, repository, settings, source, now, sections)


def read_and_make(
    database: Database,
    repository: Repository,
    sight: Sight,
    checker: Checker,
    settings: ReportSection,
    sections: Collection[str] = (),
    told: Callable[[Filled], None] = lambda _: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> tuple[Report, Filled]:
    """One after the other. Raises GitHubError; a limit only makes the report partial."""
    filled = read(database, repository, sight, checker, settings, told, clock)
    return make_of_github(database, repository, sight, settings, clock(), sections, filled.again_at), filled
