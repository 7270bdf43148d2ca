"""The numbers of a report, with the edge cases that the docs define."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.issuebash.numbers import Figures, Numbers
from bot.issuebash.statistics import numbers
from bot.issuebash.survival import median, survival
from bot.issuebash.thread import EVERYTHING
from tests.bot.issuebash.making import NOW, ago

DAY = timedelta(days=1)


def one(days: float, response: float | None = None, **more: Any) -> Figures:
    """Filed so many days ago; answered so many days after that."""
    values: dict[str, Any] = {
        "number": 1,
        "kind": "",
        "created_at": ago(days),
        "closed_at": None,
        "by_bot": False,
        "by_maintainer": False,
        "last_human_at": ago(days),
        "first_response_at": None if response is None else ago(days - response),
    }
    return Figures(**(values | more))


def found(*figures: Figures, **more: Any) -> Numbers:
    return numbers(figures, NOW, **more)


def test_the_median_counts_the_unanswered_as_still_waiting():
    response = found(one(100, 1), one(100, 3), one(100), one(100)).overall.response
    assert (response.issues, response.answered, response.median) == (4, 2, 3 * DAY)


def test_a_median_that_most_wait_for_still_is_not_reached():
    assert found(one(100, 1), one(100), one(100)).overall.response.median is None


def test_one_filed_today_says_little_about_long_waits():
    """It leaves those at risk after its hour, so that the later answer weighs more."""
    response = found(one(100, 5), one(0.1)).overall.response
    assert response.median == 5 * DAY
    assert response.curve == ((5 * DAY, 0.0),)


def test_the_rate_within_a_week_has_the_unanswered_below_the_line():
    response = found(one(100, 1), one(100, 8), one(100), one(3), one(6, 1)).overall.response
    assert (response.within, response.eligible) == (1, 3)
    assert response.rate == pytest.approx(1 / 3)


def test_no_issue_old_enough_gives_no_rate():
    assert found(one(3)).overall.response.rate is None


@pytest.mark.parametrize("who", [{"by_bot": True}, {"by_maintainer": True}, {"transferred_in": True}])
def test_bots_maintainers_and_transferred_issues_wait_for_nobody(who: dict[str, Any]):
    assert found(one(100, **who)).overall.response.issues == 0


def test_one_closed_without_a_word_is_watched_until_then():
    response = found(one(100, closed_at=ago(90)), one(100, 20)).overall.response
    assert response.curve == ((20 * DAY, 0.0),)


def test_completeness_at_filing_and_after_the_ask_without_what_came_from_no_template():
    complete = found(
        one(9, missing=0), one(9, missing=2), one(9, missing=0, asked=True, completed=True), one(9, asked=True), one(9)
    ).overall.completeness
    assert (complete.issues, complete.at_filing, complete.asked, complete.after_ask) == (3, 1, 1, 1)


def test_kinds_are_apart_the_largest_first():
    kinds = found(one(9, kind="bug.yml"), one(9), one(9, kind="bug.yml")).kinds
    assert [(kind, cohort.response.issues) for kind, cohort in kinds.items()] == [("bug.yml", 2), ("", 1)]


def test_before_and_after_the_bot_split_by_the_day_of_filing():
    split = found(one(100, 9), one(10, 1), bot_since=ago(50))
    assert split.before is not None
    assert split.after is not None
    assert (split.before.response.median, split.after.response.median) == (9 * DAY, DAY)


def test_one_side_alone_makes_no_comparison():
    alone = found(one(100), bot_since=ago(500))
    assert (alone.before, alone.after) == (None, None)


def test_months_have_no_gaps_and_add_up():
    months = found(one(100, closed_at=ago(35)), one(40)).months
    assert [(it.start, it.opened, it.closed, it.backlog) for it in months] == [
        (date(2026, 8, 1), 1, 0, 1),
        (date(2026, 9, 1), 0, 0, 1),
        (date(2026, 10, 1), 1, 1, 1),
        (date(2026, 11, 1), 0, 0, 1),
    ]


def test_an_issue_that_was_reopened_is_in_the_backlog_again():
    months = found(one(100, closed_spells=((ago(70), ago(35)),))).months
    assert [(it.closed, it.reopened, it.backlog) for it in months] == [(0, 0, 1), (1, 0, 0), (0, 1, 1), (0, 0, 1)]


def test_two_years_of_months_are_enough():
    months = found(one(2000), one(1)).months
    assert (len(months), months[0].backlog, months[-1].backlog) == (24, 1, 2)


def test_age_and_idleness_are_of_open_issues():
    figures = [one(days, last_human_at=ago(days / 2)) for days in (10, 20, 30, 40)]
    numbers_ = found(*figures, one(900, closed_at=ago(1)))
    assert numbers_.age is not None
    assert numbers_.idle is not None
    assert (numbers_.age.p50, numbers_.age.p90, numbers_.age.most) == (20 * DAY, 40 * DAY, 40 * DAY)
    assert numbers_.idle.p75 == 15 * DAY


def test_without_issues_there_are_no_numbers():
    empty = found()
    assert (empty.months, empty.age, empty.idle, empty.kinds) == ((), None, None, {})
    assert empty.overall.response.median is None


def test_what_the_source_does_not_tell_is_said():
    assert found(known=EVERYTHING).not_known == ()
    assert len(found(known=EVERYTHING - {"associations", "events"}).not_known) == 2
    assert len(found(known=EVERYTHING - {"comments"}).not_known) == 2


@pytest.mark.parametrize("lacking", ["associations", "comments"])
def test_who_answered_is_not_known_where_the_source_does_not_tell_it(lacking: Any):
    told = found(one(100), one(50), bot_since=ago(70), known=EVERYTHING - {lacking})
    cohorts = (told.overall, told.before, told.after, *told.kinds.values())
    for response in (cohort.response for cohort in cohorts if cohort is not None):
        assert (response.is_known, response.answered, response.median, response.within) == (False, None, None, None)
        assert (response.rate, response.curve) == (None, ())
    assert told.overall.response.issues == 2


def test_how_long_nobody_wrote_is_not_known_without_comments():
    silent = found(one(100), known=EVERYTHING - {"comments"})
    assert silent.idle is None
    assert silent.age is not None
    assert found(one(100), known=EVERYTHING - {"associations"}).idle is not None


def test_a_long_curve_is_thinned_and_keeps_its_end():
    curve = found(*(one(100, hours / 24) for hours in range(1, 500))).overall.response.curve
    assert len(curve) == 60
    assert curve[-1] == (timedelta(hours=499), 0.0)


@pytest.mark.parametrize("issues", range(2, 100, 2))
def test_where_exactly_half_are_answered_the_median_is_the_last_answer(issues: int):
    """Whatever the computer makes of the product of so many fractions."""
    half = issues // 2
    answered = [(DAY * place, True) for place in range(1, half + 1)]
    waiting = [(DAY * (half + place), False) for place in range(1, half + 1)]
    assert median(survival(answered + waiting)) == DAY * half
    assert median(survival(answered[1:] + waiting)) is None


@pytest.mark.parametrize("issues", range(1, 100))
def test_where_all_are_answered_the_median_is_the_middle_one(issues: int):
    assert median(survival((DAY * place, True) for place in range(1, issues + 1))) == DAY * ((issues + 1) // 2)


times = st.lists(st.tuples(st.integers(0, 50).map(timedelta), st.booleans()), max_size=30)


@given(times)
def test_the_curve_falls_from_one_towards_nothing(watched: list[tuple[timedelta, bool]]):
    curve = survival(watched)
    shares = [share for _, share in curve]
    assert shares == sorted(shares, reverse=True)
    assert all(0 <= share <= 1 for share in shares)
    assert [time for time, _ in curve] == sorted({time for time, happened in watched if happened})


@given(times.filter(lambda it: all(happened for _, happened in it) and bool(it)))
def test_where_it_happened_to_all_the_median_is_the_plain_one(watched: list[tuple[timedelta, bool]]):
    ordered = sorted(time for time, _ in watched)
    assert median(survival(watched)) == ordered[(len(ordered) - 1) // 2]
