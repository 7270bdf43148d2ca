"""Who said what last, and who has to say something next: read from a Thread, counting people alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Literal

from bot.issuebash.phrases import is_answer
from bot.issuebash.thread import LAST_COMMENTS, Thread, TimelineEvent
from bot.triage.issue import Actor, Comment
from bot.triage.waiting import is_reply

_SPEAKING = frozenset({"closed", "reopened", "renamed", "edited", "duplicate", "locked", "unlocked"})
"""Events by which a person takes part. Labels, assignees and milestones are set in bulk, and say nothing to anybody."""


def is_maintainer(actor: Actor, maintainers: Collection[str]) -> bool:
    """`maintainers`: logins, lower case, seen as such elsewhere (events do not tell an actor's association)."""
    return not actor.is_bot and (actor.is_maintainer or actor.login.lower() in maintainers)


def is_author(actor: Actor, thread: Thread) -> bool:
    """Two deleted accounts need not be the same."""
    return actor.login == thread.issue.author.login and not is_nobody(actor)


def is_nobody(actor: Actor) -> bool:
    """A deleted account: nobody is there to answer."""
    return actor.login in {"", "ghost"}


def words(thread: Thread) -> Iterator[Comment]:
    """What people wrote below the issue, oldest first; no bots."""
    return (comment for comment in thread.issue.comments if not comment.author.is_bot)


def deeds(thread: Thread) -> Iterator[TimelineEvent]:
    """What people did to it that counts as taking part, oldest first."""
    return (event for event in thread.events if event.kind in _SPEAKING and not event.actor.is_bot)


def last_human_at(thread: Thread) -> datetime:
    """When a person last took part; filing it was the first time."""
    times = [thread.issue.created_at]
    times += [comment.created_at for comment in words(thread)]
    times += [event.at for event in deeds(thread)]
    return max(times)


def last_word(thread: Thread) -> Comment | None:
    """The last thing that a person wrote below it."""
    return next((comment for comment in reversed(thread.issue.comments) if not comment.author.is_bot), None)


def waiting_on(thread: Thread, maintainers: Collection[str]) -> Literal["author", "maintainers", ""]:
    """Who has to say something next: `maintainers` from the start and after the author's word, `author` after theirs.

    Words of other people change nothing, nor do commands to the bot alone. Where a maintainer is the author, nobody is
    waited for until others speak.
    """
    issue = thread.issue
    turn: Literal["author", "maintainers", ""] = "maintainers"
    if issue.author.is_bot or is_maintainer(issue.author, maintainers):
        turn = ""
    for comment in words(thread):
        if is_author(comment.author, thread):
            turn = "" if is_maintainer(comment.author, maintainers) else "maintainers"
        elif is_maintainer(comment.author, maintainers) and is_reply(comment):
            turn = "author"
    return turn


def hides_next_word(thread: Thread) -> bool:
    """Of a long talk, whether neither the author nor a maintainer is among the last that were read.

    What they said last may then stand before them, and was not.
    """
    if thread.comments_total <= len(thread.issue.comments):
        return False
    last = [comment.author for comment in thread.issue.comments[-LAST_COMMENTS:] if not comment.author.is_bot]
    return not any(actor.is_maintainer or is_author(actor, thread) for actor in last)


def first_response_at(thread: Thread, maintainers: Collection[str]) -> datetime | None:
    """The first comment of a maintainer who is not the author."""
    return next(
        (
            comment.created_at
            for comment in words(thread)
            if is_maintainer(comment.author, maintainers) and not is_author(comment.author, thread)
        ),
        None,
    )


def was_answered(thread: Thread, maintainers: Collection[str]) -> bool:
    """A maintainer who is not the author told something: asking, thanking and closing are no answers."""
    return any(
        is_maintainer(comment.author, maintainers) and not is_author(comment.author, thread) and is_answer(comment.body)
        for comment in words(thread)
    )


def closed_spells(thread: Thread) -> tuple[tuple[datetime, datetime], ...]:
    """When it was closed and reopened again, each time; the last closing is `closed_at` and not in here."""
    spells: list[tuple[datetime, datetime]] = []
    closed_at: datetime | None = None
    for event in thread.events:
        if event.kind == "closed" and closed_at is None:
            closed_at = event.at
        elif event.kind == "reopened" and closed_at is not None:
            spells.append((closed_at, event.at))
            closed_at = None
    return tuple(spells)
