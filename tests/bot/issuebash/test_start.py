"""What `/bash start` understands, and which issues a bash takes from a report."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.issuebash.numbers import Cohort, Completeness, Numbers, Response
from bot.issuebash.report import Evidence, Hit, Report, Row, Section
from bot.issuebash.start import MOST_ITEMS, Wish, begin, read_wish
from bot.triage.issue import Repository
from bot.triage.report_policy import BashSection
from tests.bot.issuebash.making import NOW

RULES = ("answered", "our_turn")
NOBODY = Numbers(Cohort(Response(0, 0, None, 0, 0), Completeness(0, 0, 0, 0)))


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("", Wish(3)),
        ("2h", Wish(2)),
        ("72", Wish(72)),
        ("--batch 5", Wish(3, batch=5)),
        ("1h --sections our_turn answered our_turn --batch 4", Wish(1, ("our_turn", "answered"), 4)),
        ("--batch 4 --sections answered", Wish(3, ("answered",), 4)),
    ],
)
def test_what_is_understood(words: str, wish: Wish):
    assert read_wish(words.split(), BashSection(), RULES) == wish


@pytest.mark.parametrize(
    "words",
    ["0h", "73h", "3d", "--batch", "--batch x", "--batch 0", "--batch 51", "--batch ²", "--sections", "--sections all",
     "--section answered", "now", "2h 3h"],
)  # fmt: skip
def test_what_is_not_understood_begins_nothing(words: str):
    assert read_wish(words.split(), BashSection(), RULES) is None


def row(number: int) -> Row:
    hit = Hit("answered", "A", "close_as_answered", 1, (Evidence("It works"),))
    return Row(number, f"Issue {number}", f"https://x/{number}", "ann", NOW, NOW, 0, None, (), hit)


def report(*sections: tuple[str, int]) -> Report:
    numbers = iter(range(1, 1000))
    made = tuple(
        Section(rule, rule.title(), "", tuple(row(next(numbers)) for _ in range(count)), count)
        for rule, count in sections
    )
    return Report(Repository(1, "o", "r", "https://x"), NOW, made, NOBODY, 17)


def test_it_freezes_the_rows_in_the_reports_order():
    found = begin(
        report(("answered", 3), ("our_turn", 1), ("outdated", 0)), Wish(2, batch=2), BashSection(), "maya", NOW
    )
    assert [(it.number, it.section, it.batch) for it in found.items] == [
        (1, "answered", 1), (2, "answered", 1), (3, "answered", 2), (4, "our_turn", 3),
    ]  # fmt: skip
    assert found.titles == (("answered", "Answered"), ("our_turn", "Our_Turn"))
    assert (found.started_by, found.open_before, found.lease) == ("maya", 17, timedelta(minutes=45))
    assert found.ends_at - found.started_at == timedelta(hours=2)


def test_more_than_a_sitting_holds_is_left_for_the_next():
    assert len(begin(report(("answered", 300)), Wish(3), BashSection(), "maya", NOW).items) == MOST_ITEMS
