"""A Rule: one reason for which an issue is worth a maintainer's look, with what it needs to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.issuebash.desk import Desk
from bot.issuebash.report import Evidence, Hit
from bot.issuebash.thread import Aspect, Thread
from bot.triage.issue import Comment
from bot.triage.report_policy import Sections

_READ_FIRST = 5
"""Of a long conversation so many comments from its beginning are read, and then the last ones."""


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    """Also the key of its parameters in the policy, and what `--section` takes."""
    title: str
    meaning: Callable[[Sections], str]
    """One sentence, with the policy's parameters in place."""
    find: Callable[[Thread, Desk], Hit | None]
    needs: frozenset[Aspect] = frozenset()
    """What the source must tell; where it does not, the section says so and nobody guesses."""
    needs_releases: bool = False
    needs_search: bool = False
    of_closed: bool = False
    """Asked about closed issues instead of open ones."""


def comment_url(thread: Thread, comment: Comment) -> str:
    return f"{thread.url}#issuecomment-{comment.id}" if comment.id else thread.url


def said(thread: Thread, comment: Comment, what: str) -> Evidence:
    """`what` is a verb phrase: "asked for something"."""
    return Evidence(f"{comment.author.login or 'somebody'} {what}", comment_url(thread, comment), comment.created_at)


def has_gap(thread: Thread) -> bool:
    """Whether comments between the first and the last ones were not read."""
    return thread.comments_total > len(thread.issue.comments)


def unread_since(thread: Thread, at: datetime) -> bool:
    """Whether comments that were not read may have been written after that."""
    if not has_gap(thread):
        return False
    first_after_gap = thread.issue.comments[_READ_FIRST : _READ_FIRST + 1]
    return not first_after_gap or at < first_after_gap[0].created_at


def issue_url(thread: Thread, name: str) -> str:
    """Where the issue `#12` or `owner/name#12` is, on the same host; empty where nobody told an address."""
    repository, _, number = name.rpartition("#")
    home, found, _ = thread.url.rpartition("/issues/")
    if not found or not number.isdigit():
        return ""
    if repository:
        home = f"{home.rsplit('/', 2)[0]}/{repository}"
    return f"{home}/issues/{number}"


def since_reopened(thread: Thread) -> datetime:
    """When it was last reopened, else filed: what happened before that did not settle it."""
    times = [event.at for event in thread.events if event.kind == "reopened"]
    return max(times, default=thread.issue.created_at)


def is_labelled(thread: Thread, *words: str) -> bool:
    """Whether a label holds one of these words: `type: bug`, `bug/confirmed` and `Bug` are all about bugs."""
    return any(word in label.lower() for label in thread.issue.labels for word in words)
