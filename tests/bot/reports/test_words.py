"""The words that all forms of a report share."""

from __future__ import annotations

from dataclasses import replace

from bot.issuebash.report import Report
from bot.issuebash.statistics import numbers
from bot.issuebash.thread import EVERYTHING
from bot.reports import words
from tests.bot.issuebash.making import NOW
from tests.bot.reports.making import figures, report


def of(*rules: str, not_known: str = "") -> Report:
    made = report()
    sections = tuple(replace(one, not_known=not_known) for one in made.sections if one.rule in rules)
    return replace(made, sections=sections)


def test_the_headline_speaks_of_the_sections_that_were_asked_for():
    assert words.headline(of("probably_fixed", "needs_decision")) == "Probably to close: 2. To decide: 1."
    assert words.headline(report()).count(":") == 4


def test_the_headline_does_not_count_what_is_not_known():
    assert words.headline(of("needs_decision", not_known="Nobody told.")) == ""


def test_who_answered_is_not_known_where_nobody_told():
    told = numbers(figures(), NOW, known=EVERYTHING - {"comments"}).overall.response
    assert (words.median(told), words.rate(told)) == ("not known", "not known")
    known = numbers(figures(), NOW).overall.response
    assert "not known" not in {words.median(known), words.rate(known)}
