"""Finds a template's fields in a comment, where people repeat a heading in whatever way they write headings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.forms.label import fold, unify_line_ends
from bot.forms.outline import fenced_lines, outline, read_fence
from bot.forms.parse import without_wrapper

if TYPE_CHECKING:
    from collections.abc import Sequence


def texts_in_reply(reply: str, labels: Sequence[str]) -> dict[str, str]:
    """The text under each of the (folded) labels that the reply carries as a heading, a bold line or a key."""
    lines = unify_line_ends(reply).split("\n")
    return _texts(lines, labels, fenced_lines(lines)) or _texts(_unfenced(lines), labels, set())


def _texts(lines: Sequence[str], labels: Sequence[str], hidden: set[int]) -> dict[str, str]:
    marks = [(fold(mark.label), mark) for mark in outline(lines, hidden)]
    # `Logs: where are they?` is chat.
    marks = [(label, mark) for label, mark in marks if label in labels and not mark.rest.endswith("?")]
    ends = [*(mark.line for _, mark in marks[1:]), len(lines)]
    return {
        label: without_wrapper("\n".join((mark.rest, *lines[mark.line + 1 : end])))
        for (label, mark), end in zip(marks, ends, strict=False)
    }


def _unfenced(lines: Sequence[str]) -> list[str]:
    """Drop the outermost fence: a block to fill in is easily pasted together with the fence it was shown in."""
    fences = [number for number, line in enumerate(lines) if read_fence(number, line)]
    outer = {fences[0], fences[-1]} if fences else set()
    return [line for number, line in enumerate(lines) if number not in outer]
