"""The fast path is only faster: whatever the templates and the body, the careful path says the very same."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.forms.check import Checker
from bot.forms.label import unify_line_ends
from bot.forms.load import TemplateSet
from bot.forms.match import candidates, recognise
from bot.forms.parse import Body
from bot.forms.rules import FieldRule
from bot.forms.template import Submission, Template, Value
from tests.bot.forms.forms import boxes, element, form, template_set
from tests.bot.forms.submissions import render

LABELS = [
    "Summary",
    "Steps",
    "Version",
    "Logs",
    "What happened?",
    "C++ (details)",
    "summary",
    "Two\nlines",
    "<!-- x -->",
]
VALUES = [
    "some words",
    "_No response_",
    "",
    "...",
    "22",
    "N/A",
    "TBD",
    "the answer is long enough to be taken at once, is it not?",
    "### Steps",
    "### Mine\n\nx",
    "```\n### Version\n```",
    "```\nopen",
    "text\n```",
    "a\r\nb",
    "- [x] a task",
    "<!-- note -->",
    "Please fill in",
    "Please fill in\nmore",
    "example",
    "</details>",
    "<details>x</details>",
    "  indented",
    "### Summary  \ny",
]
RULES = {"*": {"version": FieldRule(min_length=3), "logs": FieldRule(required=True, allow_na=False)}}


@st.composite
def fields(draw: st.DrawFn) -> dict[str, Any]:
    label, required = draw(st.sampled_from(LABELS)), draw(st.booleans())
    kind = draw(st.sampled_from(["input", "textarea", "render", "prefill", "dropdown", "multiple", "boxes"]))
    if kind == "boxes":
        return boxes(label, "I agree", "I can, maybe", required=["I agree"] if required else [])
    if kind in {"dropdown", "multiple"}:
        return element(
            "dropdown", label, required=required, options=["one", "two", "one, two"], multiple=kind == "multiple"
        )
    extra = {"render": {"render": "sh"}, "prefill": {"value": "Please fill in"}, "input": {"placeholder": "example"}}
    return element("input" if kind == "input" else "textarea", label, required=required, **extra.get(kind, {}))


@st.composite
def repositories(draw: st.DrawFn) -> TemplateSet:
    forms = draw(st.lists(st.lists(fields(), min_size=1, max_size=5), min_size=1, max_size=4))
    files: dict[str, bytes | str] = {f"f{n}_yml": form(*elements, name=f"Form {n}") for n, elements in enumerate(forms)}
    if draw(st.booleans()):
        headings = draw(st.lists(st.sampled_from(LABELS[:6]), max_size=4))
        level = draw(st.sampled_from(["##", "###"]))
        files["g_md"] = "---\nname: Other\nabout: a\n---\n" + "".join(f"{level} {label}\n\n" for label in headings)
    return template_set(**files)


@st.composite
def bodies(draw: st.DrawFn, templates: TemplateSet) -> str:
    template = draw(st.sampled_from(templates.templates))
    values: list[Value] = []
    for field in template.fields:
        if field.type == "checkboxes":
            ticked = draw(st.lists(st.sampled_from([option.label for option in field.options]), unique=True))
            values.append(tuple(option.label for option in field.options if option.label in ticked))
        elif field.type == "dropdown":
            values.append(draw(st.sampled_from(["one", "two", "one, two", "three", None])))
        else:
            values.append(draw(st.sampled_from(VALUES)) or None)
    text = render(template, values)
    if draw(st.integers(0, 3)) == 0:
        sections = text.split("### ")
        number = draw(st.integers(0, len(sections) - 1))
        text = "### ".join(
            sections[:number] + draw(st.sampled_from([[], sections[number : number + 1] * 2])) + sections[number + 1 :]
        )
    return draw(st.sampled_from([text, text.replace("\n", "\r\n"), f"\n \n{text}", f"{text}\n\n"]))


@st.composite
def cases(draw: st.DrawFn) -> tuple[TemplateSet, str]:
    templates = draw(repositories())
    return templates, draw(bodies(templates))


@given(cases())
@settings(max_examples=400, deadline=None)
def test_a_word_in_front_of_the_form_forces_the_careful_path_and_changes_nothing(case: tuple[TemplateSet, str]):
    templates, body = case
    checker = Checker(templates, RULES)
    fast, careful = (checker.check(Submission("t", text)) for text in (body, f"Hello!\n\n{body}"))
    if fast.match.confidence == 1.0:
        assert careful == fast


@given(cases())
@settings(max_examples=200, deadline=None)
def test_a_sequence_of_labels_that_decides_agrees_with_the_comparison_of_all_templates(case: tuple[TemplateSet, str]):
    templates, body = case
    submission = Submission("t", unify_line_ends(body))
    decided = Checker(templates).check(submission).match
    prepared = candidates([template for template in templates.templates if template.kind == "form"])
    compared, _ = recognise(submission, Body(submission.body), prepared, {}, frozenset())
    if decided.confidence == 1.0 and decided.template is not None and len(decided.template.fields) > 2:
        assert _could_be(compared.template, compared.rivals, decided.template)


def _could_be(template: Template | None, rivals: tuple[Template, ...], wanted: Template) -> bool:
    return wanted in ((template,) if template else rivals)
