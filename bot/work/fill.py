"""Fills the mirror of a repository from GitHub, page by page; one that is stopped goes on where it stopped.

The first pass reads all issues, later ones what changed since the pass before began. Each page is stored together with
the place where the next one begins.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from bot.github.errors import LimitReached, Unavailable
from bot.store import fills, threads
from bot.store.fills import Progress
from bot.store.times import from_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.github.threads import ThreadPage
    from bot.store.database import Database
    from bot.store.threads import Filed
    from bot.triage.issue import Issue, Repository

_SIZE = 100
_LEAST = 5
_OVERLAP = timedelta(minutes=5)
"""GitHub's index may lag behind what it says of an issue's change."""
_RESERVE = 200
"""Points that are left to others who use the same budget."""


class ReadsThreads(Protocol):
    """`bot.github.threads.ThreadReader` is one. May raise GitHubError."""

    def page(self, repo: Repository, *, size: int, after: str = "", since: datetime | None = None) -> ThreadPage: ...


@dataclass(slots=True)
class Filled:
    """What a fill did, and how far it came."""

    issues: int = 0
    requests: int = 0
    points: int = 0
    left: int | None = None
    """Points of the hour's budget; None before the first request."""
    resets_at: datetime | None = None
    again_at: datetime | None = None
    """Where a limit stopped it: when it can go on."""
    total: int = field(default=0)
    """Issues that this pass is about."""

    @property
    def complete(self) -> bool:
        return self.again_at is None


def fill(
    database: Database,
    repository: Repository,
    reader: ReadsThreads,
    filed: Callable[[Issue], Filed] | None = None,
    told: Callable[[Filled], None] = lambda _: None,
) -> Filled:
    """Brings the mirror up to date; stops at a limit, with all it has read kept. Raises other GitHubErrors.

    `told` is called after each page.
    """
    with database.read() as connection:
        progress = fills.get(connection, repository.id)
    since = None if progress.complete_until is None else from_ms(progress.complete_until) - _OVERLAP
    if progress.began_at is None:
        progress = Progress("", _now(), progress.complete_until)
    done, size = Filled(), _SIZE
    while True:
        try:
            page = reader.page(repository, size=size, after=progress.cursor, since=since)
        except LimitReached as error:
            done.again_at = error.until
            return done
        except Unavailable:
            # Heavy pages time out at GitHub; a smaller one is answered.
            done.requests += 1
            if size <= _LEAST:
                raise
            size = max(size // 2, _LEAST)
            continue
        progress = _keep(database, repository, page, progress, filed)
        _count(done, page)
        size = min(size * 2, _SIZE)
        told(done)
        if not page.more:
            return done
        if page.budget.remaining < _RESERVE and page.budget.resets_at is not None:
            done.again_at = page.budget.resets_at
            return done


def _keep(
    database: Database,
    repository: Repository,
    page: ThreadPage,
    progress: Progress,
    filed: Callable[[Issue], Filed] | None,
) -> Progress:
    """One page and the place of the next, in one transaction. The last one ends the pass."""
    began = progress.began_at or _now()
    is_first_pass = progress.complete_until is None
    after = Progress(page.cursor, began, progress.complete_until) if page.more else Progress("", None, began)
    with database.write() as connection:
        more = {} if filed is None else {"filed": filed}
        threads.save(connection, repository.id, page.threads, _now(), **more)
        if not page.more and is_first_pass:
            threads.remove_unseen(connection, repository.id, began)
        fills.put(connection, repository.id, after)
    return after


def _count(done: Filled, page: ThreadPage) -> None:
    done.requests += 1
    done.issues += len(page.threads)
    done.points += page.budget.cost
    done.left, done.resets_at = page.budget.remaining, page.budget.resets_at
    done.total = max(done.total, page.total)


def _now() -> int:
    return round(time.time() * 1000)
