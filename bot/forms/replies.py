"""Finds a template's fields in a comment, where people repeat a heading in whatever way they write headings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.forms.label import fold, unify_line_ends
from bot.forms.outline import fenced_lines, outline

if TYPE_CHECKING:
    from collections.abc import Sequence


def texts_in_reply(reply: str, labels: Sequence[str]) -> dict[str, str]:
    """The text under each of the (folded) labels that the reply carries as a heading, a bold line or a key."""
    lines = unify_line_ends(reply).split("\n")
    wanted = set(labels)
    marks = [(fold(mark.label), mark) for mark in outline(lines, fenced_lines(lines))]
    marks = [(label, mark) for label, mark in marks if label in wanted]
    texts: dict[str, str] = {}
    ends = [*(mark.line for _, mark in marks[1:]), len(lines)]
    for (label, mark), end in zip(marks, ends, strict=False):
        texts[label] = "\n".join((mark.rest, *lines[mark.line + 1 : end]))
    return texts
