"""Carries out one Plan, action by action, and takes down what became of each in the issue's record and the journal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot.github.errors import GitHubError, LimitReached, NotFound, Unavailable
from bot.store.journal import Entry
from bot.triage.issue import Request
from bot.triage.plan import (
    Action,
    AddLabels,
    Close,
    CreateLabel,
    EditRequest,
    PostNotice,
    PostRequest,
    React,
    Remember,
    RemoveLabel,
    Reopen,
    RetractNotice,
)
from bot.work import metrics

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.github.writer import Outcome
    from bot.store.issues import Record
    from bot.triage.issue import Repository
    from bot.work.looks import Planned
    from bot.work.ports import Installed

log = structlog.get_logger(__name__)


_DONE_ON_GITHUB = frozenset({"closed_by_bot", "noticed"})
"""What a dry run must not remember: it has not done it."""


class Act:
    """One Plan being carried out. `entries` are its journal lines, one an action that GitHub sees."""

    def __init__(self, planned: Planned, repository: Repository, now: int, *, dry_run: bool) -> None:
        self.planned = planned
        self.record = planned.record
        self.dry_run = dry_run
        self.commands_done: list[str] = []
        self.failures: list[str] = []
        """What did not work and will not by itself, for people."""
        self._closed_by_other = False
        """A person was faster: what is remembered of closing it must not call it the bot's."""
        self._request_body = planned.record.request_body
        self._held: dict[type[Action], str] = {}
        """What must not be done any more, and why: nothing is closed or taken back without what goes before it."""
        self._repository = repository
        guid = planned.look.deliveries[-1].guid if planned.look.deliveries else ""
        state = "planned" if dry_run else "intended"
        self.entries = [
            Entry(
                repository.id,
                self.record.number,
                action.kind,
                state,
                because=action.because,
                detail=detail(action),
                guid=guid,
                at=now,
            )
            for action in planned.plan.actions
            if not isinstance(action, Remember)
        ]

    def carry_out(self, installed: Installed, clock: Callable[[], datetime]) -> None:
        """Raises LimitReached, NotFound and Unavailable; what was done before is taken down then, the intent kept."""
        index = 0
        try:
            for action in self.planned.plan.actions:
                if isinstance(action, Remember):
                    if not self.failures:
                        self._remember(action)
                elif not self.dry_run:
                    if (why := self._held.get(type(action))) is not None:
                        self.entries[index] = replace(self.entries[index], state="failed", note=f"left out: {why}")
                    else:
                        self._perform(index, action, installed, clock)
                    index += 1
        except (LimitReached, NotFound) as error:
            # Nothing was written by the call that met the limit, or no issue.
            self._not_begun(f"put off: {error}")
            self._nothing_open()
            raise
        except Unavailable as error:
            # The write in hand may have happened: its intent stays, and the next look finds out.
            self._not_begun(str(error))
            raise
        self._nothing_open()

    def leave(self) -> None:
        """The service stops before anything of it was begun."""
        self._not_begun("put off: the service stopped")
        self._nothing_open()

    def _perform(self, index: int, action: Action, installed: Installed, clock: Callable[[], datetime]) -> None:
        try:
            outcome = installed.writer.perform(self._repository, self.record.number, action)
        except (LimitReached, Unavailable) as error:
            metrics.ACTIONS.labels(action.kind, "put off").inc()
            if isinstance(error, Unavailable):
                self.entries[index] = replace(self.entries[index], state="unknown", note=str(error))
            raise
        except (GitHubError, ValueError) as error:
            # The other actions may still help: a label that cannot be set must not keep the author from an answer.
            metrics.ACTIONS.labels(action.kind, "failed").inc()
            self.entries[index] = replace(self.entries[index], state="failed", note=str(error))
            self._hold(action)
            if not isinstance(error, NotFound):
                self.failures.append(f"{action.kind}: {error}")
            elif isinstance(action, RetractNotice):
                # Somebody deleted it, and nothing of it stands.
                pass
            elif isinstance(action, EditRequest):
                # Somebody deleted the Request: asking again would be noise.
                self.record.request, self.record.skipped = None, True
            elif not isinstance(action, React):
                raise
            return
        metrics.ACTIONS.labels(action.kind, "done").inc()
        note = outcome.warning if outcome.changed else "it was so already"
        described = (
            f"comment {outcome.comment_id}"
            if isinstance(action, PostRequest | PostNotice)
            else self.entries[index].detail
        )
        self.entries[index] = replace(self.entries[index], state="done", note=note, detail=described)
        self._closed_by_other = isinstance(action, Close) and not outcome.changed
        _take_down(self.record, action, outcome, clock())

    def _hold(self, failed: Action) -> None:
        if isinstance(failed, PostNotice):
            self._held |= {Close: "not said", RetractNotice: "not said"}
        if isinstance(failed, Reopen):
            # What stands is how the next look knows that the author waits.
            self._held[RetractNotice] = "not opened"

    def _not_begun(self, note: str) -> None:
        self.entries = [
            replace(entry, state="failed", note=note) if entry.state == "intended" else entry for entry in self.entries
        ]

    def _nothing_open(self) -> None:
        """Each action was done, or certainly was not."""
        self.record.intent = self.record.intent.over()
        # Unless it was edited, the Request reads as before.
        self.record.request_body = self.record.request_body or (self._request_body if self.record.request else "")

    def _remember(self, action: Remember) -> None:
        record = self.record
        if action.command_done is not None:
            self.commands_done.append(action.command_done)
        for name in ("skipped", "needs_info_by_maintainer", "asked_fields", "closed_by_bot", "noticed", "settled"):
            value = getattr(action, name)
            if value is not None and not (self.dry_run and name in _DONE_ON_GITHUB):
                setattr(record, name, value)
        if self._closed_by_other:
            record.closed_by_bot = False


def detail(action: Action) -> str:
    """What an action is about, without people's text: for the journal."""
    match action:
        case AddLabels():
            return ", ".join(action.labels)
        case RemoveLabel():
            return action.label
        case CreateLabel():
            return action.name
        case RetractNotice():
            return f"comment {action.comment_id}"
        case EditRequest():
            verb = "resolved, " if action.resolved else "reopened, " if action.reopened else ""
            return f"{verb}comment {action.comment_id}"
        case React():
            return f"{action.content} on comment {action.comment_id}"
        case Close():
            return action.reason
    return ""


def _take_down(record: Record, action: Action, outcome: Outcome, now: datetime) -> None:
    """What the bot did, as the next decision must know it."""
    match action:
        case AddLabels():
            names = {label.lower() for label in action.labels}
            if action.for_person:
                record.labels_by_people |= names
                record.labels_removed_by_people -= names
            else:
                record.labels_by_bot |= names - record.labels_by_people
                record.labels_by_other_bots -= names
                record.stale_labels |= names if action.with_warning else set()
        case RemoveLabel():
            name = action.label.lower()
            record.labels_by_bot.discard(name)
            record.labels_by_people.discard(name)
            record.stale_labels.discard(name)
            if action.for_person:
                record.labels_removed_by_people.add(name)
        case PostNotice():
            record.noticed = True
        case PostRequest():
            record.waiting_on = "author"
            record.request = Request(outcome.comment_id or 0, outcome.node_id, action.body, asked_at=now)
        case EditRequest():
            asked_at = now if action.reopened or record.request_asked_at is None else None
            record.request_comment_id, record.request_node_id = action.comment_id, outcome.node_id or action.node_id
            record.request_body, record.request_resolved = action.body, action.resolved
            if asked_at:
                record.request_asked_at = round(asked_at.timestamp() * 1000)
