"""Splits a body into the texts of a form's fields: expected labels first, fences second, the rest is value."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from bot.forms.label import are_few, fold, similarity
from bot.forms.outline import Fence, read_fence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ALIKE = 0.8
_FOLDED = 0.98
"""A label that differs in case or punctuation: `C#` must not take what stands under `C++`."""
_FUZZY = 0.9
"""A label that only resembles the expected one weighs this much of its likeness."""
_HIDDEN = 0.6
"""A label within a code block that closes weighs less than the same label outside, and more than none."""
_MOVED = 0.6
_REWORDED = 0.6
_MOST_CANDIDATES = 1000
"""Pairs of heading and field; each is held against each."""
_MOST_PER_LABEL = 16
_MOST_WORK = 200_000
_MOST_RESTARTS = 20
_WEAK_WORDS = frozenset(
    {"a", "an", "and", "any", "are", "for", "in", "is", "it", "of", "on", "or", "the", "this", "to", "you", "your"}
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A `###` line."""

    line: int
    text: str
    folded: str
    plain: bool
    """Written as GitHub writes it: at the line's start, one blank after the mark."""


class Body:
    """One body, read line by line; what several templates want to know of it is found once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.headings = tuple(self._headings())
        self._fences = [fence for number, line in enumerate(self.lines) if (fence := read_fence(number, line))]
        self._blocks: dict[int, list[tuple[int, int]]] = {}

    def _headings(self) -> Iterable[Heading]:
        for number, line in enumerate(self.lines):
            if "###" in line and (start := line.lstrip(" \t")).startswith(("### ", "###\t")):
                text = start[4:].strip(" \t")
                yield Heading(number, text, fold(text), line.startswith(f"### {text}"))

    def is_hidden(self, line: int, heading: int) -> bool:
        """Tell whether a line stands in a code block that opens after a heading's line and closes again."""
        if heading not in self._blocks:
            self._blocks[heading] = list(self._blocks_after(heading))
        blocks = self._blocks[heading]
        block = bisect_left(blocks, (line,)) - 1
        return block >= 0 and line < blocks[block][1]

    def _blocks_after(self, heading: int) -> Iterable[tuple[int, int]]:
        if len(self._fences) * len(self.headings) > _MOST_WORK:
            return
        fences = [fence for fence in self._fences if fence.line > heading]
        start = restarts = 0
        while start < len(fences) and restarts < _MOST_RESTARTS:
            closer = _closer(fences, start)
            if closer is None:
                start, restarts = start + 1, restarts + 1
            else:
                yield fences[start].line, fences[closer].line
                start = closer + 1

    def between(self, first: int, last: int) -> str:
        return "\n".join(self.lines[first:last])


def _closer(fences: Sequence[Fence], opener: int) -> int | None:
    for number in range(opener + 1, len(fences)):
        if fences[number].closes(fences[opener]):
            return number
    return None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field's heading stands."""

    line: int
    weight: float
    """1 for the very label, less for one that resembles it or stands in a code block."""
    rest: str = ""
    """The part of the value on the heading's own line."""
    length: int = 1
    """Lines of the heading."""


Places = tuple[Place | None, ...]
"""One for each field of a template, None where the body lacks it."""


def align(body: Body, labels: Sequence[str], written: Sequence[str]) -> Places:
    """Find a form's labels (folded, and as written) among the headings, in order, as many as possible.

    Of equally good ways the earliest is taken, so a label repeated inside a value stays in the value.
    """
    best: list[tuple[float, int, int, int]] = []  # total weight, heading's line, field, index of the one before
    weights: list[float] = []
    for heading, index, likeness in _few_candidates(body, labels, written):
        total, before = likeness * (_HIDDEN if body.is_hidden(heading.line, -1) else 1.0), -1
        for number, (sum_before, line, field, _) in enumerate(best):
            if field < index and line < heading.line:
                weight = likeness * (_HIDDEN if body.is_hidden(heading.line, line) else 1.0)
                if sum_before + weight > total + 1e-9:
                    total, before = sum_before + weight, number
        weights.append(total - (best[before][0] if before >= 0 else 0.0))
        best.append((total, heading.line, index, before))
    places: list[Place | None] = [None] * len(labels)
    number = max(range(len(best)), key=lambda entry: (best[entry][0] // 1e-6, -entry), default=-1)
    while number >= 0:
        _, line, index, before = best[number]
        places[index] = Place(line, weights[number])
        number = before
    return tuple(places)


_Candidate = tuple[Heading, int, float]


def _few_candidates(body: Body, labels: Sequence[str], written: Sequence[str]) -> list[_Candidate]:
    """Pairs of heading and field that could belong together, in the body's order; never so many that it would hurt."""
    if are_few(labels, (heading.folded for heading in body.headings)):
        found = list(islice(_candidates(body, labels, written, fuzzy=True), _MOST_CANDIDATES + 1))
        if len(found) <= _MOST_CANDIDATES:
            return found
    return list(islice(_candidates(body, labels, written, fuzzy=False), _MOST_CANDIDATES))


def _candidates(body: Body, labels: Sequence[str], written: Sequence[str], *, fuzzy: bool) -> Iterable[_Candidate]:
    exact: dict[str, list[int]] = defaultdict(list)
    for index, label in enumerate(labels):
        exact[label].append(index)
    seen: dict[str, int] = defaultdict(int)
    for heading in body.headings:
        seen[heading.folded] += 1
        if seen[heading.folded] > _MOST_PER_LABEL:
            continue
        if heading.folded in exact:
            for index in exact[heading.folded]:
                yield heading, index, 1.0 if heading.text == written[index] else _FOLDED
        elif fuzzy:
            for index, label in enumerate(labels):
                likeness = similarity(label, heading.folded)
                if likeness >= _ALIKE:
                    yield heading, index, likeness * _FUZZY


def with_moved(body: Body, labels: Sequence[str], places: Places) -> Places:
    """Give the fields still without a place the heading with their very label, though it stands out of order."""
    found = list(places)
    free = _free(body, places)
    for index, label in enumerate(labels):
        if found[index] is None:
            heading = next((one for one in free if one.folded == label and not body.is_hidden(one.line, -1)), None)
            if heading is not None:
                found[index] = Place(heading.line, _MOVED)
                free.remove(heading)
    return tuple(found)


def with_reworded(body: Body, labels: Sequence[str], places: Places) -> Places:
    """Give the fields still without a place a heading between their neighbours' that is theirs, only worded anew."""
    found = list(places)
    free = _free(body, places)
    for index, label in enumerate(labels):
        if found[index] is None:
            before = max((other.line for other in found[:index] if other), default=-1)
            after = min((other.line for other in found[index + 1 :] if other), default=len(body.lines))
            between = (one for one in free if before < one.line < after)
            heading = next((one for one in between if _shares_words(one.folded, label)), None)
            if heading is not None:
                found[index] = Place(heading.line, _REWORDED)
                free.remove(heading)
    return tuple(found)


def _free(body: Body, places: Places) -> list[Heading]:
    taken = {place.line for place in places if place}
    return [heading for heading in body.headings if heading.line not in taken]


def _shares_words(one: str, other: str) -> bool:
    words, others = (set(text.split()) - _WEAK_WORDS for text in (one, other))
    return bool(words) and bool(others) and (words <= others or others <= words)


def texts_at(body: Body, places: Places) -> list[str | None]:
    """Cut the body at the places: each field's text reaches to the next place."""
    lines = sorted(place.line for place in places if place)
    following = dict(zip(lines, [*lines[1:], len(body.lines)], strict=True)) if lines else {}
    texts: list[str | None] = []
    for place in places:
        if place is None:
            texts.append(None)
            continue
        text = body.between(place.line + place.length, following[place.line])
        texts.append(f"{place.rest}\n{text}" if place.rest else text)
        if following[place.line] == len(body.lines):
            texts[-1] = without_wrapper(texts[-1] or "")
    return texts


def without_wrapper(text: str) -> str:
    """Take off the `</details>` of a wrapper around the whole form, which ends up glued to the last value."""
    for _ in range(text.count("</details>") - text.count("<details")):
        trimmed = text.rstrip()
        if not trimmed.endswith("</details>"):
            break
        text = trimmed.removesuffix("</details>")
    return text
