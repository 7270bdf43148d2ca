"""The mirror of whole issues: written by the filling alone, read by reports and sweeps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from bot.issuebash import conversation
from bot.issuebash.numbers import Figures
from bot.store import search
from bot.store.database import execute_many, insert_into
from bot.store.packing import pack, unpack
from bot.store.tables import issues, maintainers, threads
from bot.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from bot.issuebash.thread import Thread
    from bot.triage.issue import Issue

_AT_ONCE = 500
"""Rows that a reader holds."""


@dataclass(frozen=True, slots=True)
class Filed:
    """What the templates say of an issue."""

    template: str = ""
    """Its file name; empty where it came from none."""
    missing: int | None = None
    """Fields that lack an answer; None where it came from no template."""


def save(
    connection: sa.Connection,
    repository_id: int,
    found: Collection[Thread],
    read_at: int,
    filed: Callable[[Issue], Filed] = lambda _: Filed(),
) -> None:
    """Takes over what was read; an older state never replaces a newer one."""
    if not found:
        return
    known = _meet(connection, repository_id, found)
    rows = [_row(repository_id, thread, known, read_at, filed(thread.issue)) for thread in found]
    execute_many(connection, _save(connection.dialect.name), rows)
    search.index_issues(connection, repository_id, found, known)


def load_maintainers(connection: sa.Connection, repository_id: int) -> frozenset[str]:
    """Logins, lower case, of all who were seen as maintainers."""
    return frozenset(
        connection.scalars(sa.select(maintainers.c.login).where(maintainers.c.repository_id == repository_id))
    )


def open_threads(connection: sa.Connection, repository_id: int) -> Iterator[Thread]:
    """Those open now, by number; holds few at a time."""
    return _stream(connection, _here(repository_id).where(threads.c.open.is_(True)))


def load(connection: sa.Connection, repository_id: int, numbers: Collection[int]) -> Iterator[Thread]:
    """Those of them that are there, open or closed."""
    return _stream(connection, _here(repository_id).where(threads.c.number.in_(sorted(numbers))))


def spoken_after_close(connection: sa.Connection, repository_id: int, since: int) -> Iterator[Thread]:
    """Closed ones on which people did something after closing, and after `since` (milliseconds)."""
    spoken = threads.c.last_human_at > threads.c.closed_at
    return _stream(
        connection, _here(repository_id).where(threads.c.open.is_(False), threads.c.last_human_at >= since, spoken)
    )


def count(connection: sa.Connection, repository_id: int) -> int:
    statement = sa.select(sa.func.count()).select_from(threads).where(threads.c.repository_id == repository_id)
    return connection.scalar(statement) or 0


def newest(connection: sa.Connection, repository_id: int) -> int | None:
    """When the last change happened that is in the mirror."""
    statement = sa.select(sa.func.max(threads.c.updated_at)).where(threads.c.repository_id == repository_id)
    found: int | None = connection.scalar(statement)
    return found


def remove_unseen(connection: sa.Connection, repository_id: int, before: int) -> int:
    """Forgets issues that a full fill, begun then, has not met: they were deleted or moved away. How many."""
    gone = (threads.c.repository_id == repository_id, threads.c.read_at < before)
    numbers = list(connection.scalars(sa.select(threads.c.number).where(*gone)))
    connection.execute(threads.delete().where(*gone))
    search.forget_issues(connection, repository_id, numbers)
    return len(numbers)


def figures(connection: sa.Connection, repository_id: int) -> Iterator[Figures]:
    """What each issue contributes to the numbers, with what the bot asked for."""
    statement = (
        sa.select(
            threads.c.number,
            threads.c.template,
            threads.c.created_at,
            threads.c.closed_at,
            threads.c.open,
            threads.c.by_bot,
            threads.c.by_maintainer,
            threads.c.last_human_at,
            threads.c.first_response_at,
            threads.c.transferred_in,
            threads.c.closed_spells,
            threads.c.missing,
            issues.c.request_comment_id,
            issues.c.request_resolved,
        )
        .select_from(_JOINED)
        .where(threads.c.repository_id == repository_id, _THERE)
    )
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(statement):
        number, template, created, closed, is_open, by_bot, by_maintainer, human, response, moved, spells, missing = (
            row[:12]
        )
        asked = row[12] is not None
        yield Figures(
            number=number,
            kind=template,
            created_at=from_ms(created),
            closed_at=None if is_open else from_ms(closed),
            by_bot=by_bot,
            by_maintainer=by_maintainer,
            last_human_at=from_ms(human),
            first_response_at=from_ms(response),
            transferred_in=moved,
            closed_spells=() if spells == "[]" else _spells(spells),
            missing=missing,
            asked=asked,
            completed=asked and bool(row[13]),
        )


_JOINED = threads.outerjoin(
    issues, sa.and_(issues.c.repository_id == threads.c.repository_id, issues.c.number == threads.c.number)
)
_THERE = sa.func.coalesce(issues.c.state, "") != "gone"


def _here(repository_id: int) -> sa.Select[Any]:
    return (
        sa.select(threads.c.details)
        .select_from(_JOINED)
        .where(threads.c.repository_id == repository_id, _THERE)
        .order_by(threads.c.number)
    )


def _stream(connection: sa.Connection, statement: sa.Select[Any]) -> Iterator[Thread]:
    for (details,) in connection.execution_options(yield_per=_AT_ONCE).execute(statement):
        yield unpack(details)


def _meet(connection: sa.Connection, repository_id: int, found: Iterable[Thread]) -> frozenset[str]:
    """All known maintainers, with those who are met here for the first time."""
    known = load_maintainers(connection, repository_id)
    met = {
        actor.login.lower()
        for thread in found
        for actor in (thread.issue.author, *(comment.author for comment in thread.issue.comments))
        if actor.is_maintainer and not actor.is_bot
    }
    new = [{"repository_id": repository_id, "login": login} for login in sorted(met - known)]
    execute_many(connection, _meeting(connection.dialect.name), new)
    return known | met


def _row(repository_id: int, thread: Thread, known: frozenset[str], read_at: int, filed: Filed) -> dict[str, Any]:
    issue = thread.issue
    spells = conversation.closed_spells(thread)
    return {
        "repository_id": repository_id,
        "number": issue.number,
        "read_at": read_at,
        "updated_at": to_ms(issue.updated_at),
        "details": pack(thread),
        "open": issue.state == "open",
        "created_at": to_ms(issue.created_at),
        "closed_at": to_ms(issue.closed_at),
        "by_bot": issue.author.is_bot,
        "by_maintainer": conversation.is_maintainer(issue.author, known),
        "transferred_in": issue.transferred_in,
        "last_human_at": to_ms(conversation.last_human_at(thread)),
        "waiting_on": conversation.waiting_on(thread, known),
        "first_response_at": to_ms(conversation.first_response_at(thread, known)),
        "closed_spells": orjson.dumps([(to_ms(start), to_ms(end)) for start, end in spells]).decode(),
        "template": filed.template,
        "missing": filed.missing,
    }


def _spells(text: str) -> tuple[tuple[Any, Any], ...]:
    return tuple((from_ms(start), from_ms(end)) for start, end in orjson.loads(text))


@cache
def _save(dialect: str) -> Any:
    insert = insert_into(dialect, threads)
    keys = {"repository_id", "number"}
    values = {column.name: insert.excluded[column.name] for column in threads.c if column.name not in keys}
    return insert.on_conflict_do_update(
        index_elements=["repository_id", "number"],
        set_=values,
        where=threads.c.updated_at <= insert.excluded.updated_at,
    )


@cache
def _meeting(dialect: str) -> Any:
    return insert_into(dialect, maintainers).on_conflict_do_nothing()
