"""Where news were lost for good, GitHub's own list of issues tells what is to be looked at."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.store import repositories, schedules
from bot.work import missed
from bot.work.missed import MISSED
from tests.bot.work.bench import COMPLETE, INCOMPLETE, REPO
from tests.bot.work.place import DAY, Place


def look_over(place: Place, since: float) -> None:
    """As after an outage that was longer than GitHub keeps deliveries for."""
    with place.bench.database.write() as connection:
        # From somewhat before, as GitHub tells whole seconds.
        missed.plan(connection, round(since * 1000) - 60_000, place.bench.now())
    place.with_works(**{MISSED: missed.look_over}).run(place.bench.repository_id, MISSED)


def forget_news(place: Place) -> None:
    place.bench.waiting()


def until(place: Place, reached: Callable[[], object]) -> None:
    """What GitHub did not answer in time on a busy machine is done a little later."""
    for _ in range(30):
        place.bench.settle()
        if reached():
            return
        place.clock.now += 1
    pytest.fail("it did not happen")


def test_issues_that_were_opened_meanwhile_are_checked_once(place: Place):
    place.clock.now += DAY
    began = place.clock.now
    opened = [place.bench.open(), place.bench.open(COMPLETE)]
    forget_news(place)
    place.clock.now += 5 * DAY
    look_over(place, began)
    until(place, lambda: place.bench.requests(opened[0]))
    assert [len(place.bench.requests(issue)) for issue in opened] == [1, 0]
    with place.bench.database.read() as connection:
        assert schedules.next_at(connection, place.bench.repository_id, MISSED) is None, "it is done once"
    look_over(place, began)
    place.bench.settle()
    assert [len(place.bench.requests(issue)) for issue in opened] == [1, 0]


def test_an_answer_that_was_given_meanwhile_is_seen(place: Place):
    issue = place.bench.open()
    place.bench.settle()
    (request,) = place.bench.requests(issue)
    place.clock.now += DAY
    began = place.clock.now
    place.fake.edit_issue(REPO, issue, body=COMPLETE)
    forget_news(place)
    place.clock.now += 5 * DAY
    look_over(place, began)
    until(place, lambda: request.minimized)


def test_issues_from_before_the_app_came_are_left_alone(place: Place):
    old = place.bench.open(created_at=place.clock.now - 40 * DAY)
    forget_news(place)
    place.clock.now += 5 * DAY
    look_over(place, place.clock.now - 50 * DAY)
    place.bench.settle()
    assert not place.bench.requests(old)


def test_a_look_that_a_limit_ended_goes_on(place: Place):
    began = place.clock.now
    issue = place.bench.open()
    forget_news(place)
    place.clock.now += 5 * DAY
    place.fake.faults.graphql_limit()
    look_over(place, began)
    with place.bench.database.read() as connection:
        at = schedules.next_at(connection, place.bench.repository_id, MISSED)
    assert at is not None
    assert at > place.bench.now()
    place.clock.now += 3600
    place.with_works(**{MISSED: missed.look_over}).run(place.bench.repository_id, MISSED)
    until(place, lambda: place.bench.requests(issue))
    assert len(place.bench.requests(issue)) == 1


def test_what_a_fill_of_the_mirror_sees_and_no_delivery_told_is_looked_at(place: Place):
    """Also where the outage was short, and GitHub never tried to deliver."""
    place.commit("stale: {days_until_stale: 60}\n")
    place.wait(0.1)
    place.clock.now += DAY / 2
    issue = place.bench.open(INCOMPLETE)
    forget_news(place)
    place.wait(0.1)
    until(place, lambda: place.bench.requests(issue))
    assert len(place.bench.requests(issue)) == 1


def test_news_that_may_be_on_their_way_are_waited_for(place: Place):
    place.commit("stale: {days_until_stale: 60}\n")
    place.wait(0.1)
    issue = place.bench.open(INCOMPLETE)
    forget_news(place)
    place.sweep()
    with place.bench.database.write() as connection:
        schedules.put(connection, place.bench.repository_id, "sweep", place.bench.now())
    place.sweep()
    assert not place.bench.requests(issue)
    place.clock.now += 700
    until(place, lambda: place.bench.requests(issue))
    assert len(place.bench.requests(issue)) == 1


def test_of_a_removed_repository_nothing_is_looked_over(place: Place):
    with place.bench.database.write() as connection:
        repositories.remove(connection, [place.bench.repository_id])
        missed.plan(connection, 0, 0)
        assert schedules.next_at(connection, place.bench.repository_id, MISSED) is None
