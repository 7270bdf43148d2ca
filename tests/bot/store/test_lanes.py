"""Lanes: no delivery is ever stranded, and no lane is run for nothing."""

from __future__ import annotations

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.store import deliveries, issues, lanes, tables
from bot.store.database import Database
from bot.store.deliveries import NewDelivery
from bot.store.issues import Record
from bot.store.lanes import State

LANE = "repository:1"


@pytest.fixture
def connection(database: Database):
    with database.write() as opened:
        yield opened


def test_the_lane_of_a_repository_can_be_read_back():
    assert lanes.repository_of(lanes.of_repository(5)) == 5
    assert lanes.repository_of(lanes.of_installation(5)) is None
    assert lanes.repository_of(lanes.OF_APP) is None


def test_a_lane_is_queued_once_until_a_run_begins(connection: sa.Connection):
    assert lanes.mark_queued(connection, [LANE, "repository:2"], 1) == [LANE, "repository:2"]
    assert lanes.mark_queued(connection, [LANE], 2) == []
    assert lanes.begin(connection, LANE, 3) == State()
    assert lanes.mark_queued(connection, [LANE], 4) == [LANE]


def test_a_paused_lane_is_not_run_but_woken_in_time(connection: sa.Connection):
    lanes.mark_queued(connection, [LANE], 1)
    lanes.begin(connection, LANE, 2)
    lanes.pause(connection, LANE, 100)
    assert lanes.mark_queued(connection, [LANE], 50) == []
    assert lanes.due(connection, 99) == []
    assert lanes.due(connection, 100) == [LANE]
    assert lanes.mark_queued(connection, [LANE], 100) == [LANE]
    assert lanes.begin(connection, LANE, 101) == State(paused_until=100)
    assert lanes.due(connection, 200) == []


def test_a_run_that_comes_too_early_keeps_the_wake_up(connection: sa.Connection):
    lanes.mark_queued(connection, [LANE], 1)
    lanes.pause(connection, LANE, 100)
    assert lanes.begin(connection, LANE, 50) == State(paused_until=100)
    assert lanes.due(connection, 100) == [LANE]


def test_the_earlier_wake_up_counts(connection: sa.Connection):
    lanes.mark_queued(connection, [LANE], 1)
    lanes.begin(connection, LANE, 2)
    for at in (300, 200, 400):
        lanes.wake_at(connection, LANE, at)
    assert lanes.due(connection, 199) == []
    assert lanes.due(connection, 200) == [LANE]


def test_an_operator_can_wake_a_lane_that_is_paused_or_unknown(connection: sa.Connection):
    lanes.mark_queued(connection, [LANE], 1)
    lanes.begin(connection, LANE, 2)
    lanes.pause(connection, LANE, 10_000)
    for name in (LANE, "repository:2"):
        lanes.mark_due(connection, name, 50)
    assert sorted(lanes.due(connection, 50)) == [LANE, "repository:2"]
    assert sorted(lanes.mark_queued(connection, [LANE, "repository:2"], 50)) == [LANE, "repository:2"]


def test_an_issue_whose_time_has_come_wakes_its_lane_unless_that_is_paused(connection: sa.Connection):
    issues.save(connection, [Record(1, 5), Record(2, 6)])
    issues.look_at(connection, 1, 5, 100)
    issues.look_at(connection, 2, 6, 100)
    assert lanes.due(connection, 99) == []
    assert sorted(lanes.due(connection, 100)) == ["repository:1", "repository:2"]
    lanes.mark_queued(connection, ["repository:2"], 1)
    lanes.pause(connection, "repository:2", 500)
    assert lanes.due(connection, 100) == ["repository:1"]


def test_issues_whose_time_has_come_fill_only_the_room_they_are_given(connection: sa.Connection):
    issues.save(connection, [Record(id_, 5) for id_ in range(10, 30)])
    for id_ in range(10, 30):
        issues.look_at(connection, id_, 5, 100)
    for id_ in range(1, 4):
        lanes.mark_due(connection, lanes.of_repository(id_), 100)
    assert set(lanes.due(connection, 100, looks=0)) == {f"repository:{id_}" for id_ in range(1, 4)}
    assert len(lanes.due(connection, 100, looks=5)) == 8
    assert lanes.count_queued(connection) == 0
    lanes.mark_queued(connection, lanes.due(connection, 100, looks=5), 100)
    assert lanes.count_queued(connection) == 8
    lanes.begin(connection, "repository:1", 100)
    assert lanes.count_queued(connection) == 7


def test_of_very_many_lanes_some_are_run_and_the_others_after_them_in_their_order(connection: sa.Connection):
    def name(number: int) -> str:
        return lanes.of_repository(number)

    assert lanes.ask_for(connection, [name(2), name(1)], 1, most=3) == [name(1), name(2)]
    assert lanes.ask_for(connection, [name(3), name(9)], 5, most=3) == [name(3)]
    assert lanes.ask_for(connection, [name(4), name(9), name(1)], 7, most=3) == []
    assert lanes.due(connection, 4) == []
    assert lanes.due(connection, 7) == [name(9), name(4)]
    assert lanes.due(connection, 7, most=1) == [name(9)]
    lanes.pause(connection, name(8), 100)
    lanes.mark_due(connection, name(8), 7)
    lanes.pause(connection, name(8), 100)
    assert lanes.ask_for(connection, [name(8)], 8, most=3) == []
    assert name(8) not in lanes.due(connection, 99)
    for number in (1, 2, 3):
        lanes.begin(connection, name(number), 9)
    assert lanes.ask_for(connection, [name(9)], 9, most=3) == [name(9)]


def test_very_many_issues_of_one_repository_do_not_hide_those_of_another(connection: sa.Connection):
    many = [Record(1, number, state="open") for number in range(1100)]
    issues.save(connection, [*many, Record(2, 1, state="open")])
    connection.execute(tables.issues.update().values(next_look_at=tables.issues.c.repository_id))
    assert lanes.due(connection, 100, looks=8) == [LANE]
    lanes.mark_queued(connection, [LANE], 100)
    assert lanes.due(connection, 100, looks=8) == ["repository:2"]


def test_processes_that_mark_the_same_lanes_do_not_block_each_other(database: Database):
    names = [lanes.of_repository(id_) for id_ in range(8)]

    def mark(order: list[str]) -> None:
        for _ in range(50):
            with database.write() as connection:
                lanes.mark_queued(connection, order, 1)
            with database.write() as connection:
                lanes.release(connection, order)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(mark, order) for order in (names, names[::-1])]:
            done.result()


def test_a_lost_run_is_noticed(connection: sa.Connection):
    deliveries.add(connection, [NewDelivery("a", "issues", LANE, b"{}", 100)])
    lanes.mark_queued(connection, [LANE], 100)
    assert lanes.lost(connection, 100) == []
    assert lanes.lost(connection, 101) == [LANE]
    lanes.release(connection, [LANE])
    assert lanes.mark_queued(connection, [LANE], 200) == [LANE]
    assert lanes.lost(connection, 150) == []


def test_so_is_that_of_a_lane_that_was_woken(connection: sa.Connection):
    deliveries.add(connection, [NewDelivery("a", "issues", LANE, b"{}", 100)])
    assert lanes.ask_for(connection, [LANE], 100, most=0) == []
    assert lanes.due(connection, 110) == [LANE]
    assert lanes.lost(connection, 150) == []
    assert lanes.mark_queued(connection, [LANE], 110) == [LANE]
    assert lanes.due(connection, 300) == []
    assert lanes.lost(connection, 110) == []
    assert lanes.lost(connection, 150) == [LANE]


def test_failures_are_counted_until_one_run_goes_well(connection: sa.Connection):
    lanes.mark_queued(connection, [LANE], 1)
    assert [lanes.count_failure(connection, LANE) for _ in range(3)] == [1, 2, 3]
    assert lanes.begin(connection, LANE, 2) == State(failures=3)
    lanes.clear_failures(connection, LANE)
    assert lanes.count_failure(connection, LANE) == 1


class NothingIsStranded(RuleBasedStateMachine):
    """Deliveries, runs and crashes in any order: as long as one is undone, a run is on its way, or the lane is due."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.database = Database(f"sqlite:///{self.folder / 'triage.db'}")
        self.database.migrate()
        self.count = 0
        self.queue = 0
        """Runs in the engine's queue; the engine itself puts back one that a crash cut short."""

    @rule(count=st.integers(1, 3))
    def deliver(self, count: int) -> None:
        new = [NewDelivery(str(self.count + n), "issues", LANE, b"{}", 1) for n in range(count)]
        self.count += count
        with self.database.write() as connection:
            deliveries.add(connection, new)
            self.queue += len(lanes.ask_for(connection, [LANE], 1, most=2))

    @rule(busy=st.integers(0, 2))
    def others(self, busy: int) -> None:
        """So many runs of other lanes are on their way."""
        with self.database.write() as connection:
            lanes.release(connection, ["repository:2", "repository:3"])
            lanes.mark_queued(connection, ["repository:2", "repository:3"][:busy], 1)

    @rule()
    def tick(self) -> None:
        """What is due is woken once there is room."""
        with self.database.write() as connection:
            room = 2 - lanes.count_queued(connection, 2)
            due = [lane for lane in lanes.due(connection, 1, most=room) if lane == LANE]
            self.queue += len(lanes.mark_queued(connection, due, 1))

    @precondition(lambda self: self.queue)
    @rule(batches=st.integers(0, 2), arrivals=st.lists(st.integers(1, 2), max_size=2), crash=st.booleans())
    def run(self, batches: int, arrivals: list[int], crash: bool) -> None:
        """It takes batches of two until nothing is left or it is cut short; more may arrive meanwhile."""
        self.queue -= 1
        with self.database.write() as connection:
            lanes.begin(connection, LANE, 1)
        for turn in range(100):
            if crash and turn == batches:
                self.queue += 1
                return
            if turn < len(arrivals):
                self.deliver(arrivals[turn])
            with self.database.write() as connection:
                some = deliveries.pending(connection, LANE, 1, 2)
                deliveries.finish(connection, [it.id for it in some], 1)
            if not some:
                return

    @invariant()
    def a_run_is_on_its_way_or_due(self) -> None:
        with self.database.read() as connection:
            assert self.queue or lanes.due(connection, 1) == [LANE] or not deliveries.count_undone(connection)

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.folder)


TestNothingIsStranded = NothingIsStranded.TestCase
TestNothingIsStranded.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)


def test_a_lane_that_rests_is_woken_in_time_and_for_news_at_once(connection: sa.Connection):
    lanes.mark_queued(connection, [LANE], 1)
    lanes.begin(connection, LANE, 2)
    issues.save(connection, [Record(1, 5)])
    issues.look_at(connection, 1, 5, 10)
    lanes.rest(connection, LANE, 100)
    assert lanes.due(connection, 99) == []
    assert lanes.mark_queued(connection, [LANE], 50) == [LANE]
    assert lanes.begin(connection, LANE, 51) == State(background_until=100)
    # The run for the news has taken the wake-up; the look is not forgotten.
    assert lanes.due(connection, 99) == []
    assert lanes.due(connection, 100) == [LANE]


def test_those_who_were_to_come_first_are_woken_first(connection: sa.Connection):
    for id_, at in ((1, 30), (2, 10), (3, 20)):
        lanes.mark_queued(connection, [f"repository:{id_}"], 1)
        lanes.begin(connection, f"repository:{id_}", 2)
        lanes.pause(connection, f"repository:{id_}", at)
    assert lanes.due(connection, 40, most=2) == ["repository:2", "repository:3"]


def test_what_is_fresh_can_be_asked_for_alone(connection: sa.Connection):
    new = [NewDelivery(guid, "issues", LANE, b"{}", at) for guid, at in (("old", 10), ("new", 50))]
    deliveries.add(connection, new)
    assert [it.guid for it in deliveries.pending(connection, LANE, 100, 10, since=50)] == ["new"]
    deliveries.try_again(connection, [it.id for it in deliveries.pending(connection, LANE, 100, 10, since=50)], 70, "")
    assert deliveries.next_attempt(connection, LANE) == 0
    assert deliveries.next_attempt(connection, LANE, since=50) == 70
