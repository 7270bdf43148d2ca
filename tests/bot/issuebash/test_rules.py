"""Each rule from both sides: what it is for, and what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.issuebash.desk import Likeness, Page
from bot.issuebash.rules import RULES
from bot.issuebash.signature import signature
from bot.issuebash.thread import Thread
from bot.triage.issue import Actor, Comment
from bot.triage.plan import REQUEST_MARKER
from tests.bot.issuebash.making import (
    ANN,
    BEN,
    CARL,
    CI_BOT,
    MAYA,
    NICO,
    US,
    Found,
    ago,
    ask,
    desk,
    does,
    hit,
    like,
    pull,
    says,
    thread,
    tier,
)

ERROR = (
    'Traceback (most recent call last):\n  File "/x/site-packages/widgets/io.py", line 3, in save\nOSError: no space'
)


# Probably fixed.

LINKS = (pull(will_close=True),)


def test_a_merged_pull_request_that_was_to_close_it_is_a_fact():
    found = hit("probably_fixed", thread(links=(pull(will_close=True),)))
    assert found.suggestion == "close_as_fixed"
    assert (found.tier, found.suggestion, found.counter) == ("A", "close_as_fixed", ())
    assert found.facts[0].at == ago(10)


def test_a_mention_counts_for_more_where_its_title_is_about_a_fix():
    assert hit("probably_fixed", thread(links=(pull(title="Fix saving"),))).tier == "B"
    assert hit("probably_fixed", thread(links=(pull(),))).tier == "C"


@pytest.mark.parametrize("title", ["Tests: prepare the fix", "Fix a typo in the docs of saving", "Rework the parser"])
def test_a_mention_by_other_work_is_nothing(title: str):
    assert ask("probably_fixed", thread(links=(pull(title=title),))) is None
    assert hit("probably_fixed", thread(links=(pull(title=title, will_close=True),))).tier == "A"


def test_who_writes_after_the_merge_casts_doubt_on_it_unless_all_is_well():
    links = (pull(will_close=True),)
    assert hit("probably_fixed", thread(says(BEN, "Bei mir auch mit 3.1", 2), links=links)).tier == "C"
    assert hit("probably_fixed", thread(says(BEN, "Works now, thanks!", 2), links=links)).tier == "A"
    assert hit("probably_fixed", thread(says(MAYA, "Thanks everybody!", 2), links=links)).tier == "A"
    assert hit("probably_fixed", thread(says(MAYA, "Released.", 2), links=links)).tier == "B"
    assert hit("probably_fixed", thread(says(BEN, "Hm.", 2), links=(pull(title="Fix saving"),))).tier == "C"
    assert ask("probably_fixed", thread(says(BEN, "Hm.", 2), links=(pull(),))) is None


def test_a_word_that_it_still_happens_turns_a_fact_into_a_guess():
    found = hit("probably_fixed", thread(says(BEN, "Still happens on main.", 2), links=(pull(will_close=True),)))
    assert (found.suggestion, found.effort) == ("see_what_is_left", 2)
    assert found.tier == "C"
    assert "still happens" in found.counter[0].text


def test_a_mention_and_a_word_that_it_still_happens_are_nothing():
    assert ask("probably_fixed", thread(says(BEN, "Still happens on main.", 2), links=(pull(),))) is None


def test_a_word_from_before_the_merge_counts_not():
    assert hit("probably_fixed", thread(says(BEN, "Still happens.", 20), links=(pull(will_close=True),))).counter == ()


def test_a_maintainer_who_left_it_open_after_the_merge_is_named():
    found = hit("probably_fixed", thread(says(MAYA, "One part is left.", 2), links=(pull(will_close=True),)))
    assert "left it open" in found.counter[0].text
    assert "left it open" not in hit("probably_fixed", thread(says(BEN, "Nice.", 2), links=LINKS)).counter[0].text
    assert hit("probably_fixed", thread(says(BEN, "Works now.", 2), links=LINKS)).counter == ()


@pytest.mark.parametrize(
    "more",
    [
        {"links": ()},
        {"links": (pull(state="open", merged_at=None, will_close=True),)},
        {"links": (pull(state="closed", merged_at=None),)},
        {"links": (pull(days=120, will_close=True),)},
        {"links": (pull(will_close=True),), "events": (does("reopened", BEN, 3),)},
        {"links": (pull(will_close=True), pull(51, 5, title="Revert the change"))},
        {"links": (pull(), pull(51, state="open", merged_at=None, will_close=True))},
    ],
    ids=["none", "open", "given-up", "older-than-the-issue", "reopened-since", "reverted", "goes-on-in-another"],
)
def test_it_is_not_fixed_by(more: dict[str, Any]):
    assert ask("probably_fixed", thread(**more)) is None


def test_another_branch_counts_against():
    found = hit("probably_fixed", thread(links=(pull(will_close=True, to_default_branch=False),)))
    assert found.tier == "B"
    assert "branch" in found.counter[0].text


def test_a_pull_request_of_another_repository_is_named_with_it():
    links = (pull(repository="other/place", will_close=True),)
    assert "other/place#50" in hit("probably_fixed", thread(links=links)).facts[0].text


# Waiting on author, and our turn.


def test_an_ask_without_an_answer_waits_on_the_author():
    found = hit("waiting_on_author", thread(says(MAYA, "Could you share the traceback?", 20)))
    assert (found.tier, found.suggestion) == ("B", "remind_author")
    assert found.facts[0].at == ago(20)


def test_the_label_makes_it_a_fact_and_a_bare_question_mark_a_guess():
    asked = says(MAYA, "Could you share the traceback?", 20)
    assert hit("waiting_on_author", thread(asked, labels=("needs-info",))).tier == "A"
    assert hit("waiting_on_author", thread(says(MAYA, "Really?", 20))).tier == "C"
    assert hit("waiting_on_author", thread(says(MAYA, "Really?", 20), labels=("needs-info",))).tier == "B"


def test_the_bots_own_request_counts_as_the_maintainers_ask():
    assert hit("waiting_on_author", thread(says(US, f"{REQUEST_MARKER}\nPlease tell", 20))).tier == "A"
    assert ask("waiting_on_author", thread(says(CI_BOT, f"{REQUEST_MARKER}\nPlease tell", 20))) is None


@pytest.mark.parametrize(
    "comments",
    [
        (),
        (says(MAYA, "Could you share it?", 3),),
        (says(MAYA, "Could you share it?", 20), says(ANN, "Here.", 19)),
        (says(MAYA, "Could you share it?", 20), says(MAYA, "Found it myself.", 19)),
        (says(MAYA, "Could you share it? I'll look into it.", 20),),
        (says(MAYA, "@nico could you take a look?", 20),),
        (says(BEN, "Could you share it?", 20),),
        (says(MAYA, "This is by design.", 20),),
    ],
    ids=["no-word", "too-soon", "answered", "went-on", "promised", "asked-another", "no-maintainer", "no-ask"],
)
def test_it_does_not_wait_on_the_author(comments: tuple[Comment, ...]):
    assert ask("waiting_on_author", thread(*comments)) is None


def test_nobody_waits_on_a_maintainer_or_a_bot():
    asked = says(MAYA, "Could you share it?", 20)
    assert ask("waiting_on_author", thread(asked, author=NICO)) is None
    assert ask("waiting_on_author", thread(asked, author=CI_BOT)) is None


def test_an_ask_that_names_the_author_is_one():
    assert ask("waiting_on_author", thread(says(MAYA, "@ann, could you share it?", 20))) is not None


def test_others_who_wrote_since_count_against():
    asked = says(MAYA, "Could you share it?", 20)
    assert "happens to them" in hit("waiting_on_author", thread(asked, says(BEN, "Same here.", 5))).counter[0].text
    assert hit("waiting_on_author", thread(asked, says(BEN, "Following.", 5))).counter[0].text == "ben wrote since"


def test_an_answer_to_the_ask_is_our_turn():
    asked, answer = says(MAYA, "Could you share it?", 20), says(ANN, "Here it is.", 19)
    found = hit("our_turn", thread(asked, answer))
    assert (found.tier, found.suggestion, len(found.facts), found.counter) == ("A", "reply", 2, ())
    assert hit("our_turn", thread(asked, answer, labels=("needs-info",))).counter


@pytest.mark.parametrize(
    "comments",
    [
        (),
        (says(MAYA, "Could you share it?", 20),),
        (says(MAYA, "Could you share it?", 20), says(ANN, "Here.", 19), says(MAYA, "I see.", 18)),
        (says(MAYA, "Could you try 3.1?", 20), says(ANN, "Works now.", 19)),
        (says(MAYA, "Could you try 3.1?", 20), says(ANN, "Thanks!", 19)),
    ],
)
def test_it_is_not_our_turn(comments: tuple[Comment, ...]):
    assert ask("our_turn", thread(*comments)) is None


# Answered.


def test_the_authors_word_that_it_works_settles_it():
    found = hit("answered", thread(says(MAYA, "Use `fit`.", 20), says(ANN, "That solved it.", 19)))
    assert (found.tier, found.suggestion) == ("B", "close_as_answered")
    assert [one.text for one in found.facts] == ["maya answered", "ann wrote that it is settled"]


def test_the_authors_word_alone_is_a_guess():
    found = hit("answered", thread(says(ANN, "Works now.", 19)))
    assert (found.tier, len(found.facts)) == ("C", 1)


def test_thanks_for_an_answer_are_a_guess():
    assert hit("answered", thread(says(BEN, "Use `fit`.", 20), says(ANN, "Thanks!", 19))).tier == "C"


def test_what_was_said_later_counts_against():
    later = says(BEN, "How did you do that?", 3)
    assert hit("answered", thread(says(ANN, "Works now.", 19), later)).counter[0].text == "ben wrote since"


@pytest.mark.parametrize(
    "comments",
    [
        (),
        (says(ANN, "Thanks!", 19),),
        (says(MAYA, "Could you try?", 20), says(ANN, "Thanks!", 19)),
        (says(MAYA, "I'll fix it.", 20), says(ANN, "Thanks!", 19)),
        (says(ANN, "Works now.", 19), says(BEN, "It still happens here.", 3)),
        (says(MAYA, "Use `fit`.", 40),),
    ],
    ids=["silence", "thanks-for-nothing", "asked", "promised", "still-happens", "no-question"],
)
def test_it_is_not_answered(comments: tuple[Comment, ...]):
    assert ask("answered", thread(*comments)) is None


def test_a_question_whose_answer_stands_for_a_month_is_answered():
    found = hit("answered", thread(says(MAYA, "Use `fit`.", 40), title="How to train?"))
    assert (found.tier, len(found.counter)) == ("C", 1)


@pytest.mark.parametrize(
    "comments",
    [
        (says(MAYA, "Use `fit`.", 10),),
        (says(MAYA, "Could you say more?", 40),),
        (says(MAYA, "I'll look into it.", 40),),
        (says(BEN, "Use `fit`.", 40),),
        (says(MAYA, "Use `fit`.", 40), says(ANN, "And then?", 39)),
    ],
)
def test_a_question_is_not_answered_by(comments: tuple[Comment, ...]):
    assert ask("answered", thread(*comments, title="How to train?")) is None


def test_the_authors_own_later_word_is_no_answer():
    assert ask("answered", thread(says(NICO, "I use `fit`.", 40), title="How to train?", author=NICO)) is None


# Outdated.


def test_a_bug_of_an_old_version_wants_a_retest():
    found = hit("outdated", thread(body="widgets==2.8.1\n" + ERROR))
    assert (found.tier, found.suggestion) == ("B", "ask_for_retest")
    assert [one.text for one in found.facts] == [
        "Reported against 2.8.1, which is 3 minor releases behind", "3.1.0 is the latest release",
    ]  # fmt: skip
    assert found.facts[1].at == ago(20)
    assert hit("outdated", thread(body="### Version\n\n2.8.1\n" + ERROR)).tier == "C"


def test_an_older_major_is_outdated_by_a_single_release():
    assert ask("outdated", thread(body="widgets==2.9.0", labels=("bug",))) is not None


@pytest.mark.parametrize(
    "more",
    [
        {"body": "widgets==3.0.0\n" + ERROR},
        {"body": "widgets==3.1.0\n" + ERROR},
        {"body": "No version.\n" + ERROR},
        {"body": "widgets==2.8.1\nI would like a thing.", "labels": ("enhancement",)},
        {"body": "widgets==2.8.1\n" + ERROR, "labels": ("question",)},
        {"body": "widgets==2.8.1\n" + ERROR, "comments_total": 90},
        {"body": "widgets==2.8.1", "type": "Feature"},
    ],
)
def test_it_is_not_outdated(more: dict[str, Any]):
    assert ask("outdated", thread(**more)) is None


def test_a_word_with_a_newer_version_keeps_it_current():
    found = thread(says(BEN, "Same with widgets 3.1.0", 3), body="widgets==2.8.1\n" + ERROR)
    assert ask("outdated", found) is None


def test_who_met_it_with_a_newer_version_need_not_name_the_project():
    body = "widgets==2.8.1\n" + ERROR
    assert ask("outdated", thread(says(BEN, "Still crashes with 3.1.0.", 3), body=body)) is None
    assert ask("outdated", thread(says(MAYA, "I see nothing of that in 3.1.0.", 3), body=body)) is not None


def test_a_later_word_without_a_version_counts_against():
    found = thread(says(BEN, "Still happens.", 3), says(CARL, "Hm.", 2), body="widgets==2.8.1\n" + ERROR, days=400)
    assert [one.text for one in hit("outdated", found).counter] == [
        "ben wrote later that it happens, without a version"
    ]


def test_without_a_release_that_has_a_version_nothing_is_outdated():
    assert ask("outdated", thread(body="widgets==2.8.1\n" + ERROR), releases=()) is None


# Easy to answer.


def test_a_question_like_an_answered_one_is_easy():
    found = hit("easy_to_answer", thread(title="How to save a widget?"), similar=Found((like(),)))
    assert (found.tier, found.suggestion, found.counter) == ("B", "point_to_answer", ())


def test_a_page_alone_or_a_lesser_likeness_is_a_guess():
    asked = thread(title="How to save a widget?")
    assert hit("easy_to_answer", asked, similar=Found(pages=(Page("Saving", "", 0.7),))).tier == "C"
    assert hit("easy_to_answer", asked, similar=Found((like(likeness=0.6),))).counter
    both = Found((like(likeness=0.6),), (Page("Saving", "", 0.7),))
    assert hit("easy_to_answer", asked, similar=both).tier == "B"


@pytest.mark.parametrize(
    ("found", "similar"),
    [
        (thread(title="How to save?"), Found()),
        (thread(title="How to save?"), Found((like(answered=False),))),
        (thread(title="How to save?"), Found((like(likeness=0.3),), (Page("Saving", "", 0.2),))),
        (thread(title="Saving crashes"), Found((like(),))),
        (thread(title="How to save?", labels=("bug",)), Found((like(),))),
        (thread(title="How to save?", type="Bug"), Found((like(),))),
        (thread(says(MAYA, "So.", 3), title="How to save?"), Found((like(),))),
        (thread(title="How to save?", author=NICO), Found((like(),))),
        (thread(title="How to save?", author=CI_BOT), Found((like(),))),
        (thread(title="How to save?", comments_total=90), Found((like(),))),
        (thread(title="How to save?"), None),
    ],
)
def test_it_is_not_easy_to_answer(found: Thread, similar: Found | None):
    assert ask("easy_to_answer", found, similar=similar) is None


def test_a_label_makes_a_question_of_any_title():
    assert ask("easy_to_answer", thread(labels=("type: question",)), similar=Found((like(),))) is not None


# Duplicates.


def test_githubs_own_mark_is_a_fact_until_it_is_taken_back():
    mark, undo = does("duplicate", MAYA, 5, "octo/widgets#3"), does("undone_duplicate", MAYA, 4, "octo/widgets#3")
    assert hit("duplicates", thread(events=(mark,))).tier == "A"
    assert ask("duplicates", thread(events=(mark, undo))) is None
    assert ask("duplicates", thread(says(MAYA, "Duplicate of #3", 5), events=(mark, undo))) is None


def test_a_maintainers_word_is_a_fact_and_somebodys_is_none():
    said = thread(says(MAYA, "Duplicate of #3", 5))
    assert (hit("duplicates", said).tier, hit("duplicates", said).suggestion) == ("A", "close_as_duplicate")
    assert ask("duplicates", thread(says(BEN, "Duplicate of #3", 5))) is None
    assert ask("duplicates", thread(says(MAYA, "Duplicate of #7", 5))) is None


def test_words_after_it_count_against():
    found = hit("duplicates", thread(says(MAYA, "Duplicate of #3", 5), says(ANN, "No, mine differs.", 4)))
    assert (found.tier, len(found.counter)) == ("B", 1)


NO_PLACE = "ValueError: the widget has no room for another one"


def test_a_like_title_with_the_same_error_is_a_duplicate_of_the_older_one():
    shown = str(signature(ERROR))
    assert hit("duplicates", thread(body=ERROR), similar=Found((like(),), shown=shown)).tier == "B"
    placeless = Found((like(),), shown=str(signature(NO_PLACE)))
    assert hit("duplicates", thread(body=NO_PLACE), similar=placeless).tier == "B"
    closed = Found((like(state="closed"),), shown=shown)
    assert "return" in hit("duplicates", thread(body=ERROR), similar=closed).counter[0].text


@pytest.mark.parametrize(
    ("body", "other", "shown"),
    [
        ("No error at all.", like(), ""),
        (ERROR, like(), ""),
        (ERROR, like(), "OSError|other"),
        (ERROR, like(likeness=0.2), str(signature(ERROR))),
        (NO_PLACE, like(likeness=0.4), str(signature(NO_PLACE))),
        (ERROR, like(number=9), str(signature(ERROR))),
        ("ValueError: bad", like(), str(signature("ValueError: bad"))),
    ],
    ids=[
        "no-error",
        "title-alone",
        "another-error",
        "error-alone",
        "error-alone-without-a-place",
        "newer",
        "error-says-nothing",
    ],
)
def test_it_is_no_duplicate(body: str, other: Likeness, shown: str):
    assert ask("duplicates", thread(body=body), similar=Found((other,), shown=shown)) is None


def test_without_a_search_only_words_and_marks_count():
    assert ask("duplicates", thread(body=ERROR), similar=None) is None


# No maintainer reply.


def test_a_week_without_a_maintainers_word():
    found = hit("no_maintainer_reply", thread(says(BEN, "Same here.", 3), days=8))
    assert (found.tier, found.suggestion) == ("A", "reply")
    assert "ben replied" in found.counter[0].text


def test_a_label_that_a_maintainer_put_on_counts_against():
    events = (does("labeled", Actor("maya"), 3, "bug"), does("labeled", BEN, 2, "x"))
    assert "label bug" in hit("no_maintainer_reply", thread(events=events)).counter[0].text


@pytest.mark.parametrize(
    "found",
    [
        thread(days=6),
        thread(says(MAYA, "Hello.", 3)),
        thread(author=NICO),
        thread(author=CI_BOT),
        thread(comments_total=200),
    ],
)
def test_it_is_not_without_a_reply(found: Thread):
    assert ask("no_maintainer_reply", found) is None


def test_the_days_are_the_policys():
    settings = {"sections": {"no_maintainer_reply": {"days": 200}}}
    assert ask("no_maintainer_reply", thread(days=100), settings=settings) is None


# Popular and old, zombie assignees, decisions.


def test_many_reactions_for_long():
    found = hit("popular_and_old", thread(reactions=5, days=181, links=(pull(state="open", merged_at=None),)))
    assert (found.tier, found.suggestion, len(found.counter)) == ("A", "plan_or_decline", 1)
    assert ask("popular_and_old", thread(reactions=4, days=181)) is None
    assert ask("popular_and_old", thread(reactions=5, days=100)) is None


def test_an_assignee_who_is_not_heard_of():
    events = (does("assigned", MAYA, 90, "nico"),)
    found = hit("zombie_assignee", thread(assignees=("nico",), events=events))
    assert (found.tier, found.suggestion, found.facts[0].at) == ("B", "free_assignee", ago(90))


@pytest.mark.parametrize(
    ("comments", "more"),
    [
        ((), {}),
        ((says(NICO, "On it.", 20),), {"assignees": ("nico",)}),
        ((), {"assignees": ("nico",), "events": (does("assigned", MAYA, 20, "nico"),)}),
        ((), {"assignees": ("nico",), "events": (does("labeled", NICO, 20, "bug"),)}),
        ((), {"assignees": ("nico",), "links": (pull(state="open", merged_at=None, linked_at=ago(80)),)}),
        ((), {"assignees": ("nico",), "links": (pull(days=30),)}),
        ((), {"assignees": ("nico",), "days": 30}),
    ],
    ids=["nobody", "said-so", "newly", "did-something", "open-pull", "merged-lately", "young"],
)
def test_it_is_no_zombie(comments: tuple[Comment, ...], more: dict[str, Any]):
    assert ask("zombie_assignee", thread(*comments, **more)) is None


def test_somebody_elses_pull_request_and_unread_comments_count_against():
    link = pull(state="open", merged_at=None, author=BEN)
    found = hit("zombie_assignee", thread(assignees=("nico",), links=(link,), comments_total=99))
    assert (found.tier, len(found.counter)) == ("C", 2)


def test_a_label_asks_for_a_decision():
    found = thread(says(BEN, "Please.", 3), labels=("RFC",), events=(does("labeled", MAYA, 9, "rfc"),))
    answer = hit("needs_decision", found)
    assert (answer.tier, answer.suggestion, answer.facts[0].at, len(answer.facts)) == ("A", "decide", ago(9), 2)
    assert len(hit("needs_decision", thread(labels=("proposal",))).facts) == 1
    assert ask("needs_decision", thread(labels=("bug",))) is None


# Voices after close.

CLOSED: dict[str, Any] = {"state": "closed", "closed_at": ago(30)}


def test_several_people_on_a_closed_issue():
    found = hit("voices_after_close", thread(says(BEN, "Still crashes.", 9), says(CARL, "Me too.", 8), **CLOSED))
    assert (found.tier, found.suggestion, found.counter) == ("A", "look_again", ())
    replied = thread(says(BEN, "Hm.", 9), says(CARL, "Me too.", 8), says(MAYA, "See #9.", 7), **CLOSED)
    assert (hit("voices_after_close", replied).tier, len(hit("voices_after_close", replied).counter)) == ("B", 1)


def test_people_who_only_want_to_know_when_it_comes_are_a_guess():
    asking = says(BEN, "When will this be released?", 9), says(CARL, "Any news on the release?", 8)
    assert tier("voices_after_close", thread(*asking, **CLOSED)) == "C"


def test_of_a_long_conversation_the_voices_are_at_least_so_many():
    found = thread(says(BEN, "Me too.", 9), says(CARL, "Me too.", 8), comments_total=90, **CLOSED)
    assert hit("voices_after_close", found).facts[0].text.startswith("At least 2 people")


@pytest.mark.parametrize(
    "found",
    [
        thread(says(BEN, "Still crashes.", 9), says(BEN, "Really.", 8), **CLOSED),
        thread(says(BEN, "Still crashes.", 9), says(MAYA, "Hm.", 8), **CLOSED),
        thread(says(BEN, "Still crashes.", 9), says(CARL, "Thanks!", 8), **CLOSED),
        thread(says(BEN, "Still crashes.", 9), says(CARL, "Works now.", 8), **CLOSED),
        thread(says(BEN, "Still crashes.", 40), says(CARL, "Me too.", 39), **CLOSED),
        thread(says(BEN, "Still crashes.", 9), says(CARL, "Me too.", 8)),
        thread(says(BEN, "Hm.", 199), says(CARL, "Hm.", 198), days=400, state="closed", closed_at=ago(300)),
    ],
)
def test_these_are_no_voices(found: Thread):
    assert ask("voices_after_close", found) is None


def test_every_rule_says_what_it_means_with_the_policys_numbers():
    sections = desk(settings={"sections": {"waiting_on_author": {"days": 33}}}).settings.sections
    meanings = {rule.id: rule.meaning(sections) for rule in RULES}
    assert "33 days" in meanings["waiting_on_author"]
    assert all(text.endswith(".") for text in meanings.values())
    assert set(meanings) == set(type(sections).model_fields)
