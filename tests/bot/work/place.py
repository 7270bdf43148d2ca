"""The bench over weeks: a clock that the test moves, and the chores that it brings."""

from __future__ import annotations

import time

from bot.store import schedules
from bot.store.schedules import POLICY, SWEEP
from bot.work.chores import Chores, Work
from bot.work.contexts import Contexts
from bot.work.schedules import follow_policy
from bot.work.sweeps import sweep
from tests.bot.work.bench import COMPLETE, REPO, Bench
from tests.fakes.github.model import Comment, Issue

ASKED = "needs_info: {days_until_reminder: 14, days_until_close: 7}\n"
STALE = "stale: {days_until_stale: 60, days_until_close: 7}\n"
DAY = 86_400


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class Place:
    """The bench, with the chores that the clock brings."""

    def __init__(self, bench: Bench, clock: Clock) -> None:
        self.bench, self.fake, self.clock = bench, bench.fake, clock
        self.fake.collaborator(REPO, "mia", "write")
        bench.settle()
        self.chores = self.with_works()

    def with_works(self, **others: Work) -> Chores:
        bench = self.bench
        contexts = Contexts(bench.database, lambda: bench.github.slug)
        works: dict[str, Work] = {POLICY: follow_policy, SWEEP: sweep, **others}
        return Chores(bench.database, bench.github, contexts, works, bench.pace)

    def new_database(self) -> None:
        """As after a loss of the data directory; the first news come again."""
        self.bench.new_database()
        self.chores = self.with_works()

    def commit(self, policy: str) -> None:
        self.fake.push(REPO, {".github/triage.yml": policy})
        self.bench.settle()
        self.chores.run(self.bench.repository_id, POLICY)

    def wait(self, days: float) -> None:
        """Time passes, and the sweep comes where one is planned."""
        self.clock.now += days * DAY
        self.sweep()

    def sweep(self) -> None:
        planned = self.planned()
        if planned is not None and planned <= self.bench.now():
            self.chores.run(self.bench.repository_id, SWEEP)
        self.bench.settle()

    def planned(self) -> int | None:
        with self.bench.database.read() as connection:
            return schedules.next_at(connection, self.bench.repository_id, SWEEP)

    def quiet(self, number: int = 1) -> list[Issue]:
        """Complete ones that a maintainer answered."""
        opened = [self.fake.open_issue(REPO, f"ann{at}", "It broke", COMPLETE) for at in range(number)]
        self.bench.settle()
        self.clock.now += 60
        for issue in opened:
            self.fake.comment(REPO, issue, "mia", "Does it still happen?")
        self.bench.settle()
        return opened

    def warned(self, policy: str = STALE) -> Issue:
        self.commit(policy)
        (issue,) = self.quiet()
        self.wait(61)
        assert "stale" in self.bench.labels(issue)
        return issue

    def days(self, number: int) -> None:
        """Each with its sweep."""
        for _ in range(number):
            self.wait(1)

    @staticmethod
    def state(issue: Issue) -> str:
        return issue.state

    def comments(self, issue: Issue) -> list[Comment]:
        return self.bench.requests(issue)

    def said(self, issue: Issue) -> list[str]:
        """The first word of each of the bot's comments that stands."""
        return [comment.body.splitlines()[0] for comment in self.comments(issue)]

    def swept(self) -> list[str]:
        return [f"{it.because} {it.note}".strip() for it in self.bench.journal() if it.kind == "sweep"]
