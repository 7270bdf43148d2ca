"""Finds a markdown template's sections in a body: in any order, under headings, bold lines, keys or comments."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.forms.label import are_few, fold, similarity
from bot.forms.markdown import comments, sections
from bot.forms.outline import Mark, Style, commented_lines, fenced_lines, outline
from bot.forms.parse import Place, Places
from bot.forms.template import MOST_FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.forms.parse import Body
    from bot.forms.template import Template

_ALIKE = 0.9
_SHORT_KEY = 0.15
_OTHER_LEVEL = 0.75
"""What a heading of another level than the template's is worth."""
_WEIGHTS: Final[dict[tuple[Style, Style], float]] = {
    ("heading", "heading"): 1.0, ("heading", "bold"): 0.9, ("heading", "key"): 0.4,
    ("bold", "heading"): 0.9, ("bold", "bold"): 1.0, ("bold", "key"): 0.5,
    ("key", "heading"): 0.6, ("key", "bold"): 0.6, ("key", "key"): 0.6,
}  # fmt: skip
"""By the template's style and the body's: headings outweigh keys."""
_TELLING_COMMENT = 20
_TELLING_LINE = 25


@dataclass(frozen=True, slots=True)
class Traces:
    """What a markdown template leaves in a body that was filed through it."""

    labels: tuple[str, ...]
    """Folded, in the template's order."""
    styles: tuple[Style, ...]
    levels: tuple[int, ...]
    comments: frozenset[str]
    """All its comments, folded."""
    telling: frozenset[str]
    """Those long enough to be nobody else's."""
    lines: frozenset[str]
    """Its instructions, also those in comments, line by line, folded."""


def traces(template: Template) -> Traces:
    """Learn what to look for."""
    parts = sections(template.text)
    own = frozenset(fold(comment.text) for comment in comments(template.text))
    marked = {fold(part.mark.label) for part in parts}
    lines = {fold(line) for line in template.text.split("\n")} - marked
    return Traces(
        labels=tuple(fold(part.mark.label) for part in parts),
        styles=tuple(part.style for part in parts),
        levels=tuple(part.mark.level for part in parts),
        comments=own,
        telling=frozenset(comment for comment in own if len(comment) >= _TELLING_COMMENT),
        lines=frozenset(line for line in lines if len(line) >= _TELLING_LINE),
    )


class Marks:
    """The lines of one body that may open sections, with its comments and its lines, folded."""

    def __init__(self, body: Body) -> None:
        fenced = fenced_lines(body.lines)
        marks = outline(body.lines, commented_lines(body.lines))
        self.by_label: dict[str, list[Mark]] = defaultdict(list)
        for mark in sorted(marks, key=lambda mark: mark.line in fenced):
            alike = self.by_label[fold(mark.label)]
            # A template may have one label as often as it has sections, and each looks through all of these.
            if len(alike) < 2 * MOST_FIELDS:
                alike.append(mark)
        self.comments = {fold(found.text): found for found in comments(body.text)}
        self.lines = {fold(line) for line in body.lines}
        self.body = body

    def headings(self) -> set[str]:
        """The labels that stand as a heading or a bold line."""
        return {label for label, marks in self.by_label.items() if any(mark.style != "key" for mark in marks)}

    def place(self, wanted: Traces) -> Places:
        """Find each section's opening: the first mark with its label and the best style, outside code if possible."""
        closely = are_few(wanted.labels, self.by_label)
        taken: set[int] = set()
        places: list[Place | None] = []
        for label, style, level in zip(wanted.labels, wanted.styles, wanted.levels, strict=True):
            place = (
                self._comment(label)
                if style == "comment"
                else self._mark(label, style, level, taken, self._alike(label, closely=closely))
            )
            if place is not None:
                taken.add(place.line)
            places.append(place)
        return tuple(places)

    @staticmethod
    def _mark(
        label: str, style: Style, level: int, taken: set[int], alike: Sequence[tuple[float, Mark]]
    ) -> Place | None:
        best: tuple[float, Mark] | None = None
        for likeness, mark in alike:
            if mark.line in taken:
                continue
            weight = likeness * (_SHORT_KEY if _is_short_key(label, mark) else _WEIGHTS[style, mark.style])
            weight *= _OTHER_LEVEL if style == mark.style == "heading" and level != mark.level else 1.0
            if best is None or weight > best[0] + 1e-9:
                best = weight, mark
        return Place(best[1].line, best[0], best[1].rest) if best else None

    def _alike(self, label: str, *, closely: bool) -> list[tuple[float, Mark]]:
        if label in self.by_label:
            return [(1.0, mark) for mark in self.by_label[label]]
        scores = [(similarity(label, folded), folded) for folded in self.by_label] if closely else []
        return [(score, mark) for score, folded in scores if score >= _ALIKE for mark in self.by_label[folded]]

    def _comment(self, label: str) -> Place | None:
        for folded, found in self.comments.items():
            if folded.startswith(label):
                text = self.body.text
                lines = text.count("\n", found.start, found.end) + 1
                return Place(text.count("\n", 0, found.start), 1.0, length=lines)
        return None

    def verbatim(self, wanted: Traces) -> tuple[int, int]:
        """Count the template's telling comments and instruction lines that stand in the body unchanged."""
        return len(wanted.telling & self.comments.keys()), len(wanted.lines & self.lines)


def _is_short_key(label: str, mark: Mark) -> bool:
    """A short `Key:` is what anybody writes; programs write such lines too."""
    return mark.style == "key" and " " not in label
