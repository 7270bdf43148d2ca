"""Fills the mirror of a repository from GitHub, page by page; one that is stopped goes on where it stopped.

The first pass reads all issues, later ones what changed since the pass before began, and then what pull requests say of
issues. Once a week a pass reads all again, and forgets what is gone though no webhook told. Each page is stored
together with the place where the next one begins. Where a page shows an issue that no delivery told of, the lane is had
to look at it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from bot.github.errors import Forbidden, LimitReached, Rejected, Unavailable
from bot.store import fills, repositories, threads
from bot.store.fills import Progress
from bot.store.threads import Filed
from bot.store.times import from_ms
from bot.work import links, missed
from bot.work.pace import now_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.github.threads import Budget, ThreadPage
    from bot.store.database import Database
    from bot.triage.issue import Issue, Repository

_SIZE = 100
_SIZE_OF_NEWS = 50
"""Most often few issues changed, and GitHub counts what is asked for: half a page costs half the points."""
_LEAST = 1
_WHOLE_EVERY = 7 * 86_400_000
"""Milliseconds. What changes without a trace, such as an issue that is deleted, is found then."""
_OVERLAP = timedelta(minutes=5)
"""GitHub's index may lag behind what it says of an issue's change."""
_RESERVE = 200
"""Points that are left to others who use the same budget."""


class ReadsThreads(links.ReadsPulls, Protocol):
    """`bot.github.threads.ThreadReader` is one. May raise GitHubError."""

    def page(self, repo: Repository, *, size: int, after: str = "", since: datetime | None = None) -> ThreadPage: ...


@dataclass(slots=True)
class Filled:
    """What a fill did, and how far it came."""

    issues: int = 0
    requests: int = 0
    points: int = 0
    left: int | None = None
    """Points of the hour's budget; None before the first request, and where there is no limit."""
    resets_at: datetime | None = None
    again_at: datetime | None = None
    """Where a limit stopped it: when it can go on."""
    total: int = 0
    """Issues that this pass is about."""

    @property
    def complete(self) -> bool:
        return self.again_at is None

    def count(self, budget: Budget) -> None:
        self.requests += 1
        self.points += budget.cost
        self.resets_at = budget.resets_at
        self.left = None if budget.resets_at is None else budget.remaining


def fill(
    database: Database,
    repository: Repository,
    reader: ReadsThreads,
    filed: Callable[[Issue], Filed] = lambda _: Filed(),
    told: Callable[[Filled], None] = lambda _: None,
    *,
    pulls: bool = True,
    clock: Callable[[], int] = now_ms,
) -> Filled:
    """Brings the mirror up to date; stops at a limit, with all it has read kept. Raises other GitHubErrors.

    `told` is called after each page. Without `pulls`, what pull requests say is left for the next fill that asks.
    """
    with database.read() as connection:
        progress = fills.get(connection, repository.id)
    if progress.began_at is None:
        now = clock()
        whole = progress.whole_at is None or now - progress.whole_at >= _WHOLE_EVERY
        progress = replace(progress, cursor="", began_at=now, whole=whole)
    done = Filled()
    try:
        began = _read_issues(database, repository, reader, filed, told, done, progress, clock)
        if began is not None:
            _read_pulls(database, repository, reader, filed, done, began, wanted=pulls)
    except LimitReached as error:
        done.again_at = error.until
    return done


def _read_issues(
    database: Database,
    repository: Repository,
    reader: ReadsThreads,
    filed: Callable[[Issue], Filed],
    told: Callable[[Filled], None],
    done: Filled,
    progress: Progress,
    clock: Callable[[], int],
) -> int | None:
    """Goes on with the pass; when it began, or None where too few points are left to end it."""
    began = progress.began_at or 0
    since = from_ms(progress.complete_until)
    since = None if since is None or progress.whole else since - _OVERLAP
    size = _SIZE if since is None else _SIZE_OF_NEWS
    while True:
        try:
            page = reader.page(repository, size=size, after=progress.cursor, since=since)
        except Unavailable:
            # Heavy pages time out at GitHub; a smaller one is answered.
            done.requests += 1
            if size <= _LEAST:
                raise
            size = max(size // 2, _LEAST)
            continue
        except Rejected as error:
            if not progress.cursor or "cursor" not in str(error).lower():
                raise
            # GitHub promises nothing of how long a cursor is good: what was read already is only read again.
            progress = replace(progress, cursor="")
            continue
        progress = _keep(database, repository, page, progress, filed, clock())
        done.issues += len(page.threads)
        done.total = max(done.total, page.total)
        done.count(page.budget)
        told(done)
        if not page.more:
            return began
        size = min(size * 2, _SIZE)
        if done.left is not None and done.left < _RESERVE:
            done.again_at = done.resets_at
            return None


def _keep(
    database: Database,
    repository: Repository,
    page: ThreadPage,
    progress: Progress,
    filed: Callable[[Issue], Filed],
    read_at: int,
) -> Progress:
    """One page and the place of the next, in one transaction. The last one ends the pass."""
    began = progress.began_at or 0
    after = replace(progress, cursor=page.cursor)
    if not page.more:
        whole_at = began if progress.reads_all else progress.whole_at
        after = replace(progress, cursor="", began_at=None, complete_until=began, whole=False, whole_at=whole_at)
    with database.write() as connection:
        threads.save(connection, repository.id, page.threads, read_at, filed)
        if known := repositories.get(connection, repository.id):
            missed.have_looked_at(connection, known, page.threads, read_at, all_news=False)
        if not page.more and progress.reads_all:
            threads.remove_unseen(connection, repository.id, began)
        fills.put(connection, repository.id, after)
    return after


def _read_pulls(
    database: Database,
    repository: Repository,
    reader: ReadsThreads,
    filed: Callable[[Issue], Filed],
    done: Filled,
    began: int,
    *,
    wanted: bool,
) -> None:
    """What pull requests said since the scan before; all that they said before the first pass came with the issues."""
    with database.read() as connection:
        until = fills.get(connection, repository.id).pulls_until
    if until is not None and not wanted:
        return
    if until is not None:
        try:
            links.refresh(database, repository, reader, from_ms(until) - _OVERLAP, filed, done.count)
        except Forbidden:
            # Not granted: the reader knows it, and reports say so.
            return
    with database.write() as connection:
        fills.put(connection, repository.id, replace(fills.get(connection, repository.id), pulls_until=began))
