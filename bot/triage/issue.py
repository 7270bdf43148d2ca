"""All that a decision may see of an issue: the issue as it is now, and what the bot remembers of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

MAINTAINERS: frozenset[str] = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody on GitHub. A deleted account is `ghost`; an unknown one has an empty login."""

    login: str
    is_bot: bool = False
    association: str = "NONE"

    @property
    def is_maintainer(self) -> bool:
        return self.association in MAINTAINERS


SHARED = ".github"
"""The name of an owner's repository from which the others take the files that they have not."""


@dataclass(frozen=True, slots=True)
class Repository:
    id: int
    owner: str
    name: str
    html_url: str
    default_branch: str = "main"
    is_public: bool = False
    """False also where nobody told: what is shown of it on pages is for everybody to see."""

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def is_shared(self) -> bool:
        return self.name.lower() == SHARED


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on an issue, as it is now."""

    id: int
    author: Actor
    body: str
    created_at: datetime
    node_id: str = ""
    by_this_app: bool = False
    """Written by this very app: the only comments in which the bot's marker is believed."""
    updated_at: datetime | None = None
    """None where that is not told."""


class Change(NamedTuple):
    """Somebody put a label on an issue, or took it off; or, where no label is named, opened it again or closed it."""

    label: str
    by: Actor
    added: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as it is now. Times are UTC."""

    number: int
    title: str
    body: str
    author: Actor
    created_at: datetime
    updated_at: datetime
    state: Literal["open", "closed"] = "open"
    state_reason: str = ""
    labels: tuple[str, ...] = ()
    type: str = ""
    locked: bool = False
    is_pull_request: bool = False
    transferred_in: bool = False
    closed_at: datetime | None = None
    closed_by: str = ""
    """The login of whoever closed it, where that is told: deliveries do not."""
    milestone: str = ""
    assignees: tuple[str, ...] = ()
    """Logins."""
    reactions: int = 0
    """Of all kinds, to the issue itself."""
    comments: tuple[Comment, ...] = ()
    """Oldest first. Loaded where the issue has a Request, open or resolved; and where a Request would be posted on an
    issue that has comments already: one of them may hold what is missing, so it is decided once more with them. Also
    where a notice stands or may be due, and for `/needs-info`, which its author may have answered already."""
    comments_known: bool = False
    """They have been loaded: where there are none, there are none."""
    next_word_hidden: bool = False
    """Of a long talk only the first and the last comments are at hand, and whose turn it is may stand between."""


@dataclass(frozen=True, slots=True)
class Request:
    """The bot's one comment that asks for what is missing."""

    comment_id: int
    node_id: str
    body: str
    """As last written, so that an unchanged ask causes no edit; empty while it is unknown whether an edit was made."""
    resolved: bool = False
    asked_at: datetime | None = None
    """When it was posted, or last opened again."""

    @property
    def unsure(self) -> bool:
        """Whether it may look either as before the last edit or as after it."""
        return not self.body


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command that somebody wrote and that has not been carried out yet."""

    id: str
    """Stable over redelivery: comment id and line."""
    comment_id: int
    actor: Actor
    name: str
    arguments: tuple[str, ...] = ()
    at: datetime | None = None
    """When it was written."""


@dataclass(frozen=True, slots=True)
class History:
    """What the store remembers of an issue and GitHub does not show at a glance."""

    request: Request | None = None
    labels_by_bot: frozenset[str] = frozenset()
    """Labels the bot added and may take away again; lower case.

    Recorded once GitHub has confirmed the call, and forgotten when the bot itself takes the label off: one that stands
    here and is gone from the issue was therefore removed by a person.
    """
    labels_by_people: frozenset[str] = frozenset()
    """Labels that people added; never removed by the bot; lower case."""
    labels_removed_by_people: frozenset[str] = frozenset()
    """Never added again by the bot; lower case."""
    labels_by_other_bots: frozenset[str] = frozenset()
    """Of the labels that people added or removed, those that another bot did; lower case. For most it makes no
    difference, but no bot tells whether anybody still cares."""
    stale_labels: frozenset[str] = frozenset()
    """Of the bot's own, those that go with a warning: the policy may name another by now; lower case."""
    labelled_at: tuple[tuple[str, datetime], ...] = ()
    """Labels, lower case, and when somebody other than the author last put them on; where the mirror tells."""
    changed_by_hand: tuple[Change, ...] = ()
    """How a person last changed each label, here in lower case, and the state. Read only for commands that arrive late,
    and may have been overtaken."""
    asked_fields: tuple[str, ...] = ()
    """Fields a maintainer asked for by `/needs-info field…`; field ids or labels."""
    needs_info_by_maintainer: bool = False
    """A maintainer said `/needs-info`; cleared by the lane when the issue's author comments or edits the issue."""
    skipped: bool = False
    """`/skip-triage` was said."""
    closed_by_bot: bool = False
    noticed: bool = False
    """A notice of the lifecycle stands, so that the comments are worth reading."""
    pinned: bool = False
    last_human_at: datetime | None = None
    """When a person last said something, edited, closed, reopened or unlocked it, as far as deliveries told."""
    edited_at: datetime | None = None
    """When its author last edited it or a comment of theirs, as far as deliveries told."""
    swept: bool = False
    """A sweep asked for this look. Only then is anybody warned, or an issue closed for its silence."""
    settled: str = ""
    """Digest of the body that was last found complete: an issue is not asked again while it says what it said then,
    though templates or policy have changed since."""
    commands: tuple[Command, ...] = ()
    """Said and not yet carried out, in order."""


NO_HISTORY = History()
