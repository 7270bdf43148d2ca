"""Who said what last, counting people alone."""

from __future__ import annotations

import pytest

from bot.issuebash import conversation
from bot.issuebash.thread import EventKind
from bot.triage.issue import Actor, Comment
from tests.bot.issuebash.making import ANN, BEN, CI_BOT, MAYA, ago, does, says, thread

TEAM = frozenset({"maya", "nico"})


def test_bots_labels_and_assignments_are_no_activity():
    events = (does("labeled", MAYA, 3, "bug"), does("assigned", MAYA, 2, "nico"), does("closed", CI_BOT, 1))
    assert conversation.last_human_at(thread(says(CI_BOT, "stale", 1), events=events)) == ago(100)


def test_comments_and_reopening_are_activity():
    assert conversation.last_human_at(thread(says(BEN, "me too", 5))) == ago(5)
    assert conversation.last_human_at(thread(events=(does("reopened", BEN, 4),))) == ago(4)


@pytest.mark.parametrize("kind", ["edited", "renamed", "locked", "unlocked"])
def test_edits_and_locks_are_activity_of_people_alone(kind: EventKind):
    assert conversation.last_human_at(thread(events=(does(kind, BEN, 4), does(kind, CI_BOT, 2)))) == ago(4)


@pytest.mark.parametrize(
    ("comments", "expected"),
    [
        ((), "maintainers"),
        ((says(MAYA, "Which version?", 5),), "author"),
        ((says(MAYA, "Which version?", 5), says(ANN, "3.0", 4)), "maintainers"),
        ((says(MAYA, "Which version?", 5), says(BEN, "3.0 for me", 4)), "author"),
        ((says(MAYA, "Which version?", 5), says(CI_BOT, "beep", 4)), "author"),
        ((says(ANN, "Anybody?", 5), says(MAYA, "/label bug", 4)), "maintainers"),
        ((says(ANN, "Anybody?", 5), says(MAYA, "/needs-info", 4)), "author"),
    ],
)
def test_who_has_to_say_something_next(comments: tuple[Comment, ...], expected: str):
    assert conversation.waiting_on(thread(*comments), TEAM) == expected


def test_nobody_waits_for_a_maintainer_to_answer_their_own_issue():
    assert conversation.waiting_on(thread(author=MAYA), TEAM) == ""
    assert conversation.waiting_on(thread(says(MAYA, "still so", 3), author=MAYA), TEAM) == ""
    assert conversation.waiting_on(thread(author=CI_BOT), TEAM) == ""


def test_the_first_response_is_a_maintainers_who_is_not_the_author():
    found = thread(says(BEN, "hm", 9), says(MAYA, "Hello", 5), says(MAYA, "again", 4))
    assert conversation.first_response_at(found, TEAM) == ago(5)
    assert conversation.first_response_at(thread(says(MAYA, "More on it", 5), author=MAYA), TEAM) is None


def test_a_maintainer_is_known_by_what_was_seen_elsewhere():
    assert conversation.is_maintainer(Actor("Maya"), TEAM)
    assert not conversation.is_maintainer(Actor("maya", is_bot=True), TEAM)
    assert not conversation.is_maintainer(BEN, TEAM)


def test_two_deleted_accounts_need_not_be_the_same():
    assert not conversation.is_author(Actor("ghost"), thread(author=Actor("ghost")))


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        (says(MAYA, "It is by design.", 5), True),
        (says(MAYA, "Could you share it?", 5), False),
        (says(MAYA, "Closing as stale.", 5), False),
        (says(BEN, "It is by design.", 5), False),
        (says(CI_BOT, "It is by design.", 5), False),
    ],
)
def test_answered_is_what_a_maintainer_told_something_about(comment: Comment, *, expected: bool):
    assert conversation.was_answered(thread(comment), TEAM) is expected
    assert not conversation.was_answered(thread(comment, author=MAYA), TEAM)


def test_spells_of_being_closed():
    events = (
        does("closed", MAYA, 50), does("closed", MAYA, 49), does("reopened", ANN, 40), does("reopened", ANN, 39),
        does("closed", MAYA, 30), does("reopened", ANN, 20), does("closed", MAYA, 10),
    )  # fmt: skip
    assert conversation.closed_spells(thread(events=events)) == ((ago(50), ago(40)), (ago(30), ago(20)))


def test_the_last_word_is_a_persons():
    found = thread(says(BEN, "hm", 9), says(CI_BOT, "beep", 5))
    word = conversation.last_word(found)
    assert word is not None
    assert word.author == BEN
    assert conversation.last_word(thread(says(CI_BOT, "beep", 5))) is None
