"""The books of an installation: whatever many processes do by them, GitHub need not refuse, and nobody starves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.github.books import GOOD_FOR, SLACK, Ask, Books, Hour
from bot.github.errors import LimitReached
from bot.github.quota import Budgets, Quota, asking
from tests.bot.github.clock import Clock

T = TypeVar("T")
SMALL = Budgets(content_per_minute=10, content_per_hour=40, rest_points_per_minute=60, graphql_points_per_minute=50)
CONTENT = {"core_minute": 5, "content_minute": 1, "content_hour": 1}


class Paper:
    """Books that exist as a text only, as in a database: read, changed and written anew each time."""

    def __init__(self, clock: Clock, ahead: float = 0.0) -> None:
        """`ahead`: how far their clock is from the processes'."""
        self.text = ""
        self.away = False
        self._clock, self._ahead = clock, ahead

    def change(self, work: Callable[[Books, float], T]) -> T:
        if self.away:
            raise LimitReached("the books are out of reach", self._clock.at(5))
        books = Books.load(self.text)
        done = work(books, self._clock() + self._ahead)
        self.text = books.dump()
        assert Books.load(self.text).dump() == self.text
        return done


@dataclass
class GitHub:
    """Counts what arrives, as GitHub does."""

    arrived: list[tuple[float, str, int]] = field(default_factory=list)

    def hear(self, at: float, window: str, amount: int) -> None:
        self.arrived.append((at, window, amount))

    def worst(self, window: str, seconds: float) -> int:
        """The most that ever arrived within so many seconds."""
        calls = sorted((at, amount) for at, name, amount in self.arrived if name == window)
        return max((sum(n for then, n in calls if at - seconds < then <= at) for at, _ in calls), default=0)


STEP = st.tuples(
    st.floats(0, 8),  # seconds that pass
    st.integers(0, 3),  # which process
    st.sampled_from(["a", "b", "c", "d", ""]),  # for whom
    st.booleans(),  # in the background
    st.sampled_from([("core", 1, False), ("core", 5, False), ("core", 5, True), ("graphql", 5, False)]),
    st.floats(0, 5),  # seconds on the way to GitHub
    st.integers(1, 12),  # how many calls of this kind, one after the other
)


@settings(max_examples=200, deadline=None)
@given(st.lists(STEP, max_size=60), st.floats(-50, 50))
def test_no_window_is_ever_exceeded_whoever_spends_and_however_late_calls_arrive(
    steps: list[tuple[Any, ...]], ahead: float
):
    clock, github = Clock(), GitHub()
    paper = Paper(clock, ahead)
    processes = [Quota(SMALL, clock, paper) for _ in range(4)]
    late: list[tuple[float, float]] = []
    told: list[float] = []
    for pause, process, name, background, (resource, points, content), way, calls in steps:
        clock.now += pause
        for _ in range(calls):
            begun = clock.now
            try:
                with (
                    asking(name, background=background),
                    processes[process].spending(resource, points, content=content),
                ):
                    clock.now += way if calls == 1 else way / 20
                    github.hear(clock.now, resource, points)
                    if content:
                        github.hear(clock.now, "content", 1)
            except LimitReached as limit:
                told.append(limit.until.timestamp() - begun)
                break
            late += [(begun, clock.now)] if clock.now - begun > SLACK else []
    # Only what was on its way for long may come beside; and it is entered anew.
    beside = 5 * len(late)
    assert all(wait > 0 for wait in told)
    assert github.worst("core", 60) <= 60 + beside
    assert github.worst("graphql", 60) <= 50 + beside
    assert github.worst("content", 60) <= 10 + len(late)
    assert github.worst("content", 3600) <= 40 + len(late)
    assert len(paper.text) < 8_000


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 2), st.floats(0, SLACK - 0.01)), min_size=4, max_size=4),
    st.lists(st.integers(0, 3), min_size=30, max_size=60),
    st.booleans(),
)
def test_no_window_is_exceeded_by_those_who_spend_all_they_can(
    ways: list[tuple[float, float]], turns: list[int], content: bool
):
    """Each call is as long on its way as the process's own distance, and made as soon as it may be."""
    clock, github = Clock(), GitHub()
    paper = Paper(clock)
    processes = [Quota(SMALL, clock, paper) for _ in range(4)]
    for turn in turns:
        pause, way = ways[turn]
        for number in range(8):
            try:
                processes[turn].reserve("core", 5 if content else 1, content=content)
            except LimitReached as limit:
                clock.now = limit.until.timestamp() + 0.001
                break
            github.hear(clock.now + way, "core", 5 if content else 1)
            github.hear(clock.now + way, "content", int(content))
            clock.now += pause if number == 2 else 0
    assert github.worst("core", 60) <= 60
    assert github.worst("content", 60) <= 10
    assert github.worst("content", 3600) <= 40


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans(), st.integers(0, 3)), min_size=1, max_size=40),
    st.floats(0, 2),
)
def test_whoever_comes_back_when_told_is_served_in_the_end(asks: list[tuple[str, bool, int]], lateness: float):
    """Four processes, eight lanes, some of them in the background; each with work that the small budget cannot bear."""
    clock = Clock()
    paper = Paper(clock)
    processes = [Quota(SMALL, clock, paper) for _ in range(4)]
    due = {(name, background): clock.now for name, background, _ in asks}
    served = dict.fromkeys(due, 0)
    rounds = 0
    while min(served.values()) < 3:
        rounds += 1
        assert rounds < 3000, served
        name, background = min(due, key=lambda it: due[it])
        clock.now = max(clock.now, due[name, background]) + lateness / 20
        try:
            with asking(name, background=background):
                processes[rounds % 4].reserve("core", 5, content=True)
        except LimitReached as limit:
            due[name, background] = limit.until.timestamp() + lateness
        else:
            served[name, background] += 1
            due[name, background] = clock.now
    assert clock.now - Clock().now < 60 * 60 * (3 * len(due) / 4 + 2)


def spend_all(quota: Quota, clock: Clock, name: str, *, background: bool = False, content: bool = True) -> float:
    """Until there is no room; when there will be."""
    for _ in range(1000):
        try:
            with asking(name, background=background):
                quota.reserve("core", 5, content=content)
        except LimitReached as limit:
            return limit.until.timestamp() - clock.now
    pytest.fail("there is no end to it")


def read_on(quota: Quota) -> int:
    """How many calls there is room for."""
    for made in range(1000):
        try:
            quota.reserve("core", 1)
        except LimitReached:
            return made
    pytest.fail("there is no end to it")


def take(quota: Quota, name: str, *, background: bool = False) -> None:
    with asking(name, background=background):
        quota.reserve("core", 5, content=True)


def test_the_background_leaves_room_for_peoples_fresh_issues(clock: Clock):
    quota = Quota(SMALL, clock, Paper(clock))
    spend_all(quota, clock, "sweep", background=True)
    take(quota, "fresh 1")
    take(quota, "fresh 2")
    with pytest.raises(LimitReached):
        take(quota, "fresh 3")


def test_people_leave_the_background_a_tenth_as_long_as_it_waits(clock: Clock):
    budgets = Budgets(content_per_minute=10, content_per_hour=1000, rest_points_per_minute=1000)
    quota = Quota(budgets, clock, Paper(clock))
    spend_all(quota, clock, "fresh")
    with pytest.raises(LimitReached):
        take(quota, "sweep", background=True)
    swept = 0
    for _ in range(400):
        clock.now += 1
        spend_all(quota, clock, "fresh")
        try:
            take(quota, "sweep", background=True)
            swept += 1
        except LimitReached:
            pass
    assert 5 <= swept <= 10


def test_those_who_wait_are_told_to_come_one_after_the_other(clock: Clock):
    quota = Quota(SMALL, clock, Paper(clock))
    for _ in range(10):
        take(quota, "first")
    times = []
    for lane in range(30):
        with pytest.raises(LimitReached) as caught:
            take(quota, f"lane {lane}")
        times.append(caught.value.until.timestamp())
    assert len(set(times)) == 30
    assert times == sorted(times)


def test_those_who_wait_for_the_end_of_a_refusal_do_not_all_come_at_once(clock: Clock):
    quota = Quota(SMALL, clock, Paper(clock))
    with pytest.raises(LimitReached):
        quota.learn("core", 403, {"retry-after": "30"})
    times = []
    for lane in range(8):
        with pytest.raises(LimitReached) as caught:
            take(quota, f"lane {lane}")
        times.append(caught.value.until.timestamp() - clock.now)
    assert times[0] == 30
    assert len({round(it, 1) for it in times}) == 8
    assert times[-1] < 35


def test_nobody_passes_one_who_asked_before(clock: Clock):
    quota = Quota(Budgets(content_per_minute=10), clock, Paper(clock))
    wait = spend_all(quota, clock, "hog")
    with pytest.raises(LimitReached):
        take(quota, "patient")
    clock.now += wait
    # The hog was first in the queue, too; but its next turn comes after the other's.
    take(quota, "hog")
    for _ in range(9):
        spend_all(quota, clock, "hog")
    take(quota, "patient")


def test_a_place_in_the_queue_lapses(clock: Clock):
    quota = Quota(SMALL, clock, paper := Paper(clock))
    spend_all(quota, clock, "gone")
    assert Books.load(paper.text).waiting == 1
    clock.now += 200
    take(quota, "another")
    assert Books.load(paper.text).waiting == 0


def test_what_one_process_is_told_by_github_holds_for_all_within_two_seconds(clock: Clock):
    paper = Paper(clock)
    one, other = Quota(SMALL, clock, paper), Quota(SMALL, clock, paper)
    for _ in range(4):
        other.reserve("core", 1)
    with pytest.raises(LimitReached):
        one.learn("core", 429, {"retry-after": "40"})
    clock.now += 2
    with pytest.raises(LimitReached) as caught:
        other.reserve("core", 1)
    assert caught.value.until == clock.at(38)


@pytest.mark.parametrize("budgets", [None, SMALL])
def test_without_budgets_too_a_refusal_is_heard_by_all(clock: Clock, budgets: Budgets | None):
    paper = Paper(clock)
    one, other = Quota(budgets, clock, paper), Quota(budgets, clock, paper)
    other.reserve("core", 1)
    with pytest.raises(LimitReached):
        one.learn("graphql", 403, {}, "You have exceeded a secondary rate limit.")
    clock.now += 2
    with pytest.raises(LimitReached):
        other.reserve("core", 1)


def test_while_the_books_are_out_of_reach_nothing_is_spent_but_what_was_drawn(clock: Clock):
    quota = Quota(SMALL, clock, paper := Paper(clock))
    for _ in range(3):
        quota.reserve("core", 1)
    paper.away = True
    assert read_on(quota) < 5
    with pytest.raises(LimitReached, match="out of reach"):
        quota.reserve("core", 1)
    with pytest.raises(LimitReached, match="GitHub refused"):
        quota.learn("core", 403, {"retry-after": "60"})
    paper.away = False
    clock.now += 10
    with pytest.raises(LimitReached, match="GitHub's rate limit holds") as caught:
        quota.reserve("core", 1)
    assert caught.value.until == clock.at(50)


def test_of_githubs_own_hour_the_background_leaves_a_fifth(clock: Clock):
    quota = Quota(SMALL, clock, Paper(clock))
    reset = str(int(clock.now) + 600)
    quota.learn("core", 200, {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "900", "x-ratelimit-reset": reset})
    with pytest.raises(LimitReached) as caught:
        take(quota, "sweep", background=True)
    assert caught.value.until == clock.at(600)
    take(quota, "fresh")


def test_the_last_calls_of_githubs_hour_are_counted_one_by_one(clock: Clock):
    paper = Paper(clock)
    one, other = Quota(Budgets(), clock, paper), Quota(Budgets(), clock, paper)
    reset = str(int(clock.now) + 600)
    one.learn("core", 200, {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "7", "x-ratelimit-reset": reset})
    for made in range(7):
        (other if made % 2 else one).reserve("core", 1)
    for process in (one, other):
        with pytest.raises(LimitReached) as caught:
            process.reserve("core", 1)
        assert caught.value.until == clock.at(600)


def test_points_drawn_in_vain_are_given_back(clock: Clock):
    quota = Quota(Budgets(rest_points_per_minute=60), clock, Paper(clock))
    for _ in range(8):
        quota.reserve("core", 1)
    clock.now += 10
    assert read_on(quota) == 60 - 8


def test_points_drawn_ahead_count_for_as_long_as_calls_for_them_may_arrive():
    books, limits = Books(), SMALL.limits
    drawn = books.draw(Ask("core", {"core_minute": 1}, ahead=5), limits, 1000.0)
    assert drawn.ahead == 5
    # The last is spent when they are good no more, and GitHub counts it for a minute from its arrival.
    last = 1000.0 + GOOD_FOR + SLACK
    assert books.left(last + 59)["core_minute"] == pytest.approx(54 / 60)
    assert books.left(last + 61)["core_minute"] == 1


def test_a_call_that_was_long_on_its_way_counts_from_its_end_too(clock: Clock):
    quota = Quota(Budgets(rest_points_per_minute=10), clock, Paper(clock))
    with quota.spending("core", 5):
        clock.now += 20
    clock.now += 50
    quota.reserve("core", 5)
    with pytest.raises(LimitReached):
        quota.reserve("core", 1)


def test_the_books_stay_small_and_a_long_queue_is_told_to_come_later(clock: Clock):
    quota = Quota(SMALL, clock, paper := Paper(clock))
    spend_all(quota, clock, "hog")
    for lane in range(1000):
        with pytest.raises(LimitReached):
            take(quota, f"repository:{lane + 100_000_000}", background=bool(lane % 2))
    assert Books.load(paper.text).waiting == 300
    assert len(paper.text) < 60_000


def test_a_clock_that_was_set_back_blocks_nothing_for_long(clock: Clock):
    quota = Quota(Budgets(content_per_minute=10, content_per_hour=1000), clock, Paper(clock))
    clock.now += 86_400
    spend_all(quota, clock, "before")
    clock.now -= 86_400
    with pytest.raises(LimitReached) as caught:
        take(quota, "after")
    clock.now = caught.value.until.timestamp()
    assert clock.now < Clock().now + 70
    take(quota, "after")


def test_what_is_left_is_told_as_a_share_and_is_nothing_while_github_refuses(clock: Clock):
    books, limits = Books(), SMALL.limits
    books.draw(Ask("core", CONTENT), limits, clock.now)
    books.tell("core", Hour(5000, 1250, clock.now + 100))
    left = books.left(clock.now)
    assert left == {
        "content_minute": 0.9,
        "content_hour": 0.975,
        "core_minute": pytest.approx(55 / 60),
        "graphql_minute": 1.0,
        "core": 0.25,
    }
    books.refuse("core", clock.now + 10, clock.now)
    assert {name: share for name, share in books.left(clock.now).items() if share} == {"graphql_minute": 1.0}
    assert books.left(clock.now + 200)["content_minute"] == 1.0


def test_the_books_are_a_json_text_that_says_all(clock: Clock):
    quota = Quota(SMALL, clock, paper := Paper(clock))
    spend_all(quota, clock, "repository:1")
    with pytest.raises(LimitReached):
        quota.learn("core", 403, {}, "You have exceeded a secondary rate limit.")
    kept = orjson.loads(paper.text)
    assert set(kept) == {"windows", "queue", "blocked", "hours", "refusals", "limits"}
    assert Books.load(paper.text).dump() == paper.text
    assert Books.load("").dump() == Books().dump()
