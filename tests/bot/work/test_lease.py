"""The lease: what may be begun on GitHub, and for how long after the database last heard of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

import pytest
import sqlalchemy as sa

from bot.github.errors import Fenced
from bot.store.database import StoreError
from bot.store.places import Figures
from bot.work.lease import Lease, Terms, monotonic

BY_HAND = Terms(beat=3600, good_for=6)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class FakePlace:
    """One whose signs of life are heard, or not, or come too late."""

    def __init__(self, clock: Clock, *, lapses: bool = True) -> None:
        self.clock = clock
        self.lapses = lapses
        self.takes = 0.0
        """Seconds until an answer."""
        self.answers: bool | None = True
        self.beats = 0
        self.waiting: threading.Event | None = None
        self.released: list[bool] = []

    def take(self) -> str:
        self.clock.now += self.takes
        return "w0.1"

    def beat(self) -> bool:
        self.beats += 1
        self.clock.now += self.takes
        if self.waiting:
            self.waiting.wait(10)
        if self.answers is None:
            raise StoreError("no connection")
        return self.answers

    def guard(self, connection: sa.Connection) -> None:
        """It is no database's."""

    def ended(self, names: Iterable[str]) -> set[str]:
        return set(names)

    def figures(self) -> Figures:
        return Figures(1, 0)

    def release(self, *, clean: bool) -> None:
        self.released.append(clean)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def place(clock: Clock) -> FakePlace:
    return FakePlace(clock)


@pytest.fixture
def lost() -> list[str]:
    return []


@pytest.fixture
def lease(place: FakePlace, clock: Clock, lost: list[str]) -> Lease:
    begun = Lease(place, BY_HAND, clock)
    assert begun.begin(lambda: lost.append("lost")) == "w0.1"
    return begun


def may(lease: Lease) -> bool:
    try:
        lease.check()
    except Fenced:
        return False
    return True


def test_it_is_good_for_a_while_after_a_sign_of_life(lease: Lease, clock: Clock):
    assert may(lease)
    clock.now += 6
    assert may(lease)
    clock.now += 0.1
    assert not may(lease)
    lease.renew()
    assert may(lease)


def test_it_counts_from_when_the_sign_was_sent(lease: Lease, place: FakePlace, clock: Clock):
    place.takes = 5
    lease.renew()
    clock.now += 1.1
    assert not may(lease)


def test_so_it_does_at_the_beginning(place: FakePlace, clock: Clock):
    place.takes = 5
    lease = Lease(place, BY_HAND, clock)
    lease.begin(lambda: None)
    clock.now += 1.1
    assert not may(lease)


def test_a_database_that_does_not_answer_changes_nothing_by_itself(
    lease: Lease, place: FakePlace, clock: Clock, lost: list[str]
):
    place.answers = None
    clock.now += 5
    lease.renew()
    assert may(lease)
    clock.now += 2
    assert not may(lease)
    place.answers = True
    lease.renew()
    assert may(lease)
    assert not lost


def test_when_others_have_it_that_is_told_and_final(lease: Lease, place: FakePlace, clock: Clock, lost: list[str]):
    place.answers = False
    lease.renew()
    assert lost == ["lost"]
    assert not may(lease)


def test_it_says_when_to_come_again(lease: Lease, clock: Clock):
    clock.now += 7
    with pytest.raises(Fenced, match="has not heard of this process for too long") as caught:
        lease.check()
    assert 4 < caught.value.until.timestamp() - time.time() <= 5


def test_after_its_end_nothing_may_be_begun(lease: Lease, place: FakePlace):
    lease.end(clean=True)
    assert place.released == [True]
    assert not may(lease)


def test_a_place_that_cannot_be_lost_needs_no_signs(clock: Clock):
    place = FakePlace(clock, lapses=False)
    lease = Lease(place, Terms(beat=0.01), clock)
    lease.begin(lambda: None)
    clock.now += 1000
    time.sleep(0.05)
    assert may(lease)
    assert place.beats == 0
    lease.end(clean=False)
    assert place.released == [False]


def test_it_beats_by_itself_until_its_end(place: FakePlace, clock: Clock):
    lease = Lease(place, Terms(beat=0.01), clock)
    lease.begin(lambda: None)
    until = time.monotonic() + 5
    while place.beats < 3:
        assert time.monotonic() < until
        time.sleep(0.01)
    lease.end(clean=True)
    beats = place.beats
    time.sleep(0.05)
    assert place.beats == beats


def test_a_beat_that_hangs_does_not_hold_up_the_end(place: FakePlace, clock: Clock):
    place.waiting = threading.Event()
    lease = Lease(place, Terms(beat=0.01), clock)
    lease.begin(lambda: None)
    until = time.monotonic() + 5
    while not place.beats:
        assert time.monotonic() < until
        time.sleep(0.01)
    lease.end(clean=True)
    # It has the place's connection, and the place lapses by itself.
    assert place.released == []
    place.waiting.set()


def test_its_clock_goes_on():
    before = monotonic()
    assert monotonic() >= before
