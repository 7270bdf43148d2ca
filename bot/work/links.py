"""Takes over what pull requests say of issues: one that mentions an issue, or is merged, is no change of the issue."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from bot.github.errors import Unavailable
from bot.store import threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from bot.github.threads import Budget, ChangedPull, PullPage
    from bot.issuebash.thread import PullRequest, Thread
    from bot.store.database import Database
    from bot.store.threads import Filed
    from bot.triage.issue import Issue, Repository


_SIZE = 50
"""Of a page: one point."""


class ReadsPulls(Protocol):
    """`bot.github.threads.ThreadReader` is one. May raise GitHubError."""

    def pulls(self, repo: Repository, after: str = "", size: int = _SIZE) -> PullPage: ...


def refresh(
    database: Database,
    repository: Repository,
    reader: ReadsPulls,
    since: datetime,
    filed: Callable[[Issue], Filed],
    told: Callable[[Budget], None],
) -> None:
    """Of all that changed since then, of issues that are in the mirror. `told` is called after each request."""
    after, size = "", _SIZE
    while True:
        try:
            page = reader.pulls(repository, after, size)
        except Unavailable:
            # As of issues, a heavy page times out.
            if size == 1:
                raise
            size //= 2
            continue
        told(page.budget)
        changed = [pull for pull in page.pulls if pull.updated_at >= since]
        _take(database, repository, changed, filed)
        if not page.more or len(changed) < len(page.pulls):
            return
        after = page.cursor


def _take(
    database: Database, repository: Repository, changed: Iterable[ChangedPull], filed: Callable[[Issue], Filed]
) -> None:
    by_issue: dict[int, list[PullRequest]] = {}
    for pull in changed:
        for number in pull.mentions:
            link = replace(pull.link, will_close=True) if number in pull.closes else pull.link
            by_issue.setdefault(number, []).append(link)
    if not by_issue:
        return
    with database.write() as connection:
        found = list(threads.load(connection, repository.id, by_issue))
        linked = [with_links(thread, by_issue[thread.number]) for thread in found]
        new = [now for now, before in zip(linked, found, strict=True) if now != before]
        threads.save(connection, repository.id, new, round(time.time() * 1000), filed)


def with_links(thread: Thread, links: Iterable[PullRequest]) -> Thread:
    """Each pull request once, as it is now; when it was linked, and that it closes the issue, stay as told before."""
    known = {link.url: link for link in thread.links}
    for link in links:
        before = known.get(link.url)
        known[link.url] = (
            replace(link, linked_at=before.linked_at, will_close=before.will_close or link.will_close)
            if before
            else link
        )
    return replace(thread, links=tuple(known.values()))
