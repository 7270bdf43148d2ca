"""What stands under a heading becomes a value and a status: kind to short answers, strict with what says nothing."""

from __future__ import annotations

from typing import Any

import pytest

from bot.forms.check import Checker
from bot.forms.rules import FieldRule
from bot.forms.template import Status, Submission
from tests.bot.forms.forms import answer, boxes, check, element, template_set

PREFILL = "Please tell us in your own words:\n\n- what you did first\n- what you saw then\n- and why"


@pytest.mark.parametrize(
    "text",
    [
        "No",
        "1",
        "22",
        "3",
        "N/A",
        "none",
        "Not applicable",
        "y",
        "N",
        "C",
        "R",
        "无",
        "✅",
        "k8s",
        "1. Go",
        "nope",
        "na-1",
        "https://example.com",
        "![shot](https://example.com/a.png)",
        "<img src='x'>",
        "<!-- typed in a comment -->",
        "```\ncode\n```",
        "- [ ] a task of mine",
        "*No* idea",
        "Nothing was printed",
        "no response",
        "x = 1",
        "-v",
        "~/.config",
        "```text\nthe log that goes on for more than forty characters\n```",
        "- " + "a list entry " * 9 + "x",
        "." * 99 + " and so on",
    ],
)
@pytest.mark.parametrize("kind", ["input", "textarea", "upload"])
def test_short_answers_are_answers(text: str, kind: str):
    assert answer(text, kind)[1:4] == ("answered", text, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "_No response_",
        "_no response_",
        "*No response*",
        "\\_No response\\_",
        "<!-- -->",
        "<!---->",
        "```\n```",
        "```shell\n\n```",
        "```",
    ],
)
def test_declined_and_empty_is_missing(text: str):
    assert answer(text, "textarea")[1:4] == ("missing", None, "This field is empty.")


@pytest.mark.parametrize(
    "text",
    [
        "-",
        ".",
        "...",
        "…",
        "--",
        "?",
        "???",
        "/",
        "_",
        "a",
        "x",
        "Z",
        "1.",
        "1.\n2.\n3.",
        "- ",
        "- [ ] ",
        "TBD",
        "tba",
        "asdf",
        "XXX",
        "```\n.\n```",
        "> ",
        "。",
        "***",
        "-" * 80,
        "1.\n" * 90,
    ],
)
def test_fillers_are_placeholders(text: str):
    found = answer(text, "textarea")
    assert (found.status, found.reason) == ("placeholder", "This does not say anything yet.")
    assert found.value == text.strip()


def test_the_example_of_the_form_is_a_placeholder_but_not_the_example_with_more():
    example = "e.g. Ubuntu 22.04, kernel 6.1"
    assert answer(" E.g.  ubuntu 22.04, kernel 6.1 ", "input", placeholder=example).status == "placeholder"
    assert answer(f"{example}-arm", "input", placeholder=example).status == "answered"
    assert answer("22.04", "input", placeholder=example).status == "answered"
    assert answer("e.g. Fedora", "input", placeholder=example).status == "answered"


def test_the_example_within_a_rendered_field_is_a_placeholder():
    found = answer("```shell\npython --version\n```", "textarea", placeholder="python --version", render="shell")
    assert (found.status, found.value) == ("placeholder", "python --version")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (PREFILL, "unchanged"),
        (PREFILL.upper().replace("\n", "\r\n"), "unchanged"),
        (PREFILL.replace("\n- and why", ""), "unchanged"),
        ("- what you did first", "answered"),
        (f"{PREFILL}\n\nI called it twice.", "answered"),
        (PREFILL.replace("first", "first: I called it"), "answered"),
        ("I called it.", "answered"),
        ("Please help", "answered"),
        ("_No response_", "missing"),
    ],
)
def test_prefilled_text(text: str, status: Status):
    assert answer(text, "textarea", value=PREFILL).status == status


@pytest.mark.parametrize(
    ("text", "status"), [(PREFILL, "unchanged"), (f"{PREFILL}\n{PREFILL}\nand so on" * 3, "answered")]
)
def test_prefilled_text_under_a_rule(text: str, status: Status):
    rules = {"*": {"field": FieldRule(min_length=5)}}
    assert answer(text, "textarea", value=PREFILL, rules=rules).status == status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("<!-- What did you do? -->", "unchanged"),
        ("<!-- What did you do? -->\nI called it", "answered"),
        ("<!-- What did you do? I called it -->", "answered"),
    ],
)
def test_a_prefilled_comment(text: str, status: Status):
    assert answer(text, "textarea", value="<!-- What did you do? -->").status == status


def test_a_prefilled_comment_may_be_taken_out_without_saying_anything():
    prefill = "<!-- Name every step -->\n- the first step\n- the second step"
    assert answer("- the first step\n- the second step", "textarea", value=prefill).status == "unchanged"
    assert answer("<!-- Name every step -->", "textarea", value=prefill).status == "unchanged"


def test_a_rendered_prefill_left_as_it_was_is_unchanged():
    assert (
        answer("```toml\n[tool]\nkey = 1\n```", "textarea", value="[tool]\nkey = 1", render="toml").status
        == "unchanged"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("```shell\nls\n\nls -l\n```\n\n", "ls\n\nls -l"),
        ("````shell\n```\nls\n```\n````", "```\nls\n```"),
        ("```shell\n```\nlog\n```\n```", "```\nlog\n```"),
        ("~~~shell\nls\n~~~", "ls"),
        ("typed by hand", "typed by hand"),
        ("```shell\nls", "```shell\nls"),
        ("```shell\nls\n```\nand more", "```shell\nls\n```\nand more"),
        ("```shell\n```", None),
        ("```shell\n\n\n```", None),
    ],
)
def test_the_fence_of_a_rendered_field_is_taken_off(text: str, value: str | None):
    assert answer(text, "textarea", render="shell").value == value


@pytest.mark.parametrize(
    ("text", "status", "value"),
    [
        ("Linux", "answered", "Linux"),
        ("linux", "answered", "Linux"),
        ("BSD", "answered", "BSD"),
        ("BSD\n\nI use it daily", "answered", "BSD\n\nI use it daily"),
        ("None", "missing", None),
        ("_No response_", "missing", None),
        ("", "missing", None),
        ("...", "placeholder", "..."),
        ("N/A", "answered", "N/A"),
    ],
)
def test_a_dropdown(text: str, status: Status, value: str | None):
    assert answer(text, "dropdown", options=["Linux", "macOS"])[1:3] == (status, value)


def test_an_option_none_is_an_answer_where_the_list_has_it():
    assert answer("None", "dropdown", options=["none", "some"]).value == "none"


def test_an_option_without_words_is_a_placeholder():
    assert answer("---", "dropdown", options=["---", "some"]).status == "placeholder"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Linux", ("Linux",)),
        ("Linux, macOS", ("Linux", "macOS")),
        ("Linux, arm64, macOS", ("Linux, arm64", "macOS")),
        ("Linux, arm", ("Linux", "arm")),
        ("linux, MACOS", ("Linux", "macOS")),
        ("macos, linux, ARM64", ("macOS", "Linux, arm64")),
        ("Plan 9, macOS", ("Plan 9", "macOS")),
        ("- Linux\n- macOS", ("Linux", "macOS")),
        ("Linuxes", ("Linuxes",)),
        (",, Linux", (",", "Linux")),
    ],
)
def test_a_multiple_dropdown_is_read_against_its_options(text: str, value: tuple[str, ...]):
    found = answer(text, "dropdown", multiple=True, options=["Linux", "macOS", "Linux, arm64"])
    assert found[1:3] == ("answered", value)


def test_an_empty_multiple_dropdown_is_null():
    assert answer("_No response_", "dropdown", multiple=True, options=["a"])[1:3] == ("missing", None)


TERMS = boxes("Terms", "I agree", "I have [searched](https://example.com)", "I can help", required=["I agree"])


def ticked(text: str) -> tuple[Status, object, tuple[str, ...]]:
    found = check(f"### Terms\n\n{text}", TERMS).answers[0]
    return found.status, found.value, found.unticked


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("- [X] I agree\n- [ ] I have [searched](https://example.com)\n- [x] I can help", ("I agree", "I can help")),
        ("- [x ] I agree", ("I agree",)),
        ("- [x] I agree\n- [x] I have searched", ("I agree", "I have [searched](https://example.com)")),
        ("- [✔] I agree", ("I agree",)),
        ("* [X]I agree", ("I agree",)),
        ("1. [X] i agree!", ("I agree",)),
        ("- [X] I agree\n- [X] something new\n- [ ] else", ("I agree", "something new")),
        ("- [X] I agreed\n- [] I can help", ("I agree",)),
        ("Thanks!\n- [X] I agree\n  of course", ("I agree",)),
        ("- I agree\n- I can help\n- other\ntext", ("I agree", "I can help")),
    ],
)
def test_ticked_boxes(text: str, value: tuple[str, ...]):
    assert ticked(text) == ("answered", value, ())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("- [ ] I agree\n- [X] I can help", ("I can help",)),
        ("- [] I agree", ()),
        ("_No response_", None),
        ("", None),
        ("I agree", ()),
    ],
)
def test_a_required_box_left_open_is_named(text: str, value: object):
    assert ticked(text) == ("missing", value, ("I agree",))


def test_options_that_differ_only_in_signs_are_told_apart():
    found = check("### Languages\n\n- [x ] C++\n- [ ] C#", boxes("Languages", "C++", "C#"))
    assert found.answers[0].value == ("C++",)


def test_the_reason_names_the_boxes():
    one = check("### Terms\n\n- [ ] I agree", TERMS)
    assert one.findings[0].reason == "This box is not ticked: “I agree”."
    two = check("### Terms\n\n- [ ] a\n- [ ] b", boxes("Terms", "a", "b", required=["a", "b"]))
    assert two.findings[0].reason == "These boxes are not ticked: “a”, “b”."
    assert two.findings[0].unticked == ("a", "b")
    sentence = check("### Terms\n\n- [ ] I agree.", boxes("Terms", "I agree.", required=["I agree."]))
    assert sentence.findings[0].reason == "This box is not ticked: “I agree.”"


def test_optional_boxes_left_open_are_no_finding():
    found = check("### Terms\n\n- [ ] a", boxes("Terms", "a"))
    assert found.answers[0][1:4] == ("missing", (), "No box is ticked.")
    assert found.complete
    assert check("### Terms\n\n_No response_", boxes("Terms", "a")).answers[0][1:4] == (
        "missing",
        None,
        "This field is empty.",
    )


def test_an_option_of_several_lines_is_known_by_its_first():
    found = check(
        "### Terms\n\n- [X] I agree\n  to all", boxes("Terms", "I agree\nto all", required=["I agree\nto all"])
    )
    assert found.answers[0].value == ("I agree\nto all",)
    assert found.complete


def test_a_heading_that_is_not_there_is_missing_with_its_boxes():
    found = check("### Name\n\nme\n\n### Age\n\n22", element("input", "Name"), element("input", "Age"), TERMS)
    assert found.answers[2] == (
        found.answers[2].field,
        "missing",
        None,
        "This section is not in the issue.",
        ("I agree",),
    )
    assert [finding.field.label for finding in found.findings] == ["Terms"]


def test_not_applicable_can_be_refused_by_a_rule_but_not_where_the_field_offers_it():
    rules = {"*": {"field": FieldRule(allow_na=False)}}
    assert answer("N/A", "input", rules=rules)[1:4] == (
        "placeholder",
        "N/A",
        "This is needed here; `N/A` is not enough.",
    )
    assert answer("a real answer", "input", rules=rules).status == "answered"
    assert answer("n/a", "input", description="Or N/A.", rules=rules).status == "answered"
    assert answer("N/A", "input", placeholder="N/A").status == "answered"
    assert answer("none", "input", placeholder="none").status == "placeholder"
    assert answer("N/A", "dropdown", options=["N/A", "x"], rules=rules).status == "answered"
    assert answer("None", "dropdown", options=["x", "none of it"], rules=rules).status == "missing"


@pytest.mark.parametrize(
    "rule", [{"min_length": 5}, {"pattern": "[0-9]"}, {"one_of": ("a",)}, {"traceback": True}, {"url": True}]
)
def test_not_applicable_meets_every_rule_but_the_one_that_refuses_it(rule: dict[str, Any]):
    rules = {"*": {"field": FieldRule(**rule)}}
    assert [answer(text, "textarea", rules=rules).status for text in ("N/A", "none", "oh, x")] == [
        "answered",
        "answered",
        "answered" if "min_length" in rule else "invalid",
    ]
    assert answer("N/A", "dropdown", options=["x"], rules=rules).status == "answered"
    strict = {"*": {"field": FieldRule(**rule, allow_na=False)}}
    assert answer("N/A", "textarea", rules=strict).status == "placeholder"


def test_the_text_of_a_section_is_without_the_templates_comments():
    text = "## Steps\n\n<!-- List them -->\n\n## Logs\n\n<!-- Paste -->\n\n## Other\n\nAnything else you want to say\n"
    templates = template_set(bug_md=f"---\nname: Some name\nabout: a\n---\n{text}")
    body = text.replace("<!-- List them -->", "<!-- List them -->\nI did it\n<!-- mine -->")
    answers = Checker(templates).check(Submission("t", body)).answers
    assert [answer[1:3] for answer in answers] == [
        ("answered", "I did it\n<!-- mine -->"),
        ("missing", None),
        ("unchanged", "Anything else you want to say"),
    ]
