"""Which versions keep a bug current, and which only stand beside it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bot.triage.report_policy import ReportSection
from tests.bot.issuebash.making import ANN, BEN, MAYA, ago, ask, hit, says, thread, tier

ERROR = "ValueError: the widget has no room for another one"
OLD = f"widgets==2.8.1\n{ERROR}"


@pytest.mark.parametrize(
    "word",
    [
        "Experiencing this with 3.1.0",
        "+1 on 3.1.0",
        "v3.1.0 has it, too",
        "3.1.0: same.",
        "Upgraded to 3.1.0, identical behaviour",
        "Is anybody looking at this? 3.1.0 did not improve anything for us.",
        "Reproduced on main",
        "Still there with the latest version.",
        "I can reproduce it on master.",
    ],
)
@pytest.mark.parametrize("who", [BEN, MAYA])
def test_whoever_met_it_with_a_newer_version_keeps_it_current(who: Any, word: str):
    assert ask("outdated", thread(says(who, word, 3), body=OLD)) is None


@pytest.mark.parametrize(
    "word",
    [
        "It works in 3.1.0.",
        "This is fixed in 3.1.0.",
        "I cannot reproduce it with 3.1.0.",
        "Please try 3.1.0.",
        "Does it happen with 3.1.0?",
        "Will be in 3.1.0",
        "I see nothing of that in widgets 3.1.0.",
        "I can't reproduce it on main.",
        "The latest docs say nothing of it.",
        "It takes 3.1 seconds",
        "See 3.1.0.7",
    ],
)
def test_a_newer_version_that_is_named_otherwise_says_nothing_of_the_bug(word: str):
    assert tier("outdated", thread(says(MAYA, word, 3), body=OLD)) == "B"


def test_the_newest_code_of_then_is_no_newer_than_what_was_released_then():
    found = hit("outdated", thread(says(BEN, "Reproduced on main.", 200), body="widgets==2.7.0\n" + ERROR, days=250))
    assert found.facts[0].text == "Last met with 2.8.1, which is 3 minor releases behind"
    assert tier("outdated", thread(says(BEN, "Still on the latest.", 900), body=OLD, days=950)) == "B"


def test_one_release_is_no_releases():
    text = hit("outdated", thread(body="widgets==3.0.0\n" + ERROR), settings=_minors(1)).facts[0].text
    assert text == "Reported against 3.0.0, which is 1 minor release behind"


def _minors(count: int, **more: Any) -> dict[str, Any]:
    return {"sections": {"outdated": {"minors": count} | more}}


@pytest.mark.parametrize("word", ["Since upgrading from", "Not before", "It has been so since version", "Until"])
def test_a_version_that_somebody_has_no_more_is_not_theirs(word: str):
    assert ask("outdated", thread(body=f"{word} widgets 2.8.1 to the latest it fails.\n{ERROR}")) is None
    assert ask("outdated", thread(body=f"With widgets 2.8.1 it fails.\n{ERROR}")) is not None
    assert tier("outdated", thread(says(BEN, f"Broken, {word} version 3.1.0", 3), body=OLD)) == "B"


def test_a_version_that_the_author_gives_later_counts_as_reported():
    assert tier("outdated", thread(says(ANN, "```\nwidgets==2.8.1\n```", 3), body=ERROR)) == "B"
    assert tier("outdated", thread(says(ANN, "### Version\n\n2.8.1", 3), body=ERROR)) == "C"
    assert ask("outdated", thread(says(ANN, "I use 2.8.1", 3), body=ERROR)) is None
    settled = "Is it widgets 3.1.0? Happens with widgets 3.1.0."
    assert ask("outdated", thread(says(BEN, settled, 3), body=OLD)) is None


def test_what_is_older_than_the_oldest_supported_version_is_outdated_however_little_it_is_behind():
    found = hit("outdated", thread(body="widgets==3.0.0\n" + ERROR), settings=_minors(2, oldest_supported="3.1"))
    assert (found.tier, found.facts[0].text) == (
        "B", "Reported against 3.0.0, which is no longer supported: 3.1 is the oldest that is",
    )  # fmt: skip
    assert ask("outdated", thread(body="widgets==3.0.0\n" + ERROR), settings=_minors(2, oldest_supported="3.0")) is None


def test_doubts_about_an_unsupported_version_of_the_newest_series_count_against():
    doubt = says(BEN, "Still happens.", 3)
    found = thread(doubt, body="widgets==3.1.0\n" + ERROR, created_at=ago(15))
    assert len(hit("outdated", found, settings=_minors(2, oldest_supported="3.1.2")).counter) == 1


def test_the_oldest_supported_version_is_told_in_the_meaning():
    sections = ReportSection.model_validate(_minors(2, oldest_supported="1.8")).sections
    assert sections.outdated.oldest_supported == "1.8"


@pytest.mark.parametrize(("value", "message"), [("soon", "must be a version"), (1.1, "put quotes around it")])
def test_what_is_no_version_is_refused_with_a_word_on_why(value: object, message: str):
    with pytest.raises(ValidationError, match=message):
        ReportSection.model_validate(_minors(2, oldest_supported=value))
