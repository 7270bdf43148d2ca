"""Finds slash commands in a comment, outside quotes, code and HTML comments."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_COMMANDS = 20
"""More in one comment is no conversation."""

_QUOTED = re.compile(r"^ {0,3}>.*$", re.MULTILINE)
_OPENER = re.compile(
    # A fence may be indented, or stand in a list; backticks after it on its line make it inline code instead.
    r"^(?:[ \t]*(?:[-*+]|\d{1,9}[.)]))*[ \t]*(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})[^\n]*"
    r"|(?P<ticks>`+)|(?P<comment><!--)|<(?P<tag>pre|code)\b",
    re.MULTILINE | re.IGNORECASE,
)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_HIDDEN = "\0"
_QUOTE = "\1"
_COMMAND = re.compile(r" {0,3}/(?P<name>[a-z][a-z-]*)(?=[ \t]|$)", re.IGNORECASE)
_ARGUMENT = re.compile(r'"([^"]*)"|`([^`]*)`|([^,"`]+)')
_DIRECTORIES = frozenset(
    {"bin", "boot", "dev", "etc", "home", "lib", "mnt", "opt", "proc", "root", "run", "srv", "sys", "tmp", "usr", "var"}
)
"""`/tmp is full` is about a folder."""


@dataclass(frozen=True, slots=True)
class ParsedCommand:
    """One `/name arguments` line; known or not."""

    line: int
    """From 1, in the comment."""
    name: str
    """Lower case, without the slash."""
    arguments: tuple[str, ...] = ()
    """Split at commas where there are any, else at blanks; quotes and backticks hold words together."""


def parse_commands(text: str) -> tuple[ParsedCommand, ...]:
    """Give the commands of a comment, in order; unknown ones too, but not what looks like a path."""
    if "/" not in text:
        return ()
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found: list[ParsedCommand] = []
    in_quote = False
    for number, (line, visible) in enumerate(zip(text.split("\n"), _mask(text).split("\n"), strict=True), start=1):
        # A line right under a quoted one is shown as part of the quote, until a blank line.
        in_quote = visible.startswith(_QUOTE) or (in_quote and bool(visible.strip()))
        match = _COMMAND.match(visible)
        if match and not in_quote and (name := match["name"].lower()) not in _DIRECTORIES:
            found.append(ParsedCommand(number, name, _arguments(line[match.end() :])))
    return tuple(found[:MAX_COMMANDS])


def _mask(text: str) -> str:
    """Blank out what is quoted, code or hidden, keeping every line in its place."""
    text = _QUOTED.sub(lambda match: _QUOTE * len(match[0]), text)
    parts: list[str] = []
    position = 0
    while opener := _OPENER.search(text, position):
        end = _end(text, opener)
        parts += text[position : opener.start()], re.sub(r"[^\n\1]", _HIDDEN, text[opener.start() : end])
        position = end
    return "".join((*parts, text[position:]))


def _end(text: str, opener: re.Match[str]) -> int:
    """Find where a fence, code span, comment or element ends; an open span is none, the rest runs to the end."""
    start = opener.end()
    if fence := opener["fence"]:
        closer = re.compile(rf"^[ \t]*{re.escape(fence[0])}{{{len(fence)},}}[ \t]*$", re.MULTILINE)
    elif ticks := opener["ticks"]:
        # A code span never reaches over a blank line.
        paragraph = _BLANK_LINE.search(text, start)
        closer = re.compile(rf"(?<!`){ticks}(?!`)")
        closed = closer.search(text, start, paragraph.start() if paragraph else len(text))
        return closed.end() if closed else start
    else:
        closer = re.compile("-->" if opener["comment"] else rf"</{opener['tag']}\s*>", re.IGNORECASE)
    closed = closer.search(text, start)
    return closed.end() if closed else len(text)


def _arguments(text: str) -> tuple[str, ...]:
    words: list[str] = []
    for double, ticked, plain in _ARGUMENT.findall(text):
        if plain:
            words += [plain] if "," in text else plain.split()
        else:
            words.append(double or ticked)
    return tuple(word for part in words if (word := part.strip()))
