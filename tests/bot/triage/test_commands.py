from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.triage.commands import MAX_COMMANDS, ParsedCommand, is_bare, parse_commands


def names(text: str) -> list[str]:
    return [command.name for command in parse_commands(text)]


def arguments(text: str) -> tuple[str, ...]:
    (command,) = parse_commands(text)
    return command.arguments


def test_commands_stand_at_the_start_of_a_line():
    text = "Thanks!\n/label bug\n  /close\nplease /reopen it"
    assert parse_commands(text) == (ParsedCommand(2, "label", ("bug",)), ParsedCommand(3, "close"))


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_every_kind_of_line_end_is_understood(end: str):
    assert parse_commands(end.join(["Hi", "/triage", "", "/close not planned", ""])) == (
        ParsedCommand(2, "triage"),
        ParsedCommand(4, "close", ("not", "planned")),
    )


def test_case_does_not_matter():
    assert names("/Label Bug") == ["label"]
    assert arguments("/LABEL Bug") == ("Bug",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/label bug docs", ("bug", "docs")),
        ("/label good first issue, bug", ("good first issue", "bug")),
        ('/label "good first issue" bug', ("good first issue", "bug")),
        ("/label `area/store`,", ("area/store",)),
        ("/label  , ,", ()),
        ('/label ""', ()),
        ('/label "open', ("open",)),
    ],
)
def test_arguments_are_split_at_commas_or_blanks(text: str, expected: tuple[str, ...]):
    assert arguments(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no command",
        "/usr/bin/python is missing",
        "/usr",
        "/tmp is full",
        "/",
        "//label",
        "/ label",
        "/label: bug",
        "/42",
        "a /label bug",
        "- /label bug",
        "    /label bug",
        "\t/label bug",
        "> /label bug",
        "   > /label bug",
        "> what he said\n/label bug",
        "```\n/label bug\n```",
        "~~~~\n```\n/label bug\n~~~\n/label bug\n~~~~",
        "```sh\n/label bug",
        "- ```\n  /label bug\n\n/label bug\n  ```",
        "`code\n/label bug\n`",
        "``a ` b\n/label bug``",
        "<!-- /label bug -->",
        "<!--\n/label bug\n-->",
        "<!--\n/label bug",
        "<pre>\n/label bug\n</pre>",
        "<code>\n/label bug\n</CODE>",
        "1. ```\n   /label bug\n   ```",
    ],
)
def test_what_is_no_command_is_none(text: str):
    assert names(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "> what he said\n\n/label bug",
        "> ```\n> open fence\n\n/label bug",
        "```\ncode\n```\n/label bug",
        "```\n<!--\n```\n/label bug",
        "```\n`\n```\n/label bug",
        "``` not a fence ```\n/label bug",
        "<!-- ``` -->\n/label bug",
        "<!-- hidden -->\n/label bug",
        "a ` alone\n\n/label bug `",
        "a `b` c\n/label bug",
        "<details>\n/label bug\n</details>",
        "<precious>\n/label bug",
    ],
)
def test_a_command_beside_quotes_and_code_is_one(text: str):
    assert names(text) == ["label"]


def test_unknown_commands_are_found_too():
    assert names("/dance\n/needs-info") == ["dance", "needs-info"]


def test_only_so_many_commands_are_taken_from_one_comment():
    assert len(parse_commands("/triage\n" * 50)) == MAX_COMMANDS


@given(st.text(alphabet="`~<!->/label \n\r\t>x\"',", max_size=80))
def test_any_text_can_be_read_and_lines_count_from_one(text: str):
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for command in parse_commands(text):
        assert lines[command.line - 1].lstrip(" ").lower().startswith(f"/{command.name}")


@given(st.text(alphabet="ab /\n", max_size=40))
def test_nothing_in_a_fence_is_a_command(text: str):
    assert parse_commands(f"```\n{text}\n```") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/label bug", True),
        ("\n/label bug\r\n\r\n/close\n", True),
        ("> It loses data.\n\n/label bug", True),
        ("<!-- for us -->\n/label bug", True),
        ("Thanks!\n/label bug", False),
        ("Which version?", False),
        ("> /label bug", False),
        ("", False),
    ],
)
def test_a_comment_of_commands_alone_says_nothing_to_people(text: str, *, expected: bool):
    assert is_bare(text) is expected
