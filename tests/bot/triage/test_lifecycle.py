"""What becomes of issues that wait: reminded, warned, closed, and all of it taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from inline_snapshot import snapshot

from bot.triage.decide import decide
from bot.triage.issue import Actor
from bot.triage.notices import mark, notices
from bot.triage.plan import Close, Plan, PostNotice, RemoveLabel
from tests.bot.triage.world import APP, AUTHOR, MAINTAINER, NOW, STRANGER, World, bug, context, kinds, world

STALE = "stale: {days_until_stale: 60, days_until_close: 7"
ASKED = "needs_info: {days_until_reminder: 14, days_until_close: 7"


def quiet(policy: str = STALE + "}", **changes: Any) -> World:
    """An issue that a maintainer answered, so that its author has the next word."""
    met = world(bug(), policy, **changes)
    met.settle()
    met.comment(MAINTAINER, "Does this still happen with 2.0?")
    return met


def asked(policy: str = ASKED + "}") -> World:
    met = world(bug(problem=""), policy)
    met.settle()
    return met


def said(plan: Plan) -> list[str]:
    return [action.body for action in plan.actions if isinstance(action, PostNotice)]


def standing(met: World) -> list[str]:
    return [notice.kind for notice in notices(met.issue) if notice.kind != "over"]


def closed(policy: str = STALE + "}") -> World:
    met = quiet(policy)
    met.wait(60)
    met.settle()
    met.wait(8)
    assert kinds(met.settle()) == ["post_notice", "close"]
    return met


def test_without_a_policy_for_it_nothing_is_ever_closed():
    met = quiet("")
    met.wait(3000)
    assert kinds(met.settle()) == []


def test_a_quiet_issue_is_labelled_and_warned_with_the_day():
    met = quiet()
    met.wait(59)
    assert kinds(met.settle()) == []
    met.wait(1)
    plan = met.settle()
    assert kinds(plan) == ["create_label", "add_labels", "post_notice"]
    assert said(plan)[0] == snapshot("""\
<!-- community-triage-bot:notice stale 2030-07-16 -->
It has been quiet here for a while. Does this still matter to you?

If it does, just say so, and the issue stays open. If nobody replies, it will be closed after 2030-07-16.

<sub>I am a bot. If I got it wrong, just say so: there are people here too.</sub>
""")
    assert not met.decide()


def test_it_is_closed_once_the_named_day_is_over_and_says_so_first():
    met = quiet()
    met.wait(60)
    met.settle()
    met.wait(7)
    assert kinds(met.settle()) == []
    met.wait(1)
    plan = met.settle()
    assert kinds(plan) == ["post_notice", "close"]
    assert said(plan)[0] == snapshot("""\
<!-- community-triage-bot:notice closing -->
Nobody has replied since my last note, so I am closing this issue for now. Thank you for bringing it up all the same.

Does it still matter to you, ann? Then reply here, and I will open it again.

<sub>I am a bot. If I got it wrong, just say so: there are people here too.</sub>
""")
    assert [action.reason for action in plan.actions if isinstance(action, Close)] == ["not_planned"]
    assert not met.decide()


def test_a_warning_without_a_day_never_closes_but_gives_way_to_one_with():
    met = quiet("stale: {days_until_stale: 60}")
    met.wait(60)
    assert said(met.settle())[0] == snapshot("""\
<!-- community-triage-bot:notice stale -->
It has been quiet here for a while. Does this still matter to you?

If it does, just say so. If it does not, you are welcome to close the issue.

<sub>I am a bot. If I got it wrong, just say so: there are people here too.</sub>
""")
    met.wait(100)
    assert kinds(met.settle()) == []
    met.context = context(STALE + "}")
    met.history = replace(met.history, swept=False)
    assert kinds(met.settle()) == []
    met.history = replace(met.history, swept=True)
    assert kinds(met.settle()) == ["post_notice", "retract_notice"]
    assert [notice.day for notice in notices(met.issue) if notice.kind != "over"] == [
        (met.now + timedelta(days=7)).date()
    ]
    assert "stale" in met.issue.labels
    assert not met.decide()
    met.wait(7)
    assert kinds(met.settle()) == []
    met.wait(1)
    assert kinds(met.settle()) == ["post_notice", "close"]


def test_a_crash_between_the_new_warning_and_the_old_is_none():
    met = quiet("stale: {days_until_stale: 60}")
    met.wait(60)
    met.settle()
    met.context = context(STALE + "}")
    met.carry_out(met.decide().actions[0])
    assert standing(met) == ["stale", "stale"]
    met.wait(3)
    assert kinds(met.settle()) == []
    met.comment(AUTHOR, "Yes.")
    assert kinds(met.settle()) == ["remove_label", "retract_notice", "retract_notice"]


def test_a_warning_gives_the_time_that_it_named_though_the_policy_has_less_now():
    met = quiet("stale: {days_until_stale: 60, days_until_close: 30}")
    met.wait(60)
    met.settle()
    met.context = context(STALE + "}")
    met.wait(30)
    assert kinds(met.settle()) == []
    met.wait(1)
    assert kinds(met.settle()) == ["post_notice", "close"]


def test_a_longer_time_in_the_policy_is_given_to_those_who_were_warned_before():
    met = quiet()
    met.wait(60)
    met.settle()
    met.context = context("stale: {days_until_stale: 60, days_until_close: 30}")
    met.wait(29)
    assert kinds(met.settle()) == []
    met.wait(1)
    assert kinds(met.settle()) == ["post_notice", "close"]


def test_an_issue_is_never_stale_while_the_maintainers_owe_the_next_word():
    met = world(bug(), STALE + "}")
    met.settle()
    met.wait(500)
    assert kinds(met.settle()) == []
    met.comment(MAINTAINER, "Which version?")
    met.comment(AUTHOR, "1.2")
    met.wait(500)
    assert kinds(met.settle()) == []


@pytest.mark.parametrize("author", [MAINTAINER, Actor("helper[bot]", is_bot=True)])
def test_nobody_owes_a_word_where_a_maintainer_or_a_bot_is_the_author(author: Actor):
    met = quiet(author=author)
    met.wait(60)
    assert "post_notice" in kinds(met.settle())


@pytest.mark.parametrize("who", [AUTHOR, MAINTAINER, STRANGER])
def test_any_persons_word_takes_the_warning_back_at_once(who: Actor):
    met = quiet()
    met.wait(60)
    met.settle()
    met.wait(3)
    met.comment(who, "Yes, it matters.")
    assert kinds(met.settle()) == ["remove_label", "retract_notice"]
    assert standing(met) == []
    assert not met.history.noticed
    assert met.issue.comments[-2].body.endswith(
        "This notice no longer applies: nothing will be closed because of it.\n"
    )
    assert not met.decide()
    met.wait(20)
    assert kinds(met.settle()) == []


def test_what_bots_write_is_no_activity():
    met = quiet()
    met.wait(50)
    met.comment(Actor("ci[bot]", is_bot=True), "Build 7 failed.")
    met.wait(10)
    assert "post_notice" in kinds(met.settle())
    met.comment(Actor("ci[bot]", is_bot=True), "Build 8 failed.")
    met.wait(8)
    assert "close" in kinds(met.settle())


def test_a_marker_in_anybody_elses_comment_is_no_notice():
    met = quiet()
    met.comment(STRANGER, mark("stale", "Ha", NOW.date()))
    met.wait(60)
    assert "post_notice" in kinds(met.settle())


def test_taking_the_label_off_means_not_stale_until_a_new_silence_of_full_length():
    met = quiet()
    met.wait(60)
    met.settle()
    met.wait(5)
    met.unlabel_by_hand("stale")
    assert kinds(met.settle()) == ["retract_notice"]
    met.wait(59)
    assert kinds(met.settle()) == []
    met.wait(1)
    assert kinds(met.settle()) == ["add_labels", "post_notice"]
    assert not met.decide()


def test_a_person_who_puts_the_label_on_starts_a_proper_warning():
    met = quiet()
    met.wait(2)
    met.label_by_hand("stale")
    assert kinds(met.settle()) == ["post_notice"]
    met.wait(7)
    assert kinds(met.settle()) == []
    met.wait(1)
    assert kinds(met.settle()) == ["post_notice", "close"]


def test_another_bots_label_starts_and_ends_nothing():
    met = quiet()
    met.label_by_another_bot("stale", on=True)
    met.wait(59)
    assert kinds(met.settle()) == []
    met.wait(1)
    assert kinds(met.settle()) == ["post_notice"]
    met.label_by_another_bot("stale", on=False)
    assert kinds(met.settle()) == []
    met.wait(8)
    assert kinds(met.settle()) == ["post_notice", "close"]


def test_a_label_that_a_person_had_put_on_counts_as_taken_off_when_it_is_gone():
    met = quiet()
    met.label_by_hand("stale")
    assert kinds(met.settle()) == ["post_notice"]
    # The news of that were lost.
    met.issue = replace(met.issue, labels=tuple(label for label in met.issue.labels if label != "stale"))
    assert kinds(met.settle()) == ["retract_notice"]


def test_the_label_goes_with_its_warning_whatever_the_policy_calls_it_by_then():
    met = quiet()
    met.wait(60)
    met.settle()
    met.context = context(STALE + ", label: inactive}")
    met.comment(AUTHOR, "Yes.")
    assert kinds(met.settle()) == ["remove_label", "retract_notice"]
    assert "stale" not in met.issue.labels
    left = quiet(STALE + ", label: inactive}", labels=("stale",))
    assert kinds(left.settle()) == []
    left.history = replace(
        left.history, stale_labels=frozenset({"stale"}), labels_by_bot=left.history.labels_by_bot | {"stale"}
    )
    assert kinds(left.settle()) == ["remove_label"]


def test_what_the_bot_itself_opened_is_left_alone():
    met = world("A report", STALE + "}", author=APP)
    met.wait(500)
    assert kinds(met.settle()) == []


def test_where_comments_are_missing_the_look_finds_out_whose_turn_it_is():
    met = world(bug(), STALE + "}", next_word_hidden=True)
    met.wait(60)
    assert "post_notice" in kinds(met.decide())
    met.issue = replace(met.issue, next_word_hidden=False)
    assert "post_notice" not in kinds(met.decide())


def test_a_label_from_before_the_bot_never_closes_without_a_fresh_warning():
    met = quiet(labels=("stale",))
    met.wait(30)
    assert kinds(met.settle()) == []
    met.wait(30)
    assert kinds(met.settle()) == ["post_notice"]


def test_the_bots_own_leftover_label_goes_when_no_warning_stands():
    met = quiet()
    met.issue = replace(met.issue, labels=(*met.issue.labels, "stale"))
    met.history = replace(met.history, labels_by_bot=met.history.labels_by_bot | {"stale"})
    assert kinds(met.settle()) == ["remove_label"]


def test_a_crash_between_the_label_and_the_warning_is_mended():
    met = quiet()
    met.wait(60)
    for action in met.decide().actions[:2]:
        met.carry_out(action)
    assert kinds(met.settle()) == ["post_notice"]


def test_a_crash_between_the_closing_words_and_closing_is_mended():
    met = quiet()
    met.wait(60)
    met.settle()
    met.wait(8)
    met.carry_out(met.decide().actions[0])
    assert kinds(met.settle()) == ["close"]


def about_to_close() -> World:
    """The closing words are said, and the machine stopped before it closed."""
    met = quiet()
    met.wait(60)
    met.settle()
    met.wait(8)
    met.carry_out(met.decide().actions[0])
    return met


def test_a_person_who_closes_it_right_after_the_closing_words_closed_it():
    met = about_to_close()
    met.close_by_hand()
    met.comment(AUTHOR, "Still there!")
    assert kinds(met.settle()) == ["remove_label", "retract_notice", "retract_notice"]


def test_a_command_to_close_it_right_after_the_closing_words_is_the_persons_word():
    met = about_to_close()
    met.command(AUTHOR, "close")
    assert kinds(met.settle()) == ["remove_label", "retract_notice", "retract_notice", "close", "react"]
    met.comment(AUTHOR, "Thanks anyway.")
    assert kinds(met.settle()) == []


def test_closing_words_that_led_to_no_closing_are_taken_back():
    met = quiet()
    met.wait(60)
    met.settle()
    met.wait(8)
    met.carry_out(met.decide().actions[0])
    met.wait(1)
    assert kinds(met.settle()) == ["remove_label", "retract_notice", "retract_notice"]
    assert not met.decide()


def test_only_a_sweep_warns_and_closes_so_that_its_limit_holds():
    met = quiet()
    met.wait(60)
    met.history = replace(met.history, swept=False)
    assert kinds(met.settle()) == []
    met.history = replace(met.history, swept=True)
    assert "post_notice" in kinds(met.settle())
    met.wait(8)
    met.history = replace(met.history, swept=False)
    assert kinds(met.settle()) == []
    met.history = replace(met.history, swept=True)
    assert kinds(met.settle()) == ["post_notice", "close"]
    waits = asked()
    waits.wait(14)
    waits.history = replace(waits.history, swept=False)
    assert kinds(waits.settle()) == []


def test_an_edit_answers_a_maintainers_ask():
    met = quiet()
    met.wait(1)
    met.edit(bug(problem="With 2.0 it does, too."))
    met.settle()
    met.wait(500)
    assert kinds(met.settle()) == []


def test_an_edit_that_leaves_something_open_is_no_answer_to_the_bots_ask():
    met = asked()
    met.wait(1)
    met.edit(bug(problem="", component=""))
    met.settle()
    met.wait(14)
    assert kinds(met.settle()) == ["post_notice"]


def test_an_edit_opens_again_what_the_bot_closed():
    met = asked()
    met.wait(14)
    met.settle()
    met.wait(8)
    assert "close" in kinds(met.settle())
    met.wait(1)
    met.edit(bug())
    assert "reopen" in kinds(met.settle())
    assert not met.decide()


def test_closing_words_alone_are_taken_back():
    met = quiet()
    met.comment(Actor("triage[bot]", is_bot=True), mark("closing", "Closing."), by_this_app=True)
    met.history = replace(met.history, noticed=True)
    assert kinds(met.settle()) == ["retract_notice"]


def test_the_authors_word_opens_again_what_the_bot_closed():
    met = closed()
    met.wait(3)
    met.comment(AUTHOR, "Still there!")
    plan = met.settle()
    assert kinds(plan) == ["reopen", "remove_label", "retract_notice", "retract_notice"]
    assert met.issue.state == "open"
    assert not met.decide()
    met.wait(500)
    assert kinds(met.settle()) == []


def test_a_word_just_before_the_closing_that_was_heard_after_it_counts():
    met = quiet()
    met.wait(60)
    met.settle()
    met.wait(8)
    unheard = met.issue.comments
    met.comment(AUTHOR, "Wait!")
    heard = met.issue.comments
    met.issue = replace(met.issue, comments=unheard)
    met.history = replace(met.history, last_human_at=None)
    plan = met.decide()
    assert kinds(plan) == ["post_notice", "close"]
    met.issue = replace(met.issue, comments=heard)
    for action in plan.actions:
        met.carry_out(action)
    assert kinds(met.settle())[0] == "reopen"


def test_without_a_label_for_it_the_open_request_tells_who_was_asked():
    policy = ASKED + "}\nlabels: {needs_info: null}"
    met = asked(policy)
    met.wait(14)
    assert kinds(met.settle()) == ["post_notice"]
    met.edit(bug())
    assert "retract_notice" in kinds(met.settle())
    other = world(bug(), policy)
    other.settle()
    other.command(MAINTAINER, "needs-info")
    other.settle()
    other.wait(14)
    assert kinds(other.settle()) == ["post_notice"]


def test_other_peoples_words_open_nothing():
    met = closed()
    met.comment(STRANGER, "Me too")
    met.comment(MAINTAINER, "Hm")
    assert kinds(met.settle()) == []


@pytest.mark.parametrize("text", ["/label bug", "> It loses data.\n\n/label bug\n/claim #7"])
def test_a_maintainers_command_to_the_bot_is_no_reply_to_the_author(text: str):
    met = quiet()
    met.comment(AUTHOR, "It does. It loses data.")
    met.wait(1)
    met.comment(MAINTAINER, text)
    met.wait(500)
    assert kinds(met.settle()) == []
    met.comment(MAINTAINER, f"Which version?\n{text}")
    met.wait(60)
    assert "post_notice" in kinds(met.settle())


def test_a_maintainers_command_that_asks_the_author_is_a_reply():
    met = quiet(STALE + "}\nlabels: {needs_info: null}")
    met.comment(AUTHOR, "It does.")
    met.wait(1)
    met.command(MAINTAINER, "needs-info")
    met.settle()
    met.wait(60)
    assert "post_notice" in kinds(met.settle())


def test_a_comment_that_its_author_changes_is_a_word_and_an_answer():
    met = world(bug(), STALE + "}")
    met.settle()
    number = met.comment(AUTHOR, "More:")
    met.wait(1)
    met.comment(MAINTAINER, "Does this still happen with 2.0?")
    met.wait(60)
    assert "post_notice" in kinds(met.settle())
    met.wait(1)
    met.edit_comment(number, AUTHOR, "More: yes, with 2.0, too.")
    assert kinds(met.settle()) == ["remove_label", "retract_notice"]
    met.wait(500)
    assert kinds(met.settle()) == []


def test_by_whom_it_was_closed_is_waited_for():
    met = closed()
    met.issue = replace(met.issue, closed_by="")
    met.comment(AUTHOR, "Still there!")
    assert kinds(met.settle()) == []
    met.issue = replace(met.issue, closed_by="Triage[bot]")
    assert kinds(met.settle())[0] == "reopen"


def test_a_person_who_opens_and_closes_it_within_the_hour_closed_it_though_nobody_told():
    met = closed()
    met.now += timedelta(minutes=20)
    met.issue = replace(met.issue, closed_at=met.now, closed_by=MAINTAINER.login)
    met.comment(AUTHOR, "Still there!")
    assert kinds(met.settle()) == ["remove_label", "retract_notice", "retract_notice"]
    assert met.issue.state == "closed"


def test_a_close_by_command_in_which_the_machine_stops_is_the_persons():
    met = about_to_close()
    met.command(MAINTAINER, "close")
    for action in met.decide().actions:
        met.carry_out(action)
        if isinstance(action, Close):
            break
    met.history = replace(met.history, closed_by_bot=True)
    met.settle()
    met.wait(1)
    met.comment(AUTHOR, "But it still breaks.")
    met.settle()
    assert met.issue.state == "closed"


def test_nothing_is_opened_again_that_is_to_be_left_alone():
    met = closed()
    met.command(MAINTAINER, "skip-triage")
    met.settle()
    met.comment(AUTHOR, "Still there!")
    assert kinds(met.settle()) == []


def test_nothing_is_opened_again_that_a_person_closed():
    met = closed()
    met.reopen_by_hand()
    assert "retract_notice" in kinds(met.settle())
    met.close_by_hand()
    met.comment(AUTHOR, "Still there!")
    assert kinds(met.settle()) == []


def test_a_lost_delivery_of_a_persons_closing_opens_nothing():
    met = closed()
    met.wait(2)
    met.issue = replace(met.issue, closed_at=met.now)
    met.comment(AUTHOR, "Still there!")
    assert kinds(met.settle()) == ["remove_label", "retract_notice", "retract_notice"]
    assert met.issue.state == "closed"


def test_a_command_to_close_is_no_word_to_open_it():
    met = closed()
    met.comment(AUTHOR, "/close")
    assert kinds(met.settle()) == []


def test_a_maintainers_command_to_close_takes_the_notices_back():
    met = quiet()
    met.wait(60)
    met.settle()
    met.command(MAINTAINER, "close")
    assert kinds(met.settle()) == ["remove_label", "retract_notice", "close", "react"]
    met.comment(AUTHOR, "Why?")
    assert kinds(met.settle()) == []


def test_a_warned_issue_that_a_person_closes_is_tidied():
    met = quiet()
    met.wait(60)
    met.settle()
    met.close_by_hand()
    assert kinds(met.settle()) == ["remove_label", "retract_notice"]
    assert not met.decide()


def test_an_issue_that_a_person_opens_again_starts_anew():
    met = closed()
    met.wait(100)
    met.reopen_by_hand()
    assert kinds(met.settle()) == ["remove_label", "retract_notice", "retract_notice"]
    met.wait(59)
    assert kinds(met.settle()) == []
    met.wait(1)
    assert kinds(met.settle()) == ["add_labels", "post_notice"]


@pytest.mark.parametrize("days", [0, 100])
def test_a_lost_delivery_of_the_opening_starts_anew_too(days: int):
    met = closed()
    met.wait(days)
    met.issue = replace(met.issue, state="open", closed_at=None)
    assert kinds(met.settle()) == ["remove_label", "retract_notice", "retract_notice"]
    assert not met.history.closed_by_bot


@pytest.mark.parametrize(
    ("policy", "changes"),
    [
        ("", {"labels": ("Pinned",)}),
        (", exempt_labels: 'help wanted, frozen'", {"labels": ("frozen",)}),
        (", exempt_authors: [Ann]", {}),
        (", exempt_assignees: MIA", {"assignees": ("mia",)}),
        (", exempt_all_assignees: true", {"assignees": ("mia",)}),
        (", exempt_milestones: '2.0'", {"milestone": "2.0"}),
        (", exempt_all_milestones: true", {"milestone": "2.0"}),
        (", exempt_reactions: 5", {"reactions": 5}),
        (", start_date: 2030-05-11", {}),
        (", only_labels: [docs, area/web]", {"labels": ("docs",)}),
        (", any_of_labels: docs", {}),
        ("", {"locked": True}),
        ("", {"transferred_in": True}),
    ],
)
def test_exempt_issues_are_left_alone_and_cleared_where_they_are_under_way(policy: str, changes: dict[str, Any]):
    met = quiet(STALE + policy + "}", **changes)
    met.wait(100)
    assert "post_notice" not in kinds(met.settle())
    warned = quiet()
    warned.wait(60)
    warned.settle()
    warned.context = met.context
    labels = (*warned.issue.labels, *changes.get("labels", ()))
    warned.issue = replace(warned.issue, **{**changes, "labels": labels})
    expected = [] if changes.get("locked") else ["remove_label", "retract_notice"]
    assert kinds(warned.settle()) == expected


@pytest.mark.parametrize(
    ("policy", "changes"),
    [
        (", exempt_assignees: sam", {"assignees": ("mia",)}),
        (", exempt_milestones: '3.0'", {"milestone": "2.0"}),
        (", exempt_reactions: 5", {"reactions": 4}),
        (", start_date: 2030-05-10", {}),
        (", only_labels: [docs]", {"labels": ("Docs",)}),
        (", any_of_labels: [docs, bug]", {"labels": ("docs",)}),
    ],
)
def test_others_are_not_exempt(policy: str, changes: dict[str, Any]):
    met = quiet(STALE + policy + "}", **changes)
    met.wait(60)
    assert "post_notice" in kinds(met.settle())


def test_pinned_and_skipped_issues_are_left_alone():
    met = quiet()
    met.history = replace(met.history, pinned=True)
    met.wait(100)
    assert kinds(met.settle()) == []
    met.history = replace(met.history, pinned=False)
    assert "post_notice" in kinds(met.settle())
    met.command(MAINTAINER, "skip-triage")
    assert "retract_notice" in kinds(met.settle())


def test_a_label_may_have_its_own_times():
    policy = STALE + ", labels: {Docs: {days_until_stale: 10, days_until_close: 3}, bug: {days_until_stale: null}}}"
    met = quiet(policy, labels=("docs",))
    met.wait(10)
    assert "post_notice" in kinds(met.settle())
    met.wait(4)
    assert "close" in kinds(met.settle())
    bugs = quiet(policy)
    bugs.wait(500)
    assert kinds(bugs.settle()) == []


def test_what_a_label_leaves_out_is_the_sections():
    met = quiet(STALE + ", labels: {docs: {days_until_close: 3}, bug: {}}}", labels=("docs",))
    met.wait(59)
    assert kinds(met.settle()) == []
    met.wait(1)
    assert "post_notice" in kinds(met.settle())
    met.wait(4)
    assert "close" in kinds(met.settle())


def test_an_author_who_was_asked_is_reminded_then_the_issue_is_closed():
    met = asked()
    met.wait(13)
    assert kinds(met.settle()) == []
    met.wait(1)
    plan = met.settle()
    assert kinds(plan) == ["post_notice"]
    assert said(plan)[0] == snapshot("""\
<!-- community-triage-bot:notice reminder 2030-05-31 -->
ann, a friendly reminder: the maintainers still need an answer from you to go on here.

A short reply is enough to keep this issue open; "I could not try it yet" is one, too.
Without a reply, it will be closed after 2030-05-31.

<sub>I am a bot. If I got it wrong, just say so: there are people here too.</sub>
""")
    assert not met.decide()
    met.wait(8)
    plan = met.settle()
    assert kinds(plan) == ["post_notice", "close"]
    assert said(plan)[0] == snapshot("""\
<!-- community-triage-bot:notice closing -->
Nobody can go on here without an answer, so I am closing this issue for now. Thank you for reporting it all the same.

Once you have the answer, ann, reply here, and I will open it again.

<sub>I am a bot. If I got it wrong, just say so: there are people here too.</sub>
""")
    assert not met.decide()


def test_the_answer_takes_the_reminder_back():
    met = asked()
    met.wait(14)
    met.settle()
    met.edit(bug())
    plan = kinds(met.settle())
    assert "retract_notice" in plan
    assert "remove_label" in plan
    assert not met.decide()
    met.wait(500)
    assert kinds(met.settle()) == []


def test_a_reply_that_lacks_something_is_the_maintainers_to_answer():
    met = asked()
    met.wait(14)
    met.settle()
    met.comment(AUTHOR, "I do not know how to find that out.")
    assert kinds(met.settle()) == ["retract_notice"]
    met.wait(500)
    assert kinds(met.settle()) == []


def test_a_reminder_alone_closes_nothing():
    met = asked("needs_info: {days_until_reminder: 14}")
    met.wait(14)
    assert said(met.settle())[0] == snapshot("""\
<!-- community-triage-bot:notice reminder -->
ann, a friendly reminder: the maintainers still need an answer from you to go on here.

A short reply is enough; "I could not try it yet" is one, too.

<sub>I am a bot. If I got it wrong, just say so: there are people here too.</sub>
""")
    met.wait(500)
    assert kinds(met.settle()) == []


def test_nothing_is_closed_before_the_day_that_the_request_names():
    met = asked(ASKED + "}\nrequest: {deadline_days: 40}")
    met.wait(14)
    assert f"{(NOW + timedelta(days=40)).date()}" in said(met.settle())[0]
    met.wait(26)
    assert kinds(met.settle()) == []
    met.wait(1)
    assert "close" in kinds(met.settle())


def test_a_maintainers_own_ask_is_reminded_of_too():
    met = world(bug(), ASKED + "}\nrequest: {deadline_days: 3}")
    met.settle()
    met.command(MAINTAINER, "needs-info")
    met.settle()
    met.wait(14)
    assert kinds(met.settle()) == ["post_notice"]


def test_an_issue_that_comes_to_wait_for_its_author_is_no_longer_stale():
    met = quiet(STALE + "}\n" + ASKED + "}")
    met.wait(60)
    met.settle()
    met.label_by_hand("needs-info")
    plan = met.settle()
    assert [action.label for action in plan.actions if isinstance(action, RemoveLabel)] == ["needs-triage", "stale"]
    assert "retract_notice" in kinds(plan)


@pytest.mark.parametrize("by", ["hand", "command"])
def test_a_maintainer_may_ask_by_the_label_alone(by: str):
    met = world(bug(), ASKED + "}")
    met.settle()
    met.wait(1)
    met.comment(AUTHOR, "Anybody?")
    met.wait(1)
    if by == "hand":
        met.label_by_hand("needs-info")
    else:
        met.command(MAINTAINER, "label", "needs-info")
    met.settle()
    met.wait(13)
    assert kinds(met.settle()) == []
    met.wait(1)
    assert kinds(met.settle()) == ["post_notice"]
    met.comment(AUTHOR, "1.2")
    met.settle()
    met.wait(500)
    assert kinds(met.settle()) == []


def test_a_label_that_was_taken_off_again_asks_nothing():
    met = world(bug(), STALE + "}")
    met.settle()
    met.label_by_hand("needs-info")
    met.wait(1)
    met.unlabel_by_hand("needs-info")
    met.wait(500)
    assert kinds(met.settle()) == []


def test_a_silence_begins_with_the_bots_own_ask():
    met = world(bug(), STALE + "}")
    met.settle()
    met.wait(30)
    # Templates may ask for more by now.
    met.issue = replace(met.issue, body=bug(problem=""))
    met.history = replace(met.history, settled="", edited_at=met.now - timedelta(days=29))
    assert "post_request" in kinds(met.settle())
    met.wait(59)
    assert kinds(met.settle()) == []
    met.wait(1)
    assert "post_notice" in kinds(met.settle())


def test_nobody_is_warned_in_the_moment_in_which_the_bot_asks():
    met = quiet()
    met.wait(500)
    met.issue = replace(met.issue, body=bug(problem=""))
    met.history = replace(met.history, settled="")
    plan = kinds(met.settle())
    assert "post_request" in plan
    assert "post_notice" not in plan


def test_a_bot_with_a_maintainers_rights_replies_for_nobody():
    met = quiet()
    met.comment(AUTHOR, "It does.")
    met.wait(1)
    met.comment(Actor("helper[bot]", is_bot=True, association="MEMBER"), "Thanks for your report!")
    met.wait(500)
    assert kinds(met.settle()) == []


def test_an_author_that_is_a_bot_has_nothing_opened_again():
    met = quiet(author=Actor("helper[bot]", is_bot=True))
    met.wait(60)
    met.settle()
    met.wait(8)
    assert "close" in kinds(met.settle())
    met.comment(met.issue.author, "Build 9 failed.")
    assert kinds(met.settle()) == []


def test_a_fresh_ask_takes_a_warning_back():
    met = quiet()
    met.wait(60)
    met.settle()
    met.edit(bug(problem=""))
    met.history = replace(met.history, last_human_at=None, settled="")
    assert kinds(met.settle())[-2:] == ["remove_label", "retract_notice"]
    assert not met.decide()


def test_a_request_put_after_a_warning_takes_it_back():
    met = asked(STALE + "}")
    met.wait(60)
    assert "post_notice" in kinds(met.settle())
    met.history = replace(met.history, request=replace(met.request, asked_at=met.now + timedelta(seconds=1)))
    met.wait(1)
    assert kinds(met.settle()) == ["remove_label", "retract_notice"]


def test_a_policy_that_ends_takes_the_notices_back():
    met = quiet()
    met.wait(60)
    met.settle()
    met.context = context("")
    assert kinds(met.settle()) == ["remove_label", "retract_notice"]


GHOST = Actor("ghost")


def test_an_answer_whose_author_deleted_the_account_is_an_answer():
    met = quiet()
    met.wait(1)
    met.comment(AUTHOR, "With 2.0 it does.")
    comments = (replace(it, author=GHOST) if it.author == AUTHOR else it for it in met.issue.comments)
    met.issue = replace(met.issue, author=GHOST, comments=tuple(comments))
    met.wait(500)
    assert kinds(met.settle()) == []


def test_a_deleted_account_has_nothing_opened_again():
    met = quiet(author=GHOST)
    met.wait(60)
    assert "post_notice" in kinds(met.settle())
    met.wait(8)
    assert "Does it still matter" not in said(met.settle())[0]
    met.comment(GHOST, "Me too!")
    assert kinds(met.settle()) == []


def test_an_issue_full_of_labels_is_warned_all_the_same():
    met = quiet(labels=tuple(f"l{n}" for n in range(100)))
    met.wait(60)
    assert kinds(met.settle()) == ["post_notice"]


def test_a_label_whose_name_is_too_long_is_left_out():
    met = quiet()
    stale = met.context.policy.stale.model_copy(update={"label": "x" * 51})
    met.context = replace(met.context, policy=met.context.policy.model_copy(update={"stale": stale}))
    met.wait(60)
    assert kinds(met.settle()) == ["post_notice"]


def test_nothing_is_decided_on_comments_that_were_not_read():
    met = quiet()
    met.wait(500)
    plan = decide(replace(met.issue, comments=(), comments_known=False), met.context, met.history, met.now)
    assert kinds(plan) == []


def test_a_marker_that_was_tampered_with_gives_no_day():
    met = quiet()
    met.comment(
        Actor("triage[bot]", is_bot=True), mark("stale", "x", NOW.date()).replace("05-10", "99-99"), by_this_app=True
    )
    met.comment(Actor("triage[bot]", is_bot=True), "Hello", by_this_app=True)
    (notice,) = notices(met.issue)
    assert notice.day is None


def test_the_words_may_be_the_policys_own():
    met = quiet(STALE + ", mark_comment: 'Hey {{ author }}, closing after {{ day }}.'}")
    met.wait(60)
    assert said(met.settle())[0].splitlines()[1] == "Hey ann, closing after 2030-07-16."
