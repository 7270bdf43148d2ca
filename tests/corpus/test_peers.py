"""Four other parsers' fixtures: what they read is read here too, but for the differences listed with their reasons."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from bot.forms.check import Checker
from bot.forms.load import FOLDER as TEMPLATES
from bot.forms.load import load
from bot.forms.template import Answer, Check, Submission
from tests.corpus.corpus import FOLDER, lines

PEERS = (
    "edumserrano__github-issue-forms-parser",
    "onmax__issue-form-parser",
    "stefanbuck__github-issue-parser",
    "zentered__issue-forms-body-parser",
)
CASES = [(peer.split("__")[0], case) for peer in PEERS if FOLDER for case in lines(f"peers/{peer}.jsonl")]
DIFFERENT = {
    "out-of-order headings -> error": "an author who moved a section still answered it; an error helps nobody",
    "mangled checkbox -> error": "a line that lost its box is a box that is not ticked, not the end of parsing",
    "Test3 (labels that are prefixes of one another)": "the peer only says that it reads something",
    "mismatched-parsing": "a body of another template is from none, not a bag of fields that nobody asked for",
    "Invalid body": "headings of other levels than a form's are text",
}


def checked(case: dict[str, Any]) -> Check:
    """Check with the peer's template; where it takes none, with a form of the body's own `###` headings."""
    template = case["template"]
    if template is None:
        labels = dict.fromkeys(re.findall(r"(?m)^### (.*?)\r?$", case["body"]))
        elements = [{"type": "textarea", "attributes": {"label": label}} for label in labels]
        template = yaml.safe_dump({"name": "Some form", "description": "d", "body": elements}, width=10_000)
    loaded = load({f"{TEMPLATES}/form.yml": template.encode()})
    return Checker(loaded).check(Submission("t", case["body"]))


def by_key(result: Check) -> dict[str, Answer]:
    """Answers by id, with the peers' underscores too, and by label."""
    found: dict[str, Answer] = {}
    for answer in result.answers:
        found |= dict.fromkeys((answer.field.id, answer.field.id.replace("-", "_"), answer.field.label), answer)
    return found


def shown(value: object) -> object:
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def agrees(peer: str, answer: Answer, expected: Any) -> bool:
    text = answer.value if isinstance(answer.value, str) else ""
    if peer == "zentered":
        # The peer rewrites markdown, so only the words it kept can be compared.
        words = re.findall(r"[A-Za-z]{3,}", expected.get("text") or "")
        shown_text = text if isinstance(answer.value, str) else " ".join(answer.value or ())
        return all(word in shown_text for word in words if word not in {"https", "http"})
    if isinstance(expected, dict):
        if isinstance(answer.value, str):
            return {label: mark != " " for mark, label in re.findall(r"- \[(.)\] (.*)", text)} == expected
        return {label for label, ticked in expected.items() if ticked} == set(answer.value or ())
    if isinstance(expected, list):
        return list(answer.value or ()) == expected or text.split(", ") == expected
    if isinstance(answer.value, tuple):
        return ", ".join(answer.value) == str(expected)
    return (answer.value or "") == shown(expected)


SAME = [(peer, case) for peer, case in CASES if case["case"] not in DIFFERENT]


@pytest.mark.parametrize(("peer", "case"), SAME, ids=[f"{peer}: {case['case']}" for peer, case in SAME])
def test_fixture(peer: str, case: dict[str, Any]):
    result = checked(case)
    expected = case["expected"]
    if "error" in expected and "template" in expected["error"]:
        assert result.match.template is None
        return
    found = by_key(result)
    for key, value in expected.items():
        if peer == "zentered" and value["heading"] != 3:
            continue  # headings inside a value are fields to this peer and text here
        assert agrees(peer, found[key if peer != "zentered" else value["title"]], value), key


def test_sections_an_author_moved_are_read():
    case = next(case for _, case in CASES if case["case"] == "out-of-order headings -> error")
    values = {answer.field.id: answer.value for answer in checked(case).answers}
    assert (values["nuget-id"], values["nuget-version"]) == ("dotnet-sdk-extensions", "1.0.13-alpha")


def test_a_mangled_box_is_not_ticked():
    case = next(case for _, case in CASES if case["case"] == "mangled checkbox -> error")
    assert by_key(checked(case))["operating-systems"].value == ("Windows",)


def test_labels_that_are_prefixes_of_one_another_are_told_apart():
    case = next(case for _, case in CASES if case["case"].startswith("Test3"))
    assert [answer.value for answer in checked(case).answers] == [
        "dotnet-sdk-extensions",
        "dotnet-sdk-extensions-testing",
    ]


def test_a_body_of_another_template_is_from_none():
    for name in ("mismatched-parsing", "Invalid body"):
        case = next(case for _, case in CASES if case["case"] == name)
        assert checked(case).match.template is None
