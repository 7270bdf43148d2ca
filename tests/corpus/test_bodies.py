"""Real bodies: the template is recognised, no field is lost, nobody is asked for what is there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.forms.template import Check, Submission
from tests.corpus.corpus import FOLDER, checker, lines

BODIES = lines("bodies.jsonl") if FOLDER else []
CERTAIN = [
    item for item in BODIES if item["template_certainty"] == "high" and (item["template"] or "").endswith(".yml")
]
MARKDOWN = [item for item in BODIES if (item["template"] or "").endswith(".md")]
LABELLED = [item for item in BODIES if item["label"]]


def checked(item: dict[str, Any]) -> Check:
    return checker(item["repo"]).check(Submission(item["title"] or "", item["body"] or ""))


def recognised(item: dict[str, Any]) -> str | None:
    template = checked(item).match.template
    return template.file if template else None


def test_the_template_of_certain_bodies_is_recognised():
    assert len(CERTAIN) == 247
    assert [
        (item["id"], item["template"], recognised(item)) for item in CERTAIN if recognised(item) != item["template"]
    ] == []


def simple_reading(body: str, labels: list[str]) -> dict[str, str]:
    """What stands under each label, read in the plainest way; nothing unless each stands there exactly once."""
    pattern = "|".join(map(re.escape, labels))
    parts = re.split(rf"(?m)^### ({pattern})[ \t]*$", body.replace("\r\n", "\n"))
    plain = dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))
    return plain if sorted(parts[1::2]) == sorted(labels) else {}


def test_no_field_of_certain_bodies_is_lost():
    read = plainly = 0
    for item in CERTAIN:
        result = checked(item)
        plain = simple_reading(item["body"], [answer.field.label for answer in result.answers])
        plainly += bool(plain)
        for answer in result.answers if plain else ():
            text, field = plain[answer.field.label], answer.field
            read += 1
            if field.type == "checkboxes":
                assert answer.value == tuple(re.findall(r"(?m)^- \[[xX]\] (.*)$", text)), item["id"]
            elif text in {"", "_No response_"} or (text == "None" and field.type == "dropdown"):
                assert answer.value is None, (item["id"], field.label)
            else:
                fenced = re.fullmatch(rf"```{field.render}\n(.*)\n```", text, re.DOTALL) if field.render else None
                assert answer.value == ((fenced[1] if fenced else text).strip("\n") or None), (item["id"], field.label)
    assert (plainly, read) >= (210, 1000)


def test_only_sections_that_are_not_in_the_body_are_absent():
    for item in CERTAIN:
        for answer in checked(item).answers:
            if answer.reason == "This section is not in the issue.":
                assert f"### {answer.field.label}" not in item["body"], (item["id"], answer.field.label)


@pytest.mark.parametrize("item", LABELLED, ids=[item["id"] for item in LABELLED])
def test_labelled_bodies_are_asked_for_what_is_missing_and_nothing_else(item: dict[str, Any]):
    expected = {entry.split(" :: ")[0] for entry in item["label"]["missing_required"]}
    # One label of medium certainty calls a lone "3" a placeholder; a number is an answer here, as the kinder reading.
    expected |= {label for label in item["label"]["placeholder_or_unchanged"] if item["label"]["certainty"] == "high"}
    result = checked(item)
    assert {finding.field.label for finding in result.findings} == expected
    if item["label"]["kind"] == "none":
        assert result.match.template is None


def test_bodies_of_the_markdown_template_are_recognised():
    assert len(MARKDOWN) == 32
    assert [item["id"] for item in MARKDOWN if recognised(item) != "bug_report.md"] == []


def test_bodies_of_no_template_are_left_alone():
    """Read one by one: these few of the unassigned do carry a template's sections, the other 72 do not."""
    by_hand = {
        "b0020": "devtools_bug_report.yml",  # an earlier wording of one label
        "b0534": "bug_report.yml",  # its last section cut off
        "b0558": "bug_report.yml",  # two of four sections, boxes ticked
        "b0610": "ISSUE_TEMPLATE.md",
        "b0614": "ISSUE_TEMPLATE.md",
        "b0619": "ISSUE_TEMPLATE.md",
        "b0623": "ISSUE_TEMPLATE.md",
        "b0629": "ISSUE_TEMPLATE.md",
        "b0631": "ISSUE_TEMPLATE.md",
        "b1437": "bug_report.md",
        "b1447": "devtools_bug_report.yml",
        "b1490": "bug_report.md",
    }
    unassigned = [item for item in BODIES if item["template"] is None]
    assert len(unassigned) == 84
    assert {item["id"]: recognised(item) for item in unassigned if recognised(item)} == by_hand


def test_pull_requests_are_from_no_issue_template():
    others = [item for item in BODIES if (item["template"] or "").startswith("PULL_REQUEST_TEMPLATE")]
    assert len(others) == 10
    assert [recognised(item) for item in others] == [None] * 10
