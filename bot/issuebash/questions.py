"""Tells questions and reports of bugs from other issues, by label, type, title and the error they show."""

from __future__ import annotations

import re

from bot.issuebash.rule import is_labelled
from bot.issuebash.thread import Thread

_QUESTION = re.compile(
    r"\?\s*$"
    r"|^\W*(?:question|help|support|usage|difference between)\b"
    r"|^\W*how (?:to|do|does|can|should|would|is|are)\b|^\W*why (?:do|is|are|does)\b"
    r"|^\W*what (?:is|are|does)\b|^\W*where (?:is|can|do)\b|^\W*is (?:it|there)\b"
    r"|^\W*can (?:i|we|you|one)\b|^\W*does \w+ (?:support|work)\b",
    re.IGNORECASE,
)
_WISH = ("feature", "enhancement", "proposal", "rfc")
_NO_BUG = (*_WISH, "question", "documentation", "docs", "support")


def is_question(thread: Thread) -> bool:
    """Somebody wants to know something; a bug or a wish by its labels is none, however its title reads."""
    if is_labelled(thread, "question", "support", "usage", "how-to", "howto"):
        return True
    if is_labelled(thread, "bug", *_WISH) or thread.issue.type.lower() in {"bug", "feature", "task"}:
        return False
    return bool(_QUESTION.search(thread.issue.title))


def is_bug(thread: Thread, *, shows_error: bool) -> bool:
    """A report that something does not work: by label or type, else by the error it shows."""
    if is_labelled(thread, "bug", "regression", "defect", "crash") or thread.issue.type.lower() == "bug":
        return True
    return shows_error and not is_labelled(thread, *_NO_BUG) and thread.issue.type.lower() in {"", "bug"}
