"""Where a field's text begins and ends, in all the ways real bodies have broken parsers."""

from __future__ import annotations

import pytest

from bot.forms.check import Checker
from bot.forms.template import MOST_FIELDS, Submission
from tests.bot.forms.forms import boxes, check, element, form, in_no_time, template_set

FORM = (
    element("textarea", "What happened?", required=True),
    element("input", "Version", required=True),
    element("textarea", "Logs", render="shell"),
    boxes("Terms", "I agree", required=["I agree"]),
)
TERMS = "### Terms\n\n- [X] I agree\n"


def values(body: str) -> list[object]:
    found = check(body, *FORM)
    assert found.match.template is not None, "no template recognised"
    return [answer.value for answer in found.answers]


FAITHFUL = f"### What happened?\n\nIt broke\n\n### Version\n\n1.2\n\n### Logs\n\n```shell\nls\n```\n\n\n{TERMS}"
READ = ["It broke", "1.2", "ls", ("I agree",)]


@pytest.mark.parametrize(
    "body",
    [
        FAITHFUL,
        FAITHFUL.replace("\n", "\r\n"),
        FAITHFUL.replace("It broke\n", "It broke\r\n"),
        FAITHFUL.replace("\n", "\r"),
        FAITHFUL.rstrip(),
        f"\n\n  \n{FAITHFUL}\n\n",
        FAITHFUL.replace("\n\n", "\n"),
        FAITHFUL.replace("### Version", "### Version  \t"),
        FAITHFUL.replace("### Version", "   ### version:"),
        FAITHFUL.replace("### Version", "###\tVersion"),
        FAITHFUL.replace("What happened?", "What has happened?"),
        FAITHFUL.replace("What happened?", "What hapened"),
        f"> [!WARNING]\n> A bot wrote this\n\n![shot](x.png)\n\n{FAITHFUL}",
        f"<details>\n<summary>Report</summary>\n\n  {FAITHFUL}</details>",
        f"<details>\n\n{FAITHFUL.rstrip()}</details>\n\n",
        f"{FAITHFUL}</details>",
        f"### Unknown\n\nto all\n\n{FAITHFUL}",
    ],
    ids=range(17),
)
def test_bodies_that_say_the_same_are_read_the_same(body: str):
    assert values(body) == READ


def within(value: str) -> str:
    return FAITHFUL.replace("It broke", value)


@pytest.mark.parametrize(
    "value",
    [
        "It broke\n\n### Steps\n\n1. a\n\n## Version\n\n#### Logs",
        "```\n### Version\n```",
        "a\n```\n### Version\n\nfrom `cat`\n```\nb",
        "~~~md\n### Logs\n```\n### Terms\n~~~",
        "```never closed",
        "```\nnever closed",
        "```In file included from a.h:\nerror```",
        "- [ ] I agree\n- [x] a task",
        "> ### Version\n> quoted",
        "<details><summary>x</summary>\n\ny\n</details>",
        "one\n\ntwo\n\nthree",
        "_No response_ was shown",
    ],
)
def test_whatever_an_answer_holds_stays_in_it(value: str):
    assert values(within(value)) == [value, *READ[1:]]


def test_a_closing_tag_within_the_last_value_stays_there():
    found = check("### Version\n\n1\n\n### Other\n\na </details> b\n</details>", *FORM[1:2], element("input", "Other"))
    assert found.answers[1].value == "a </details> b"


def test_a_label_repeated_inside_a_later_value_stays_there():
    logs = "### What happened?\n\n### Version"
    assert values(FAITHFUL.replace("ls", logs)) == ["It broke", "1.2", logs, ("I agree",)]


def test_a_closing_fence_pasted_into_a_rendered_field_hides_nothing():
    assert values(FAITHFUL.replace("ls\n", "```\nlog\n```\n")) == ["It broke", "1.2", "```\nlog\n```", ("I agree",)]
    assert values(FAITHFUL.replace("ls\n", "a\n```\nb\n")) == ["It broke", "1.2", "a\n```\nb", ("I agree",)]


def test_a_label_in_a_fence_that_closes_is_taken_where_there_is_no_other():
    body = f"### What happened?\n\n```\nx\n### Version\n\n1.2\n```\n\n### Logs\n\n_No response_\n\n{TERMS}"
    assert values(body)[1] == "1.2\n```"


def test_sections_an_author_moved_are_found():
    body = f"### Version\n\n1.2\n\n### What happened?\n\nIt broke\n\n### Logs\n\n```shell\nls\n```\n\n\n{TERMS}"
    assert values(body) == READ


def test_a_label_worded_anew_between_its_neighbours_is_found():
    assert values(FAITHFUL.replace("### Logs", "### Full logs of it"))[2] == "ls"
    assert values(FAITHFUL.replace("### Logs", "### The"))[:3] == [
        "It broke",
        "1.2\n\n### The\n\n```shell\nls\n```",
        None,
    ]


def test_a_section_that_was_cut_out_is_missing_and_nothing_else():
    found = check(FAITHFUL.replace("### Version\n\n1.2\n\n", ""), *FORM)
    assert [(finding.field.label, finding.reason) for finding in found.findings] == [
        ("Version", "This section is not in the issue.")
    ]


def test_a_form_written_twice_is_read_from_its_first_copy():
    again = FAITHFUL.replace("It broke", "Again")
    assert values(f"{FAITHFUL}\n{again}")[0] == "It broke"


def test_fields_of_one_label_are_told_apart_by_their_order():
    twice = (element("input", "Version", id="a"), element("input", "Other"), element("input", "Version"))
    found = check("### Version\n\n1\n\n### Other\n\nx1\n\n### Version\n\n2", *twice)
    assert [answer.value for answer in found.answers] == ["1", "x1", "2"]


def test_labels_that_differ_only_in_signs_are_told_apart():
    languages = (element("input", "C++"), element("input", "C#"), element("input", "C"), element("input", "Other"))
    found = check("### C#\n\n12.0\n\n### Other\n\nnone", *languages)
    assert [answer.value for answer in found.answers] == [None, "12.0", None, "none"]


def test_a_label_of_several_lines_is_no_part_of_the_value():
    long = (element("textarea", "First line\nsecond line"), element("input", "Version"))
    assert [a.value for a in check("### First line\nsecond line\n\nIt broke\n\n### Version\n\n2", *long).answers] == [
        "It broke",
        "2",
    ]
    assert [a.value for a in check("### First line\n\nIt broke\n\n### Version\n\n2", *long).answers] == [
        "It broke",
        "2",
    ]


@pytest.mark.parametrize(
    "label", ["<!-- hidden -->", "🐛", "**Bold** `code`?", "C++ / C#", "Was ist passiert?", "版本", "a" * 300]
)
def test_odd_labels_are_found(label: str):
    found = check(f"### {label}\n\nIt broke\n\n### Other\n\n2", element("textarea", label), element("input", "Other"))
    assert [answer.value for answer in found.answers] == ["It broke", "2"]


HEAD = "name: Bug report\ndescription: d\nbody:\n"
"""Of forms so large that a YAML writer would take longer than the test."""


def test_a_form_of_a_thousand_fields_is_read_up_to_the_two_hundredth_in_no_time():
    with in_no_time():
        loaded = template_set(bug_yml=HEAD + "- {type: input, attributes: {label: Version}}\n" * 1000)
        assert Checker(loaded).check(Submission("t", "### Version\n" * 5000)).match.template
    assert len(loaded.templates[0].fields) == MOST_FIELDS
    assert [problem.severity for problem in loaded.problems if "nobody fills in more" in problem.message] == ["warning"]


def test_labels_that_are_all_alike_are_compared_in_no_time():
    alike = [f"Question about {chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(190)]
    checker = Checker(template_set(bug_yml=form(*(element("input", label) for label in alike))))
    for count in (20, 250, 3000):
        body = "".join(f"### Question about {chr(97 + n % 26)}{chr(97 + n // 26 % 26)}x\n" for n in range(count))
        with in_no_time():
            assert checker.check(Submission("t", body)).match.confidence <= 1


@pytest.mark.parametrize("line", ["# a\n", "<!-- a -->\n"])
def test_a_markdown_template_of_thousands_of_headings_is_read_in_no_time(line: str):
    with in_no_time():
        loaded = template_set(bug_md="---\nname: Some\nabout: a\n---\n" + line * (250_000 // len(line)))
    assert len(loaded.templates[0].fields) == MOST_FIELDS


def test_choices_among_thousands_are_told_apart_in_no_time():
    options = ", ".join(f"v{number}" for number in range(9000))
    many = f"- {{type: dropdown, attributes: {{label: Version, multiple: true, options: [{options}]}}}}\n"
    checker = Checker(template_set(bug_yml=HEAD + many))
    for chosen in ("z, v4999, v7", "z, " * 20_000):
        with in_no_time():
            answer = checker.check(Submission("t", f"### Version\n\n{chosen}")).answers[0]
        assert answer.value == tuple(chosen.strip(" ,").split(", "))


def test_boxes_that_are_all_alike_are_compared_in_no_time():
    options = [f"I have looked for open issues about the very same thing {n}{'a' * n}" for n in range(50)]
    lines = "".join(f"- [x] I have looked for open issues about the very same thing {n}b\n" for n in range(900))
    with in_no_time():
        assert check(f"### Terms\n\n{lines}", boxes("Terms", *options)).answers[0].value


@pytest.mark.parametrize(
    "body",
    [
        "### Version\n" * 6000,
        "```\n" * 16000,
        "### Version\n```\n" * 3000,
        "### Version\n" * 400 + "```x\n" * 16000,
        "### What happenet?" + " " * 60_000 + "x",
        "<!--" * 16000,
        "".join(f"### What happene{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}\n" for n in range(3000)),
        "### What happened?\n\n### Version\n\nx" + "</details>" * 6000,
    ],
    ids=range(8),
)
@pytest.mark.timeout(20)
def test_hostile_bodies_are_read_in_no_time(body: str):
    old = "---\nname: Old\nabout: a\n---\n## What happened?\n\n**Version**\n\nLogs:\n"
    assert Checker(template_set(bug_yml=form(*FORM), old_md=old)).check(Submission("t", body)).match.confidence <= 1
