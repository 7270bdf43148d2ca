"""Applies what deliveries say to the issues' records: the mirror, what people did to labels, and their commands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.store.issues import Record
from bot.store.times import to_ms
from bot.triage.commands import parse_commands
from bot.triage.issue import Command

if TYPE_CHECKING:
    from bot.github.events import Event
    from bot.store.deliveries import Delivery
    from bot.triage.issue import Actor, Comment, Issue

_GONE = frozenset({"deleted", "transferred"})
_WITHOUT_EFFECT = frozenset({"assigned", "unassigned", "milestoned", "demilestoned"})
"""Changes of an issue that no decision depends on."""

_SPEAKING = frozenset({"opened", "edited", "closed", "reopened", "unlocked"})
"""Changes by which somebody says something, beside comments; nobody could while it was locked."""

_FRESH_FOR = 60_000
"""Milliseconds. GitHub may have been asked to send it again: what it shows is old by then, and was perhaps answered by
a process whose database is lost."""
_LONGEST_UNDER_WAY = 30 * 86_400_000
"""Milliseconds from a comment to its arrival. GitHub sends nothing again after some days; whoever got hold of an old
delivery may, when it is forgotten here that its commands were carried out."""


@dataclass(slots=True)
class Look:
    """An issue to be looked at, with all that the deliveries at hand say of it."""

    record: Record
    deliveries: list[Delivery] = field(default_factory=list)
    issue: Issue | None = None
    """The newest in full that a payload showed; None where it must be read."""
    contested: bool = False
    """Two payloads of the same second disagree, and GitHub's times tell no more: only a read can say which holds."""
    fresh: bool = False
    """Never heard of before, and opened just now: what the payload shows is all there is."""
    comments: dict[int, Comment] = field(default_factory=dict)
    """Shown by payloads; GitHub's own listing may lag behind them."""
    said: list[Command] = field(default_factory=list)
    hasty: bool = False
    """GitHub was asked so soon after a change that its answer may have been of before. To be looked at once more."""


class Mirror:
    """Applies events to one repository's records, in the order of the deliveries."""

    def __init__(self, records: dict[int, Record], repository_id: int, slug: str) -> None:
        self._records = records
        self._repository_id = repository_id
        self._self = f"{slug}[bot]".lower()
        self.looks: dict[int, Look] = {}
        """To be done, by issue number."""

    def apply(self, event: Event, delivery: Delivery) -> bool:
        """Takes over what an event on an issue says; whether the issue is to be looked at for it."""
        issue = event.issue
        if issue is None or issue.is_pull_request:
            return False
        known = issue.number in self._records
        record = self._record(issue.number)
        by_self = self._is_self(event.sender)
        begun = self.looks.get(issue.number)
        # Tried before: what the earlier payloads of this second showed is not at hand any more.
        unseen = begun is not None and begun.issue is None and record.updated_at == to_ms(issue.updated_at)
        newest = event.issue_is_whole and record.mirror(issue)
        if event.name == "issue_comment":
            wanted = self._comment(event, delivery, record, known=known, by_self=by_self)
        else:
            late = event.issue_is_whole and not newest
            wanted = self._issue(event, record, by_self=by_self, late=late)
        look = self.look(issue.number, delivery) if wanted else self.looks.get(issue.number)
        if look is not None and newest:
            shown = replace(issue, transferred_in=record.transferred_in)
            rival = look.issue
            if unseen or (rival is not None and rival.updated_at == shown.updated_at and rival != shown):
                look.contested = True
            look.issue = shown
        if look is not None and event.name == "issues" and event.action == "opened" and not known:
            look.fresh = event.issue_is_whole and delivery.received_at - to_ms(issue.created_at) < _FRESH_FOR
        return wanted

    def again(self, event: Event, delivery: Delivery) -> bool:
        """Once more an event that was taken over before: only the look, and its commands, may be left to do."""
        issue = event.issue
        if issue is None or issue.is_pull_request:
            return False
        self.look(issue.number, delivery).said += self._said(event, delivery)
        return True

    def look(self, number: int, delivery: Delivery | None = None) -> Look:
        """The look at this issue, begun if there is none yet."""
        look = self.looks.get(number)
        if look is None:
            look = self.looks[number] = Look(self._record(number))
        if delivery is not None:
            look.deliveries.append(delivery)
        return look

    def _record(self, number: int) -> Record:
        if number not in self._records:
            self._records[number] = Record(self._repository_id, number)
        return self._records[number]

    def _is_self(self, actor: Actor) -> bool:
        return actor.login.lower() == self._self

    def _issue(self, event: Event, record: Record, *, by_self: bool, late: bool) -> bool:
        issue = event.issue
        if issue is None or event.action in _GONE:
            record.state = "gone"
            return False
        if by_self:
            return False
        if event.action in _SPEAKING:
            self._heard(record, event.sender, issue, to_ms(issue.updated_at))
        match event.action:
            case "opened":
                record.opened_seen = True
                record.transferred_in = record.transferred_in or issue.transferred_in
            case "edited":
                if event.sender.login == issue.author.login:
                    record.needs_info_by_maintainer = False
                    record.edited_at = to_ms(issue.updated_at)
            case "unlabeled" if late and event.label and event.label.lower() in map(str.lower, record.labels):
                pass  # taken off, and on again since: the news came out of order, or somebody sent it once more
            case "labeled" | "unlabeled" if event.label:
                record.label_by_other(event.label.lower(), event.sender, added=event.action == "labeled")
            case "closed" | "reopened":
                record.closed_by_bot = record.intent.close = False
            case "pinned" if late:
                pass  # it has changed since, so that the next fill shows whether it still is
            case "pinned" | "unpinned":
                record.pinned = event.action == "pinned"
        return event.action not in _WITHOUT_EFFECT

    def _comment(self, event: Event, delivery: Delivery, record: Record, *, known: bool, by_self: bool) -> bool:
        comment, issue = event.comment, event.issue
        if comment is None or issue is None:
            return False
        if comment.by_this_app or self._is_self(comment.author):
            if event.action == "deleted" and not by_self and comment.id == record.request_comment_id:
                # Somebody took the ask away: asking again would be noise.
                record.request, record.skipped = None, True
            elif event.action in {"deleted", "edited"} and not by_self:
                # Whoever takes a warning away, or changes its words, means that it should not be there.
                self._heard(record, event.sender, issue, to_ms(issue.updated_at))
                return record.noticed
            return False
        by_author = False
        if event.action == "edited" and not by_self:
            at = to_ms(max(comment.updated_at or issue.updated_at, issue.updated_at))
            self._heard(record, event.sender, issue, at)
            by_author = event.sender.login == issue.author.login
            record.edited_at = at if by_author else record.edited_at
        if event.action == "created" and not by_self:
            self._heard(record, comment.author, issue, to_ms(comment.created_at))
            by_author = comment.author.login == issue.author.login
        waited_for = by_author and record.needs_info_by_maintainer
        record.needs_info_by_maintainer = record.needs_info_by_maintainer and not by_author
        said = self._said(event, delivery)
        # What a bot says takes no notice back.
        noticed = record.noticed and not event.sender.is_bot
        # Labelled, and never asked: the label waits for the author all the same.
        waited_for = waited_for or bool(record.labels_by_bot and record.request is None and not record.settled)
        # Where it is looked at in any case, what was said since counts, too.
        if known and issue.number not in self.looks and not (said or record.request or waited_for or noticed):
            return False
        look = self.look(issue.number)
        look.said += said
        if event.action == "deleted":
            look.comments.pop(comment.id, None)
        else:
            look.comments[comment.id] = comment
        return True

    def _said(self, event: Event, delivery: Delivery) -> list[Command]:
        comment = event.comment
        if comment is None or event.action != "created" or comment.by_this_app:
            return []
        if delivery.received_at - to_ms(comment.created_at) > _LONGEST_UNDER_WAY:
            return []
        if self._is_self(comment.author) or self._is_self(event.sender):
            return []
        return [
            Command(f"{comment.id}:{it.line}", comment.id, comment.author, it.name, it.arguments, comment.created_at)
            for it in parse_commands(comment.body)
        ]

    @staticmethod
    def _heard(record: Record, actor: Actor, issue: Issue, at: int) -> None:
        """Take down that a person said something, and who has to say something next."""
        if actor.is_bot or (record.last_human_at is not None and at < record.last_human_at):
            return
        record.last_human_at = at
        record.waiting_on = "maintainers" if actor.login == issue.author.login else "author"
