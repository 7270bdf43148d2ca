"""Compiles a FieldRule into one test that says, in words for people, what an answer lacks."""

from __future__ import annotations

import ast
import re
import textwrap
import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from bot.forms.pattern import compile_pattern

if TYPE_CHECKING:
    from bot.forms.rules import FieldRule
    from bot.forms.template import Field, Value

Ruling = Callable[["Value"], str]
"""Takes the value of an answered field; returns the reason it is not good enough, or an empty string."""

_BLOCK = re.compile(
    r"^[ \t]*(?P<mark>`{3,}|~{3,})(?P<info>[^\n`]*)\n(?P<code>.*?)(?:^[ \t]*(?P=mark)[`~]*[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_TRACES = re.compile(
    r"Traceback \(most recent call last\)|^[ \t]*File \"[^\"\n]+\", line \d+|^[ \t]+at \S.*[:(]|^Caused by: "
    r"|^goroutine \d+ \[|^panicked at |^thread '[^'\n]*' panicked|^[ \t]*#\d+[: ][ \t]*\S"
    r"|^Exception in thread |^\S*(?:Error|Exception): ",
    re.MULTILINE,
)
_URL = re.compile(r"https?://[^\s/<>()]+\.[^\s<>()]+|https?://localhost\b", re.IGNORECASE)
_VERSION_LIKE = re.compile(r"(?<![\w.])v?\d[\w.+!-]*", re.IGNORECASE)
_SEMVER = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_PROMPT = re.compile(r"^(?:>>>|\.\.\.) ?", re.MULTILINE)
_PYTHON = frozenset({"python", "py", "python3", "pycon", "ipython", "ipython3"})
_LONGEST_VERSION = 60
_LONGEST_PARSED = 50_000
_filters = threading.Lock()


def compile_rule(rule: FieldRule, field: Field) -> Ruling | None:
    """Make the test for one field; None where the rule asks nothing of an answer's content."""
    tests = list(_tests(rule, field))
    if not tests:
        return None

    def judge(value: Value) -> str:
        text = value if isinstance(value, str) else "\n".join(value or ())
        for holds, reason in tests:
            if not holds(text):
                return rule.message or reason
        return ""

    return judge


def _tests(rule: FieldRule, field: Field) -> list[tuple[Callable[[str], bool], str]]:
    tests: list[tuple[Callable[[str], bool], str]] = []
    if rule.min_length is not None:
        least = rule.min_length
        tests.append(
            (lambda text: len(text) >= least, f"Please write a little more here, at least {least} characters.")
        )
    if rule.one_of:
        accepted = {choice.strip().casefold() for choice in rule.one_of}
        reason = f"Please answer with one of: {', '.join(rule.one_of)}."
        tests.append((lambda text: all(line.strip().casefold() in accepted for line in text.split("\n")), reason))
    if rule.pattern is not None:
        pattern = compile_pattern(rule.pattern)
        reason = f"This does not have the form that is needed here (`{rule.pattern}`)."
        tests.append((lambda text: pattern.search(_encodable(text)) is not None, reason))
    if rule.url:
        tests.append((lambda text: _URL.search(text) is not None, "Please add a link, starting with `https://`."))
    if rule.version:
        tests.append((_holds_version, "Please give a version number, such as `1.2.3`."))
    if rule.code_block and not field.render:
        reason = "Please put the code between two lines of three backticks (```)."
        tests.append((lambda text: any(block["code"].strip() for block in _BLOCK.finditer(text)), reason))
    if rule.traceback:
        reason = "Please paste the whole stack trace, from its first line to the error message."
        tests.append((lambda text: _TRACES.search(text) is not None, reason))
    if rule.python:
        tests.append((_holds_python, "The code here cannot be read as Python; was a part of it lost while pasting?"))
    return tests


def _encodable(text: str) -> str:
    """JSON may hold half a character of two (a lone surrogate), and RE2 takes whole ones only."""
    return text.encode("utf-8", "replace").decode()


def _holds_version(text: str) -> bool:
    for found in _VERSION_LIKE.finditer(text):
        word = found[0][:_LONGEST_VERSION].rstrip(".-+!").lstrip("vV")
        if _SEMVER.fullmatch(word):
            return True
        try:
            Version(word)
        except InvalidVersion:
            continue
        return True
    return False


def _holds_python(text: str) -> bool:
    """Parse the code blocks marked as Python, else the unmarked ones, else the whole text."""
    blocks = [(block["info"].strip().lower(), block["code"]) for block in _BLOCK.finditer(text)]
    codes = [code for info, code in blocks if info.split(" ")[0] in _PYTHON]
    codes = codes or [code for info, code in blocks if not info] or [text]
    return all(map(_parses, codes))


def _parses(code: str) -> bool:
    if not code.strip():
        return False
    if len(code) > _LONGEST_PARSED:
        return True
    if ">>>" in code:
        shown = (line for line in code.split("\n") if _PROMPT.match(line.lstrip()))
        code = "\n".join(_PROMPT.sub("", line.lstrip(), count=1) for line in shown)
    code = "\n".join(line for line in textwrap.dedent(code).split("\n") if not line.lstrip().startswith(("%", "!")))
    # Parsing warns about odd escapes in the author's strings, which is nobody's concern here.
    with _filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(code)
        except SyntaxError:
            return False
        except (ValueError, RecursionError, MemoryError):
            return True
    return True
