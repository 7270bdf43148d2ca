"""What a program printed for a bug report is found wherever people pasted it, and answers what it tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.forms.check import Checker
from bot.forms.label import fold
from bot.forms.printout import LONGEST_KEY, LONGEST_VALUE, MOST_KEYS, Fillings, find_printouts
from bot.forms.rules import NO_RULES, FieldRule, Rules
from bot.forms.template import Answer, Check, Submission
from tests.bot.forms.forms import boxes, element, form, template_set
from tests.processor import seconds

TITLE = "widget doctor"
SHOWN = {"os": "Linux 6.1.0 (x86_64)", "python": "3.11.7", "widget": "0.1.0", "url": "https://e.org:80/a?b=c: d"}


def printed(values: dict[str, str], title: str = TITLE) -> str:
    return "\n".join([f"{title} 1", *(f"{key}: {value}" for key, value in values.items())])


def as_json(values: dict[str, object], title: str = TITLE, **more: Any) -> str:
    return json.dumps({title: 1, **values}, **more)


def quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


BLOCK = printed(SHOWN)
PASTED = {
    "alone": BLOCK,
    "in a fence": f"Hello!\n\n```text\n{BLOCK}\n```\n\nThat is all: thank you.",
    "in a fence within the fence of a form's field": f"### Doctor\n\n```shell\n```text\n{BLOCK}\n```\n```\n\n### Next",
    "right behind a fence": f"```{BLOCK}```",
    "behind a fence that never closes": f"~~~\n{BLOCK}",
    "quoted": quoted(BLOCK),
    "quoted twice, with its fence": quoted(quoted(f"```\n{BLOCK}\n```")),
    "indented": "    " + BLOCK.replace("\n", "\n    "),
    "with CRLF": BLOCK.replace("\n", "\r\n"),
    "with blank lines between, as mail has it": BLOCK.replace("\n", "\n\n"),
    "with the command before it": f"$ {TITLE}\n{BLOCK}",
    "under a heading in place of its title": BLOCK.replace(f"{TITLE} 1", f"### {TITLE.title()}\n"),
    "with its title before the fence": BLOCK.replace(f"{TITLE} 1\n", f"{TITLE} 1\n\n```\n") + "\n```",
    "as a list": BLOCK.replace("\n", "\n- "),
    "with marks": BLOCK.replace("os: Linux 6.1.0 (x86_64)", "**os**: `Linux 6.1.0 (x86_64)`"),
    "in other letters": BLOCK.replace("os:", "OS:").replace(TITLE, TITLE.upper()),
    "as JSON": as_json({**SHOWN}),
    "as JSON over many lines, quoted, with its keys sorted": quoted(as_json({**SHOWN}, indent=2, sort_keys=True)),
    "as JSON in a sentence": f"It says {as_json({**SHOWN})} and stops.",
    "after one that is older": f"{BLOCK.replace('0.1.0', '0.0.9')}\n\nNow with the newest:\n\n{BLOCK}",
    "after one that is older and JSON": f"{as_json({'widget': '0.0.9'})}\n{BLOCK}",
}


@pytest.mark.parametrize("text", PASTED.values(), ids=PASTED)
def test_it_is_found_however_it_was_pasted(text: str):
    assert find_printouts(text, [TITLE]) == {TITLE: SHOWN}


@pytest.mark.parametrize(
    "text",
    [
        "",
        TITLE,
        f"I ran {TITLE} 1 and it says nothing.\nos: Linux",
        f"{TITLE}\nIt printed nothing.\nos: Linux",
        f"other doctor 1\n{BLOCK.split(chr(10), 1)[1]}",
        f"{TITLE} 1\nos: unknown\npython:\nwidget: UNKNOWN",
        as_json({"os": None, "python": [1], "widget": {"os": "Linux"}}),
        f'{{"{TITLE}": 1, "os": "Linux"',
        f'"{TITLE}": 1, "os": "Linux"}}',
        f'{{"{TITLE}": {"[" * 5000}',
        f'{{"{TITLE}": {"9" * 5000}}}',
    ],
)
def test_what_tells_nothing_is_none(text: str):
    assert find_printouts(text, [TITLE]) == {}


def test_it_ends_where_something_else_begins():
    text = f"{printed({'os': 'Linux'})}\n```\npython: 2\n\n{TITLE}\nwidget: 1\nwidget: 2\nurl: 3"
    assert find_printouts(text, [TITLE]) == {TITLE: {"os": "Linux", "widget": "1"}}


def test_not_installed_is_an_answer_and_unknown_is_none():
    text = printed({"torch": "not installed", "jax": "unknown"})
    assert find_printouts(text, [TITLE]) == {TITLE: {"torch": "not installed"}}


def test_what_was_known_once_stays_known():
    text = f"{printed({'os': 'Linux', 'widget': '1'})}\n\n{printed({'os': 'unknown', 'widget': '2'})}"
    assert find_printouts(text, [TITLE]) == {TITLE: {"os": "Linux", "widget": "2"}}


def test_numbers_in_json_are_values():
    assert find_printouts(as_json({"cores": 8, "load": 0.5}), [TITLE]) == {TITLE: {"cores": "8", "load": "0.5"}}


def test_several_programs_are_told_apart():
    other = "Gadget-Info 2"
    text = f"{printed({'os': 'Linux'})}\n{printed({'os': 'BSD'}, other)}\n{as_json({'cpu': 'x86'}, other)}"
    assert find_printouts(text, [other, TITLE]) == {TITLE: {"os": "Linux"}, other: {"os": "BSD", "cpu": "x86"}}


def test_it_is_bounded():
    many = find_printouts(printed({f"key {n}": "x" * 5000 for n in range(MOST_KEYS * 3)}), [TITLE])[TITLE]
    assert len(many) == MOST_KEYS
    assert {len(value) for value in many.values()} == {LONGEST_VALUE}
    for text in (printed({"k" * (LONGEST_KEY + 1): "x"}), as_json({"k" * (LONGEST_KEY + 1): "x"})):
        assert find_printouts(text, [TITLE]) == {}
    assert len(find_printouts(as_json({f"key {n}": 1 for n in range(MOST_KEYS * 3)}), [TITLE])[TITLE]) < MOST_KEYS


HOSTILE = [
    f"{TITLE}:\n" * 8000,
    "".join(f"{TITLE} {n}:\n" for n in range(8000)),
    "".join(f"{TITLE}\nkey {n}: v\n" for n in range(4000)),
    f'{{"{TITLE}":' + "[" * 100_000,
    f'{{"{TITLE}":' * 8000,
    f'"{TITLE}" ' * 8000,
    f'"{TITLE}"' + " " * 100_000,
    "{" * 50_000 + f'"{TITLE}": 1' + "}" * 50_000,
    "> " * 50_000 + TITLE,
    f"{TITLE}{' ' * 100_000}x",
    f"{TITLE}\nos:{' ' * 100_000}x",
    f"{TITLE}\n{'`' * 100_000}",
    f"{TITLE} {'9' * 100_000}\nos: Linux",
    f"{TITLE} 1\n" + "\n" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_makes_it_slow(text: str):
    assert seconds(lambda: find_printouts(text, [TITLE])) < 5


words = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=12)
values = st.text(st.characters(codec="utf-8", exclude_characters="`*\r\n", exclude_categories=["C", "Z"]), min_size=1)


def plain(key: str) -> bool:
    """Neither the title nor what is folded to something else and back."""
    return fold(key) == key and key != fold(TITLE)


dresses = st.lists(
    st.sampled_from(
        [
            quoted,
            lambda text: f"```text\n{text}\n```",
            lambda text: "\t" + text.replace("\n", "\n\t"),
            lambda text: text.replace("\n", "\r\n"),
            lambda text: f"### What it prints\n\n{text}\n\n### And now?\n\nIt fails.",
        ]
    ),
    max_size=4,
)


@given(st.dictionaries(words.map(fold).filter(plain), values, min_size=1, max_size=9), dresses, st.booleans())
def test_what_was_printed_is_found(shown: dict[str, str], dressed: list[Callable[[str], str]], is_json: bool):
    text = as_json({**shown}, indent=1) if is_json else printed(shown)
    for dress in dressed:
        text = dress(text)
    known = {key: value[:LONGEST_VALUE] for key, value in shown.items() if value.casefold() != "unknown"}
    assert find_printouts(text, [TITLE]).get(TITLE, {}) == known


pieces = st.sampled_from(
    [TITLE, f"{TITLE} 1", "os: Linux", "python:", "```", "~~~text", "> ", "\n", "\r\n", "  ", '{"', '"', ":", "}", "1"]
)


@given(st.lists(pieces | st.text(max_size=9)).map("".join), st.lists(st.text(), max_size=3))
@example("İ", ["İ"])
def test_no_text_and_no_title_stops_it(text: str, titles: list[str]):
    for title, found in find_printouts(text, [TITLE, *titles]).items():
        assert title in {TITLE, *titles}
        assert all(key and value and len(value) <= LONGEST_VALUE for key, value in found.items())


FORM = (
    element("textarea", "What happened?", required=True),
    element("input", "Version", required=True, placeholder="0.1.0"),
    element("textarea", "System", required=True, value="- OS:\n- Python:"),
    element("dropdown", "Backend", options=["jax", "torch"]),
    boxes("Terms", "I agree", required=["I agree"]),
)
FILLINGS: Fillings = {
    TITLE: {
        "*": {"version": ["widget"], "terms": ["os"], "System": ["gpu"]},
        "BUG.yml": {"system": ["OS", "Python", "gpu"], "what-happened": ["story"]},
        "other.yml": {"backend": ["os"]},
    },
    "gadget info": {"bug.yml": {"backend": ["backend"]}},
}


def body(happened: str = "It fell.", version: str = "_No response_", system: str = "- OS:\n- Python:") -> str:
    return (
        f"### What happened?\n\n{happened}\n\n### Version\n\n{version}\n\n### System\n\n{system}\n\n"
        "### Backend\n\n_No response_\n\n### Terms\n\n- [ ] I agree"
    )


def check(text: str, *replies: str, rules: Rules = NO_RULES) -> Check:
    return Checker(template_set(bug_yml=form(*FORM)), rules, FILLINGS).check(Submission("t", text), replies)


def answers(text: str, *replies: str, rules: Rules = NO_RULES) -> dict[str, Answer]:
    return {answer.field.id: answer for answer in check(text, *replies, rules=rules).answers}


def test_it_answers_what_was_left_empty_and_what_still_is_the_form_s_own():
    found = answers(body(happened=f"It fell.\n\n```\n{BLOCK}\n```"))
    assert found["version"][1:4] == ("answered", "0.1.0", ""), "equal to the form's example, and given all the same"
    assert found["system"][1:3] == ("answered", "OS: Linux 6.1.0 (x86_64)\nPython: 3.11.7")
    assert found["backend"].status == "missing"
    assert found["terms"].status == "missing", "nobody's box is ticked by a program"
    assert [one.field.id for one in check(body(happened=BLOCK)).findings] == ["terms"]


def test_what_its_author_wrote_comes_first():
    found = answers(body(happened=BLOCK, version="2.0 from source"))
    assert found["version"].value == "2.0 from source"


def test_a_section_that_was_cut_off_is_answered_too():
    text = body(happened=BLOCK).replace("### Version\n\n_No response_\n\n", "")
    assert answers(text)["version"][1:3] == ("answered", "0.1.0")


def test_a_reply_may_hold_it_and_its_headings_come_first():
    assert answers(body(), "Sure:", BLOCK, "thanks!")["version"].value == "0.1.0"
    assert answers(body(), f"### Version\n\n3.0\n\n{quoted(BLOCK)}")["version"].value == "3.0\n\n" + quoted(BLOCK)
    newer = BLOCK.replace("0.1.0", "0.2.0")
    assert answers(body(), BLOCK, newer)["version"].value == "0.2.0"
    assert answers(body(happened=BLOCK), newer)["version"].value == "0.1.0"


def test_the_rules_of_a_field_hold_for_what_was_printed():
    rules = {"bug.yml": {"version": FieldRule(version=True), "system": FieldRule(min_length=10)}}
    text = body(happened=printed({"widget": "from source", "os": "Linux", "python": "3.11"}))
    found = answers(text, rules=rules)
    assert found["version"].status == "missing"
    assert found["system"].status == "answered"


def test_it_may_be_of_another_program():
    assert answers(body(happened=printed({"backend": "torch"}, "Gadget info")))["backend"][1:3] == ("answered", "torch")


def test_without_anything_left_to_answer_nothing_is_looked_for():
    text = (
        body(version="1", system="Linux")
        .replace("[ ]", "[x]")
        .replace("### Backend\n\n_No response_", "### Backend\n\njax")
    )
    assert check(text).complete
    assert check(text.replace("[x]", "[ ]")).answers[3].value == "jax"


def test_one_that_knows_a_single_template_fills_the_same():
    checker = Checker(template_set(bug_yml=form(*FORM), other_yml=form(*FORM, name="Other")), NO_RULES, FILLINGS)
    assert checker.check(Submission("t", body())).match.rivals
    only = checker.only(checker.templates.templates[0]).check(Submission("t", body(happened=BLOCK)))
    assert [one.field.id for one in only.findings] == ["terms"]
