"""Issues whose silence may have come to something: each as the mirror has it, with what the bot remembers of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from bot.issuebash.conversation import hides_next_word
from bot.store.issues import Record, record_of
from bot.store.packing import unpack
from bot.store.tables import issues, threads
from bot.store.times import from_ms
from bot.triage.waiting import is_author

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from bot.issuebash.thread import Thread
    from bot.triage.issue import History, Issue

_AT_ONCE = 200
"""Rows held in memory."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the mirror knows of an issue and its record may not, since news can get lost."""

    last_human_at: datetime
    edited_at: datetime | None
    """By its author: its text, its title, or a comment."""
    pinned: bool
    transferred_in: bool
    labelled_at: tuple[tuple[str, datetime], ...] = ()

    def added_to(self, history: History) -> History:
        return replace(
            history,
            last_human_at=_later(self.last_human_at, history.last_human_at),
            edited_at=_later(self.edited_at, history.edited_at),
            pinned=history.pinned or self.pinned,
            labelled_at=self.labelled_at,
        )

    def shown_on(self, issue: Issue) -> Issue:
        return replace(issue, transferred_in=True) if self.transferred_in and not issue.transferred_in else issue


@dataclass(frozen=True, slots=True)
class Quiet:
    """One that may be due for something."""

    issue: Issue
    """With the comments that the mirror has."""
    history: History
    """As a sweep's look will find it."""
    swept_at: int
    """When a sweep last had it looked at; 0 for never. Looks for other reasons may come far more often."""


def quiet(
    connection: sa.Connection, repository_id: int, label: str, since: int, needs_info: str | None = None
) -> Iterator[Quiet]:
    """Those on which nobody has said anything since then, by number; and those under way already.

    `label`: the one of the lifecycle; `needs_info`: the one by which an author is asked. Leaves out what surely waits
    for the maintainers.
    """
    labelled = sa.or_(_names(issues.c.labels_by_people, label), _names(issues.c.labels_by_bot, label), _OLD_LABELS)
    asked = sa.and_(issues.c.request_comment_id.is_not(None), issues.c.request_resolved.is_(False))
    if needs_info is not None:
        asked = sa.or_(asked, _names(issues.c.labels_by_people, needs_info))
    silent = sa.and_(
        sa.or_(threads.c.last_human_at <= since, labelled), sa.or_(threads.c.waiting_on != "maintainers", asked)
    )
    # Where the one has lost it, the other tells.
    noticed = sa.or_(issues.c.noticed.is_(True), threads.c.noticed.is_(True))
    # Whoever spoke after the closing, or closed it, may have been missed.
    spoken = sa.or_(threads.c.open.is_(True), threads.c.last_human_at >= threads.c.closed_at)
    statement = (
        sa.select(threads.c.details, threads.c.last_human_at.label("heard_at"), issues)
        .select_from(_JOINED)
        .where(
            threads.c.repository_id == repository_id,
            sa.func.coalesce(issues.c.state, "") != "gone",
            sa.or_(sa.and_(threads.c.open.is_(True), silent), sa.and_(noticed, spoken)),
        )
        .order_by(threads.c.number)
    )
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(statement).mappings():
        yield _quiet(repository_id, row)


def seen(connection: sa.Connection, repository_id: int, numbers: Collection[int]) -> dict[int, Seen]:
    """What the mirror tells of these, so that a look does not know less than the sweep that asked for it."""
    statement = sa.select(threads.c.details, threads.c.last_human_at).where(
        threads.c.repository_id == repository_id, threads.c.number.in_(sorted(numbers))
    )
    found = [(unpack(details), heard_at) for details, heard_at in connection.execute(statement)]
    return {thread.number: _seen(thread, heard_at) for thread, heard_at in found}


def any_noticed(connection: sa.Connection, repository_id: int) -> bool:
    """Whether a notice stands on an open issue, so that it has to be taken back where the policy ends."""
    here = (issues.c.repository_id == repository_id, issues.c.noticed.is_(True), issues.c.state == "open")
    there = (threads.c.repository_id == repository_id, threads.c.noticed.is_(True), threads.c.open.is_(True))
    return any(connection.scalar(sa.select(sa.exists().where(*where))) for where in (here, there))


def last_sweep(connection: sa.Connection, repository_id: int) -> int:
    """When one last had something looked at; 0 for never."""
    newest = sa.select(sa.func.max(issues.c.swept_at)).where(issues.c.repository_id == repository_id)
    return connection.scalar(newest) or 0


_JOINED = threads.outerjoin(
    issues, sa.and_(issues.c.repository_id == threads.c.repository_id, issues.c.number == threads.c.number)
)
_OLD_LABELS = sa.and_(issues.c.stale_labels != "[]", issues.c.noticed.is_(False))
"""Put on under a policy that called them otherwise, and left over."""


def _names(column: sa.Column[str], label: str) -> sa.ColumnElement[bool]:
    return column.contains(orjson.dumps(label.lower()).decode(), autoescape=True)


def _quiet(repository_id: int, row: sa.RowMapping) -> Quiet:
    thread = unpack(row["details"])
    values: dict[str, Any] = {column.name: row[column] for column in issues.c}
    record = Record(repository_id, thread.issue.number) if values["number"] is None else record_of(values)
    history = replace(_seen(thread, row["heard_at"]).added_to(record.history(())), swept=True)
    issue = replace(
        thread.issue,
        transferred_in=record.transferred_in or thread.issue.transferred_in,
        comments_known=True,
        next_word_hidden=hides_next_word(thread),
    )
    return Quiet(issue, history, record.swept_at or 0)


def _seen(thread: Thread, heard_at: int) -> Seen:
    edits = [it.at for it in thread.events if it.kind in {"edited", "renamed"} and is_author(it.actor, thread.issue)]
    labelled = {
        it.subject.lower(): it.at
        for it in thread.events
        if it.kind == "labeled" and not it.actor.is_bot and not is_author(it.actor, thread.issue)
    }
    return Seen(
        from_ms(heard_at),
        max(edits, default=None),
        thread.pinned,
        thread.issue.transferred_in,
        tuple(sorted(labelled.items())),
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)
