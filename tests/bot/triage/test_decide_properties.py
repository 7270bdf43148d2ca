"""Whatever people do to an issue, and in whatever order, the bot's few promises hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.triage.issue import Actor
from bot.triage.plan import AddLabels, EditRequest, Plan, PostRequest
from bot.triage.release import Release
from tests.bot.triage.world import AUTHOR, LABELS, MAINTAINER, NOW, STRANGER, World, bug, context, docs, issue

POLICY = """
labels:
  answers:
    "*":
      component: {store: Area/Store, web: area/web}
  templates:
    docs.yml: good first issue
request:
  deadline_days: 14
  exempt: {labels: [pinned]}
fields:
  docs.yml: {change: {min_length: 5}}
"""
PRINTOUTS = """
printouts:
  widget doctor:
    fields: {"*": {problem: story, page: [os, url]}}
    labels: {store: {http: Area/Store, sqlite: area/web}}
    versions: {widget: {label: good first issue}, python: {label: docs, older_than: "3"}}
"""
RELEASES = (Release("v1.0", NOW - timedelta(days=9)), Release("v2.0", NOW))
POLICIES = (
    "",
    POLICY,
    PRINTOUTS,
    "labels: {needs_info: null, create: {}}",
    "request: {free_form: false, exempt: {maintainers: true}}",
)
PEOPLE = st.sampled_from([AUTHOR, MAINTAINER, STRANGER, Actor("other[bot]", is_bot=True)])
GIVEN = st.sampled_from(["", "...", "It stops after a minute."])
PRINTED = st.sampled_from(
    [
        "widget doctor 1\nwidget: 1.0\nstore: http\nstory: It stops.",
        "> widget doctor 1\n> widget: 2.0\n> python: 2.7\n> store: sqlite 3",
        '{"widget doctor": 1, "widget": "unknown", "store": "http", "url": "/a"}',
        "",
    ]
)
BODIES = st.one_of(
    st.builds(bug, policy=st.booleans(), component=st.sampled_from(["", "store", "web"]), problem=GIVEN),
    st.builds(docs, page=GIVEN, change=GIVEN),
    st.sampled_from(["", "hello", "### Something else\n\nentirely"]),
    st.builds(bug, problem=PRINTED, logs=PRINTED),
)
REPLIES = st.sampled_from(
    [
        "thanks!",
        "### Component\n\nweb",
        "### What is the problem?\n\nIt stops after a minute.",
        bug(),
        "**Which page?** /a",
    ]
)
COMMANDS = st.sampled_from(
    [
        ("label", "bug"),
        ("label", "area/store", "docs"),
        ("label", "no such"),
        ("unlabel", "bug"),
        ("unlabel", "needs-info"),
        ("needs-info",),
        ("needs-info", "logs"),
        ("triage",),
        ("skip-triage",),
        ("close",),
        ("reopen",),
        ("dance",),
    ]
)
NAMES = st.sampled_from(LABELS)
Step = Callable[[World], None]
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(lambda body: lambda world: world.edit(body), BODIES),
    st.builds(lambda who, text: lambda world: _say(world, who, text), PEOPLE, REPLIES),
    st.builds(lambda who, text: lambda world: _say(world, who, text), PEOPLE, PRINTED),
    st.builds(lambda who, words: lambda world: _command(world, who, words), PEOPLE, COMMANDS),
    st.builds(lambda label: lambda world: world.label_by_hand(label), NAMES),
    st.builds(lambda label: lambda world: world.unlabel_by_hand(label), NAMES),
    st.builds(lambda state: lambda world: _set_state(world, state), st.sampled_from(["open", "closed"])),
    st.builds(lambda policy: lambda world: _new_policy(world, policy), st.sampled_from(POLICIES)),
    st.builds(lambda days: lambda world: world.wait(days), st.integers(1, 40)),
)


def _say(world: World, who: Actor, text: str) -> None:
    world.comment(who, text)


def _command(world: World, who: Actor, words: tuple[str, ...]) -> None:
    world.command(who, *words)


def _set_state(world: World, state: Literal["open", "closed"]) -> None:
    world.issue = replace(world.issue, state=state)


def _new_policy(world: World, policy: str) -> None:
    world.context = context(policy, releases=world.context.releases)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    labels = tuple(draw(st.lists(NAMES, unique_by=str.lower, max_size=3)))
    filed = issue(draw(BODIES), labels=labels, author=draw(PEOPLE))
    return World(
        context(
            draw(st.sampled_from(POLICIES)),
            installed_at=draw(st.sampled_from([None, NOW, NOW.replace(year=2031)])),
            releases=draw(st.sampled_from([None, (), RELEASES])),
        ),
        filed,
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.lists(st.tuples(STEPS, st.booleans()), max_size=12))
def test_the_promises_hold_whatever_people_do(world: World, steps: list[tuple[Step, bool]]):
    _look(world)
    for step, looked_at in steps:
        step(world)
        # Deliveries come late, doubled, or several at once.
        if looked_at:
            _look(world)
    _look(world)


def _look(world: World) -> None:
    before = world.issue
    by_people = world.history.labels_by_people
    removed = world.history.labels_removed_by_people
    commanded = {command.name for command in world.history.commands if not command.actor.is_bot}
    plan = world.settle()
    again = world.decide()
    assert not again, again
    present = {label.lower() for label in world.issue.labels}
    assert world.posted <= 1
    assert len([action for action in plan.actions if isinstance(action, AddLabels) and not action.for_person]) <= 1
    if "unlabel" not in commanded:
        assert by_people & {label.lower() for label in before.labels} <= present
    if not commanded & {"label", "needs-info"}:
        assert not removed & present
    if before.state == "closed" and "reopen" not in commanded:
        _is_left_in_peace(plan)
    _asks_only_for_what_is_not_there(world)


def _is_left_in_peace(plan: Plan) -> None:
    for action in plan.actions:
        assert not isinstance(action, PostRequest)
        assert not (isinstance(action, EditRequest) and not action.resolved)
        assert not (isinstance(action, AddLabels) and not action.for_person)


def _asks_only_for_what_is_not_there(world: World) -> None:
    request = world.history.request
    if request is None or request.resolved or world.issue.state == "closed" or world.issue.locked:
        return
    given = "\n".join((world.issue.body, *(each.body for each in world.issue.comments if not each.author.is_bot)))
    if "### Component\n\nweb" in world.issue.body or "### Component\n\nstore" in world.issue.body:
        assert "**Component**" not in request.body
    if "What is the problem?" in world.issue.body and "What is the problem?\n\nIt stops" in given:
        assert "**What is the problem?**" not in request.body
