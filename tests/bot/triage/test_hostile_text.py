"""Bodies written to take long: whatever reads them does so in a time that their length bounds."""

from __future__ import annotations

from functools import partial

import pytest

from bot.forms.check import Checker
from bot.forms.load import load
from bot.forms.rules import FieldRule
from bot.forms.template import Submission
from bot.triage.commands import parse_commands
from bot.triage.escape import cell, code, escape, visible
from tests.processor import seconds

LONGEST_BODY = 65_536
SECONDS = 2.0
"""Of work; what is measured takes a small part of it."""

FORM = b"""
name: Bug report
description: Something broke
body:
  - {type: input, id: version, attributes: {label: Version}, validations: {required: true}}
  - {type: textarea, id: code, attributes: {label: Code, render: python}, validations: {required: true}}
  - {type: dropdown, id: os, attributes: {label: System, options: [Linux, "a, b", macOS], multiple: true}}
  - {type: checkboxes, id: terms, attributes: {label: Terms, options: [{label: Read, required: true}]}}
"""
PAGE = b"---\nname: Question\nabout: Ask\n---\n## What?\n<!-- say it -->\n**Where?**\nKey:\n"
RULE = FieldRule(python=True, code_block=True, traceback=True, url=True, version=True, min_length=3)
CHECKER = Checker(
    load({".github/ISSUE_TEMPLATE/bug.yml": FORM, ".github/ISSUE_TEMPLATE/question.md": PAGE}),
    {"*": {"version": RULE, "code": RULE, "What?": RULE}},
    {"widget doctor": {"*": {"version": ("widget",)}}},
)
PIECES = {
    "hashes": "#",
    "headings": "### Version\n",
    "open headings": "### ",
    "backticks": "`",
    "fences": "```\n",
    "opened fences": "```python\n~~~\n",
    "comments": "<!--",
    "closed comments": "<!-- --> ",
    "dashes": "-",
    "ends of comments": "-->",
    "tags": "<details><summary>",
    "boxes": "- [ ] \n",
    "ticked": "- [x] Read\n",
    "blanks": " ",
    "tabs and blanks": "\t ",
    "line ends": "\r\n",
    "stars": "*",
    "bold lines": "**a**\n",
    "underscores": "_",
    "brackets": "[",
    "links": "[a](",
    "quotes": ">",
    "pipes": "|a",
    "commands": "/label a\n",
    "slashes": "/",
    "commas": "a, b, ",
    "colons": "Key:",
    "versions": "1.",
    "versions of letters": "1a1b",
    "dotted": "v1.0-a+b!",
    "addresses": "https://",
    "traces": '  File "a',
    "at": "    at a",
    "numbers": "#1 ",
    "commits": "abcdef0",
    "invisible": "\u200b",
    "combining": "e\u0301",
    "turned round": "\u202e",
    "doctor": "widget doctor 1\nwidget: 1\n",
    "brackets of code": "(",
    "brackets of both kinds": "([{",
    "lambdas": "lambda:",
    "nots": "not ",
    "signs": "-~+",
    "calls": "a(b:=",
    "strings": "f'{",
    "indents": "if a:\n ",
    "prompts": ">>> a\n... b\n",
}


def check(text: str) -> None:
    CHECKER.check(Submission("Title", text, ()), [text])


def check_answer(text: str) -> None:
    check(f"### Version\n\n{text}\n\n### Code\n\n```python\n{text}\n```\n\n### System\n\n{text}\n\n### Terms\n\n{text}")


def check_page(text: str) -> None:
    check(f"## What?\n{text}\n**Where?**\n{text}\nKey: {text}")


def repeat(text: str) -> None:
    """As a comment or a report would, if it repeated all of it."""
    for write in (escape, code, cell):
        write(text, LONGEST_BODY)


READERS = (check, check_answer, check_page, parse_commands, repeat, visible)


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_no_body_takes_long_to_read(piece: str):
    text = (piece * LONGEST_BODY)[:LONGEST_BODY]
    slow = {}
    for reader in READERS:
        for body in (text, "x" + text[:-2] + "x"):
            took = seconds(partial(reader, body))
            if took > SECONDS:
                slow[reader.__name__] = took
    assert not slow
