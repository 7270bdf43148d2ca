"""What suggests closing, or blames the author, is careful: no live issue is fixed, answered or abandoned."""

from __future__ import annotations

from typing import Any

import pytest

from bot.issuebash.thread import PullRequest, Thread
from bot.triage.issue import Actor, Comment
from tests.bot.issuebash.making import (
    ANN,
    BEN,
    CARL,
    MAYA,
    NICO,
    ask,
    does,
    hit,
    pull,
    says,
    thread,
    tier,
)

ADVICE = says(MAYA, "Use `fit`.", 40)
OTHER = "https://github.com/octo/widgets/issues/3"


def long_talk(first: Comment, last: tuple[Comment, ...] = ()) -> Thread:
    """Four say little, then comes `first`, then what was not read, then `last`."""
    opening = tuple(says(CARL, "Hm.", 90 - place) for place in range(4))
    return thread(*opening, first, *(last or (says(CARL, "Hm.", 3),)), comments_total=90)


# Answered.


@pytest.mark.parametrize(
    "word",
    [
        "It worked before 2.0.",
        "My bad, here is the full traceback:",
        "Works fine after downgrading to 1.9 here as well.",
        "It hangs on closing the dialog.",
        "I disagree with closing this.",
        "I can't reproduce it with the minimal example, only in our production app.",
        "2.3.1. It works with v1.",
    ],
)
def test_an_author_whose_issue_lives_on_is_not_answered(word: str):
    assert ask("answered", thread(ADVICE, says(ANN, word, 19))) is None


def test_two_signals_need_somebody_who_answered():
    assert tier("answered", thread(says(ANN, "Works now.", 19))) == "C"
    assert tier("answered", thread(says(ANN, "Works now.", 19), says(BEN, "Nice.", 18))) == "C"
    assert tier("answered", thread(ADVICE, says(ANN, "Works now.", 19))) == "B"


def test_who_reopened_it_was_not_content_with_what_was_said_before():
    again = (does("closed", MAYA, 18), does("reopened", ANN, 10))
    assert ask("answered", thread(ADVICE, says(ANN, "Works now.", 19), events=again)) is None
    assert ask("answered", thread(ADVICE, title="How to train?", events=again)) is None
    assert tier("answered", thread(ADVICE, says(ANN, "Works now.", 9), events=again)) == "C"


@pytest.mark.parametrize("word", ["Closing.", "Thanks for the report!", "Duplicate of #3"])
def test_a_mere_closing_word_answers_no_question(word: str):
    assert ask("answered", thread(says(MAYA, word, 40), title="How to train?")) is None


def test_an_authors_word_before_the_unread_middle_may_not_be_the_last():
    settled = says(ANN, "Works now.", 20)
    assert ask("answered", long_talk(settled)) is None
    assert tier("answered", long_talk(says(CARL, "Hm.", 30), (settled,))) == "B"


# Probably fixed.

CLOSES, FIXES, MENTIONS = (pull(will_close=True),), (pull(title="Fix saving"),), (pull(),)


def test_what_is_merged_elsewhere_and_only_mentions_the_issue_fixes_nothing_here():
    elsewhere: dict[str, Any] = {"repository": "other/place", "title": "Fix saving"}
    assert ask("probably_fixed", thread(links=(pull(**elsewhere),))) is None
    assert tier("probably_fixed", thread(links=(pull(will_close=True, **elsewhere),))) == "A"
    assert tier("probably_fixed", thread(links=(*CLOSES, pull(51, 5, repository="o/p", title="Revert it")))) == "A"


@pytest.mark.parametrize(
    "word",
    ["The fix does not work.", "Experiencing this with 3.1", "I'm seeing the same", "Happens to me as well"],
)
def test_it_is_a_guess_at_most_once_somebody_meets_it_again(word: str):
    assert tier("probably_fixed", thread(says(BEN, word, 2), links=CLOSES)) == "C"


@pytest.mark.parametrize("word", ["Can confirm the fix works, thank you", "Can confirm it is fixed in 3.1"])
def test_who_confirms_the_fix_casts_no_doubt(word: str):
    found = hit("probably_fixed", thread(says(BEN, word, 2), links=CLOSES))
    assert (found.tier, found.counter) == ("A", ())


def test_whoever_wrote_since_is_named():
    found = hit("probably_fixed", thread(says(BEN, "Hm.", 3), says(MAYA, "Well.", 2), links=CLOSES))
    assert [one.text.partition(" ")[0] for one in found.counter] == ["ben", "maya"]


def test_a_maintainer_who_keeps_it_open_knows_what_is_left():
    part = says(MAYA, "This only covers Linux, keeping it open for Windows.", 2)
    tiers = [tier("probably_fixed", thread(part, links=links)) for links in (CLOSES, FIXES, MENTIONS)]
    assert tiers == ["C", "C", ""]


def test_a_maintainers_later_word_makes_it_a_tier_less_sure():
    word = says(MAYA, "The fix will be in the next release.", 2)
    tiers = [tier("probably_fixed", thread(word, links=links)) for links in (CLOSES, FIXES, MENTIONS)]
    assert tiers == ["B", "C", "C"]


def test_what_was_not_read_since_the_merge_may_say_that_it_still_happens():
    found = long_talk(says(CARL, "Hm.", 30))
    assert tier("probably_fixed", _with(found, (pull(days=20, will_close=True),))) == "C"
    assert ask("probably_fixed", _with(found, (pull(days=20),))) is None
    assert tier("probably_fixed", _with(found, (pull(days=2, will_close=True),))) == "A"
    assert "not read" in hit("probably_fixed", _with(found, (pull(days=20, will_close=True),))).counter[-1].text


def _with(found: Thread, links: tuple[PullRequest, ...]) -> Thread:
    return thread(*found.issue.comments, comments_total=found.comments_total, links=links)


def test_a_fix_that_came_back_after_its_revert_is_passed_over():
    links = (*CLOSES, pull(51, 8, title="Revert the change"), pull(52, 6, title="Reland the change", will_close=True))
    assert ask("probably_fixed", thread(links=links)) is None


# Duplicates.


@pytest.mark.parametrize(
    "word",
    [
        "The Windows part of this is tracked in #3.",
        "This is **no** duplicate of #3.",
        "Closed #2 as a duplicate of #3, keeping this one open.",
        "This regression was discussed in #3",
        "My earlier PR #2 is superseded by #3",
    ],
)
def test_a_maintainers_other_words_make_no_duplicate(word: str):
    assert ask("duplicates", thread(says(MAYA, word, 5))) is None


@pytest.mark.parametrize(
    "word", ["Already tracked in #3.", "Superseded by #3", "Same as #3.", "Looks like a dup of #3"]
)
def test_looser_words_are_a_guess(word: str):
    found = hit("duplicates", thread(says(MAYA, word, 5)))
    assert (found.tier, found.facts[0].text) == ("C", "maya pointed to #3")


def test_a_duplicate_that_was_taken_back_is_none():
    said = says(MAYA, "Duplicate of #3", 5)
    assert ask("duplicates", thread(said, says(MAYA, "Reopening, I was wrong: this is a different bug.", 4))) is None
    assert ask("duplicates", thread(said, says(NICO, "No duplicate, the cause is another one.", 4))) is None
    assert tier("duplicates", thread(said, says(BEN, "This is a different bug.", 4))) == "B"
    mark = (does("duplicate", MAYA, 5, "octo/widgets#3"),)
    assert ask("duplicates", thread(says(MAYA, "On second thought it is not.", 4), events=mark)) is None


def test_what_was_said_or_marked_before_it_was_reopened_counts_no_more():
    events = (does("closed", MAYA, 90), does("reopened", ANN, 80))
    said, mark = says(MAYA, "Duplicate of #3", 90), does("duplicate", MAYA, 90, "octo/widgets#3")
    assert ask("duplicates", thread(said, events=events)) is None
    assert ask("duplicates", thread(events=(mark, *events))) is None
    assert tier("duplicates", thread(says(MAYA, "Duplicate of #3", 70), events=events)) == "A"
    assert tier("duplicates", thread(events=(*events, does("duplicate", MAYA, 70, "octo/widgets#3")))) == "A"


def test_what_is_said_anew_counts_after_a_mark_was_taken_back():
    events = (does("duplicate", MAYA, 9, "octo/widgets#3"), does("undone_duplicate", MAYA, 8, "octo/widgets#3"))
    assert ask("duplicates", thread(says(MAYA, "Duplicate of #3", 9), events=events)) is None
    assert hit("duplicates", thread(says(MAYA, "Duplicate of #4", 5), events=events)).facts[1].url.endswith("/4")


def test_words_since_a_mark_are_named():
    found = thread(says(ANN, "Mine has no trace.", 4), events=(does("duplicate", MAYA, 5, "octo/widgets#3"),))
    assert (hit("duplicates", found).tier, len(hit("duplicates", found).counter)) == ("A", 1)


def test_the_issue_that_stays_is_linked():
    said = hit("duplicates", thread(says(MAYA, "Duplicate of #3", 5)))
    assert [(one.text, one.url) for one in said.facts[1:]] == [("#3 is the one to keep", OTHER)]
    marked = hit("duplicates", thread(events=(does("duplicate", MAYA, 5, "octo/widgets#3"),)))
    assert marked.facts[1].url == OTHER
    elsewhere = hit("duplicates", thread(events=(does("duplicate", MAYA, 5, "other/place#9"),)))
    assert elsewhere.facts[1].url == "https://github.com/other/place/issues/9"
    assert len(hit("duplicates", thread(events=(does("duplicate", MAYA, 5),))).facts) == 1


def test_a_duplicate_that_was_called_so_before_the_unread_middle_may_have_been_taken_back():
    said = says(MAYA, "Duplicate of #3", 30)
    assert ask("duplicates", long_talk(said)) is None
    assert tier("duplicates", long_talk(says(CARL, "Hm.", 40), (said,))) == "A"


# Where the author is the one who is silent.

ASKED = says(MAYA, "Could you share the traceback?", 20)


@pytest.mark.parametrize(
    "word",
    [
        "Confirmed. We need a better API here before this can be fixed.",
        "Fixed by the rewrite. Let me know if you have further questions.",
        "I'd need more time to look at this",
        "Please open a PR if you are interested",
    ],
)
def test_the_silence_is_the_maintainers_where_they_asked_for_nothing(word: str):
    assert ask("waiting_on_author", thread(says(MAYA, word, 20))) is None


@pytest.mark.parametrize(
    "more",
    [
        {"author": Actor("ghost")},
        {"links": (pull(state="open", merged_at=None, will_close=True),)},
        {"events": (does("reopened", ANN, 10),)},
        {"events": (does("renamed", ANN, 10),)},
    ],
    ids=["gone", "under-way", "reopened", "renamed"],
)
def test_nobody_reminds_an_author_who_is_gone_or_did_something_or_is_helped(more: dict[str, Any]):
    assert ask("waiting_on_author", thread(ASKED, **more)) is None


@pytest.mark.parametrize(
    "more",
    [
        {"links": (pull(state="open", merged_at=None),)},
        {"events": (does("renamed", MAYA, 10),)},
        {"events": (does("renamed", ANN, 30),)},
    ],
    ids=["mentioned", "renamed-by-another", "renamed-before"],
)
def test_an_author_is_reminded_whatever_others_did(more: dict[str, Any]):
    assert ask("waiting_on_author", thread(ASKED, **more)) is not None


def test_the_answer_to_an_ask_may_stand_in_the_unread_middle():
    assert ask("waiting_on_author", long_talk(ASKED)) is None
    assert ask("waiting_on_author", long_talk(says(CARL, "Hm.", 30), (ASKED,))) is not None


def test_what_the_author_gave_may_have_been_taken_up_in_the_unread_middle():
    asked, gave = says(MAYA, "Could you share it?", 89.5), says(ANN, "Here.", 50)
    assert ask("our_turn", thread(asked, says(CARL, "Hm.", 80), gave, says(CARL, "Hm.", 3), comments_total=90)) is None
    late = [says(CARL, "Hm.", 20 - place) for place in range(5)]
    assert ask("our_turn", thread(asked, *late, says(ANN, "Here.", 2), comments_total=90)) is not None
