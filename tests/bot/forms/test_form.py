"""Forms load as GitHub reads them; every fault is reported where it stands and none stops the rest."""

from __future__ import annotations

import pytest

from bot.forms.load import load
from bot.forms.template import Field, Option, Template

PATH = ".github/ISSUE_TEMPLATE/bug.yml"
WHOLE = """---
name: Bug report
description: Something is broken
title: "[Bug]: "
labels: [bug, "needs triage"]
assignees: octocat, hubot
projects: ["octo/1"]
type: Bug
body:
  - type: markdown
    id: stray
    attributes:
      value: Thanks!
    validations:
  - type: input
    id: contact
    attributes:
      label: " Contact "
      description: How do we reach you?
      placeholder: ex. email@example.com
      value:
    validations:
      required: false
  - type: textarea
    attributes:
      label: What happened?
      value: "A bug!"
      render: shell
    validations: {required: true}
  - type: dropdown
    attributes:
      label: Version
      multiple: true
      options: [1.0, 2.0]
      default: 1
  - type: checkboxes
    id: terms
    attributes:
      label: Terms
      options:
        - label: I agree
          required: true
        - label: I can help
  - type: upload
    attributes: {label: Screenshots}
"""


def load_one(text: str) -> tuple[Template | None, list[str]]:
    loaded = load({PATH: text.encode()})
    places = [f"{p.line}:{p.column} {p.severity} {p.message}" for p in loaded.problems]
    return (loaded.templates[0] if loaded.templates else None), places


def test_a_whole_form_is_read_with_every_element():
    template, problems = load_one(WHOLE)
    assert problems == []
    assert template == Template(
        file="bug.yml",
        path=PATH,
        kind="form",
        name="Bug report",
        description="Something is broken",
        title="[Bug]:",
        labels=("bug", "needs triage"),
        assignees=("octocat", "hubot"),
        type="Bug",
        fields=(
            Field(
                "contact", "Contact", "input", description="How do we reach you?", placeholder="ex. email@example.com"
            ),
            Field("what-happened", "What happened?", "textarea", required=True, prefill="A bug!", render="shell"),
            Field("version", "Version", "dropdown", options=(Option("1.0"), Option("2.0")), multiple=True),
            Field(
                "terms", "Terms", "checkboxes", True, options=(Option("I agree", required=True), Option("I can help"))
            ),
            Field("screenshots", "Screenshots", "upload"),
        ),
    )


def one(body: str, head: str = "name: Bug report\ndescription: d\n") -> str:
    return f"{head}body:\n{body}"


INPUT = "  - {type: input, attributes: {label: Field}}\n"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "0:0", "empty"),
        ("- a\n- b\n", "1:1", "must be a mapping"),
        ("name: [unclosed\n", "2:1", "not valid YAML"),
        ("title: ä\nname: a\x07b\n", "2:8", "not valid YAML"),
        ("name: x\n  y: z\n", "2:4", "not valid YAML"),
        (one(INPUT, "description: d\n"), "1:1", "needs the key `name`"),
        (one(INPUT, "name: Bug report\n"), "1:1", "needs the key `description`"),
        ("name: Bug report\ndescription: d\n", "1:1", "needs the key `body`"),
        (one(INPUT, "name: ' '\ndescription: d\n"), "1:7", "`name` may not be blank"),
        (one(INPUT, "name:\ndescription: d\n"), "1:6", "`name` may not be empty"),
        (one(INPUT, "name: yes\ndescription: d\n"), "1:7", "boolean"),
        (one(INPUT, "name: [a]\ndescription: d\n"), "1:7", "must be a text"),
        (one(INPUT, "name: Bug report\nname: Other\ndescription: d\n"), "2:1", "stands twice"),
        (one(INPUT, "name: Bug report\ndescription: d\non: push\n"), "3:1", "may not be a key"),
        (one(INPUT, "name: Bug report\ndescription: d\nicon: x\n"), "3:7", "`icon` is no key"),
        (one(INPUT, "name: Bug report\ndescription: d\n? [a]\n: b\n"), "3:3", "must be a word"),
        (one(INPUT, "name: Bug report\ndescription: d\nlabels: {a: b}\n"), "3:9", "must be a list"),
        (one("  text\n"), "4:3", "`body` must be a list"),
        (one("  - type: markdown\n    attributes: {value: Hi}\n"), "4:3", "at least one element"),
        (one(INPUT + "  - type: markdown\n"), "5:5", "needs a `value`"),
        (one(INPUT + "  - type: slider\n    attributes: {label: x}\n"), "5:11", "found `slider`"),
        (one(INPUT + "  - text\n"), "5:5", "must be a mapping"),
        (one(INPUT + "  - {type: input, attributes: {description: x}}\n"), "5:5", "needs a `label`"),
        (one(INPUT + "  - {type: input, attributes: {label: ''}}\n"), "5:39", "may not be blank"),
        (one(INPUT + "  - {type: input, id: a b, attributes: {label: x}}\n"), "5:23", "may hold only letters"),
        (one(INPUT + INPUT), "5:5", "Give one of them an `id`"),
        (one(2 * "  - {type: input, id: a, attributes: {label: x}}\n"), "5:5", "Give each its own `id`"),
        (
            one(INPUT + "  - {type: input, attributes: {label: x}, validations: {required: maybe}}\n"),
            "5:67",
            "true or false",
        ),
        (one(INPUT + "  - {type: input, attributes: {label: x, colour: red}}\n"), "5:50", "`colour` is no key"),
        (one("  - {type: dropdown, attributes: {label: x}}\n"), "4:5", "needs `options`"),
        (one("  - {type: dropdown, attributes: {label: x, options: [a, a]}}\n"), "4:58", "stands twice"),
        (one("  - {type: dropdown, attributes: {label: x, options: [a, None]}}\n"), "4:58", "reserved"),
        (one("  - {type: dropdown, attributes: {label: x, options: [a], default: 3}}\n"), "4:68", "0 to 0; found `3`"),
        (one("  - {type: dropdown, attributes: {label: x, options: [a], default: a}}\n"), "4:68", "found `a`"),
        (
            one(f"  - {{type: dropdown, attributes: {{label: x, options: [a], default: {'0' * 5000}}}}}\n"),
            "4:68",
            "000`",
        ),
        (
            one("  - {type: checkboxes, attributes: {label: x, options: [{required: true}]}}\n"),
            "4:57",
            "needs a `label`",
        ),
        (one("  - {type: checkboxes, attributes: {label: x, options: [a]}}\n"), "4:57", "must be a mapping"),
        (one(INPUT) + "---\nname: second\n", "1:1", "more than one YAML document"),
    ],
)
def test_each_fault_is_reported_at_its_place(text: str, place: str, words: str):
    _, problems = load_one(text)
    assert any(problem.startswith(f"{place} ") and words in problem for problem in problems), problems


def test_a_faulty_form_with_fields_is_still_a_candidate_but_not_offered():
    template, problems = load_one(one(INPUT + INPUT))
    assert template is not None
    assert [field.id for field in template.fields] == ["field", "field-2"]
    assert not template.shown
    assert len(problems) == 1


def test_an_attribute_nobody_knows_is_a_warning_only():
    template, problems = load_one(one("  - {type: input, attributes: {label: x, colour: red}}\n"))
    assert template is not None
    assert template.shown
    assert " warning " in problems[0]


def test_required_on_a_whole_checkboxes_element_has_no_effect():
    boxes = "  - {type: checkboxes, attributes: {label: x, options: [{label: a}]}, validations: {required: true}}\n"
    template, problems = load_one(one(boxes))
    assert template is not None
    assert not template.fields[0].required
    assert problems == []


def test_a_null_default_and_null_validations_are_accepted():
    _, problems = load_one(
        one("  - {type: dropdown, validations: , attributes: {label: x, options: [a], default: }}\n")
    )
    assert problems == []


def test_a_label_without_letters_still_gets_an_id():
    template, _ = load_one(
        one("  - {type: input, attributes: {label: '🤖'}}\n  - {type: input, id: b, attributes: {label: '🐛'}}\n")
    )
    assert template is not None
    assert [field.id for field in template.fields] == ["🤖", "b"]


@pytest.mark.parametrize(
    "bomb",
    [
        "a: &a [x]\n" + "".join(f"a{n}: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n" for n in range(11)),
        "name: " + "[" * 5000,
        "body: [" + "a," * 60_000 + "]",
    ],
    ids=["aliases", "depth", "length"],
)
def test_a_yaml_bomb_is_not_read(bomb: str):
    template, problems = load_one(bomb)
    assert template is None
    assert "beyond all need" in problems[0]


def test_a_few_aliases_are_fine():
    head = "name: Bug report\ndescription: d\nlabels: &l [bug]\nassignees: *l\n"
    template, problems = load_one(one(INPUT, head))
    assert template is not None
    assert template.assignees == ("bug",)
    assert problems == []
