from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.forms.check import Checker
from bot.forms.load import load
from bot.forms.template import Field, Finding, Option, Submission
from bot.triage.block import ready_block

WORD = st.text(alphabet="abcDEF019 ?!/()*_`@#<>&:-", min_size=1, max_size=20)


def finding(field: Field, *unticked: str) -> Finding:
    return Finding(field, "missing", "This field is empty.", unticked)


def field(label: str, kind: str = "textarea", **changes: object) -> Field:
    return replace(Field("id", label, "textarea"), type=kind, **changes)  # type: ignore[arg-type]


def test_each_field_has_its_heading_and_room_below():
    assert ready_block([finding(field("One")), finding(field("Two", "dropdown"))]) == (
        "```markdown\n### One\n\n\n### Two\n```"
    )


def test_all_required_boxes_are_there_and_those_ticked_stay_ticked():
    options = (Option("A", required=True), Option("B", required=True), Option("C"))
    text = ready_block([finding(field("Boxes", "checkboxes", options=options), "B")])
    assert text == "```markdown\n### Boxes\n\n- [x] A\n- [ ] B\n```"


def test_boxes_of_which_any_will_do_are_all_there():
    text = ready_block([finding(field("Boxes", "checkboxes", options=(Option("A"), Option("B\nmore"))))])
    assert text == "```markdown\n### Boxes\n\n- [ ] A\n- [ ] B\n```"


def test_a_rendered_field_brings_its_fence_and_the_block_a_longer_one():
    assert ready_block([finding(field("Logs", render="shell"))]) == ("````markdown\n### Logs\n\n```shell\n\n```\n````")


def test_no_label_can_close_the_block():
    assert ready_block([finding(field("`````"))]).startswith("``````markdown\n")


def test_the_first_line_of_a_label_is_its_heading():
    assert ready_block([finding(field("\nOne\u202e\ntwo"))]) == "```markdown\n### One\n```"


FORM = """
name: Bug report
description: Something does not work
body:
  - type: checkboxes
    id: policy
    attributes:
      label: {first!r}
      options: [{{label: {box!r}, required: true}}, {{label: Second box, required: true}}]
    validations: {{required: true}}
  - type: dropdown
    id: component
    attributes: {{label: {second!r}, options: [store, web]}}
    validations: {{required: true}}
  - type: textarea
    id: logs
    attributes: {{label: {third!r}, render: shell}}
    validations: {{required: true}}
"""


def _checker(first: str, box: str, second: str, third: str) -> Checker:
    quoted = {"first": first, "box": box, "second": second, "third": third}
    text = FORM
    for name, value in quoted.items():
        text = text.replace(f"{{{name}!r}}", "'" + value.replace("'", "''") + "'")
    loaded = load({".github/ISSUE_TEMPLATE/a.yml": text.replace("{{", "{").replace("}}", "}").encode()})
    assume(loaded.templates and not loaded.problems)
    return Checker(loaded)


@given(st.tuples(WORD, WORD, WORD, WORD))
def test_the_block_pasted_as_it_is_answers_nothing_and_filled_in_it_answers_all(words: tuple[str, str, str, str]):
    first, box, second, third = (word.strip() for word in words)
    labels = [first, second, third]
    assume(all(any(character.isalnum() for character in word) for word in (*labels, box)))
    assume(len({"".join(filter(str.isalnum, label.casefold())) for label in labels}) == len(labels))
    checker = _checker(first, box, second, third)
    boxes = f"### {first}\n\n- [ ] {box}\n- [x] Second box"
    body = f"{boxes}\n\n### {second}\n\n_No response_\n\n### {third}\n\n```shell\n\n```\n"
    submission = Submission(body=body)
    check = checker.check(submission)
    assume(check.match.template is not None)
    assert [each.field.id for each in check.findings] == ["policy", "component", "logs"]
    block = ready_block(check.findings)
    pasted = block.split("\n", 1)[1].rsplit("\n", 1)[0]
    assert checker.check(submission, [pasted]).findings == check.findings
    assert checker.check(submission, [block]).findings == check.findings
    filled = (
        pasted.replace("- [ ]", "- [x]")
        .replace(f"### {second}\n", f"### {second}\nweb\n")
        .replace("```shell\n\n", "```shell\nwent wrong\n")
    )
    assert checker.check(submission, [filled]).complete
    assert checker.check(submission, [block.replace(pasted, filled)]).complete
