"""Tells what somebody says in a text from what is quoted, code or hidden in it."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"^ {0,3}>.*$", re.MULTILINE)
_OPENER = re.compile(
    # A fence may be indented, or stand in a list; backticks after it on its line make it inline code instead.
    r"^(?:[ \t]*(?:[-*+]|\d{1,9}[.)]))*[ \t]*(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})[^\n]*"
    r"|(?P<ticks>`+)|(?P<comment><!--)|<(?P<tag>pre|code)\b",
    re.MULTILINE | re.IGNORECASE,
)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_HIDDEN = "\0"
QUOTE = "\1"


def mask(text: str) -> str:
    """Blank out what is quoted, code or hidden, keeping every line in its place."""
    text = _QUOTED.sub(lambda match: QUOTE * len(match[0]), text)
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
        # A code span never reaches over a blank line; that is looked for within the span alone, for there may be many.
        closed = re.compile(rf"(?<!`){ticks}(?!`)").search(text, start)
        return closed.end() if closed and not _BLANK_LINE.search(text, start, closed.start()) else start
    else:
        closer = re.compile("-->" if opener["comment"] else rf"</{opener['tag']}\s*>", re.IGNORECASE)
    closed = closer.search(text, start)
    return closed.end() if closed else len(text)


def prose(text: str) -> str:
    """Give a text's own words, without what is quoted, code or hidden."""
    masked = mask(text.replace("\r\n", "\n").replace("\r", "\n"))
    return masked.replace(_HIDDEN, " ").replace(QUOTE, "")
