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
from bot.store.packing import pack, packed_login, unpack
from bot.store.tables import issues, maintainers, threads
from bot.store.times import from_ms, to_ms
from bot.triage.notices import notices

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
    known, new = _meet(connection, repository_id, found)
    rows = [_row(repository_id, thread, known, read_at, filed(thread.issue)) for thread in found]
    execute_many(connection, _save(connection.dialect.name), rows)
    # Also of those that a replica which lags behind shows as they were before: they are there.
    numbers = sorted(thread.number for thread in found)
    here = (threads.c.repository_id == repository_id, threads.c.number.in_(numbers), threads.c.read_at < read_at)
    connection.execute(threads.update().where(*here).values(read_at=read_at))
    search.index_issues(connection, repository_id, found, known)
    if new:
        _put_right(connection, repository_id, known, new)


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


def _meet(
    connection: sa.Connection, repository_id: int, found: Iterable[Thread]
) -> tuple[frozenset[str], frozenset[str]]:
    """All known maintainers in lower case, and those who are met here for the first time as they are written."""
    known = load_maintainers(connection, repository_id)
    met = {
        actor.login
        for thread in found
        for actor in (thread.issue.author, *(comment.author for comment in thread.issue.comments))
        if actor.is_maintainer and not actor.is_bot
    }
    new = frozenset(login for login in met if login.lower() not in known)
    rows = [{"repository_id": repository_id, "login": login} for login in sorted({login.lower() for login in new})]
    execute_many(connection, _meeting(connection.dialect.name), rows)
    return known | {login.lower() for login in new}, new


def _put_right(connection: sa.Connection, repository_id: int, known: frozenset[str], new: Collection[str]) -> None:
    """Issues of before in which somebody took part who only now shows as a maintainer.

    Who is one must not depend on what is read first. There are few, and most are met soon: this is seldom done.
    """
    statement = _involving(connection.dialect.name, len(new))
    people = {f"actor_{place}": packed_login(login) for place, login in enumerate(sorted(new))}
    after = -1
    while rows := connection.execute(statement, {"repository": repository_id, "after": after, **people}).all():
        found = [unpack(details) for _, details in rows]
        values = [{"the_repository": repository_id, "the_number": it.number, **_roles(it, known)} for it in found]
        execute_many(connection, _ROLES, values)
        search.index_issues(connection, repository_id, found, known)
        after = rows[-1][0]


def _roles(thread: Thread, known: frozenset[str]) -> dict[str, Any]:
    """What depends on who is a maintainer."""
    return {
        "by_maintainer": conversation.is_maintainer(thread.issue.author, known),
        # Empty where it is not known, too.
        "waiting_on": "" if conversation.hides_next_word(thread) else conversation.waiting_on(thread, known),
        "first_response_at": to_ms(conversation.first_response_at(thread, known)),
    }


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
        "transferred_in": issue.transferred_in,
        "last_human_at": to_ms(conversation.last_human_at(thread)),
        "noticed": any(notice.kind != "over" for notice in notices(issue)),
        "closed_spells": orjson.dumps([(to_ms(start), to_ms(end)) for start, end in spells]).decode(),
        "template": filed.template,
        "missing": filed.missing,
        **_roles(thread, known),
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


_ROLES = (
    threads.update()
    .where(threads.c.repository_id == sa.bindparam("the_repository"), threads.c.number == sa.bindparam("the_number"))
    .values({name: sa.bindparam(name) for name in ("by_maintainer", "waiting_on", "first_response_at")})
)


@cache
def _involving(dialect: str, people: int) -> sa.TextClause:
    """The database looks through the packed threads itself, which is several times as fast as unpacking them."""
    holds = "instr(details, :actor_{0}) > 0" if dialect == "sqlite" else "position(:actor_{0} in details) > 0"
    some = " OR ".join(holds.format(place) for place in range(people))
    return sa.text(
        f"SELECT number, details FROM threads WHERE repository_id = :repository AND number > :after AND ({some})"  # noqa: S608 fixed words
        f" ORDER BY number LIMIT {_AT_ONCE}"
    )


@cache
def _meeting(dialect: str) -> Any:
    return insert_into(dialect, maintainers).on_conflict_do_nothing()
