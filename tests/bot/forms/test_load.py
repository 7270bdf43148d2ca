"""Which files matter, in which order they come, and that nothing they hold makes loading fail."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.forms.document import MAX_BYTES
from bot.forms.load import TemplateSet, is_template_path, load
from bot.forms.template import Chooser, ContactLink
from tests.bot.forms.forms import element, form, template_set

MARKDOWN = "---\nname: {}\nabout: a\n---\n\n## Summary\n"


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        (".github/ISSUE_TEMPLATE/bug.yml", True),
        (".github/issue_template/BUG.YAML", True),
        (".GitHub/ISSUE_TEMPLATE/bug.md", True),
        (".github/ISSUE_TEMPLATE/config.yml", True),
        ("ISSUE_TEMPLATE.md", True),
        ("docs/issue_template.md", True),
        (".github/ISSUE_TEMPLATE.md", True),
        (".github/ISSUE_TEMPLATE/old/bug.yml", False),
        (".github/ISSUE_TEMPLATE/bug.txt", False),
        (".github/workflows/ci.yml", False),
        ("src/ISSUE_TEMPLATE.md", False),
        ("README.md", False),
    ],
)
def test_only_template_paths_matter(path: str, matters: bool):
    assert is_template_path(path) is matters


def test_templates_come_as_the_chooser_shows_them_and_a_legacy_one_last():
    files = {
        "ISSUE_TEMPLATE.md": b"## Legacy\n",
        ".github/ISSUE_TEMPLATE/a.md": MARKDOWN.format("Markdown A").encode(),
        ".github/ISSUE_TEMPLATE/z.yml": form(element("input", "x"), name="Form Z"),
        ".github/ISSUE_TEMPLATE/B.yaml": form(element("input", "x"), name="Form B"),
        "README.md": b"## No template\n",
    }
    loaded = load(files)
    assert [(t.file, t.kind, t.shown) for t in loaded.templates] == [
        ("B.yaml", "form", True),
        ("z.yml", "form", True),
        ("a.md", "markdown", True),
        ("ISSUE_TEMPLATE.md", "markdown", False),
    ]
    assert loaded.problems == ()


def test_a_broken_file_does_not_stop_the_others():
    loaded = template_set(bad_yml="name: [", good_yml=form(element("input", "x")))
    assert [template.file for template in loaded.templates] == ["good.yml"]
    assert [problem.path.rpartition("/")[2] for problem in loaded.problems] == ["bad.yml"]


def test_names_that_github_would_not_show_are_reported():
    field = element("input", "x")
    loaded = template_set(a_yml=form(field, name="Bug"), b_yml=form(field, name="Same"), c_md=MARKDOWN.format("Same"))
    assert [template.shown for template in loaded.templates] == [False, True, False]
    assert [problem.message.split(":")[0] for problem in loaded.problems] == [
        "The name `Bug` is too short",
        "Another template is called `Same` too; names must be unique for GitHub to show both.",
    ]


def test_the_chooser_is_read_and_is_no_template():
    config = (
        "blank_issues_enabled: false\ncontact_links:\n"
        "  - {name: Chat, url: https://example.com, about: Talk}\n  - {name: Lost}\n  - text\nextra: 1\n"
    )
    loaded = template_set(config_yml=config)
    assert loaded.templates == ()
    assert loaded.chooser == Chooser(blank_issues=False, links=(ContactLink("Chat", "https://example.com", "Talk"),))
    assert [(p.line, p.column, p.severity, p.message) for p in loaded.problems] == [
        (6, 8, "warning", "`extra` is no key of `config.yml`; GitHub knows blank_issues_enabled, contact_links."),
        (4, 5, "error", "A contact link needs the key `url`."),
        (4, 5, "error", "A contact link needs the key `about`."),
        (5, 5, "error", "a contact link must be a mapping of keys to values."),
    ]


@pytest.mark.parametrize(
    ("config", "blank"),
    [
        ("", True),
        ("contact_links: []\n", True),
        ("blank_issues_enabled: true\n", True),
        ("blank_issues_enabled:\n", False),
        ("blank_issues_enabled: 'false'\n", False),
        ("blank_issues_enabled: 'true'\n", True),
        ("blank_issues_enabled: [1]\n", False),
    ],
)
def test_blank_issues(config: str, blank: bool):
    assert template_set(config_yaml=config).chooser.blank_issues is blank


def test_a_file_beyond_all_size_is_reported_and_not_read():
    loaded = template_set(big_yml=b"#" * (MAX_BYTES + 1))
    assert loaded.templates == ()
    assert "larger than 256 KiB" in loaded.problems[0].message


def test_a_file_that_is_not_utf8_is_read_as_well_as_can_be():
    content = form(element("input", "x")).replace(b"Bug report", b"Bug \xe9 report")
    loaded = template_set(latin_yml=content)
    assert loaded.templates[0].name == "Bug � report"
    assert (loaded.problems[0].line, loaded.problems[0].column, loaded.problems[0].severity) == (1, 11, "warning")


def test_a_problem_reads_like_a_compilers():
    problem = template_set(bad_yml="name: [").problems[0]
    assert str(problem).startswith(".github/ISSUE_TEMPLATE/bad.yml:2:1: error: This is not valid YAML")


def test_a_byte_order_mark_is_no_part_of_the_file():
    assert template_set(bom_yml=b"\xef\xbb\xbf" + form(element("input", "x"))).problems == ()


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["bug_yml", "bug_md", "config_yml"]))
def test_no_content_makes_loading_fail(content: bytes, name: str):
    assert isinstance(template_set(**{name: content}), TemplateSet)


KEYS = ["type", "attributes", "label", "options", "validations", "required", "id", "value", "body", "name", "default"]


@settings(deadline=None)
@given(
    st.recursive(
        st.sampled_from(["a", "", None, True, 1, "input", "dropdown", "checkboxes", "markdown"]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    )
)
def test_no_shape_makes_loading_fail(shape: object):
    for text in (json.dumps(shape), json.dumps({"name": "Some name", "description": "d", "body": [shape]})):
        assert isinstance(template_set(bug_yml=text), TemplateSet)
