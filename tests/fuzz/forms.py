"""What must hold of templates and bodies, whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.forms.check import Checker
from bot.forms.document import MAX_BYTES
from bot.forms.label import similarity
from bot.forms.load import FOLDER, load
from bot.forms.rules import FieldRule
from bot.forms.template import Check, Field, Problem, Submission, Template, Value
from bot.render import MAX_COMMENT, Renderer
from bot.triage.block import ready_block
from bot.triage.commands import MAX_COMMANDS, is_bare, parse_commands
from bot.triage.plan import REQUEST_MARKER
from bot.triage.prose import prose
from bot.triage.wording import Facts
from tests.bot.forms.submissions import render
from tests.docs.reading import ROOT
from tests.fuzz.target import Target, decoded, encoded, grown, parts

_FILES = {str(path.relative_to(ROOT)): path.read_bytes() for path in (ROOT / FOLDER).glob("*.yml")}
_OLD = b"""---
name: Old
about: From before there were forms
---
## What is the problem?

<!-- What did you do, and what happened instead? -->

**autolog version**

Logs:
"""
OWN = load({**_FILES, f"{FOLDER}/old.md": _OLD})
"""This project's own forms, beside a markdown template with headings of theirs."""
_FORMS = [template for template in OWN.templates if template.kind == "form"]
_STRICT = FieldRule(
    allow_na=False, min_length=2, pattern="[a-z]", code_block=True, traceback=True, python=True, url=True, version=True
)
_RULES = {
    "*": {
        field.id: rule
        for template in _FORMS
        for field, rule in zip(
            template.fields,
            (_STRICT, FieldRule(python=True), FieldRule(url=True), FieldRule(version=True), FieldRule(traceback=True))
            * 9,
            strict=False,
        )
    }
}
_FILLINGS = {"autolog doctor": {"*": {"system": ("os", "python"), "autolog-version": ("autolog",)}}}
_JUDGED = Checker(OWN, _RULES, _FILLINGS)
_PLAIN = Checker(OWN)
_RENDERER = Renderer()
_NO_RESPONSE = "_No response_"


def parser(data: bytes) -> None:
    """Any body with any reply is read; what is asked for is what was not answered; a comment is read for commands."""
    body, reply = parts(data, 2)
    for checker in (_PLAIN, _JUDGED):
        check = checker.check(Submission("t", body), [reply])
        _is_sound(check)
        assert check == checker.check(Submission("t", body), [reply])
        if check.findings:
            _fits(check)
    commands = parse_commands(body)
    assert len(commands) <= MAX_COMMANDS
    assert len(prose(body)) <= len(body)
    assert not is_bare(body) or commands


def answers(data: bytes) -> None:
    """What an author put into a form is read as it was put there, and never asked for again."""
    template = _FORMS[sum(data[:1]) % len(_FORMS)]
    texts = parts(data[1:], len(template.fields))
    values = [_entered(field, text) for field, text in zip(template.fields, texts, strict=True)]
    check = _PLAIN.check(Submission(template.title, render(template, values)))
    _is_sound(check)
    assert check.match.template is template
    for answer, value in zip(check.answers, values, strict=True):
        if not value:
            assert answer.status != "answered"
        elif isinstance(value, tuple):
            assert answer.value == value
        else:
            assert answer.status == "answered"
            # The end of a wrapper around the whole form is taken off its last answer.
            assert "</details>" in value or _lines(answer.value) == _lines(value)


def templates(data: bytes) -> None:
    """Any file is a template or a list of problems; a form that GitHub would show can be filled in."""
    text = encoded(grown(decoded(data), MAX_BYTES))[:MAX_BYTES]
    names = ("a.yml", "b.md", "config.yml")
    loaded = load({**{f"{FOLDER}/{name}": text for name in names}, "ISSUE_TEMPLATE.md": text})
    stand_within(loaded.problems, text)
    checker = Checker(loaded)
    _is_sound(checker.check(Submission("t", decoded(text)[:65_536])))
    for template in loaded.templates:
        if template.kind == "form" and template.shown and _is_clear(template):
            _can_be_filled_in(checker.only(template), template)


def _can_be_filled_in(checker: Checker, template: Template) -> None:
    filled = checker.check(Submission("t", render(template, [_plain(field) for field in template.fields])))
    assert filled.match.template == template
    assert not filled.findings
    empty = Submission("t", render(template, [None] * len(template.fields)))
    asked = checker.check(empty)
    assert {finding.field.id for finding in asked.findings} == {field.id for field in template.fields if field.required}
    if asked.findings:
        _fits(asked)
        # Whoever pastes the block as it is has answered nothing.
        assert checker.check(empty, [ready_block(asked.findings)]).findings == asked.findings


def _is_clear(template: Template) -> bool:
    """Whether people could tell the fields apart, and choose something that says something."""
    labels = [field.label for field in template.fields]
    others = ((one, other) for place, one in enumerate(labels[:20]) for other in labels[:place])
    return (
        len(labels) <= 20
        and all(re.fullmatch(r"[A-Za-z][A-Za-z ?]{1,60}", label) for label in labels)
        and all(similarity(one.casefold(), other.casefold()) < 0.8 for one, other in others)
        and all(re.fullmatch(r"\w[\w ]+", option.label) for field in template.fields for option in field.options)
    )


def _plain(field: Field) -> Value:
    labels = tuple(option.label for option in field.options)
    if field.type == "checkboxes":
        return labels
    if field.type == "dropdown":
        return labels[:1] if field.multiple else labels[0]
    return "Somebody wrote this down in their own words, at some length."


def _entered(field: Field, text: str) -> Value:
    """A value that this text stands for; a text has no headings of a form's, for nobody could tell whose they are."""
    labels = [option.label for option in field.options]
    if field.type == "checkboxes":
        return tuple(option.label for option in field.options if option.required or len(text) % 2)
    if field.type == "dropdown":
        return labels[len(text) % len(labels)]
    return f"{text.replace('###', '##')}\nand said so" if text.strip() else None


def _lines(value: Value) -> list[str]:
    assert isinstance(value, str)
    return value.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n")


def _is_sound(check: Check) -> None:
    template = check.match.template
    assert 0 <= check.match.confidence <= 1
    assert not check.answers or template is not None
    statuses = {answer.field.id: answer.status for answer in check.answers}
    assert list(statuses) == ([] if template is None else [field.id for field in template.fields])
    assert all(
        finding.reason and statuses[finding.field.id] == finding.status != "answered" for finding in check.findings
    )


def _fits(check: Check) -> None:
    comment = _RENDERER.write("request", Facts("octocat", check.findings))
    assert len(comment) <= MAX_COMMENT + len(REQUEST_MARKER) + 2
    assert comment.count(REQUEST_MARKER) == 1


def stand_within(problems: Iterable[Problem], text: bytes) -> None:
    """Each problem names a place that is there, or the whole file, and says something."""
    # YAML knows more line ends than one, and a problem may be at the very end.
    lines = 2 + len(re.findall("\n|\r|\x85|\u2028|\u2029", text.decode("utf-8", "replace")))
    for problem in problems:
        assert problem.message
        assert 0 <= problem.line <= lines


_LABELS = [f"### {field.label}\n\n" for template in _FORMS for field in template.fields]
_OPTIONS = [f"- [x] {option.label}\n" for template in _FORMS for field in template.fields for option in field.options]
_MARKS = [
    "\n", "\r\n", "\n\n", "### ", "## ", "# ", "**", "__", ": ", "- [ ] ", "- [x] ", "1. ", "> ", "```", "~~~", "````",
    "```python\n", "\n```\n", "<!--", "-->", "</details>", "<details>", "<pre>", "</pre>", "    ", "\t", "`", "\0",
    "\1",
]  # fmt: skip
_ANSWERS = [
    "N/A", "none", "TBD", "...", "-", "x", "1.2.3", "https://example.com/a", "Traceback (most recent call last)",
    '  File "a.py", line 1', ">>> ", "def f(x):\n", "(", "[", "{", "lambda", "autolog doctor 1\n", "os: Linux\n",
    '{"autolog doctor": 1, "os": "', '"}', "/close", "/label a, b\n", "/needs-info\n",
]  # fmt: skip
_YAML = [
    "name: Bug report\n", "description: d\n", "body:\n", "  - type: ", "input\n", "textarea\n", "dropdown\n",
    "checkboxes\n", "upload\n", "markdown\n", "    id: a\n", "    attributes:\n", "      label: ", "      options:\n",
    "        - ", "        - label: ", "          required: true\n", "    validations:\n", "      required: true\n",
    "      multiple: true\n", "      default: 0\n", "      render: sh\n", "      value: ", "      placeholder: ",
    "- {type: input, attributes: {label: a}}\n", "Version\n", "Steps to reproduce\n", "---\n", "...\n", "about: a\n",
    "labels: [bug]\n", "blank_issues_enabled: false\n", "contact_links:\n", "'", '"', "|\n", ">-\n", "&a ", "*a",
    "<<: ",
    "!!int ", "!!float ", "!!binary ", "!!set ", "? ", "{", "}", "[", "]", ", ", "\n", "%YAML 1.1\n", "\ufeff", "#",
]  # fmt: skip

_SEEDS = tuple(
    render(template, [value(field) for field in template.fields]).encode()
    for template in _FORMS
    for value in (_plain, lambda _: None)
)

TARGETS = {
    "parser": Target(parser, (*_LABELS, *_OPTIONS, *_MARKS, *_ANSWERS), _SEEDS),
    "answers": Target(answers, (*_MARKS, *_ANSWERS)),
    "templates": Target(templates, (*_YAML, *_MARKS), (*_FILES.values(), _OLD)),
}
