"""Which template a submission came from: recognised, told apart by what there is, left open, or none at all."""

from __future__ import annotations

import pytest

from bot.forms.check import Checker
from bot.forms.load import TemplateSet
from bot.forms.template import Match, Submission
from tests.bot.forms.forms import boxes, element, form, template_set


def inputs(*labels: str) -> list[dict[str, object]]:
    return [element("input", label) for label in labels]


def body(*labels: str, value: str = "some words") -> str:
    return "\n\n".join(f"### {label}\n\n{value}" for label in labels)


def match(templates: TemplateSet, text: str, title: str = "t", labels: tuple[str, ...] = (), kind: str = "") -> Match:
    return Checker(templates).check(Submission(title, text, labels, kind)).match


def named(found: Match) -> str | list[str] | None:
    return found.template.file if found.template else [rival.file for rival in found.rivals] or None


BUG = ("What happened?", "Steps", "Version")
BUG_AND_IDEA = template_set(
    bug_yml=form(*inputs(*BUG), name="Bug report"), idea_yml=form(*inputs("Summary", "Motivation"), name="Idea for us")
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (body(*BUG), "bug.yml"),
        (body("Summary", "Motivation"), "idea.yml"),
        (body("What happened?", "Version"), "bug.yml"),
        (body("what happened", "steps", "versions"), "bug.yml"),
        (body("Steps", "What happened?"), None),
        (body("Version", "What happened?", "Steps"), "bug.yml"),
        (body("Steps"), None),
        (body("What happened?", "Background"), None),
        ("I want to say:\n\n" + body("What happened?"), None),
        (body("What happened?", "Summary"), None),
        (body("What happened?", "Steps", "Version", "Summary"), "bug.yml"),
        ("", None),
        ("   \n\n", None),
        ("It is broken, please help.\n\n## Steps\n\n1. a\n\n**Version**: 2", None),
        ("- What happened?: x\n- Steps: y\n- Version: z", None),
    ],
)
def test_forms_are_recognised_by_their_labels(text: str, expected: str | None):
    assert named(match(BUG_AND_IDEA, text)) == expected


def test_confidence_says_how_sure_it_is():
    sure, drifted, partial = (
        match(BUG_AND_IDEA, text).confidence
        for text in (body(*BUG), body(*BUG).replace("Steps", "Stepps"), body(*BUG[:2]))
    )
    assert sure == 1.0 > drifted > partial > 0.5
    assert match(BUG_AND_IDEA, "") == Match(None, 0.0)


def test_no_templates_recognise_nothing():
    assert match(TemplateSet(), body(*BUG)) == Match(None, 0.0)


def test_more_matched_labels_beat_the_whole_of_a_smaller_sibling():
    templates = template_set(
        a_yml=form(*inputs("X one", "Y two")), b_yml=form(*inputs("X one", "Y two", "Z", "W", "V"), name="Other")
    )
    assert named(match(templates, body("X one", "Y two"))) == "a.yml"
    assert named(match(templates, body("X one", "Y two", "Z", "W"))) == "b.yml"
    assert named(match(templates, "hello\n\n" + body("X one", "Y two"))) == "a.yml"


def test_a_larger_siblings_label_worded_anew_still_tells():
    templates = template_set(
        a_yml=form(*inputs("X one", "Y two")), b_yml=form(*inputs("X one", "Y two", "Zebra three"), name="Other")
    )
    assert named(match(templates, body("X one", "Y two", "Zebra three"))) == "b.yml"
    assert named(match(templates, body("X one", "Y two", "Zebra the three"))) == "b.yml"
    assert match(templates, body("X one", "Y two")).confidence == 1.0
    assert named(match(templates, body("X one", "Y two", "My own heading"))) == "a.yml"


def test_sections_an_author_moved_count_beside_those_in_order():
    labels = ("Describe the bug", "Version", "Systems", "Logs", "Checks")
    templates = template_set(bug_yml=form(*inputs(*labels)), idea_yml=form(*inputs("Version", "Logs"), name="Idea"))
    assert named(match(templates, body("Version", "Describe the bug", "Checks", "Systems"))) == "bug.yml"
    assert named(match(templates, body("Version", "Logs"))) == "idea.yml"


def test_a_siblings_label_pasted_into_code_tells_little():
    shared = [element("textarea", "Summary"), element("textarea", "Details")]
    logs, version = element("textarea", "Logs", render="shell"), element("input", "Version")
    templates = template_set(a_yml=form(*shared), b_yml=form(*shared, logs, version, name="Other"))
    pasted = "### Summary\n\nIt broke\n\n### Details\n\nSee\n```\n### Version\n\n1.2\n```"
    assert named(match(templates, pasted)) == "a.yml"
    swallowed = "### Summary\n\nIt broke\n\n### Details\n\n```\nopen\n\n### Logs\n\n```\nx\n```\n\n\n### version\n\n1"
    assert named(match(templates, swallowed)) == "b.yml"


def test_a_dropdown_left_empty_says_nothing_against_its_form():
    templates = template_set(
        a_yml=form(element("dropdown", "System", options=["Linux"]), title="[a] "),
        b_yml=form(element("input", "System"), name="Other", title="[b] "),
    )
    empty = "### System\n\n_No response_"
    assert [named(match(templates, empty, title)) for title in ("[a] x", "[b] x")] == ["a.yml", "b.yml"]


def test_a_section_only_a_sibling_has_counts_against():
    templates = template_set(a_yml=form(*inputs("X", "Y", "Z")), b_yml=form(*inputs("X", "Y", "W"), name="Other"))
    assert named(match(templates, body("X", "Y", "w"))) == "b.yml"
    assert named(match(templates, body("X", "Y"))) == ["a.yml", "b.yml"]


def twins(**changes: dict[str, object]) -> TemplateSet:
    """Forms with the same labels; `changes` are further keys by file."""
    fields = [element("textarea", "Summary"), element("textarea", "Details")]
    return template_set(
        **{
            f"{name}_yml": form(*fields, name=f"Form {name}", **keys)
            for name, keys in (changes or {"a": {}, "b": {}}).items()
        }
    )


def test_what_nothing_tells_apart_is_left_open_with_all_rivals():
    found = Checker(twins(a={}, b={}, c={})).check(Submission("t", body("Summary", "Details")))
    assert found.match.template is None
    assert named(found.match) == ["a.yml", "b.yml", "c.yml"]
    assert found.match.confidence == pytest.approx(1 / 3)
    assert (found.answers, found.findings, found.complete) == ((), (), False)


def test_twins_are_told_apart_by_title_label_or_type():
    text = body("Summary", "Details")
    titled = twins(a={"title": "[Bug]: "}, b={"title": "[Docs]: "})
    assert named(match(titled, text, title="[docs]: a typo")) == "b.yml"
    assert named(match(titled, text, title="a typo")) == ["a.yml", "b.yml"]
    labelled = twins(a={"labels": ["bug"]}, b={"labels": ["docs", "easy"]})
    assert named(match(labelled, text, labels=("Docs", "EASY"))) == "b.yml"
    assert named(match(labelled, text, labels=("bug",))) == "a.yml"
    typed = twins(a={"type": "Bug"}, b={"type": "Task"})
    assert named(match(typed, text, kind="task")) == "b.yml"


def test_labels_that_an_issue_does_not_carry_tell_nothing_apart():
    templates = twins(a={"labels": ["bug"]}, b={"labels": ["bug", "regression"]}, c={})
    text = body("Summary", "Details")
    assert named(match(templates, text)) == ["a.yml", "b.yml", "c.yml"]
    assert named(match(templates, text, labels=("question",))) == ["a.yml", "b.yml", "c.yml"]
    assert named(match(templates, text, labels=("Bug",))) == "a.yml"
    assert named(match(templates, text, labels=("bug", "regression"))) == "b.yml"


def test_twins_are_told_apart_by_their_options_and_prefilled_text():
    choices = template_set(
        a_yml=form(element("dropdown", "Area", options=["api", "docs"]), boxes("Terms", "I agree"), name="Form a"),
        b_yml=form(element("dropdown", "Area", options=["ui", "cli"]), boxes("Terms", "I accept"), name="Form b"),
        c_yml=form(
            element("dropdown", "Area", options=["ui", "web"], multiple=True), boxes("Terms", "Fine"), name="Form c"
        ),
    )
    assert named(match(choices, "### Area\n\ncli\n\n### Terms\n\n- [X] I accept")) == "b.yml"
    assert named(match(choices, "### Area\n\nui, web\n\n### Terms\n\n- [ ] other")) == "c.yml"
    assert named(match(choices, "### Area\n\n### Terms\n\n- [ ] I agree")) == "a.yml"
    prefilled = template_set(
        a_yml=form(
            element("textarea", "Summary", value="Say it in one line"), element("input", "Other"), name="Form a"
        ),
        b_yml=form(element("textarea", "Summary", value="Say it at length"), element("input", "Other"), name="Form b"),
    )
    assert named(match(prefilled, "### Summary\n\nSay it at length\n\nYes\n\n### Other\n\nx")) == "b.yml"


MARKDOWN = """
<!-- Please search for your problem in the issues that are open already. -->

Library version:

## Steps to reproduce

Write down every step that we have to take, one by one.

## The current behavior

**Anything else?**
"""


def markdown(text: str = MARKDOWN, name: str = "Bug report", **keys: str) -> str:
    front = "".join(f"{key}: '{value}'\n" for key, value in {"name": name, "about": "a", **keys}.items())
    return f"---\n{front}---\n{text}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MARKDOWN, "bug.md"),
        ("Library version: 2\n\n## Steps to reproduce\n\n1. a\n\n## The current behavior\n\nnone\n", "bug.md"),
        ("## The current behavior\n\nx\n\n## Steps to reproduce\n\ny\n", "bug.md"),
        ("### steps to reproduce\n\nx\n\n**The current behavior:**\n\ny\n\n## Anything else\n", "bug.md"),
        ("Steps to reproduce:\nx\n\nThe current behavior:\ny\n\nAnything else?: z\n\nLibrary version: 2", "bug.md"),
        ("<!-- Please search for your problem in the issues that are open already. -->\n\nIt broke", "bug.md"),
        ("Write down every step that we have to take, one by one.\n\n## Steps to reproduce\n\nx", "bug.md"),
        ("Library version: 2\n\nIt broke.", None),
        ("It broke.\n\n## Steps to reproduce\n\nx", None),
        ("- [ ] Library version: 2\n- [ ] Steps to reproduce: 1", None),
        ("It broke.", None),
    ],
)
def test_markdown_templates_are_recognised_by_their_traces(text: str, expected: str | None):
    assert named(match(template_set(bug_md=markdown()), text)) == expected


def test_two_short_keys_are_no_trace():
    templates = template_set(
        bug_md=markdown("- OS:\n- Version:\n- Shell:\n- Steps that lead to it:\n- What you saw then:\n")
    )
    assert named(match(templates, "OS: Linux\nVersion: 2\n\nIt broke")) is None
    assert named(match(templates, "- OS: x\n- Steps that lead to it: y\n- What you saw then: z")) == "bug.md"


def test_comments_alone_can_be_a_template():
    templates = template_set(bug_md=markdown("<!-- Describe the bug\nin short -->\n\n<!-- How to reproduce it? -->\n"))
    text = "<!-- Describe the bug\nin short -->\nIt broke\n<!-- How to reproduce it? -->\n1. a\n"
    found = Checker(templates).check(Submission("t", text))
    assert [answer.value for answer in found.answers] == ["It broke", "1. a"]
    assert named(match(templates, "It broke")) is None


def test_a_template_without_any_section_is_known_by_its_words():
    text = "Please write to the forum instead of opening an issue here.\n\nWe close all questions without an answer.\n"
    templates = template_set(ask_md=markdown(text))
    assert named(match(templates, f"{text}\nStill, a question")) == "ask.md"
    assert named(match(templates, "A question")) is None


def test_a_form_and_a_markdown_template_are_told_apart_by_how_the_headings_are_written():
    templates = template_set(
        bug_yml=form(*inputs("Version", "Steps to reproduce"), name="The form"),
        old_md=markdown("##### Version\n##### Steps to reproduce\n"),
    )
    assert named(match(templates, body("Version", "Steps to reproduce"))) == "bug.yml"
    assert named(match(templates, "intro\n\n" + body("Version", "Steps to reproduce"))) == "bug.yml"
    assert named(match(templates, "##### Version\n\n1\n\n##### Steps to reproduce\n\n2")) == "old.md"


def test_a_short_form_does_not_take_the_bodies_of_a_markdown_sibling():
    templates = template_set(
        a_yml=form(*inputs("Summary"), name="The form"),
        b_md=markdown("### Summary\n\n### Impact on users\n\n### Logs of it\n"),
    )
    assert named(match(templates, body("Summary"))) == "a.yml"
    assert named(match(templates, body("Summary", "Impact on users", "Logs of it"))) == "b.md"


def test_a_copy_outside_the_chooser_gives_way():
    templates = template_set(bug_md=markdown(), old_md=MARKDOWN)
    assert named(match(templates, MARKDOWN)) == "bug.md"


def test_a_key_in_the_very_style_beats_the_same_words_in_code():
    templates = template_set(bug_md=markdown("## Steps\n\n## Logs\n"))
    text = "## Logs\n\n```\n## Steps\n```\n\n## Steps\n\n1. a\n"
    found = Checker(templates).check(Submission("t", text))
    assert [answer.value for answer in found.answers] == ["1. a", "```\n## Steps\n```"]
    only = Checker(templates).check(Submission("t", "## Logs\n\n```\n## Steps\n```\n"))
    assert [answer.value for answer in only.answers] == [None, None]
