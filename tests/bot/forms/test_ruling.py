"""Each rule of a policy accepts what it should and says in plain words what is lacking."""

from __future__ import annotations

from typing import Any

import pytest

from bot.forms.rules import FieldRule, Rules
from tests.bot.forms.forms import answer, boxes, check, element


def ruled(text: str, rule: FieldRule, kind: str = "textarea", **attributes: Any) -> str:
    """The reason for `invalid`, or an empty string."""
    found = answer(text, kind, rules={"*": {"field": rule}}, **attributes)
    assert found.status == ("invalid" if found.reason else "answered")
    return found.reason


TRACE = 'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: no'
CODE = "Please put the code between two lines of three backticks (```)."
STACK = "Please paste the whole stack trace, from its first line to the error message."
UNREADABLE = "The code here cannot be read as Python; was a part of it lost while pasting?"
NUMBER = "Please give a version number, such as `1.2.3`."
LINK = "Please add a link, starting with `https://`."
BLOCK = "See:\n```\nx\n```"


@pytest.mark.parametrize(
    ("rule", "good", "bad", "reason"),
    [
        (FieldRule(min_length=5), "12345", "1234", "Please write a little more here, at least 5 characters."),
        (FieldRule(pattern=r"^v\d+"), "v12", "12", "This does not have the form that is needed here (`^v\\d+`)."),
        (FieldRule(one_of=("Yes", "No")), " yes ", "maybe", "Please answer with one of: Yes, No."),
        (FieldRule(url=True), "see https://example.com/a", "example", LINK),
        (FieldRule(url=True), "http://localhost:80", "http:// x.y", LINK),
        (FieldRule(version=True), "autolog 1.4", "the latest", NUMBER),
        (FieldRule(version=True), "v18.3.0-next-3ba7add60-20221201", "vx.y", NUMBER),
        (FieldRule(version=True), "macOS 14", "x64", NUMBER),
        (FieldRule(version=True), "2.0.0rc1+cu118", "1z!!", NUMBER),
        (FieldRule(code_block=True), BLOCK, "x = 1", CODE),
        (FieldRule(code_block=True), "```py\nopen", "abc\n```\n\n```", CODE),
        (FieldRule(traceback=True), TRACE, "it fails", STACK),
        (FieldRule(traceback=True), "java.lang.Error: x\n\tat a.b(C.java:1)", "look at the code: it", STACK),
        (FieldRule(python=True), "import this", "def f(:", UNREADABLE),
        (FieldRule(python=True), "x:\n```python\nimport a\n```\n```\nls -l /\n```", "```py\nif x\n```", UNREADABLE),
        (FieldRule(python=True), "```\n    %time x\n    !ls\n    y = '\\d'\n```", "```\n- a b\n```", UNREADABLE),
        (FieldRule(python=True), "```ipython\n%time x\n```", "```ipython\nif x\n```", UNREADABLE),
        (FieldRule(python=True), ">>> def f():\n...     return 1\n>>> f()\n1", ">>> f(\n1", UNREADABLE),
        (FieldRule(python=True), "x = 1", "```python\n```\nabc def", UNREADABLE),
    ],
)
def test_each_rule(rule: FieldRule, good: str, bad: str, reason: str):
    assert ruled(good, rule) == ""
    assert ruled(bad, rule) == reason


def test_code_too_long_or_too_deep_to_parse_is_let_through():
    assert ruled("x = (" * 20_000, FieldRule(python=True)) == ""
    assert ruled("x = " + "-" * 5000 + "1", FieldRule(python=True)) == ""


def test_all_rules_must_hold_and_the_first_that_fails_speaks():
    rule = FieldRule(min_length=3, url=True)
    assert ruled("ab", rule).startswith("Please write")
    assert ruled("abc", rule).startswith("Please add a link")


def test_a_rule_may_have_words_of_its_own():
    assert ruled("short", FieldRule(min_length=9, message="Tell us more.")) == "Tell us more."
    found = answer("N/A", "input", rules={"*": {"field": FieldRule(allow_na=False, message="We need it.")}})
    assert (found.status, found.reason) == ("placeholder", "We need it.")


def test_a_rendered_field_is_a_code_block_already():
    assert ruled("```py\nx = 1\n```", FieldRule(code_block=True, python=True), render="py") == ""


def test_choices_are_tested_one_by_one():
    rule = FieldRule(one_of=("a", "b"))
    assert ruled("a, b", rule, "dropdown", multiple=True, options=["a", "b", "c"]) == ""
    assert ruled("a, c", rule, "dropdown", multiple=True, options=["a", "b", "c"]) != ""
    assert ruled("c", rule, "dropdown", options=["a", "c"]) != ""
    rules: Rules = {"*": {"terms": rule}}
    assert check("### Terms\n\n- [X] a\n- [X] c", boxes("Terms", "a", "c"), rules=rules).findings[0].status == "invalid"
    assert check("### Terms\n\n- [X] a\n- [ ] c", boxes("Terms", "a", "c"), rules=rules).complete


def test_half_a_character_is_searched_too():
    assert ruled("a\ud800b", FieldRule(pattern="b$")) == ""


def test_pathological_patterns_and_values_cost_linear_time():
    assert ruled("a" * 50_000 + "!", FieldRule(pattern=r"(a+)+$")) != ""


def test_a_rule_can_make_a_field_required_or_free():
    element_free, element_asked = element("input", "Field"), element("input", "Field", required=True)
    empty = "### Field\n\n_No response_"
    assert not check(empty, element_free, rules={"BUG.yml": {"FIELD": FieldRule(required=True)}}).complete
    assert check(empty, element_asked, rules={"bug.yml": {"Field": FieldRule(required=False)}}).complete
    assert check(empty, element_free, rules={"bug.yml": {"Field": FieldRule(min_length=3)}}).complete
    assert check(empty, element_free, rules={"other.yml": {"Field": FieldRule(required=True)}}).complete


def test_a_templates_own_rule_wins_over_the_one_for_all():
    rules: Rules = {"bug.yml": {"field": FieldRule(min_length=2)}, "*": {"field": FieldRule(min_length=9)}}
    assert check("### Field\n\nabc", element("input", "Field"), rules=rules).complete


def test_an_invalid_answer_is_a_finding_also_in_an_optional_field():
    found = check("### Field\n\nabc", element("input", "Field"), rules={"*": {"field": FieldRule(min_length=9)}})
    assert [(finding.field.id, finding.status) for finding in found.findings] == [("field", "invalid")]
