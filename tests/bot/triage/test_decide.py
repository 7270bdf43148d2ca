from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.triage.issue import Actor
from bot.triage.plan import AddLabels, CreateLabel, EditRequest, PostRequest, Remember, RemoveLabel
from tests.bot.triage.world import (
    APP,
    AUTHOR,
    LABELS,
    MAINTAINER,
    NOW,
    STRANGER,
    World,
    bug,
    context,
    docs,
    issue,
    kinds,
    world,
)

LEGACY = {".github/ISSUE_TEMPLATE.md": "## What happened\n\n## What did you expect\n"}
TWINS = {
    ".github/ISSUE_TEMPLATE/a.yml": """
name: First twin
description: One of two
labels: [shared, first]
body:
  - {type: input, id: place, attributes: {label: Place}, validations: {required: true}}
  - {type: input, id: time, attributes: {label: Time}, validations: {required: true}}
""",
    ".github/ISSUE_TEMPLATE/b.yml": """
name: Second twin
description: The other
labels: [Shared, second]
body:
  - {type: input, id: place, attributes: {label: Place}, validations: {required: true}}
  - {type: input, id: time, attributes: {label: Time}}
""",
}
TWIN_BODY = "### Place\n\n_No response_\n\n### Time\n\n_No response_"


def test_a_complete_issue_gets_its_labels_and_no_comment():
    plan = world(bug()).settle()
    assert kinds(plan) == ["add_labels"]
    assert plan.actions[0] == AddLabels(labels=("bug", "needs-triage"), because="Complete for bug report.yml.")
    assert plan.verdict == "Complete for bug report.yml."


def test_an_incomplete_issue_gets_all_labels_in_one_call_and_one_request():
    plan = world(bug(problem="")).settle()
    assert kinds(plan) == ["add_labels", "post_request"]
    assert plan.actions[0] == AddLabels(
        labels=("bug", "needs-info"), because="To be answered: What is the problem? (missing)."
    )
    assert plan.actions[1].because == "To be answered: What is the problem? (missing)."


def test_labels_that_the_web_chooser_put_on_are_not_added_again():
    plan = world(bug(), labels=("Bug", "needs-triage")).settle()
    assert kinds(plan) == []


def test_deciding_again_changes_nothing():
    here = world(bug(problem="", component=""))
    here.settle()
    assert not here.decide()


def test_the_request_shrinks_in_place_with_the_need():
    here = world(bug(problem="", component=""))
    here.settle()
    here.edit(bug(problem=""))
    plan = here.settle()
    assert kinds(plan) == ["edit_request"]
    (edit,) = plan.actions
    assert isinstance(edit, EditRequest)
    assert "**Component**" not in edit.body
    assert "**What is the problem?**" in edit.body
    assert not edit.resolved
    assert not edit.reopened


def test_an_edit_that_leaves_the_need_as_it_was_causes_no_edit():
    here = world(bug(problem=""))
    here.settle()
    here.edit(bug(problem="", logs="a line"))
    assert kinds(here.settle()) == []


def test_all_supplied_takes_the_request_and_needs_info_back():
    here = world(bug(problem=""))
    here.settle()
    asked = here.history.request
    here.edit(bug())
    plan = here.settle()
    assert kinds(plan) == ["add_labels", "remove_label", "edit_request"]
    assert here.issue.labels == ("bug", "needs-triage")
    assert asked
    assert here.request.resolved
    assert here.request.comment_id == asked.comment_id


def test_an_emptying_edit_opens_the_same_request_again():
    here = world(bug(problem=""), "request: {deadline_days: 10}")
    here.settle()
    here.edit(bug())
    here.settle()
    here.wait(3)
    here.edit(bug(component=""))
    plan = here.settle()
    assert kinds(plan) == ["add_labels", "remove_label", "edit_request"]
    edit = plan.actions[2]
    assert isinstance(edit, EditRequest)
    assert edit.reopened
    assert "Thank you for your help so far" in edit.body
    assert "by 2030-05-23" in edit.body
    here.wait(2)
    assert not here.decide()


def test_a_complete_issue_that_is_emptied_later_is_asked_for_the_first_time():
    here = world(bug())
    here.settle()
    here.edit(bug(problem=""))
    assert kinds(here.settle()) == ["add_labels", "remove_label", "post_request"]


def test_a_complete_issue_is_not_asked_when_the_templates_grow():
    here = world(docs(), labels=("docs",))
    here.settle()
    here.context = context("fields: {docs.yml: {change: {min_length: 500}}}")
    assert kinds(here.settle()) == []
    here.edit(docs(change="Shorter."))
    assert kinds(here.settle()) == ["add_labels", "remove_label", "post_request"]


def test_an_edit_back_to_what_was_complete_resolves_the_request():
    here = world(bug())
    here.settle()
    here.edit(bug(problem=""))
    here.settle()
    here.edit(bug())
    here.settle()
    assert here.request.resolved


@pytest.mark.parametrize("who", [AUTHOR, STRANGER, MAINTAINER])
def test_what_is_missing_may_come_in_a_comment(who: Actor):
    here = world(bug(problem=""))
    here.settle()
    here.comment(who, "### What is the problem?\n\nIt stops after a minute.")
    plan = here.settle()
    assert kinds(plan) == ["add_labels", "remove_label", "edit_request"]
    assert here.request.resolved


@pytest.mark.parametrize("who", [APP, Actor("helper[bot]", is_bot=True)])
def test_the_comments_of_bots_supply_nothing(who: Actor):
    here = world(bug(problem=""))
    here.settle()
    here.comment(who, "### What is the problem?\n\nIt stops after a minute.", by_this_app=who is APP)
    assert not here.decide()


def test_chat_supplies_nothing():
    here = world(bug(problem=""))
    here.settle()
    here.comment(AUTHOR, "I have the same problem!")
    assert not here.decide()


def test_nobody_is_asked_for_what_a_comment_gave_before_the_first_look():
    here = world(bug(problem=""))
    here.comment(AUTHOR, "### What is the problem?\n\nIt stops after a minute.")
    assert kinds(here.settle()) == ["add_labels"]
    assert not here.decide()


def test_the_label_of_an_answer_stays_though_the_comment_that_gave_it_is_not_read_again():
    policy = "labels: {answers: {'bug report.yml': {component: {web: area/web}}}}"
    here = world(bug(component=""), policy)
    here.comment(AUTHOR, "### Component\n\nweb")
    here.settle()
    assert "area/web" in here.issue.labels
    assert not here.decide()


@pytest.mark.parametrize("body", ["", "It does not work. What can I do?"])
def test_a_free_form_issue_is_pointed_to_all_templates(body: str):
    plan = world(body).settle()
    assert kinds(plan) == ["add_labels", "post_request"]
    assert isinstance(plan.actions[1], PostRequest)
    assert "(https://github.com/octo/demo/issues/new?template=bug%20report.yml)" in plan.actions[1].body
    assert "(https://github.com/octo/demo/issues/new?template=docs.yml)" in plan.actions[1].body


def test_a_free_form_issue_whose_title_has_a_templates_prefix_is_pointed_to_that_one():
    post = world("Help", title="[doc] page gone").settle().actions[-1]
    assert isinstance(post, PostRequest)
    assert "docs.yml" in post.body
    assert "report" not in post.body


def test_a_free_form_issue_edited_into_a_template_gets_that_ones_labels():
    here = world("Help")
    here.settle()
    here.edit(docs())
    assert kinds(here.settle()) == ["add_labels", "remove_label", "edit_request"]
    assert here.issue.labels == ("docs", "needs-triage")


def test_a_free_form_issue_edited_into_half_a_template_is_asked_for_the_rest():
    here = world("Help")
    here.settle()
    here.edit(docs(page=""))
    plan = here.settle()
    assert kinds(plan) == ["add_labels", "edit_request"]
    assert "**Which page?**" in here.request.body


def test_a_reply_that_fills_in_a_whole_template_answers_for_a_free_form_issue():
    here = world("Help")
    here.settle()
    here.comment(AUTHOR, "Sure.")
    here.comment(AUTHOR, bug())
    here.comment(AUTHOR, docs())
    here.comment(AUTHOR, "Done.")
    here.settle()
    assert here.issue.labels == ("docs", "needs-triage")


def test_free_form_issues_are_left_alone_where_the_policy_allows_them():
    here = world("Help", "request: {free_form: false}")
    plan = here.settle()
    assert kinds(plan) == ["add_labels"]
    assert here.issue.labels == ("needs-triage",)
    assert plan.verdict == "No template to check the issue against."


def test_a_free_form_issue_that_was_let_be_is_not_asked_when_the_policy_grows_stricter():
    here = world("Help", "request: {free_form: false}")
    here.settle()
    here.context = context()
    assert not here.decide()


@pytest.mark.parametrize("files", [{}, LEGACY], ids=["no templates", "none in the chooser"])
def test_nothing_is_asked_where_there_is_nothing_to_point_to(files: dict[str, str]):
    here = world("Help", files=files)
    assert kinds(here.settle()) == ["add_labels"]
    assert here.issue.labels == ("needs-triage",)


def test_templates_that_cannot_be_told_apart_ask_and_label_only_what_all_share():
    here = World(
        context("labels: {needs_triage: null}", TWINS, labels=("shared", "first", "second", "needs-info")),
        issue(TWIN_BODY),
    )
    here.settle()
    assert here.issue.labels == ("shared", "needs-info")
    assert "**Place**" in here.request.body
    assert "**Time**" not in here.request.body


def test_templates_that_cannot_be_told_apart_take_no_label_away():
    here = World(context(files=TWINS, labels=None), issue(TWIN_BODY, labels=("first",)))
    here.history = replace(here.history, labels_by_bot=frozenset({"first"}))
    here.settle()
    assert "first" in here.issue.labels


def test_nothing_is_asked_where_no_rival_shares_the_need():
    here = World(context(files=TWINS, labels=("shared",)), issue(TWIN_BODY.replace("_No response_", "here", 1)))
    plan = here.settle()
    assert kinds(plan) == ["add_labels"]
    assert plan.verdict == "Nothing to ask that all of these would: a.yml, b.yml."


def test_a_closed_issue_is_never_asked():
    here = world(bug(problem=""), state="closed")
    assert not here.decide()


def test_a_request_on_an_issue_that_was_closed_meanwhile_is_still_taken_back():
    here = world(bug(problem=""))
    here.settle()
    here.issue = replace(here.issue, state="closed")
    assert not here.decide()
    here.edit(bug())
    assert kinds(here.settle()) == ["remove_label", "edit_request"]


def test_an_issue_reopened_with_something_missing_is_asked():
    here = world(bug(problem=""), state="closed")
    here.settle()
    here.issue = replace(here.issue, state="open")
    assert kinds(here.settle()) == ["add_labels", "post_request"]


def test_a_label_that_a_person_took_off_stays_off():
    here = world(bug(problem=""))
    here.settle()
    here.unlabel_by_hand("bug")
    here.unlabel_by_hand("needs-info")
    assert not here.decide()


def test_a_label_is_known_to_be_taken_off_by_a_person_though_the_news_of_it_was_lost():
    here = world(bug(problem=""))
    here.settle()
    here.issue = replace(here.issue, labels=("bug",))
    assert not here.decide()


def test_a_label_that_a_person_put_on_stays_on():
    here = world(bug(problem=""))
    here.label_by_hand("needs-info")
    here.settle()
    here.edit(bug())
    here.settle()
    assert "needs-info" in here.issue.labels


def test_a_label_that_both_the_bot_and_a_person_put_on_is_the_persons():
    here = world(bug(problem=""))
    here.settle()
    here.history = replace(here.history, labels_by_people=frozenset({"needs-info"}))
    here.edit(bug())
    here.settle()
    assert "needs-info" in here.issue.labels


def test_needs_triage_waits_while_a_person_has_needs_info_on():
    here = world(bug())
    here.label_by_hand("needs-info")
    here.settle()
    assert here.issue.labels == ("needs-info", "bug")
    here.unlabel_by_hand("needs-info")
    here.settle()
    assert here.issue.labels == ("bug", "needs-triage")


def test_another_answer_changes_the_label_and_no_answer_keeps_it():
    policy = "labels: {needs_triage: null, answers: {'*': {Component: {Store: area/store, web: area/web}}}}"
    here = world(bug(), policy)
    here.settle()
    assert here.issue.labels == ("bug", "Area/Store")
    here.edit(bug(component="web"))
    assert kinds(here.settle()) == ["add_labels", "remove_label"]
    assert here.issue.labels == ("bug", "area/web")
    here.edit(bug(component=""))
    here.settle()
    assert "area/web" in here.issue.labels


def test_ticked_boxes_have_labels_too():
    policy = "labels: {answers: {'bug report.yml': {policy: {I would like to help: good first issue}}}}"
    here = world(bug().replace("- [ ] I would", "- [x] I would"), policy)
    here.settle()
    assert "good first issue" in here.issue.labels


def test_the_policys_labels_of_a_template_come_beside_its_own():
    here = world(docs(), "labels: {templates: {DOCS.yml: [area/web], '*': pinned}}")
    here.settle()
    assert here.issue.labels == ("docs", "area/web", "pinned", "needs-triage")


def test_an_issue_edited_into_another_template_loses_the_first_ones_labels():
    here = world(bug())
    here.settle()
    here.edit(docs())
    here.settle()
    assert here.issue.labels == ("needs-triage", "docs")


def test_an_issue_edited_out_of_its_template_keeps_its_labels():
    here = world(bug())
    here.settle()
    here.edit("Never mind")
    here.settle()
    assert here.issue.labels == ("bug", "needs-info")


def test_a_missing_label_is_created_only_where_the_policy_lets_it():
    here = World(context(labels=()), issue(bug(problem="")))
    plan = here.settle()
    assert kinds(plan) == ["create_label", "add_labels", "post_request"]
    created = plan.actions[0]
    assert isinstance(created, CreateLabel)
    assert (created.name, created.color) == ("needs-info", "d4c5f9")
    assert here.issue.labels == ("needs-info",)


def test_without_leave_to_create_it_there_is_no_needs_info_but_the_request_all_the_same():
    here = World(context("labels: {create: {}}", labels=()), issue(bug(problem="")))
    assert kinds(here.settle()) == ["post_request"]


def test_labels_are_taken_to_exist_where_they_are_not_known():
    here = World(context(labels=None), issue(bug()))
    assert kinds(here.settle()) == ["add_labels"]
    assert here.issue.labels == ("bug", "needs-triage")


def test_a_repository_may_do_without_either_label():
    here = world(bug(problem=""), "labels: {needs_info: null, needs_triage: null}")
    here.settle()
    assert here.issue.labels == ("bug",)
    here.edit(bug())
    here.settle()
    assert here.issue.labels == ("bug",)


def test_no_more_labels_are_put_on_than_github_takes():
    here = world(bug(), labels=tuple(f"label {number}" for number in range(99)))
    here.settle()
    assert here.issue.labels[99:] == ("bug",)
    assert not here.decide()


def test_a_label_too_long_for_github_is_left_out():
    name = "x" * 51
    form = TWINS[".github/ISSUE_TEMPLATE/a.yml"].replace("[shared, first]", f"[{name}]")
    here = World(context(files={".github/ISSUE_TEMPLATE/a.yml": form}, labels=None), issue(TWIN_BODY))
    here.settle()
    assert here.issue.labels == ("needs-info",)


@pytest.mark.parametrize(
    ("changes", "policy", "verdict"),
    [
        ({"author": Actor("renovate[bot]", is_bot=True)}, "", "Bots are not asked."),
        ({"author": MAINTAINER}, "request: {exempt: {maintainers: true}}", "The policy exempts maintainers."),
        ({}, "request: {exempt: {logins: ANN}}", "The policy exempts its author."),
        ({"labels": ("Pinned",)}, "request: {exempt: {labels: [pinned]}}", "The policy exempts it by a label."),
        ({"locked": True}, "", "The conversation is locked."),
        ({"transferred_in": True}, "", "It was transferred from another repository."),
        ({"is_pull_request": True}, "", "Pull requests are no issues."),
        ({}, "enabled: false", "The policy switches the bot off."),
    ],
)
def test_some_issues_are_left_alone(changes: dict[str, Any], policy: str, verdict: str):
    plan = world(bug(problem=""), policy, **changes).decide()
    assert not plan
    assert plan.verdict == verdict


def test_maintainers_are_asked_unless_the_policy_says_otherwise():
    assert kinds(world(bug(problem=""), author=MAINTAINER).decide()) == ["add_labels", "post_request"]


def test_issues_older_than_the_installation_are_left_alone():
    here = World(context(installed_at=NOW + timedelta(days=1)), issue(bug(problem="")))
    assert here.decide().verdict == "It is older than the bot's installation."
    assert not here.decide()


def test_an_issue_as_old_as_the_installation_is_looked_at():
    assert World(context(installed_at=NOW), issue(bug(problem=""))).decide()


def test_an_open_request_is_withdrawn_when_its_issue_becomes_exempt():
    here = world(bug(problem=""), "request: {exempt: {labels: pinned}}")
    here.settle()
    here.label_by_hand("pinned")
    plan = here.settle()
    assert kinds(plan) == ["remove_label", "edit_request"]
    assert "Nothing more is needed" in here.request.body
    assert not here.decide()


def test_a_locked_conversation_is_not_touched_even_to_take_a_request_back():
    here = world(bug(problem=""))
    here.settle()
    here.issue = replace(here.issue, locked=True, body=bug())
    assert not here.decide()


def test_the_deadline_counts_from_the_day_of_the_ask():
    here = world(bug(problem=""), "request: {deadline_days: 14}")
    here.settle()
    assert "by 2030-05-24" in here.request.body
    here.wait(5)
    assert not here.decide()


def test_there_is_no_deadline_where_the_day_of_the_ask_is_not_known():
    here = world(bug(problem=""), "request: {deadline_days: 14}")
    here.settle()
    here.history = replace(here.history, request=replace(here.request, asked_at=None))
    here.settle()
    assert "2030" not in here.request.body


def test_every_action_says_why():
    here = world(bug(problem=""))
    actions = [*here.settle().actions]
    here.edit(bug())
    actions += here.settle().actions
    assert {type(action) for action in actions} == {AddLabels, PostRequest, RemoveLabel, EditRequest, Remember}
    assert all(action.because.endswith(".") for action in actions)


def test_an_issue_found_complete_is_remembered_by_its_text_alone():
    here = world(bug())
    here.settle()
    before = here.history.settled
    here.issue = replace(here.issue, title="Other", labels=(*LABELS,))
    here.settle()
    assert here.history.settled == before
    here.edit(bug(logs="x"))
    here.settle()
    assert here.history.settled != before


def test_lone_surrogates_in_a_body_do_no_harm():
    assert kinds(world(bug(problem="It stops \ud800 early.")).settle()) == ["add_labels"]


@pytest.mark.parametrize("resolved", [False, True])
def test_a_request_that_may_have_been_edited_is_written_anew(resolved: bool):
    here = world(bug(problem=""))
    here.settle()
    here.history = replace(here.history, request=replace(here.request, body="", resolved=resolved))
    (edit,) = here.decide().actions
    assert isinstance(edit, EditRequest)
    assert edit.reopened
    assert not edit.resolved
    here.edit(bug())
    edit = here.decide().actions[-2]
    assert isinstance(edit, EditRequest)
    assert edit.resolved
