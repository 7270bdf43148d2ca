"""How many requests the best-known stale action (actions/stale) makes, by its documented algorithm; it is not run here.

It lists the open issues and pull requests, a hundred a page, until a page is empty. For each issue that bears its label
it lists the events (since when it bears it) and the comments (whether anybody wrote since): two requests, where each
fits one page. It remembers nothing of an issue from run to run but which ones it has been through, so that every run
asks again. `operations-per-run` (30 unless set) only spreads these requests over runs. What it writes is left out, and
what we write as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.issuebash.thread import Thread

DAYS = 60
"""`days-before-stale` unless set."""
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over a repository."""

    listed: int
    labelled: int

    @property
    def requests(self) -> int:
        return -(-self.listed // _PAGE) + 1 + 2 * self.labelled


def run(threads: Iterable[Thread], now: datetime) -> Run:
    """Where issues that bear the label are not closed (`days-before-close: -1`), so that all that are due bear it."""
    listed = labelled = 0
    for thread in threads:
        listed += sum(link.state == "open" for link in thread.links)
        if thread.issue.state == "open":
            listed += 1
            labelled += now - thread.issue.updated_at >= timedelta(days=DAYS)
    return Run(listed, labelled)
