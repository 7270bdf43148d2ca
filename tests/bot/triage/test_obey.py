from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.triage.issue import Actor, Change, History
from bot.triage.plan import AddLabels, Close, EditRequest, Remember, RemoveLabel
from tests.bot.triage.world import AUTHOR, MAINTAINER, NOW, STRANGER, World, bug, context, issue, kinds, world

LATER = NOW.replace(year=2031)
ALL = ["label", "unlabel", "needs-info", "triage", "skip-triage", "close", "reopen"]


def settled(body: str = "", policy: str = "", **changes: Any) -> World:
    here = world(body or bug(), policy, **changes)
    here.settle()
    return here


def reaction(here: World) -> str:
    ((_, content),) = here.reactions
    return content


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        (MAINTAINER, set(ALL)),
        (Actor("own", association="OWNER"), set(ALL)),
        (Actor("col", association="COLLABORATOR"), set(ALL)),
        (AUTHOR, {"triage", "close", "reopen"}),
        (Actor("ANN", association="CONTRIBUTOR"), {"triage", "close", "reopen"}),
        (STRANGER, set()),
        (Actor(""), set()),
    ],
    ids=lambda value: value.login if isinstance(value, Actor) else "",
)
def test_who_may_use_what_without_a_policy(who: Actor, allowed: set[str]):
    for name in ALL:
        here = settled()
        here.command(who, name, *({"label": ["docs"], "unlabel": ["bug"]}.get(name, [])))
        here.settle()
        assert reaction(here) == ("+1" if name in allowed else "-1"), name


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        ("anyone", [AUTHOR, MAINTAINER, STRANGER]),
        ("author", [AUTHOR, MAINTAINER]),
        ("maintainers", [MAINTAINER]),
        ("nobody", []),
    ],
)
def test_the_policy_says_who_may_use_a_command(permission: str, allowed: list[Actor]):
    for who in (AUTHOR, MAINTAINER, STRANGER):
        here = settled(policy=f"commands: {{skip-triage: {permission}}}")
        here.command(who, "skip-triage")
        here.settle()
        assert reaction(here) == ("+1" if who in allowed else "-1")
        assert here.history.skipped is (who in allowed)


def test_an_unknown_command_is_answered_by_a_puzzled_face_only():
    here = settled()
    number = here.command(MAINTAINER, "dance")
    plan = here.settle()
    assert kinds(plan) == ["react"]
    assert here.reactions == ((number, "confused"),)
    assert here.history.commands == ()


def overtaken(name: str, *arguments: str, by: str, added: bool = False, seconds: int = 1, state: str = "open") -> World:
    """A maintainer's command, and which label or state a person changed so many seconds after it."""
    here = settled(state=state)
    here.command(MAINTAINER, name, *arguments)
    change = Change(by, MAINTAINER, added=added, at=NOW + timedelta(seconds=seconds))
    here.history = replace(here.history, changed_by_hand=(change,))
    here.settle()
    assert here.history.commands == ()
    return here


@pytest.mark.parametrize(
    ("name", "argument", "state", "added"),
    [
        ("close", "", "open", True),
        ("reopen", "", "closed", False),
        ("label", "docs", "open", False),
        ("unlabel", "bug", "open", True),
    ],
)
def test_a_command_does_not_overrule_what_a_person_did_since(name: str, argument: str, state: str, *, added: bool):
    here = overtaken(name, *argument.split(), by=argument, added=added, state=state)
    before = settled(state=state)
    assert (here.issue.state, here.issue.labels) == (state, before.issue.labels)
    assert here.reactions == ()


@pytest.mark.parametrize(("name", "label"), [("label", "bug"), ("unlabel", "docs")])
def test_a_command_that_a_person_has_carried_out_by_hand_is_confirmed(name: str, label: str):
    here = overtaken(name, label, by=label, added=name == "label")
    assert here.issue.labels == settled().issue.labels
    assert reaction(here) == "+1"


@pytest.mark.parametrize(("by", "seconds"), [("", 0), ("", -1), ("docs", 1)])
def test_it_overrules_what_a_person_did_before_and_what_is_about_something_else(by: str, seconds: int):
    here = overtaken("close", by=by, seconds=seconds)
    assert here.issue.state == "closed"
    assert reaction(here) == "+1"


def test_of_several_labels_only_those_are_passed_over_that_a_person_changed_since():
    here = overtaken("label", "docs", "area/web", by="docs")
    assert {"docs", "area/web"} & set(here.issue.labels) == {"area/web"}
    assert reaction(here) == "+1"
    here = overtaken("unlabel", "bug", "docs", by="docs")
    assert "bug" not in here.issue.labels


def test_bots_are_not_obeyed_and_not_answered():
    here = settled()
    here.command(Actor("ci[bot]", is_bot=True, association="MEMBER"), "close")
    assert kinds(here.settle()) == []
    assert here.history.commands == ()


def test_one_comment_gets_each_reaction_once():
    here = settled()
    number = here.command(MAINTAINER, "label", "docs")
    first = here.history.commands[0]
    here.history = replace(
        here.history,
        commands=(
            first,
            replace(first, id="2", arguments=("pinned",)),
            replace(first, id="3", name="dance", arguments=()),
            replace(first, id="4", name="sing", arguments=()),
        ),
    )
    here.settle()
    assert here.reactions == ((number, "+1"), (number, "confused"))
    assert here.history.commands == ()


def test_label_puts_labels_on_in_a_persons_name():
    here = settled()
    here.command(MAINTAINER, "label", "DOCS", "area/store", "bug")
    plan = here.settle()
    assert plan.actions[0] == AddLabels(labels=("docs", "Area/Store"), for_person=True, because="mia wrote /label.")
    assert here.issue.labels == ("bug", "needs-triage", "docs", "Area/Store")
    here.edit(bug(component="web"))
    here.settle()
    assert "docs" in here.issue.labels


def test_label_finds_names_with_blanks_among_plain_words():
    here = settled()
    here.command(MAINTAINER, "label", "good", "first", "issue", "docs")
    here.settle()
    assert here.issue.labels[2:] == ("good first issue", "docs")


def test_label_takes_words_as_they_are_where_labels_are_not_known():
    here = World(context(labels=None), issue(bug()))
    here.command(MAINTAINER, "label", "one", "two words")
    here.settle()
    assert here.issue.labels[:2] == ("one", "two words")


def test_label_creates_what_the_policy_lets_be_created():
    here = settled(policy="labels: {create: {brand new: {color: '0e8a16'}}}")
    here.command(MAINTAINER, "label", "Brand", "New")
    assert kinds(here.settle()) == ["create_label", "add_labels", "react"]
    assert "brand new" in here.issue.labels


@pytest.mark.parametrize("names", [(), ("nonsense",), ("bug", "nonsense")])
def test_label_does_nothing_with_names_that_lead_nowhere(names: tuple[str, ...]):
    here = settled()
    here.command(MAINTAINER, "label", *names)
    assert kinds(here.settle()) == ["react"]
    assert reaction(here) == "confused"


def test_label_does_not_go_over_githubs_limit():
    here = settled(labels=tuple(f"label {number}" for number in range(100)))
    here.command(MAINTAINER, "label", "docs")
    here.settle()
    assert reaction(here) == "confused"


def test_a_label_taken_off_by_hand_comes_back_at_a_persons_word():
    here = settled()
    here.unlabel_by_hand("bug")
    here.command(MAINTAINER, "label", "bug")
    here.settle()
    assert "bug" in here.issue.labels
    assert not here.history.labels_removed_by_people


def test_unlabel_takes_labels_off_for_good():
    here = settled(labels=("good first issue",))
    here.command(MAINTAINER, "unlabel", "BUG", "good", "first", "issue")
    plan = here.settle()
    assert [action for action in plan.actions if isinstance(action, RemoveLabel)] == [
        RemoveLabel(label="good first issue", for_person=True, because="mia wrote /unlabel."),
        RemoveLabel(label="bug", for_person=True, because="mia wrote /unlabel."),
    ]
    assert not here.decide()


@pytest.mark.parametrize("names", [(), ("docs",), ("bug", "docs")])
def test_unlabel_does_nothing_with_labels_that_are_not_there(names: tuple[str, ...]):
    here = settled()
    here.command(MAINTAINER, "unlabel", *names)
    assert kinds(here.settle()) == ["react"]
    assert reaction(here) == "confused"


def test_needs_info_waits_for_the_authors_next_word():
    here = settled()
    here.command(MAINTAINER, "needs-info")
    assert kinds(here.settle()) == ["react", "add_labels", "remove_label"]
    assert here.issue.labels == ("bug", "needs-info")
    assert here.history.needs_info_by_maintainer
    here.comment(STRANGER, "I see this too.")
    assert not here.decide()
    here.comment(AUTHOR, "It is the blue one.")
    here.settle()
    assert here.issue.labels == ("bug", "needs-triage")


@pytest.mark.parametrize("by", ["comment", "edit"])
def test_needs_info_waits_for_nobody_who_has_spoken_since(by: str):
    here = settled()
    here.command(MAINTAINER, "needs-info")
    here.now += timedelta(minutes=1)
    if by == "comment":
        here.comment(AUTHOR, "It is the blue one.")
    else:
        here.edit(bug() + "It is the blue one.")
    assert kinds(here.settle()) == ["react"]
    assert here.issue.labels == ("bug", "needs-triage")


def test_needs_info_waits_whatever_was_said_before_or_by_others():
    here = settled()
    here.comment(AUTHOR, "It is the blue one.")
    here.edit(bug() + "It is the blue one.")
    here.now += timedelta(minutes=1)
    here.command(MAINTAINER, "needs-info")
    here.comment(STRANGER, "I see this too.")
    here.settle()
    assert here.issue.labels == ("bug", "needs-info")


def test_needs_info_by_a_command_asks_nothing_on_a_closed_issue():
    here = settled(bug(problem=""), state="closed")
    here.command(MAINTAINER, "needs-info")
    assert kinds(here.settle()) == ["react"]


def test_needs_info_with_fields_asks_for_them_though_they_are_optional():
    here = settled()
    here.command(MAINTAINER, "needs-info", "Logs")
    plan = here.settle()
    assert kinds(plan) == ["react", "add_labels", "remove_label", "post_request"]
    assert here.history.asked_fields == ("logs",)
    assert not here.history.needs_info_by_maintainer
    assert "**Logs**" in here.request.body
    here.edit(bug(logs="a line"))
    here.settle()
    assert here.request.resolved


def test_needs_info_with_a_field_that_is_missing_anyway_names_it_once():
    here = settled(bug(problem=""))
    here.command(MAINTAINER, "needs-info", "problem", "logs")
    here.settle()
    assert here.request.body.count("**What is the problem?**") == 1
    assert here.request.body.count("**Logs**") == 1


def test_needs_info_joins_the_words_of_a_fields_label():
    here = settled(bug(problem=""))
    here.command(MAINTAINER, "needs-info", "what", "is", "the", "problem?", "logs")
    here.settle()
    assert here.history.asked_fields == ("problem", "logs")


def test_needs_info_for_fields_that_are_answered_waits_for_the_authors_word():
    here = settled()
    here.command(MAINTAINER, "needs-info", "problem")
    here.settle()
    assert here.history.needs_info_by_maintainer
    assert here.history.request is None


@pytest.mark.parametrize("body", [bug(), "free form"])
def test_needs_info_for_unknown_fields_is_not_understood(body: str):
    here = settled(body)
    here.command(MAINTAINER, "needs-info", "weather")
    assert kinds(here.settle()) == ["react"]
    assert reaction(here) == "confused"


def test_needs_info_puts_the_label_on_again_though_it_was_once_taken_off():
    here = settled(bug(problem=""))
    here.unlabel_by_hand("needs-info")
    here.edit(bug())
    here.settle()
    here.command(MAINTAINER, "needs-info")
    here.settle()
    assert "needs-info" in here.issue.labels
    assert not here.decide()


def test_needs_info_reaches_an_issue_older_than_the_installation():
    here = World(context(installed_at=LATER), issue(bug()))
    here.command(MAINTAINER, "needs-info", "logs")
    assert "post_request" in kinds(here.settle())
    assert not here.decide()


def test_needs_info_said_on_an_old_closed_issue_is_asked_for_once_it_is_open():
    here = World(context(installed_at=LATER), issue(bug(), state="closed"))
    here.command(MAINTAINER, "needs-info", "logs")
    assert kinds(here.settle()) == ["react"]
    here.issue = replace(here.issue, state="open")
    assert "post_request" in kinds(here.settle())


def test_needs_info_ends_the_skipping():
    here = settled()
    here.command(MAINTAINER, "skip-triage")
    here.settle()
    here.command(MAINTAINER, "needs-info", "logs")
    assert "post_request" in kinds(here.settle())
    assert not here.decide()


WAS_THERE = frozenset({"needs-info"})


@pytest.mark.parametrize("known", [History(labels_by_bot=WAS_THERE), History(labels_by_people=WAS_THERE)])
def test_needs_info_puts_the_label_on_though_the_news_of_its_going_was_lost(known: History):
    here = world(bug())
    here.history = known
    here.command(MAINTAINER, "needs-info")
    here.settle()
    assert "needs-info" in here.issue.labels
    assert not here.decide()


def test_nobody_in_particular_is_not_the_author():
    here = settled(author=Actor(""))
    here.command(Actor(""), "close")
    here.settle()
    assert reaction(here) == "-1"


def test_waiting_ends_on_an_old_issue_once_its_author_replies():
    here = World(context(installed_at=LATER), issue(bug()))
    here.command(MAINTAINER, "needs-info")
    here.settle()
    assert "needs-info" in here.issue.labels
    assert not here.decide()
    here.comment(AUTHOR, "It is the blue one.")
    here.settle()
    assert "needs-info" not in here.issue.labels


def test_unlabel_needs_info_takes_the_waiting_back():
    here = settled()
    here.command(MAINTAINER, "needs-info", "logs")
    here.settle()
    here.command(MAINTAINER, "unlabel", "needs-info")
    here.settle()
    assert "needs-info" not in here.issue.labels
    assert here.history.asked_fields == ()
    assert here.request.resolved


def test_triage_looks_again_at_an_issue_older_than_the_installation_and_then_follows_it():
    here = World(context(installed_at=LATER), issue(bug(problem="")))
    here.command(AUTHOR, "triage")
    assert kinds(here.settle()) == ["react", "add_labels", "post_request"]
    assert not here.decide()
    here.edit(bug())
    here.settle()
    assert here.issue.labels == ("bug", "needs-triage")


def test_triage_by_a_stranger_changes_nothing():
    here = World(context(installed_at=LATER), issue(bug(problem="")))
    here.command(STRANGER, "triage")
    assert kinds(here.settle()) == ["react"]
    assert reaction(here) == "-1"


def test_triage_looks_at_a_settled_issue_with_the_rules_of_today():
    here = settled()
    here.context = context("fields: {'bug report.yml': {logs: {required: true}}}")
    assert not here.decide()
    here.command(MAINTAINER, "triage")
    assert "post_request" in kinds(here.settle())
    assert not here.decide()


def test_skip_triage_withdraws_the_request_and_triage_takes_it_up_again():
    here = settled(bug(problem=""))
    here.command(MAINTAINER, "skip-triage")
    assert kinds(here.settle()) == ["react", "remove_label", "edit_request"]
    here.edit(bug(component="", problem=""))
    assert not here.decide()
    here.command(MAINTAINER, "triage")
    plan = here.settle()
    assert kinds(plan) == ["react", "add_labels", "edit_request"]
    assert isinstance(plan.actions[-1], EditRequest)
    assert plan.actions[-1].reopened


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "not_planned"),
        (("not", "planned"), "not_planned"),
        (("not_planned",), "not_planned"),
        (("Completed",), "completed"),
    ],
)
def test_close_closes_with_a_reason(words: tuple[str, ...], reason: str):
    here = settled()
    here.command(MAINTAINER, "close", *words)
    plan = here.settle()
    assert Close(reason=reason, because="mia wrote /close.") in plan.actions  # type: ignore[arg-type]
    assert here.issue.state == "closed"
    assert here.history.closed_by_bot
    assert not here.decide()


def test_close_for_a_reason_that_github_lacks_is_not_understood():
    here = settled()
    here.command(MAINTAINER, "close", "boring")
    here.settle()
    assert here.issue.state == "open"
    assert reaction(here) == "confused"


def test_close_on_a_closed_issue_changes_nothing():
    here = settled(state="closed")
    here.command(MAINTAINER, "close")
    assert kinds(here.settle()) == ["react"]
    assert not here.history.closed_by_bot


def test_close_and_ask_do_not_go_together():
    here = world(bug(problem=""))
    here.command(AUTHOR, "close")
    assert kinds(here.settle()) == ["close", "react"]


def test_the_author_may_reopen_what_the_bot_closed_at_a_word():
    here = settled()
    here.command(AUTHOR, "close")
    here.settle()
    here.command(AUTHOR, "reopen")
    here.settle()
    assert here.issue.state == "open"
    assert not here.history.closed_by_bot


def test_the_author_may_not_reopen_what_a_maintainer_closed():
    here = settled(state="closed")
    here.command(AUTHOR, "reopen")
    here.settle()
    assert here.issue.state == "closed"
    assert reaction(here) == "-1"


def test_a_maintainer_may_reopen_anything():
    here = settled(state="closed")
    here.command(MAINTAINER, "reopen")
    assert "reopen" in kinds(here.settle())
    assert here.issue.state == "open"


def test_reopen_on_an_open_issue_changes_nothing():
    here = settled()
    here.command(MAINTAINER, "reopen")
    assert kinds(here.settle()) == ["react"]


def test_the_bot_forgets_that_it_closed_an_issue_once_people_opened_it():
    here = settled()
    here.command(AUTHOR, "close")
    here.settle()
    here.issue = replace(here.issue, state="open")
    here.settle()
    here.issue = replace(here.issue, state="closed")
    here.command(AUTHOR, "reopen")
    here.settle()
    assert here.issue.state == "closed"


def test_commands_work_on_issues_that_are_not_triaged():
    here = world("", author=Actor("ci[bot]", is_bot=True))
    here.command(MAINTAINER, "label", "docs")
    assert kinds(here.settle()) == ["add_labels", "react"]


@pytest.mark.parametrize(("policy", "changes"), [("enabled: false", {}), ("", {"is_pull_request": True})])
def test_commands_are_put_aside_where_the_bot_has_no_say(policy: str, changes: dict[str, Any]):
    here = world(bug(), policy, **changes)
    here.command(MAINTAINER, "close")
    plan = here.settle()
    assert [type(action) for action in plan.actions] == [Remember]
    assert not here.decide()
