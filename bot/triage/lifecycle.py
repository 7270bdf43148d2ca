"""What becomes of an issue that waits: a reminder or warning, closing after it, and taking both back.

All is read from the comments as they are: a notice that stands is the clock. With no policy for it nothing happens.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from bot.triage.commands import parse_commands
from bot.triage.issue import Comment, History, Issue
from bot.triage.labels import MAX_LABELS, LabelStock, is_the_bots, same
from bot.triage.notices import Notice, mark, notices
from bot.triage.plan import (
    Action,
    AddLabels,
    Close,
    EditRequest,
    PostNotice,
    PostRequest,
    Remember,
    RemoveLabel,
    Reopen,
    RetractNotice,
)
from bot.triage.policy import NewLabel, Policy
from bot.triage.waiting import (
    Track,
    asked_at,
    asked_by_label,
    days,
    exempt,
    is_author,
    maintainers_owe,
    quiet_since,
    track_of,
)
from bot.triage.wording import NoticeName, Wording

_PROMPT = timedelta(hours=1)
"""Between saying that it closes and closing; more, and the words were about something else."""
_STALE = NewLabel(color="ededed", description="Nobody has said anything here for long")


class Waits(Protocol):
    """A History, or what is stored of one."""

    @property
    def noticed(self) -> bool: ...
    @property
    def swept(self) -> bool: ...


def concerned(known: Waits) -> bool:
    """Tell without its comments whether the lifecycle may have something to do, so that they must be read."""
    return known.noticed or known.swept


def lifecycle(
    issue: Issue,
    history: History,
    policy: Policy,
    known_labels: Mapping[str, str] | None,
    wording: Wording,
    now: datetime,
    app: str,
    planned: Sequence[Action] = (),
) -> Iterator[Action]:
    """Plan for an issue whose comments are known. `app`: the bot's login; `planned`: what else is done to it.

    A locked conversation is not touched: its author could not answer.
    """
    if issue.comments_known and not issue.locked:
        history = _once_resolved(history, planned)
        yield from _Waiting(issue, history, policy, known_labels, wording, now, app, planned).actions()


@dataclass(frozen=True, slots=True)
class _Waiting:
    issue: Issue
    history: History
    policy: Policy
    known_labels: Mapping[str, str] | None
    wording: Wording
    now: datetime
    app: str
    planned: Sequence[Action]

    def actions(self) -> Iterator[Action]:
        found = tuple(notices(self.issue))
        standing = tuple(notice for notice in found if notice.kind != "over")
        stands = bool(standing)
        if self.issue.state == "closed":
            actions = tuple(self._closed(standing))
        elif stands:
            actions = tuple(self._warned(standing))
        else:
            actions = tuple(self._silent(found))
        yield from actions
        posts = any(isinstance(action, PostNotice) for action in actions)
        retracts = any(isinstance(action, RetractNotice) for action in actions)
        noticed = posts or (stands and not retracts)
        if noticed != self.history.noticed:
            yield Remember(noticed=noticed, because="So that an answer is noticed at once.")

    # No notice stands.

    def _silent(self, found: Collection[Notice]) -> Iterator[Action]:
        track, label = self._track(), self._stale_label()
        if not self.history.swept or (track is not None and self._holds_back(track)):
            track = None
        by_person = label is not None and label.lower() in self._labelled_by_people()
        since = max((self._quiet_since(), *(it.over_at for it in found if it.over_at)))
        if track is not None and (
            self.now - since >= days(track.until_notice) or (by_person and track.kind == "stale")
        ):
            yield from self._warn(track, since)
            return
        for label in self._stale_labels():
            if is_the_bots(label, self.history):
                yield RemoveLabel(label=label, because="It is not stale (any more).")

    def _warn(self, track: Track, since: datetime) -> Iterator[Action]:
        day = None if track.until_close is None else (self.now + days(track.until_close)).date()
        if track.kind == "stale":
            because = f"Nobody has said anything since {since:%Y-%m-%d}."
            yield from self._add_label(because)
        else:
            because = f"Its author was asked, and nobody has said anything since {since:%Y-%m-%d}."
            deadline = self._deadline()
            day = max(day, deadline) if day and deadline else day
        text = self.wording.notice(track.kind, self.issue.author.login, day)
        yield PostNotice(body=mark(track.kind, text, day), because=because)

    def _deadline(self) -> date | None:
        """A day that the Request names is kept."""
        named = self.policy.request.deadline_days
        request = self.history.request
        if named is None or request is None or request.resolved or request.asked_at is None:
            return None
        return (request.asked_at + days(named)).date()

    def _add_label(self, because: str) -> Iterator[Action]:
        name = self.policy.stale.label
        if self._stale_label() is not None or len(self.issue.labels) >= MAX_LABELS:
            return
        labels = self.policy.labels
        stock = LabelStock(labels.model_copy(update={"create": {name: _STALE, **labels.create}}), self.known_labels)
        real = stock.real_name(name)
        if real is not None:
            for action in stock.add((real,), because):
                yield replace(action, with_warning=True) if isinstance(action, AddLabels) else action

    # A notice stands on an open issue.

    def _warned(self, standing: Sequence[Notice]) -> Iterator[Action]:
        over = self._over(standing)
        if over:
            yield from self._clear(standing, over)
            return
        warning = next(notice for notice in reversed(standing) if notice.kind != "closing")
        track = self._track()
        if track is None or track.until_close is None or not (self.history.swept or standing[-1].kind == "closing"):
            return
        if warning.day is None:
            # The policy closes only since it was written. First the new one, so that one stands at any time.
            yield from self._warn(track, self._quiet_since())
            yield from self._retract(standing, "Another warning names the day.")
            return
        if not self._is_due(warning, warning.day, track.until_close):
            return
        because = f"It was said on {warning.comment.created_at:%Y-%m-%d} that it would be closed, and nobody answered."
        if standing[-1].kind != "closing":
            name: NoticeName = "needs_info_closing" if track.kind == "reminder" else "closing"
            text = self.wording.notice(name, self.issue.author.login)
            yield PostNotice(body=mark("closing", text), because=because)
        yield Close(reason=track.section.close_reason, because=because)
        yield Remember(closed_by_bot=True, because="So that its author can have it opened again by a word.")

    def _over(self, standing: Sequence[Notice]) -> str:
        """Say why the notices hold no more; empty where they do."""
        warnings = [notice for notice in standing if notice.kind != "closing"]
        if not warnings:
            return "It is open."
        warning, track = warnings[-1], self._track()
        if track is None or track.kind != warning.kind:
            return "It waits for something else now."
        reasons = {
            self._holds_back(track): True,
            "It was closed, and is open again.": self.history.closed_by_bot,
            "It was not closed when it was said.": standing[-1].kind == "closing"
            and self.now - standing[-1].comment.created_at > _PROMPT,
            "Somebody said something.": self._spoken_since(warning.comment),
            "The bot asked anew.": asked_at(self.history) > warning.comment.created_at,
            "Somebody took the label off.": warning.kind == "stale" and self._label_was_removed(),
        }
        return next((reason for reason, holds in reasons.items() if reason and holds), "")

    def _is_due(self, warning: Notice, day: date, until_close: int) -> bool:
        """A warning that named another day than the policy would now still gives all the time it said."""
        return self.now >= warning.comment.created_at + days(until_close) and self.now.date() > day

    # The issue is closed.

    def _closed(self, standing: Sequence[Notice]) -> Iterator[Action]:
        if not standing:
            return
        if not self._may_be_ours(standing[-1]) or self.issue.closed_by.lower() not in {"", self.app.lower()}:
            yield from self._clear(standing, "It is closed.")
        elif self.issue.closed_by and not self.history.skipped and self._author_came_back(standing):
            because = "Its author answered after the bot had closed it."
            yield Reopen(because=because)
            yield from self._clear(standing, because)
            yield Remember(closed_by_bot=False, because=because)

    def _may_be_ours(self, last: Notice) -> bool:
        """Whether it was closed when the bot said so; by whom, GitHub tells. A command closes through the bot, too."""
        at = self.issue.closed_at
        in_time = at is None or abs(at - last.comment.created_at) <= _PROMPT
        commanded = any(isinstance(action, Close) for action in self.planned)
        return last.kind == "closing" and in_time and not commanded

    def _author_came_back(self, standing: Sequence[Notice]) -> bool:
        """Since the warning: what was said just before the closing may only have been heard after it."""
        warned = next((it.comment for it in reversed(standing) if it.kind != "closing"), standing[-1].comment)
        edited_at = self.history.edited_at
        return (edited_at is not None and edited_at > warned.created_at) or any(
            is_author(comment.author, self.issue) and not comment.author.is_bot and not _closes(comment)
            for comment in self.issue.comments
            if _after(comment, warned)
        )

    # What several of these ask.

    def _clear(self, standing: Sequence[Notice], because: str) -> Iterator[Action]:
        for label in self._stale_labels() if any(notice.kind == "stale" for notice in standing) else ():
            yield RemoveLabel(label=label, because=because)
        yield from self._retract(standing, because)

    def _retract(self, standing: Sequence[Notice], because: str) -> Iterator[Action]:
        at = self.now.replace(microsecond=0)
        text = self.wording.notice("over", self.issue.author.login)
        for notice in standing:
            yield RetractNotice(
                comment_id=notice.comment.id,
                node_id=notice.comment.node_id,
                body=mark("over", text, at),
                because=because,
            )

    def _track(self) -> Track | None:
        removed = {action.label for action in self.planned if isinstance(action, RemoveLabel)}
        added = {label for action in self.planned if isinstance(action, AddLabels) for label in action.labels}
        labels = tuple(label for label in (*self.issue.labels, *added) if label not in removed)
        return track_of(replace(self.issue, labels=labels), self.history, self.policy)

    def _holds_back(self, track: Track) -> str:
        if any(_asks(action) for action in self.planned):
            return "The bot asks just now."
        if maintainers_owe(self.issue, self.history, self.policy.labels.needs_info):
            return "The maintainers have the next word."
        return exempt(self.issue, self.history, track.section, self.app)

    def _quiet_since(self) -> datetime:
        """Nobody has said anything since then, nor asked by the bot's Request or the label."""
        asked = asked_by_label(self.issue, self.history, self.policy.labels.needs_info)
        return max((quiet_since(self.issue, self.history), asked_at(self.history), *asked))

    def _spoken_since(self, warning: Comment) -> bool:
        spoken = any(_after(comment, warning) and not comment.author.is_bot for comment in self.issue.comments)
        at = self.history.last_human_at
        return spoken or (at is not None and at > warning.created_at)

    def _stale_label(self) -> str | None:
        return next((label for label in self._stale_labels() if same(label, self.policy.stale.label)), None)

    def _stale_labels(self) -> list[str]:
        """The policy's, and those of earlier policies that the bot put on."""
        keys = {self.policy.stale.label.lower(), *self.history.stale_labels}
        removed = {action.label for action in self.planned if isinstance(action, RemoveLabel)}
        return [label for label in self.issue.labels if label.lower() in keys and label not in removed]

    def _label_was_removed(self) -> bool:
        key, history = self.policy.stale.label.lower(), self.history
        once_there = history.labels_removed_by_people | history.labels_by_bot | history.labels_by_people
        return self._stale_label() is None and key in once_there - history.labels_by_other_bots

    def _labelled_by_people(self) -> frozenset[str]:
        return self.history.labels_by_people - self.history.labels_by_other_bots


def _once_resolved(history: History, planned: Sequence[Action]) -> History:
    """With the Request as it will be, where its author has just given what was missing."""
    request = history.request
    if request is None or not any(isinstance(action, EditRequest) and action.resolved for action in planned):
        return history
    return replace(history, request=replace(request, resolved=True))


def _asks(action: Action) -> bool:
    return isinstance(action, PostRequest) or (isinstance(action, EditRequest) and action.reopened)


def _closes(comment: Comment) -> bool:
    return any(command.name == "close" for command in parse_commands(comment.body))


def _after(comment: Comment, other: Comment) -> bool:
    return (comment.created_at, comment.id) > (other.created_at, other.id)
