"""What a configuration of the well-known tools for stale issues comes to as a policy."""

from __future__ import annotations

import json
from datetime import date
from textwrap import indent
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.render import Renderer
from bot.triage.policy import load_policy
from bot.triage.stale_import import Imported, convert
from bot.triage.wording import NoticeName

WORKFLOW = """\
name: Stale
on: {schedule: [{cron: "0 1 * * *"}]}
jobs:
  stale:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/stale@v9
        with:
"""


def step(inputs: str) -> Imported:
    made = convert((WORKFLOW + indent(inputs, " " * 10)).encode(), "stale.yml")
    load_policy(yaml.safe_dump(made.policy).encode())
    return made


def said(made: Imported) -> list[str]:
    return [f"{problem.line}: {problem.message}" for problem in made.problems]


def test_a_step_without_inputs_has_the_actions_own_days():
    assert step("{}").policy == {"stale": {"days_until_stale": 60, "days_until_close": 7}}
    bare = WORKFLOW.replace("        with:\n", "")
    assert convert(bare.encode(), "x").policy == {"stale": {"days_until_stale": 60, "days_until_close": 7}}


def test_a_whole_step_is_carried_over():
    made = step(
        """\
repo-token: ${{ secrets.GITHUB_TOKEN }}
days-before-stale: '90'
days-before-issue-close: -1
stale-issue-label: stale-issue
exempt-issue-labels: 'bug, help wanted'
exempt-all-milestones: "true"
exempt-assignees: ann,mia
any-of-labels: question
start-date: '2029-04-18T00:00:00Z'
close-issue-reason: completed
stale-issue-message: |
  Anybody here?
  Really?
remove-stale-when-updated: true
include-only-assigned: false
"""
    )
    assert made.policy == {
        "stale": {
            "days_until_stale": 90,
            "days_until_close": None,
            "label": "stale-issue",
            "exempt_labels": ["bug", "help wanted"],
            "exempt_all_milestones": True,
            "exempt_assignees": ["ann", "mia"],
            "any_of_labels": ["question"],
            "start_date": "2029-04-18",
            "close_reason": "completed",
            "mark_comment": "Anybody here?\nReally?\n\n"
            "{% if day %}It stays open until the end of {{ day }}, and longer if anybody answers.{% endif %}\n",
        }
    }
    (told,) = said(made)
    assert told.startswith("20: stale-issue-message: A sentence that names the day was added")


def test_words_of_ones_own_can_be_used_as_they_are_carried_over():
    for inputs in ("stale-issue-message: Anybody?", "{stale-issue-message: Anybody?, any-of-labels: needs-info}"):
        policy = load_policy(yaml.safe_dump(step(inputs).policy).encode())
        renderer = Renderer(policy)
        assert renderer.problems == ()
        kind: NoticeName = "reminder" if policy.needs_info.reminder_comment else "stale"
        text = renderer.notice(kind, "ann", date(2030, 1, 31))
        assert text.startswith("Anybody?\n\nIt stays open until the end of 2030-01-31, and longer")
        assert renderer.notice(kind, "ann", None).strip() == "Anybody?"


def test_what_is_said_of_issues_counts_before_what_is_said_of_all():
    made = step("days-before-issue-stale: 30\ndays-before-stale: 90\ndays-before-pr-stale: 5\n")
    assert made.policy["stale"]["days_until_stale"] == 30
    assert said(made) == ["9: Pull requests are left alone: what is said of them has no place in the policy."]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("operations-per-run: 100", "10: operations-per-run: It counts calls"),
        ("remove-stale-when-updated: 'false'", "10: remove-stale-when-updated: Any word of a person"),
        ("labels-to-add-when-unstale: back", "10: labels-to-add-when-unstale: It has no place in the policy."),
        ("days-before-stale: ${{ vars.DAYS }}", "10: days-before-stale: An expression is worked out by GitHub"),
        ("stale-issue-message: Hello {{ you }}", "10: stale-issue-message: Braces have a meaning"),
        ("days-before-stale: soon", "10: days-before-stale: `soon` cannot be carried over: see `days_until_stale`"),
        ("days-before-stale: 0", "10: days-before-stale: `0` cannot be carried over"),
        ("exempt-draft-pr: true", "9: Pull requests are left alone"),
        ("ignore-updates: [true]", "10: ignore-updates: Any word of a person counts"),
    ],
)
def test_what_cannot_be_carried_over_is_told_with_its_line(inputs: str, message: str):
    made = step(inputs)
    assert made.policy == {"stale": {"days_until_stale": 60, "days_until_close": 7}}
    (told,) = said(made)
    assert told.startswith(message)


SECOND = """\
      - uses: actions/stale@v9
        with:
"""


def test_a_second_step_for_one_label_becomes_that_labels_own_days():
    more = "          only-labels: minor\n          days-before-stale: 14\n          days-before-close: -1\n"
    made = convert((WORKFLOW + "          days-before-stale: 90\n" + SECOND + more).encode(), "x")
    assert made.policy["stale"]["labels"] == {"minor": {"days_until_stale": 14, "days_until_close": None}}
    (told,) = said(made)
    assert told == "12: It became `stale: labels: minor`, which takes its days alone."
    exempt = convert((WORKFLOW + "          {}\n" + SECOND + more + "          exempt-labels: a\n").encode(), "x")
    assert "Left out: `exempt_labels`." in said(exempt)[0]
    worded = convert((WORKFLOW + "          {}\n" + SECOND + more + "          stale-issue-message: a\n").encode(), "x")
    assert len(said(worded)) == 1, "nothing more of a message that is left out"


def test_any_other_second_step_is_left_out():
    made = convert((WORKFLOW + "          {}\n" + SECOND + "          {}\n").encode(), "x")
    assert "labels" not in made.policy["stale"]
    assert said(made) == ["12: There is one section `stale` only: this step is left out."]


def test_a_stale_yml_is_carried_over():
    made = convert(
        b"""\
daysUntilStale: 180
daysUntilClose: false
exemptLabels: [pinned, roadmap]
exemptMilestones: true
markComment: false
unmarkComment: Thanks!
limitPerRun: 10
issues: {daysUntilStale: 200}
pulls: {daysUntilStale: 30}
""",
        ".github/stale.yml",
    )
    assert made.policy == {
        "stale": {
            "days_until_stale": 200,
            "days_until_close": None,
            "label": "wontfix",
            "exempt_labels": ["pinned", "roadmap"],
            "exempt_all_milestones": True,
            "limit_per_run": 10,
        }
    }
    assert said(made) == [
        "5: markComment: Something is always said: the built-in words, unless the policy has others.",
        "6: unmarkComment: Nothing new is said then: the warning itself is edited and folded away.",
        "1: Pull requests are left alone: what is said of them has no place in the policy.",
    ]


def test_a_stale_yml_may_speak_of_issues_alone():
    made = convert(b"pulls: {daysUntilStale: 3}\nissues: {daysUntilStale: 200, staleLabel: old}\n", "x")
    assert made.policy == {"stale": {"days_until_stale": 200, "days_until_close": 7, "label": "old"}}


def test_a_stale_yml_about_pull_requests_alone_comes_to_nothing():
    made = convert(b"daysUntilStale: 30\nonly: pulls\n", "x")
    assert (made.policy, said(made)) == (
        {},
        ["2: only: It is about pull requests alone; the bot leaves them alone."],
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "other: 1",
        "a: [",
        "jobs: 3",
        "jobs: {a: 3}",
        "jobs: {a: {steps: [3]}}",
        "jobs: {a: {steps: [{uses: x}]}}",
    ],
)
def test_other_files_come_to_nothing(text: str):
    assert convert(text.encode(), "x").policy == {}


@given(
    st.dictionaries(
        st.sampled_from(["days-before-stale", "exempt-labels", "start-date", "close-issue-reason", "a"]),
        st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.integers(), max_size=2),
    )
)
def test_whatever_the_inputs_are_a_policy_comes_of_them(inputs: dict[str, Any]):
    content = {"jobs": {"a": {"steps": [{"uses": "actions/stale@v9", "with": inputs}]}}}
    made = convert(yaml.safe_dump(content, allow_unicode=True).encode(errors="surrogatepass"), "x")
    load_policy(yaml.safe_dump(made.policy).encode())


def steps(*inputs: str) -> Imported:
    listed = "".join(f"      - uses: actions/stale@v9\n        with: {{{each}}}\n" for each in inputs)
    made = convert(f"jobs:\n  a:\n    steps:\n{listed}".encode(), "x")
    load_policy(json.dumps(made.policy).encode())
    return made


ASKED = (
    "days-before-stale: -1, days-before-close: 15, stale-issue-label: {0}, any-of-labels: {0}, exempt-issue-labels: x"
)


def test_a_step_that_closes_what_waits_for_an_answer_becomes_needs_info():
    made = steps(ASKED.format("needs-info"), "days-before-stale: 60")
    assert made.policy == {
        "needs_info": {"exempt_labels": ["x"], "days_until_reminder": 7, "days_until_close": 8},
        "stale": {"days_until_stale": 60, "days_until_close": 7},
    }
    assert any("It became `needs_info`" in problem.message for problem in made.problems)
    made = steps("days-before-stale: 60", ASKED.format("waiting for author"))
    assert made.policy["labels"] == {"needs_info": "waiting for author"}
    assert made.policy["stale"]["days_until_stale"] == 60


@pytest.mark.parametrize("label", ["needs-info", "waiting-for-author", "no-response", "status: awaiting response"])
def test_a_step_for_what_waits_for_the_author_becomes_needs_info(label: str):
    made = steps(f"'only-labels': '{label}', days-before-stale: 14, days-before-close: 7, close-issue-message: Bye")
    given = made.policy["needs_info"]
    assert (given["days_until_reminder"], given["days_until_close"], given["close_comment"]) == (14, 7, "Bye")
    assert made.policy.get("labels", {"needs_info": "needs-info"}) == {"needs_info": label}
    assert "stale" not in made.policy
    twice = steps(*[f"'only-labels': '{label}', days-before-stale: 14"] * 2)
    assert twice.policy["stale"]["only_labels"] == [label], "there is one of it only"


def test_a_step_that_closes_what_people_mark_is_left_out():
    made = steps("days-before-stale: -1, days-before-close: 7", ASKED.format("a"), ASKED.format("b"))
    assert made.policy["labels"] == {"needs_info": "a"}
    assert "stale" not in made.policy
    assert sum("A label alone closes nothing here" in problem.message for problem in made.problems) == 2


def test_a_step_that_does_nothing_gives_way_to_one_that_does():
    made = steps("days-before-stale: -1, days-before-close: -1", "days-before-stale: 60")
    assert made.policy["stale"]["days_until_stale"] == 60


def test_closing_at_once_becomes_a_day():
    made = steps("days-before-stale: 60, days-before-close: 0")
    assert made.policy["stale"]["days_until_close"] == 1
    assert any("Here it is a day at least" in problem.message for problem in made.problems)
