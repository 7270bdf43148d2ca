"""Markdown templates of every style become fields, labelled as in the template."""

from __future__ import annotations

import pytest

from bot.forms.load import load
from bot.forms.template import Template
from tests.bot.forms.forms import template_set


def fields(text: str) -> dict[str, str]:
    """Label to prefill, of a template with front matter and this text."""
    template = template_set(bug_md=f"---\nname: Some name\nabout: a\n---\n{text}").templates[0]
    return {field.label: field.prefill for field in template.fields}


def test_headings_are_sections_with_their_text_as_prefill():
    text = "Intro\n\n## Summary ##\n\nSay it.\n\n### **Steps**\n1.\n2.\n###Glued\n#123 is no heading\n"
    assert fields(text) == {"Summary": "Say it.", "Steps": "1.\n2.", "Glued": "#123 is no heading"}


def test_bold_lines_are_sections():
    text = (
        "**Describe the bug**\nA description.\n\n**Expected:** [what]\n\n"
        "__Logs__: here\n - **OS**: x\nsome **bold** text\n"
    )
    assert fields(text) == {
        "Describe the bug": "A description.",
        "Expected": "[what]",
        "Logs": "here\n - **OS**: x\nsome **bold** text",
    }


def test_keys_are_sections_where_there_is_nothing_else():
    text = (
        "- OS: [e.g. iOS]\n* Version =>\n1. **Browser:** <!-- name it -->\n"
        "- [ ] Task: none\nhttp://x.y\nNote: read this first\n"
    )
    assert list(fields(text)) == ["OS", "Version", "Browser"]


def test_beside_headings_only_keys_that_stand_alone_are_sections():
    text = (
        "React version:\n\n## Steps\n\n1.\n- OS:\n\nLink to code:\n\n<!-- any -->\n\nSteps, in order:\n\n1. Go\n\n"
        "text before\nGlued key:\n\n## Now\n- Shell:\n\nLast key:\n"
    )
    assert list(fields(text)) == ["React version", "Steps", "Link to code", "Now", "Last key"]


def test_a_key_followed_by_a_list_of_keys_belongs_to_its_heading():
    assert list(fields("## Env\n\nPlease give:\n\n- OS:\n- Shell:\n")) == ["Env"]


def test_comments_are_sections_where_there_is_nothing_else():
    text = "<!-- Describe the bug\nin detail -->\n\n<!---->\n<!-- Steps? -->\n1.\n"
    assert fields(text) == {"Describe the bug": "<!---->", "Steps?": "1."}


def test_what_stands_in_comments_or_code_is_no_section():
    text = "<!--\n## Not this\n-->\n```\n## Nor this\n```\nx <!-- a --> \n<!-- b --> y\n~~~\n## Open fence\n"
    assert list(fields(text)) == ["Open fence"]


def test_text_alone_has_no_section():
    assert fields("Just write to us.\n") == {}


def test_sections_of_one_name_have_ids_of_their_own():
    template = template_set(bug_md="---\nname: Some\nabout: a\n---\n## A b\n## A b\n## !\n").templates[0]
    assert [field.id for field in template.fields] == ["a-b", "a-b-2", "!"]


def load_text(text: str, path: str = ".github/ISSUE_TEMPLATE/bug.md") -> tuple[Template, list[str]]:
    loaded = load({path: text.encode()})
    return loaded.templates[0], [f"{p.line}:{p.column} {p.severity} {p.message}" for p in loaded.problems]


def test_front_matter_is_read():
    template, problems = load_text(
        "---\r\nname: Bug\u00a0report\r\nabout: A\r\nlabels: a, b\r\ntitle: 'T: '\r\n---\r\n## S\r\n"
    )
    assert (template.name, template.description, template.labels, template.title) == (
        "Bug\u00a0report",
        "A",
        ("a", "b"),
        "T:",
    )
    assert template.text == "## S\n"
    assert template.shown
    assert problems == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("## S\n", "0:0 warning Without front matter"),
        ("---\nname: x\n## S\n", "0:0 warning Without front matter"),
        ("---\nabout: a\n---\n## S\n", "0:0 error The front matter needs the key `name`."),
        ("---\nname: Some name\n---\n## S\n", "0:0 error The front matter needs the key `about`."),
        ("---\nname: [\nabout: a\n...\n## S\n", "4:1 error This is not valid YAML"),
        ("---\nname:\nabout: a\n---\n## S\n", "2:6 error `name` may not be empty."),
    ],
)
def test_front_matter_with_faults_costs_the_place_in_the_chooser_and_no_section(text: str, problem: str):
    template, problems = load_text(text)
    assert not template.shown
    assert [field.label for field in template.fields][-1] == "S"
    assert problems[0].startswith(problem)


def test_a_legacy_template_needs_no_front_matter():
    template, problems = load_text("## S\n", "docs/ISSUE_TEMPLATE.md")
    assert (template.file, template.shown, problems) == ("ISSUE_TEMPLATE.md", False, [])
