"""How labels, options and texts are compared: folded, so that case, punctuation and blanks do not matter."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOT_WORD = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"\d+")
_BLANKS = re.compile(r"\s+")
_LINK = re.compile(r"\[([^\[\]]+)\]\([^()\s]*\)")

_MOST_COMPARED = 10_000_000
"""Pairs of characters; that is half a second."""
LONGEST_COMPARED = 200
"""Characters beyond which two texts are only compared for equality: a close look costs the square of the length."""


def unify_line_ends(text: str) -> str:
    """Turn the mix of CRLF and LF that GitHub's forms send into LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def fold(text: str) -> str:
    """Reduce a label to its words; a label without any word (an emoji, say) stays as it is."""
    return _NOT_WORD.sub(" ", text.casefold()).strip() or text.strip()


def squeeze(text: str) -> str:
    """Make two texts equal when they differ only in case and blanks."""
    return _BLANKS.sub(" ", text).strip().casefold()


def without_links(text: str) -> str:
    """Give links as the words people see: a box that says `[policy](https://…)` is to them one that says `policy`."""
    return _LINK.sub(r"\1", text)


def slug(label: str) -> str:
    """Name a field that has no id: lower case, words joined by `-`."""
    return fold(label).replace(" ", "-")


@lru_cache(maxsize=4096)
def similarity(one: str, other: str) -> float:
    """Tell how alike two folded labels are, 0 to 1: a typo mended or a word added stays above 0.8.

    Labels with different numbers are different: `Question 1` is not `Question 2`.
    """
    if one == other:
        return 1.0
    shorter, longer = sorted((one, other), key=len)
    if not shorter or len(longer) > LONGEST_COMPARED or 3 * len(shorter) < len(longer):
        return 0.0
    words, others = longer.split(), shorter.split()
    related = one[0] == other[0] or one[-3:] == other[-3:] or not set(words).isdisjoint(others)
    if not related or _NUMBER.findall(one) != _NUMBER.findall(other):
        return 0.0
    if len(others) > 1 and _contains(words, others):
        return 0.85
    if 3 * len(shorter) < 2 * len(longer):
        return 0.0
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def are_few(ours: Iterable[str], theirs: Iterable[str]) -> bool:
    """Tell whether each of some texts may be compared closely with each of others: it costs what all pairs have."""
    return sum(map(len, ours)) * sum(map(len, theirs)) <= _MOST_COMPARED


def _contains(longer: list[str], shorter: list[str]) -> bool:
    """Tell whether all words of one label stand in the other in the same order, with only a few more around them."""
    if not 0 < len(longer) - len(shorter) <= max(1, len(shorter) // 2):
        return False
    rest = iter(longer)
    return all(word in rest for word in shorter)
