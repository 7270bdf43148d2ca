"""Finds Printouts: what a program printed for a bug report, as lines or as JSON, wherever people pasted it.

A Printout opens with a line that says its title, maybe with a number behind it, and goes on with lines `key: value`.
Fences, quote marks and indentation around it mean nothing, since GitHub, mail and people add them as they like.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from bot.forms.label import fold, unify_line_ends
from bot.forms.outline import read_fence

Fillings = Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]
"""Title -> template file name (or `*` for all) -> field id or label -> keys whose values fill the field."""

NO_FILLINGS: Fillings = {}

UNKNOWN = frozenset({"", "unknown"})
"""What a program prints that could not find out."""
MOST_KEYS = 100
LONGEST_KEY = 80
LONGEST_VALUE = 200
_LONGEST_LINE = 2000
_MOST_JSON = 10
_LONGEST_JSON = 16_384
_DRESS = re.compile(r"[\s>\u200b\ufeff]*")
_NUMBER = re.compile(r" \d+\Z")
_DECODER = json.JSONDecoder(strict=False)


def find_printouts(text: str, titles: Collection[str]) -> dict[str, dict[str, str]]:
    """Give, for each title that has any, the values by their folded keys; of two that name one key the later counts."""
    named = {fold(title): title for title in titles}
    lowered = text.casefold()
    if not any(title.split(" ", 1)[0] in lowered for title in named):
        return {}
    lines = [_DRESS.sub("", line, count=1).rstrip() for line in unify_line_ends(text).split("\n")]
    found: dict[str, dict[str, str]] = {}
    for _, title, values in sorted([*_as_lines(lines, named), *_as_json("\n".join(lines), named)], key=_place):
        known = {key: value for key, value in values.items() if value.casefold() not in UNKNOWN}
        if known:
            found.setdefault(title, {}).update(known)
    return found


def text_of(values: Mapping[str, str], keys: Sequence[str]) -> str:
    """Write what was printed under these keys as an answer: the value alone for one key, else a line for each."""
    given = [(key, values[fold(key)]) for key in keys if fold(key) in values]
    return given[0][1] if len(keys) == len(given) == 1 else "\n".join(f"{key}: {value}" for key, value in given)


_Found = tuple[int, str, dict[str, str]]
"""The line where it stands, its title, its values."""


def _place(found: _Found) -> int:
    return found[0]


def _as_lines(lines: Sequence[str], named: Mapping[str, str]) -> list[_Found]:
    """One pass: each line opens a Printout, belongs to the one that is open, or ends it."""
    found: list[_Found] = []
    values: dict[str, str] | None = None
    for number, line in enumerate(lines):
        title = _title(line, named)
        if title:
            values = {}
            found.append((number, title, values))
        elif values is not None and not _take(line, values):
            values = None
    return found


def _title(line: str, named: Mapping[str, str]) -> str | None:
    words = _folded(line)
    return named.get(words) or named.get(_NUMBER.sub("", words))


def _take(line: str, values: dict[str, str]) -> bool:
    """Take a line in; False where it is no `key: value`, or says a key for the second time. Blank lines are skipped."""
    if not line or (not values and read_fence(0, line)):
        return True
    label, colon, value = line.partition(":")
    key = _folded(label)
    if not (colon and key) or key in values or len(values) >= MOST_KEYS:
        return False
    values[key] = _tidy(value)
    return True


def _folded(text: str) -> str:
    """A title or a key; empty where it can be neither, as in JSON."""
    return fold(text) if len(text) <= LONGEST_KEY and '"' not in text else ""


def _as_json(text: str, named: Mapping[str, str]) -> Iterator[_Found]:
    """One flat object; its keys may stand in any order."""
    for folded, title in named.items():
        words = r"[\W_]{1,3}".join(map(re.escape, folded.split(" ")))
        for match in islice(re.finditer(rf'"{words}"\s{{0,9}}:', text, re.IGNORECASE), _MOST_JSON):
            start = text.rfind("{", max(0, match.start() - _LONGEST_JSON), match.start())
            if start >= 0:
                values = _object(text[start : start + _LONGEST_JSON])
                values.pop(folded, None)
                yield text.count("\n", 0, start), title, values


def _object(text: str) -> dict[str, str]:
    try:
        read, _ = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return {}
    entries = list(read.items())[:MOST_KEYS]
    values = {_folded(key): _tidy(str(value)) for key, value in entries if isinstance(value, str | int | float)}
    return {key: value for key, value in values.items() if key}


def _tidy(value: str) -> str:
    return " ".join(value[:_LONGEST_LINE].split()).strip("`*")[:LONGEST_VALUE].strip()
