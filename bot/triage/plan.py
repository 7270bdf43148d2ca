"""A Plan: the ordered actions that would bring an issue to where it should be, each with its because."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

REQUEST_MARKER = "<!-- community-triage-bot:request -->"
"""The first line of the Request; believed only in a comment that the app itself wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step. `because` is for the journal and dry runs: a sentence a maintainer understands."""

    kind: ClassVar[str]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateLabel(Action):
    kind: ClassVar[str] = "create_label"
    name: str
    color: str
    """Six hex digits, no `#`."""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddLabels(Action):
    """Adds these to whatever labels are there (one call; never replaces the set)."""

    kind: ClassVar[str] = "add_labels"
    labels: tuple[str, ...]
    for_person: bool = False
    """Said by a person (`/label`): remembered among the labels people added, not the bot's."""
    with_warning: bool = False
    """Taken off with it, whatever the policy calls its label by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveLabel(Action):
    kind: ClassVar[str] = "remove_label"
    label: str
    for_person: bool = False
    """Said by a person (`/unlabel`): remembered among the labels people removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRequest(Action):
    """Writes the issue's one Request comment. `body` carries the hidden marker."""

    kind: ClassVar[str] = "post_request"
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRequest(Action):
    """Changes the Request in place; with `resolved`, to its thanks (minimised, best effort)."""

    kind: ClassVar[str] = "edit_request"
    comment_id: int
    node_id: str
    body: str
    resolved: bool = False
    reopened: bool = False
    """True when a resolved Request asks again: un-minimise it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostNotice(Action):
    """Writes a comment of the lifecycle: a reminder, a warning, or why it closes. `body` carries the hidden marker."""

    kind: ClassVar[str] = "post_notice"
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractNotice(Action):
    """Says in place that a notice holds no more (minimised, best effort)."""

    kind: ClassVar[str] = "retract_notice"
    comment_id: int
    node_id: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class React(Action):
    kind: ClassVar[str] = "react"
    comment_id: int
    content: Literal["+1", "-1", "confused", "eyes", "rocket", "heart"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Action):
    kind: ClassVar[str] = "close"
    reason: Literal["completed", "not_planned"] = "not_planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(Action):
    kind: ClassVar[str] = "reopen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember(Action):
    """Changes the History only: no call to GitHub. Unset means unchanged."""

    kind: ClassVar[str] = "remember"
    command_done: str | None = None
    """The id of a Command that has been carried out."""
    skipped: bool | None = None
    needs_info_by_maintainer: bool | None = None
    asked_fields: tuple[str, ...] | None = None
    closed_by_bot: bool | None = None
    noticed: bool | None = None
    settled: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Empty when the issue is already where it should be."""

    actions: tuple[Action, ...] = ()
    verdict: str = ""
    """One line on what was found, for the journal and dry runs; there also when nothing is to be done."""

    def __bool__(self) -> bool:
        return bool(self.actions)
