"""Finds the lines of markdown that may open a section: headings, bold lines and `Key:` lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Style = Literal["heading", "bold", "key", "comment"]

# No two neighbouring parts of these may match the same blanks: a body may hold a line of 60,000 of them.
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|(?<=##)(?=[^#\s]))(\S.*)\Z")
_BOLD = re.compile(r"[ \t]*(\*\*|__)(?=\S)(.+?)\1(?P<rest>.*)\Z")
_KEY = re.compile(
    r"[ \t]*+(?P<bullet>(?:[-*+]|\d{1,2}[.)])[ \t]+)?(?:\*\*|__)?(?P<label>[^\W_][^:：=<>\[\]]{0,78}?)[ \t]{0,4}"
    r"(?:\*\*|__)?[ \t]{0,4}(?:[:：]|=>)(?:\*\*|__)?(?P<rest>.*)\Z"
)
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})(.*)\Z")
_LONGEST_KEY_WORDS = 9


@dataclass(frozen=True, slots=True)
class Mark:
    """A line that may open a section."""

    line: int
    style: Style
    label: str
    rest: str = ""
    """What follows the label on the same line."""
    bullet: bool = False
    level: int = 0
    """Of a heading, 1 to 6."""
    length: int = 1
    """Lines it takes; a comment may take several."""


@dataclass(frozen=True, slots=True)
class Fence:
    """A line that opens or closes a code block."""

    line: int
    character: str
    length: int
    info: bool
    """True when a language or other text follows: such a line only opens."""

    def closes(self, opener: Fence) -> bool:
        return not self.info and self.character == opener.character and self.length >= opener.length


def read_mark(number: int, line: str) -> Mark | None:
    """Read one line as a section's opening, if it is one."""
    if heading := _HEADING.match(line):
        text = heading[2].rstrip()
        closed = text.rstrip("#")
        text = closed if closed.endswith((" ", "\t")) else text
        label = text.strip("*_ \t") or text
        return Mark(number, "heading", label, level=len(heading[1]))
    if (bold := _BOLD.match(line)) and not _KEY.match(line):
        return Mark(number, "bold", bold[2].strip().rstrip(":：").rstrip(), bold["rest"].lstrip(" \t:：").rstrip())
    key = _KEY.match(line)
    if key and not key["rest"].startswith("//") and key["label"].count(" ") < _LONGEST_KEY_WORDS:
        rest = key["rest"].strip()
        if key["bullet"] is None and line.lstrip().startswith(("**", "__")):
            return Mark(number, "bold", key["label"].strip("*_ \t"), rest)
        return Mark(number, "key", key["label"].strip("*_ \t"), rest, bullet=key["bullet"] is not None)
    return None


def read_fence(number: int, line: str) -> Fence | None:
    """Read one line as a fence; three backticks with more backticks after them are inline code."""
    found = _FENCE.match(line)
    if not found or (found[1][0] == "`" and "`" in found[2]):
        return None
    return Fence(number, found[1][0], len(found[1]), info=bool(found[2].strip()))


def fenced_lines(lines: Sequence[str]) -> set[int]:
    """Number the lines within code blocks that close; one left open hides nothing."""
    hidden: set[int] = set()
    opener: Fence | None = None
    for number, line in enumerate(lines):
        fence = read_fence(number, line)
        if fence is None:
            continue
        if opener is None:
            opener = fence
        elif fence.closes(opener):
            hidden.update(range(opener.line, number + 1))
            opener = None
    return hidden


def commented_lines(lines: Sequence[str]) -> set[int]:
    """Number the lines that belong to an HTML comment which closes, except what shares its line with other text."""
    hidden: set[int] = set()
    start: int | None = None
    for number, line in enumerate(lines):
        rest = line
        if start is None:
            before, opened, rest = line.partition("<!--")
            if not opened:
                continue
            start = number if not before.strip() else number + 1
        _, closed, after = rest.partition("-->")
        if closed:
            hidden.update(range(start, number + (not after.strip())))
            start = None
    return hidden


def outline(lines: Sequence[str], hidden: set[int]) -> list[Mark]:
    """All marks outside hidden lines."""
    marks = (read_mark(number, line) for number, line in enumerate(lines) if number not in hidden)
    return [mark for mark in marks if mark is not None]
