"""The lifecycle's notices as they stand among the comments, each recognised by the marker that opens it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from bot.triage.issue import Comment, Issue

NOTICE_MARKER = "<!-- community-triage-bot:notice "
NoticeKind = Literal["reminder", "stale", "closing", "over"]
_MARKER = re.compile(r"<!-- community-triage-bot:notice (reminder|stale|closing|over)(?: ([0-9T:+-]{10,32}))? -->")


@dataclass(frozen=True, slots=True)
class Notice:
    """A comment of the lifecycle's. One that is `over` holds no more."""

    kind: NoticeKind
    comment: Comment
    day: date | None = None
    """Of a reminder or warning: nothing is closed before this day is over."""
    over_at: datetime | None = None
    """Of one that is over: since when."""


def mark(kind: NoticeKind, text: str, at: date | datetime | None = None) -> str:
    """Put the hidden line before a notice's text."""
    when = f" {at.isoformat()}" if at else ""
    return f"{NOTICE_MARKER}{kind}{when} -->\n{text}\n"


def notices(issue: Issue) -> Iterator[Notice]:
    """Give the app's own, oldest first; a marker in anybody else's comment is nothing."""
    for comment in issue.comments:
        if not comment.by_this_app:
            continue
        match = _MARKER.match(comment.body)
        if match is None:
            continue
        kind: NoticeKind = match[1]  # type: ignore[assignment]
        at = _time(match[2])
        if kind == "over":
            yield Notice(kind, comment, over_at=at or comment.created_at)
        else:
            yield Notice(kind, comment, day=at.date() if at else None)


def _time(text: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
