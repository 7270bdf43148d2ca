"""Which issues stay out of the report, and why."""

from __future__ import annotations

import re
from collections.abc import Collection

from bot.issuebash.report import BASH_MARKER, REPORT_MARKER
from bot.issuebash.thread import Thread

_SECURITY = re.compile(
    r"\bCVE-\d{4}-\d{4,}|\bGHSA-[0-9a-z]{4}-|\bvulnerabilit(?:y|ies)\b"
    r"|\bsecurity (?:issue|hole|flaw|bug|advisory|risk)\b"
    r"|\b(?:remote code execution|arbitrary code execution|privilege escalation|path traversal|sql injection|xss)\b",
    re.IGNORECASE,
)

_OWN = tuple(marker.removesuffix(" -->") for marker in (REPORT_MARKER, BASH_MARKER))
"""What their markers begin with; which one it is may follow."""


def is_own(thread: Thread) -> bool:
    """A report or bash that the bot itself posted: no issue of the community's."""
    return thread.issue.author.is_bot and thread.issue.body.startswith(_OWN)


def left_out(thread: Thread, exempt_labels: Collection[str]) -> str:
    """The reason, in a word or two for people; empty for an issue that is asked about."""
    issue = thread.issue
    labels = {label.lower() for label in issue.labels}
    reasons = {
        "pinned": thread.pinned,
        "locked": issue.locked,
        "exempt by a label": not labels.isdisjoint(label.lower() for label in exempt_labels),
        "in a milestone": bool(issue.milestone),
        "about security": "security" in labels or bool(_SECURITY.search(issue.title)),
        "has open sub-issues": thread.open_sub_issues > 0,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")
