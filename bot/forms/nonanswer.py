"""Tells text that answers nothing (dots, an empty list, the template's own words) from short but good answers."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from bot.forms.label import fold, squeeze

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.forms.template import Field

_NO_RESPONSE = re.compile(r"(?:\\?[_*])*no response(?:\\?[_*])+\.?", re.IGNORECASE)
_EMPTY_COMMENT = re.compile(r"<!--[\s\-]*-->")
_SKELETON = re.compile(
    r"^[ \t>]*(?:(?:[-*+]|\d{1,2}[.)])(?:[ \t]+|$)(?:\[[ \t]?\])?|(?:`{3,}|~{3,})[^`\n]*$)", re.MULTILINE
)
_OFFERS_NA = re.compile(r"\bn/a\b|\bnot applicable\b", re.IGNORECASE)

NOT_APPLICABLE = frozenset({"n a", "na", "none", "not applicable"})
_LETTER_ANSWERS = frozenset("yYnNCR")
"""Single letters that can answer: yes, no, and the two languages."""
_FILLERS = frozenset({"tbd", "tba", "asdf", "xxx"})
_MOSTLY = 0.75
_SPARE = 64
"""Blanks and signs that a text may have beyond the words it is compared with."""
_LONGEST_FILLER = 200


def is_declined(text: str) -> bool:
    """Tell whether a field was left empty: GitHub's own words for that, an empty comment or an empty code block."""
    if not text or text[0].isalnum():
        return not text
    if text.startswith(("```", "~~~")):
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        return " " not in lines[0] and (len(lines) == 1 or (len(lines) == 2 and not lines[1].strip(text[0])))
    if text.startswith("<!--"):
        return not _EMPTY_COMMENT.sub("", text).strip()
    return _NO_RESPONSE.fullmatch(text) is not None


def is_filler(text: str) -> bool:
    """Tell whether a text holds no answer: punctuation, a list without entries, a lone letter, `TBD`."""
    if len(text) > _LONGEST_FILLER and text[0].isalpha():
        return False
    rest = _SKELETON.sub("", text).strip()
    if not rest:
        return True
    if len(rest) == 1 and rest.isascii() and rest.isalpha():
        return rest not in _LETTER_ANSWERS
    if rest.casefold() in _FILLERS:
        return True
    return all(character.isspace() or _is_punctuation(character) for character in rest)


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] == "P" or (character.isascii() and not character.isalnum())


def unchanged_test(prefill: str) -> Callable[[str], bool]:
    """Make the test whether a text is the template's own, or most of it with nothing added."""
    ours = squeeze(prefill)
    own = {squeeze(line) for line in prefill.split("\n")} | {""}

    def is_unchanged(text: str) -> bool:
        if len(text) > 2 * len(prefill) + _SPARE:
            return False
        theirs = squeeze(text)
        if theirs == ours:
            return True
        return len(theirs) >= _MOSTLY * len(ours) and all(squeeze(line) in own for line in text.split("\n"))

    return is_unchanged


def is_not_applicable(text: str) -> bool:
    """Tell whether a text says that the question does not apply."""
    return len(text) <= _SPARE and fold(text) in NOT_APPLICABLE


def offers_not_applicable(field: Field) -> bool:
    """Tell whether the field itself invites `N/A`."""
    return any(_OFFERS_NA.search(text) for text in (field.label, field.description, field.placeholder)) or any(
        is_not_applicable(option.label) for option in field.options
    )
