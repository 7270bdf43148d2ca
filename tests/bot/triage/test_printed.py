"""Labels that follow from what a program printed: by its values, and by how old the version is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.triage.issue import Actor
from bot.triage.plan import AddLabels, CreateLabel, Remember, RemoveLabel
from bot.triage.printed import asks_for_releases
from bot.triage.release import Release
from tests.bot.triage.world import AUTHOR, MAINTAINER, NOW, STRANGER, World, bug, context, issue, kinds

POLICY = """
labels:
  needs_triage: null
  create: {old-version: {color: "ededed"}, backend/jax: {}, backend/torch: {}}
printouts:
  widget doctor:
    fields:
      bug report.yml: {problem: story, logs: [os, python]}
    labels:
      backend: {jax: [backend/jax, area/web], Torch: backend/torch, not installed: docs}
      store: {http: area/store}
    versions:
      Widget: {label: old-version}
      python: {older_than: "3.10", label: docs}
"""
RELEASES = (
    Release("v0.3.0", NOW + timedelta(days=3)),
    Release("v0.3.0rc1", NOW - timedelta(days=1), is_prerelease=True),
    Release("v0.2.0", NOW - timedelta(days=5)),
    Release("v0.1.0", NOW - timedelta(days=50)),
)


def printed(**values: str) -> str:
    return "\n".join(["widget doctor 1", *(f"{key}: {value}" for key, value in values.items())])


def world(body: str, policy: str = POLICY, releases: tuple[Release, ...] | None = RELEASES, **changes: Any) -> World:
    made = context(policy, releases=releases)
    return World(
        replace(made, known_labels={**(made.known_labels or {}), "old-version": "old-version"}), issue(body, **changes)
    )


def labels(body: str, **more: Any) -> set[str]:
    here = world(body, **more)
    here.settle()
    assert all(isinstance(action, Remember) for action in here.decide().actions), "a second look changes nothing"
    return set(here.issue.labels) - {"bug", "needs-info"}


def test_what_was_printed_is_not_asked_for():
    here = world(bug(problem="", logs=printed(story="It stops.")))
    plan = here.settle()
    assert kinds(plan) == ["add_labels"]
    assert plan.verdict == "Complete for bug report.yml."


def test_a_comment_that_holds_it_answers_what_was_asked():
    here = world(bug(problem=""))
    assert "post_request" in kinds(here.settle())
    here.comment(AUTHOR, f"> Which one?\n\n```\n{printed(story='It stops.', backend='jax')}\n```")
    assert kinds(here.settle()) == ["create_label", "add_labels", "remove_label", "edit_request"]
    assert set(here.issue.labels) == {"bug", "backend/jax", "area/web"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"backend": "jax"}, {"backend/jax", "area/web"}),
        ({"backend": "JAX 0.10.2"}, {"backend/jax", "area/web"}),
        ({"backend": "torch, 2.9", "store": "http"}, {"backend/torch", "Area/Store"}),
        ({"backend": "not installed"}, {"docs"}),
        ({"backend": "jaxlib 1"}, set()),
        ({"backend": "unknown"}, set()),
        ({"os": "jax"}, set()),
    ],
)
def test_values_yield_labels(values: dict[str, str], expected: set[str]):
    assert labels(bug(logs=printed(**values))) == expected
    assert labels(printed(**values)) == expected, "of an issue from no template, too"


@pytest.mark.parametrize(
    ("value", "is_old"),
    [
        ("0.1.0", True),
        ("v0.1.0", True),
        ("0.2.0rc1", True),
        ("0.2.0.dev3+g12ab", True),
        ("release 0.1.0 (editable)", True),
        ("0.2.0", False),
        ("0.2", False),
        ("0.2.0+local", False),
        ("0.2.1.dev1", False),
        ("0.3.0", False),
        ("main", False),
        ("not installed", False),
        ("9" * 5000, False),
    ],
)
def test_a_version_older_than_the_latest_release_is_told_by_a_label(value: str, is_old: bool):
    assert labels(bug(logs=printed(widget=value))) == ({"old-version"} if is_old else set())


def test_the_journal_says_why():
    create, add = world(bug(logs=printed(widget="0.1.0", backend="torch"))).decide().actions[:2]
    assert isinstance(create, CreateLabel)
    assert create.name == "backend/torch"
    assert isinstance(add, AddLabels)
    assert add.labels == ("bug", "backend/torch", "old-version")
    assert add.because == (
        "Complete for bug report.yml. Printed was backend: Torch. Widget 0.1.0 is older than 0.2.0, the latest release"
        " when it was filed."
    )


def test_a_version_of_the_policy_needs_no_releases():
    body = bug(logs=printed(python="3.9.2", widget="0.1.0"))
    assert labels(body, releases=None) == {"docs"}
    add = world(body, releases=None).decide().actions[0]
    assert add.because.endswith("python 3.9.2 is older than 3.10, the oldest that is not old by the policy.")
    assert labels(bug(logs=printed(python="3.10"))) == set()


def test_without_a_release_nothing_is_old():
    body = bug(logs=printed(widget="0.1.0"))
    assert labels(body, releases=None) == set()
    assert labels(body, releases=()) == set()
    assert labels(body, releases=(replace(RELEASES[1], tag="v9"), Release("nightly", NOW))) == set()


def test_no_report_grows_old_by_waiting():
    here = world(bug(logs=printed(widget="0.2.0")))
    here.settle()
    here.wait(10)
    here.edit(bug(logs=printed(widget="0.2.0"), problem="It stops after two minutes."))
    here.issue = replace(here.issue, updated_at=here.now)
    here.settle()
    assert "old-version" not in here.issue.labels


def test_the_label_goes_when_its_author_edits_in_a_newer_version():
    here = world(bug(logs=printed(widget="0.1.0")))
    here.settle()
    assert "old-version" in here.issue.labels
    here.edit(bug(logs=f"{printed(widget='0.1.0')}\n\nAfter an upgrade:\n\n{printed(widget='0.2.0')}"))
    plan = here.settle()
    assert [(it.label, it.because) for it in plan.actions if isinstance(it, RemoveLabel)] == [
        ("old-version", "It does not apply any more. Complete for bug report.yml.")
    ]
    assert "old-version" not in here.issue.labels


@pytest.mark.parametrize("text", ["", printed(widget="unknown"), printed(os="Linux")])
def test_where_nothing_new_is_told_its_label_stays(text: str):
    here = world(bug(logs=printed(widget="0.1.0", backend="jax")))
    here.settle()
    here.edit(bug(logs=text))
    here.settle()
    assert {"old-version", "backend/jax"} <= set(here.issue.labels)


def test_where_the_releases_are_not_known_its_label_stays():
    here = world(bug(logs=printed(widget="0.1.0")))
    here.settle()
    here.context = replace(here.context, releases=None)
    assert not here.settle().actions
    here.edit(bug(logs=printed(widget="0.2.0")))
    here.settle()
    assert "old-version" in here.issue.labels


def test_another_value_takes_the_label_of_the_first_off():
    here = world(bug(logs=printed(backend="jax")))
    here.settle()
    here.edit(bug(logs=printed(backend="torch")))
    here.settle()
    assert set(here.issue.labels) == {"bug", "backend/torch"}


def test_a_person_s_word_on_the_label_holds():
    here = world(bug(logs=printed(widget="0.1.0")))
    here.settle()
    here.unlabel_by_hand("old-version")
    here.edit(bug(logs=printed(widget="0.1.0"), problem="It stops at once."))
    here.settle()
    assert "old-version" not in here.issue.labels
    other = world(bug(logs=printed(widget="0.2.0")))
    other.label_by_hand("old-version")
    other.settle()
    assert "old-version" in other.issue.labels


def test_a_label_that_is_not_there_and_not_to_be_created_is_left_out():
    assert labels(printed(backend="jax"), policy=POLICY.replace("backend/jax: {}, ", "")) == {"area/web"}


def test_whose_words_count_for_labels():
    here = world("", labels=("needs-info",))
    here.settle()
    here.comment(MAINTAINER, f"Run `widget doctor`, it prints such as this:\n\n{printed(backend='jax')}")
    here.comment(STRANGER, printed(backend="jax"))
    here.settle()
    assert not {"backend/jax", "backend/torch"} & set(here.issue.labels)
    here.comment(AUTHOR, printed(backend="jax"))
    here.comment(AUTHOR, printed(backend="torch", widget="0.1.0"))
    here.settle()
    assert {"backend/torch", "old-version"} <= set(here.issue.labels)
    assert "backend/jax" not in here.issue.labels


def test_what_the_body_prints_counts_before_what_comments_do():
    here = world(bug(problem="", logs=printed(backend="jax")))
    here.settle()
    here.comment(AUTHOR, printed(backend="torch"))
    here.settle()
    assert {"backend/jax"} <= set(here.issue.labels)


def test_it_never_closes_and_never_asks():
    plan = world(bug(logs=printed(widget="0.1.0"))).settle()
    assert kinds(plan) == ["add_labels"]


@pytest.mark.parametrize(
    ("body", "changes", "policy", "asks"),
    [
        (printed(widget="0.1.0"), {}, POLICY, True),
        (printed(widget="0.1.0"), {"state": "closed"}, POLICY, False),
        (printed(widget="unknown", python="3.9"), {}, POLICY, False),
        (printed(python="3.9"), {}, POLICY, False),
        ("0.1.0", {}, POLICY, False),
        (printed(widget="0.1.0"), {}, "", False),
        (printed(widget="0.1.0"), {}, "printouts: {widget doctor: {labels: {widget: {'0.1.0': old}}}}", False),
        (printed(widget="0.1.0"), {"author": Actor("renovate[bot]", is_bot=True)}, POLICY, True),
    ],
)
def test_releases_are_asked_for_only_where_a_decision_hangs_on_them(
    body: str, changes: dict[str, Any], policy: str, asks: bool
):
    here = world(body, policy, **changes)
    assert asks_for_releases(here.issue, here.context.policy) is asks


def test_of_several_files_and_titles_each_is_judged_by_its_own_rules():
    policy = """
labels: {create: {old-version: {}, x: {}, y: {}}}
printouts:
  widget doctor: {labels: {os: {linux: x}}}
  gadget info: {labels: {os: {linux: y}}, versions: {gadget: {label: old-version, older_than: "2"}}}
"""
    text = f"{printed(os='Linux 6')}\n\ngadget info\nos: BSD\ngadget: 1.9"
    assert labels(text, policy=policy) == {"x", "old-version"}
