"""At a limit: people's fresh issues go first, what can wait waits, nothing is lost, and GitHub never has to refuse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from bot.github import transport
from bot.github.payloads import GHOST
from bot.github.quota import Budgets
from bot.store import issues, lanes, schedules
from bot.store.deliveries import Delivery
from bot.store.issues import Record
from bot.store.times import from_ms
from bot.triage.issue import Issue as TriageIssue
from bot.work.chores import Chore, Chores
from bot.work.contexts import Contexts
from bot.work.mirror import Look
from bot.work.pace import PACE
from bot.work.turns import Turns
from tests.bot.work.bench import COMPLETE, Bench
from tests.bot.work.bench import bench as opened
from tests.bot.work.place import Clock
from tests.fakes.github import Limits
from tests.fakes.github.model import Issue

BUDGETS = Budgets(content_per_minute=10, content_per_hour=1000, rest_points_per_minute=900)


class Town:
    """The bench with limits that hold, on the fake's side as well, and a clock that the test moves."""

    def __init__(self, bench: Bench, clock: Clock) -> None:
        self.bench, self.fake, self.clock = bench, bench.fake, clock
        self.fake.limits = Limits(content_per_minute=10, content_per_hour=1000)
        self.lane = lanes.of_repository(bench.repository_id)
        self.spend_by(BUDGETS)
        # Templates, labels and the token are known.
        bench.open(COMPLETE)
        bench.once()
        self.wait(180)
        bench.forget_calls()

    def spend_by(self, budgets: Budgets) -> None:
        self.bench.budgets = budgets
        self.bench.restart(PACE)

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    def work(self, seconds: int) -> None:
        """Runs each lane that is due, and those for which there is news, second by second."""
        for _ in range(seconds):
            self.wait(1)
            with self.bench.database.read() as connection:
                due = lanes.due(connection, self.bench.now())
            for lane in due:
                self.bench.lanes.run(lane)
            self.bench.once()

    def backlog(self, count: int) -> list[Issue]:
        """Issues whose deliveries have waited here for some minutes."""
        some = [self.bench.open() for _ in range(count)]
        self.bench.hand_over(self.bench.waiting())
        self.wait(300)
        return some

    def asked(self, some: list[Issue]) -> int:
        return sum(len(self.bench.requests(it)) for it in some)

    def refused(self) -> list[str]:
        return [f"{it.method} {it.path}" for it in self.bench.exchanges if it.status in {403, 429}]

    def due(self) -> list[int]:
        with self.bench.database.read() as connection:
            return issues.due(connection, self.bench.repository_id, self.bench.now(), 100)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    clock = Clock()
    with opened(tmp_path, clock) as bench:
        yield Town(bench, clock)
        transport.close_idle()
        bench.database.close()


def test_a_fresh_issue_is_answered_before_a_backlog(town: Town):
    old = town.backlog(30)
    town.bench.lanes.run(town.lane)
    assert town.asked(old) == 8
    fresh = town.bench.open()
    town.bench.once()
    assert town.asked([fresh]) == 1
    assert town.asked(old) == 8
    assert town.refused() == []


def test_all_of_a_backlog_is_done_in_the_end_and_github_never_refuses(town: Town):
    old = town.backlog(30)
    town.bench.lanes.run(town.lane)
    town.work(100)
    assert town.asked(old) < 20
    town.work(300)
    assert town.asked(old) == 30
    assert town.bench.undone() == 0
    assert town.refused() == []
    # A lane that a limit held looks at few issues at a time, as each look is up to three reads: else it were hundreds.
    assert len(town.bench.calls("GET")) < 9 * len(old)


def test_when_people_need_all_there_is_their_lane_waits_and_loses_nothing(town: Town):
    some = [town.bench.open() for _ in range(15)]
    town.bench.once()
    assert town.asked(some) == 10
    town.work(150)
    assert town.asked(some) == 15
    assert town.refused() == []


def test_looks_that_a_sweep_asked_for_rest_at_a_limit_and_come_later(town: Town):
    old = [town.bench.open() for _ in range(8)]
    town.bench.once()
    town.wait(180)
    town.spend_by(Budgets(rest_points_per_minute=10))
    with town.bench.database.write() as connection:
        issues.sweep_up(connection, town.bench.repository_id, [it.number for it in old], town.bench.now())
    town.bench.forget_calls()
    town.bench.lanes.run(town.lane)
    assert 4 <= sum("/repos/" in it for it in town.bench.calls()) <= 8
    assert town.due()
    with town.bench.database.read() as connection:
        assert lanes.due(connection, town.bench.now()) == []
    town.work(400)
    assert town.due() == []
    assert town.refused() == []


def test_a_chore_leaves_room_for_people_and_comes_back_when_told(town: Town):
    town.spend_by(Budgets(rest_points_per_minute=10))
    town.wait(180)
    reader = town.bench.github.installation(town.bench.installation.id).reader
    repository = reader.repository("octo-org", "demo")

    def reads_on(_: Chore) -> None:
        while True:
            reader.issue(repository, 1)

    bench = town.bench
    contexts = Contexts(bench.database, lambda: bench.github.slug)
    chores = Chores(bench.database, bench.github, contexts, {"dig": reads_on}, bench.pace)
    with bench.database.write() as connection:
        schedules.put(connection, repository.id, "dig", bench.now())
    bench.forget_calls()
    chores.run(repository.id, "dig")
    assert len(bench.calls()) <= 8
    with bench.database.read() as connection:
        again = schedules.next_at(connection, repository.id, "dig")
        assert schedules.failures(connection, repository.id, "dig") == 0
    assert again is not None
    assert bench.now() < again < bench.now() + 70_000
    reader.issue(repository, 1)


NOW = 1_700_000_000_000
MINUTE = 60_000


@pytest.mark.parametrize(
    ("received_at", "happened_at", "can_wait"),
    [
        (NOW - 1000, NOW - 2000, False),
        (NOW - 1000, None, False),
        (NOW - 5 * MINUTE, NOW - 5 * MINUTE, True),
        (NOW - 1000, NOW - 60 * MINUTE, True),
        (None, None, True),
    ],
    ids=["just now", "a comment", "left lying here", "sent again by GitHub", "asked for by the clock"],
)
def test_what_somebody_waits_for_is_told_from_what_can_wait(
    received_at: int | None, happened_at: int | None, can_wait: bool
):
    look = Look(Record(1, 5))
    if received_at is not None:
        look.deliveries.append(Delivery(1, "guid", "issues", b"{}", received_at, applied=False, attempts=0))
    if happened_at is not None:
        look.issue = an_issue(updated_at=from_ms(happened_at))
    turns = Turns(1, PACE, NOW)
    assert turns.can_wait(look) == can_wait
    assert not turns.rests(look)
    turns.rest(NOW + MINUTE)
    assert turns.rests(look) == can_wait


def an_issue(updated_at: datetime) -> TriageIssue:
    return TriageIssue(5, "It broke", "", GHOST, created_at=updated_at, updated_at=updated_at)
