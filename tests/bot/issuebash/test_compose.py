"""Composing a report: every open issue once, in its home; the best rows kept; nothing guessed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.issuebash.compose import compose
from bot.issuebash.exempt import left_out
from bot.issuebash.report import BASH_MARKER, REPORT_MARKER, Report
from bot.issuebash.statistics import numbers
from bot.issuebash.thread import EVERYTHING, Thread
from tests.bot.issuebash.making import (
    ANN,
    BEN,
    CARL,
    MAYA,
    NOW,
    US,
    ago,
    desk,
    does,
    pull,
    says,
    thread,
)


def composed(*threads: Thread, closed: tuple[Thread, ...] = (), **more: Any) -> Report:
    sections = more.pop("sections", ())
    return compose(threads, closed, numbers((), NOW), desk(**more), sections=sections)


def homes(report: Report) -> dict[str, list[int]]:
    return {section.rule: [row.number for row in section.rows] for section in report.sections if section.rows}


def test_an_issue_is_in_one_section_and_tagged_with_the_others():
    report = composed(thread(links=(pull(will_close=True),), reactions=9, days=300))
    assert homes(report) == {"probably_fixed": [7]}
    assert report.sections[0].rows[0].tags == ("no_maintainer_reply", "popular_and_old")


def test_the_first_section_is_the_home_even_where_a_later_one_is_surer_of_it():
    report = composed(thread(links=(pull(),), days=100))
    assert homes(report) == {"probably_fixed": [7]}
    (row,) = report.sections[0].rows
    assert (row.hit.tier, row.tags) == ("C", ("no_maintainer_reply",))


def test_the_order_is_evidence_then_effort_then_reactions_then_age():
    found = [
        thread(links=(pull(title="Fix it"),), number=1, author=MAYA, days=900),
        thread(links=(pull(will_close=True),), number=2, author=MAYA, reactions=1, days=50),
        thread(links=(pull(will_close=True),), number=3, author=MAYA, reactions=4, days=40),
        thread(links=(pull(will_close=True),), number=4, author=MAYA, reactions=1, days=90),
    ]
    assert homes(composed(*found)) == {"probably_fixed": [3, 4, 2, 1]}


def test_the_best_rows_are_kept_and_the_others_counted():
    found = [thread(number=number, days=10 + number) for number in range(1, 31)]
    section = next(one for one in composed(*found, settings={"limit": 3}).sections if one.total)
    assert ([row.number for row in section.rows], section.total) == ([30, 29, 28], 30)


def test_what_the_source_does_not_tell_is_said_and_not_guessed():
    report = composed(thread(), known=EVERYTHING - {"associations", "reactions"}, releases=None, similar=None)
    said = {section.rule: section.not_known for section in report.sections}
    assert said["no_maintainer_reply"] == "The source does not tell who is a maintainer."
    assert said["outdated"] == "The source does not tell releases."
    assert said["easy_to_answer"] == "The source does not tell who is a maintainer or what else was asked."
    assert said["needs_decision"] == ""
    assert homes(report) == {}
    assert report.in_no_section == 1


def test_reactions_that_are_not_known_are_not_shown_as_none():
    report = composed(thread(labels=("rfc",)), known=EVERYTHING - {"reactions"})
    assert [row.reactions for section in report.sections for row in section.rows] == [None]


def test_sections_can_be_chosen_and_switched_off():
    found = thread(labels=("rfc",))
    assert homes(composed(found, sections=("needs_decision",))) == {"needs_decision": [7]}
    off = {"sections": {"no_maintainer_reply": {"enabled": False}}}
    report = composed(found, settings=off)
    assert homes(report) == {"needs_decision": [7]}
    assert "no_maintainer_reply" not in {section.rule for section in report.sections}


def test_closed_issues_are_asked_about_voices_alone():
    spoken = thread(says(BEN, "Hm.", 9), says(CARL, "Hm.", 8), state="closed", closed_at=ago(30), reactions=99)
    locked = thread(says(BEN, "Hm.", 9), says(CARL, "Hm.", 8), state="closed", closed_at=ago(30), locked=True)
    report = composed(closed=(spoken, locked))
    assert homes(report) == {"voices_after_close": [7]}
    assert report.open_issues == 0


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"pinned": True}, "pinned"),
        ({"locked": True}, "locked"),
        ({"labels": ("Lifecycle/Frozen",)}, "exempt by a label"),
        ({"milestone": "3.0"}, "in a milestone"),
        ({"labels": ("security",)}, "exempt by a label"),
        ({"title": "Path traversal in load()"}, "about security"),
        ({"title": "CVE-2026-12345 in a dependency"}, "about security"),
        ({"labels": ("type: security",)}, "about security"),
        ({"open_sub_issues": 2}, "has open sub-issues"),
    ],
)
def test_who_stays_out_and_why(more: dict[str, Any], reason: str):
    report = composed(thread(**more))
    assert report.left_out == {reason: 1}
    assert homes(report) == {}


@pytest.mark.parametrize(
    "body", [REPORT_MARKER, f"{BASH_MARKER}\nHello", "<!-- community-triage-bot:bash issue 1-2 -->"]
)
def test_what_the_bot_posted_does_not_count_at_all(body: str):
    report = composed(thread(author=US, body=body), thread(number=8))
    assert (report.open_issues, dict(report.left_out)) == (1, {})


def test_a_persons_marker_and_a_words_likeness_keep_nobody_out():
    assert composed(thread(author=ANN, body=REPORT_MARKER)).open_issues == 1
    assert left_out(thread(title="Insecure wording of the docs"), ()) == ""
    assert left_out(thread(labels=("security",)), ()) == "about security"


@pytest.mark.parametrize(
    "title",
    [
        "RCE via pickle",
        "Auth bypass with an empty password",
        "No CSRF token is checked",
        "SSRF in the image proxy",
        "XXE when parsing a feed",
        "API key leaked into the build log",
        "ReDoS in the title pattern",
        "Denial of service by a long header",
        "Security: token in logs",
        "Command injection in hooks",
        "SQL-injection in search",
        "heap buffer overflow in decode",
        "Use after free in close()",
        "Out-of-bounds write in resize",
        "Sandbox escape through templates",
        "Prototype pollution in merge()",
        "Unsafe deserialization of caches",
        "Directory traversal in unzip",
        "Passwords are exposed in tracebacks",
        "Do not leak the access token",
    ],
)
def test_what_may_be_a_hole_is_not_listed_for_everybody(title: str):
    assert left_out(thread(title=title), ()) == "about security"


@pytest.mark.parametrize(
    "title",
    [
        "Token cache leaks memory",
        "Tokenizer leaks file handles",
        "Dependency injection for handlers",
        "DOS line endings are not kept",
        "Stack overflow for deep recursion",
        "Integer overflow in the progress bar",
        "Reset the password field after login",
        "Out of bounds index",
        "Author names are bypassed",
    ],
)
def test_titles_that_only_sound_like_a_hole_stay_in(title: str):
    assert left_out(thread(title=title), ()) == ""


def test_a_closed_issue_that_was_planned_can_have_been_closed_too_soon():
    more: dict[str, Any] = {"state": "closed", "closed_at": ago(30)}
    voices = says(BEN, "Still crashes.", 9), says(CARL, "Me too.", 8)
    planned = thread(*voices, milestone="3.0", open_sub_issues=1, **more)
    assert homes(composed(closed=(planned,))) == {"voices_after_close": [7]}
    assert homes(composed(closed=(thread(*voices, labels=("security",), **more),))) == {}


def test_where_only_some_sections_are_asked_for_nobody_knows_what_is_in_none():
    report = composed(thread(), thread(number=8, pinned=True), sections=("needs_decision",))
    assert (report.in_no_section, dict(report.left_out)) == (None, {"pinned": 1})
    assert composed(thread(author=MAYA)).in_no_section == 1


people = st.sampled_from([ANN, BEN, MAYA, US])
texts = st.sampled_from(
    ["Could you share it?", "Here.", "Works now.", "Still happens.", "Duplicate of #3", "Thanks!", "I'll fix it.", ""]
)


@st.composite
def any_thread(draw: st.DrawFn) -> Thread:
    comments = [says(draw(people), draw(texts), draw(st.integers(0, 90))) for _ in range(draw(st.integers(0, 4)))]
    kinds = st.sampled_from(["closed", "reopened", "labeled", "duplicate", "undone_duplicate"])
    events = [does(draw(kinds), draw(people), draw(st.integers(0, 90)), "x") for _ in range(draw(st.integers(0, 3)))]
    return thread(
        *comments,
        days=draw(st.integers(0, 400)),
        title=draw(st.sampled_from(["How to save?", "Saving crashes", "XSS in the docs"])),
        author=draw(people),
        locked=draw(st.booleans()),
        reactions=draw(st.integers(0, 20)),
        links=tuple(pull(will_close=draw(st.booleans())) for _ in range(draw(st.integers(0, 2)))),
        events=tuple(sorted(events, key=lambda one: one.at)),
        assignees=draw(st.sampled_from([(), ("maya",)])),
    )


@given(st.lists(any_thread(), max_size=8), st.integers(1, 3))
def test_every_open_issue_is_counted_once(found: list[Thread], limit: int):
    report = composed(*found, settings={"limit": limit})
    shelved = sum(section.total for section in report.sections)
    assert report.in_no_section is not None
    assert shelved + report.in_no_section + sum(report.left_out.values()) == report.open_issues == len(found)
    assert all(len(section.rows) == min(section.total, limit) for section in report.sections)


@given(any_thread())
def test_silence_of_maintainers_is_never_the_authors_staleness(found: Thread):
    """Where the author's word is the last one, the issue waits on nobody but us."""
    found = thread(*found.issue.comments, says(ANN, "Here it is.", -1), author=ANN)
    assert "waiting_on_author" not in homes(composed(found))


def test_what_is_not_known_of_one_issue_is_guessed_at_for_none():
    told = thread(labels=("rfc",))
    assert homes(composed(told)) == {"no_maintainer_reply": [7]}
    assert homes(composed(replace(told, known=EVERYTHING - {"comments"}))) == {"needs_decision": [7]}
