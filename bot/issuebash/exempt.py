"""Which issues stay out of the report, and why."""

from __future__ import annotations

import re
from collections.abc import Collection

from bot.issuebash.report import BASH_MARKER, REPORT_MARKER
from bot.issuebash.rule import is_labelled
from bot.issuebash.thread import Thread

_KEYS = r"(?:(?:api|access|private|secret)[ -]?keys?|tokens?|passwords?|passphrases?|credentials?|secrets?)\b"
_SECURITY = re.compile(
    r"\bcve-\d{4}-\d{4,}|\bghsa-[0-9a-z]{4}-|\bvulnerab(?:le|ility|ilities)\b|^\W*security\b\W*:"
    r"|\bsecurity[ -](?:issue|hole|flaw|bug|advisory|risk|problem|fix|vuln\w*)\b|\bmalicious"
    r"|\b(?:rce|csrf|xsrf|ssrf|xxe|xss|redos)\b|\bdenial[ -]of[ -]service\b"
    r"|\b(?:remote|arbitrary)[ -](?:code|command|file)\b|\bprivilege[ -]escalation\b"
    r"|\b(?:path|directory)[ -]traversal\b|\bcross[ -]site\b|\bopen redirect\b|\bprototype pollution\b"
    r"|\b(?:sql|command|code|shell|html|header|crlf|ldap|template|script|log|prompt)[ -]injection\b"
    r"|\bauth(?:entication|orization|orisation)?[ -]bypass|\bbypass\w* (?:of )?(?:the )?auth"
    r"|\bsandbox[ -](?:escape|bypass)|\b(?:buffer|heap)[ -](?:buffer[ -])?overflow\b|\bzip[ -]?slip\b|\btiming attack\b"
    r"|\b(?:use[ -]after|double)[ -]free\b|\bout[ -]of[ -]bounds (?:write|read)\b|\b(?:unsafe|insecure) deseriali[sz]"
    rf"|\b{_KEYS}.{{0,30}}\b(?:leak(?:s|ed|ing)?\b(?! memory)|expos|in (?:the )?(?:logs?\b|plain)|logged\b)"
    rf"|\b(?:leak|expos|disclos)\w* .{{0,20}}\b{_KEYS}|\bhard-?coded {_KEYS}",
)
_DOS = re.compile(r"\bDoS\b")
"""Of titles, the first in lower case. Rather too much than too little: a report is public, and shows what it lists."""

_OWN = tuple(marker.removesuffix(" -->") for marker in (REPORT_MARKER, BASH_MARKER))
"""What their markers begin with; which one it is may follow."""


def is_own(thread: Thread) -> bool:
    """A report or bash that the bot itself posted: no issue of the community's."""
    return thread.issue.author.is_bot and thread.issue.body.startswith(_OWN)


def left_out(thread: Thread, exempt_labels: Collection[str]) -> str:
    """The reason, in a word or two for people; empty for an issue that is asked about."""
    issue = thread.issue
    labels = {label.lower() for label in issue.labels}
    # What is planned is in good hands; once closed, it is not any more.
    is_open = issue.state == "open"
    reasons = {
        "pinned": thread.pinned,
        "locked": issue.locked,
        "exempt by a label": not labels.isdisjoint(label.lower() for label in exempt_labels),
        "in a milestone": is_open and bool(issue.milestone),
        "about security": is_labelled(thread, "security") or _is_about_security(issue.title),
        "has open sub-issues": is_open and thread.open_sub_issues > 0,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _is_about_security(title: str) -> bool:
    return bool(_SECURITY.search(title.lower()) or _DOS.search(title))
