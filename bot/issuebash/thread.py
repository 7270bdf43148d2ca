"""A Thread: one issue with what happened to it, all that a rule of the report may see of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.triage.issue import Actor, Issue

Aspect = Literal[
    "associations",
    "assignees",
    "comments",
    "events",
    "labels",
    "links",
    "locked",
    "milestone",
    "pinned",
    "reactions",
    "sub_issues",
]
"""What a source may not tell. `associations`: who is a maintainer; `events`: the timeline; `links`: pull requests."""

EVERYTHING: frozenset[Aspect] = frozenset(
    {
        "associations",
        "assignees",
        "comments",
        "events",
        "labels",
        "links",
        "locked",
        "milestone",
        "pinned",
        "reactions",
        "sub_issues",
    }
)

EventKind = Literal[
    "assigned",
    "closed",
    "duplicate",
    "edited",
    "labeled",
    "locked",
    "renamed",
    "reopened",
    "transferred",
    "unassigned",
    "undone_duplicate",
    "unlabeled",
    "unlocked",
]


LAST_COMMENTS = 20
"""So many of the last ones are read of a long talk, and 5 of the first."""


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """Something done to an issue, beside comments. The actor's association is not told by GitHub."""

    kind: EventKind
    at: datetime
    actor: Actor
    subject: str = ""
    """The label, the assignee's login, the canonical issue's `owner/name#number`, or the id of the comment that was
    edited; of other events empty."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """One that is linked to the issue or mentions it."""

    repository: str
    """`owner/name`."""
    number: int
    title: str
    url: str
    state: Literal["open", "closed", "merged"]
    author: Actor
    linked_at: datetime
    merged_at: datetime | None = None
    will_close: bool = False
    """GitHub says that merging it closes the issue."""
    to_default_branch: bool = True


@dataclass(frozen=True, slots=True)
class Thread:
    """`issue.comments` holds the first and the last ones, oldest first; `comments_total` tells how many there are.

    What is not in `known` is empty because nobody told, not because there is nothing.
    """

    issue: Issue
    url: str
    comments_total: int = 0
    events: tuple[TimelineEvent, ...] = ()
    """Oldest first."""
    links: tuple[PullRequest, ...] = ()
    open_sub_issues: int = 0
    pinned: bool = False
    known: frozenset[Aspect] = EVERYTHING

    @property
    def number(self) -> int:
        return self.issue.number
