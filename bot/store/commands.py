"""Slash commands that people said, until they have been carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from bot.store.database import insert_into
from bot.store.tables import commands
from bot.store.times import from_ms, to_ms
from bot.triage.commands import OF_BASH
from bot.triage.issue import Actor, Command

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


_OPEN = (
    sa.select(commands)
    .where(
        commands.c.repository_id == sa.bindparam("repository"),
        commands.c.number.in_(sa.bindparam("numbers", expanding=True)),
        commands.c.done_at.is_(None),
        commands.c.name.not_in(sorted(OF_BASH)),
        commands.c.comment_id != 0,
    )
    .order_by(commands.c.comment_id, commands.c.position)
)
_OF_BASH = (
    commands.c.repository_id == sa.bindparam("repository"),
    commands.c.done_at.is_(None),
    sa.or_(commands.c.name.in_(sorted(OF_BASH)), commands.c.comment_id == 0),
)
_ALL_OF_BASH = sa.select(commands).where(*_OF_BASH).order_by(commands.c.comment_id, commands.c.position)
_ANY_OF_BASH = sa.select(sa.exists().where(*_OF_BASH))


def add(connection: sa.Connection, repository_id: int, said: Iterable[tuple[int, Command]]) -> None:
    """Remembers these (issue number, command); one that is known already stays as it is, done or not."""
    rows = [
        {
            "id": command.id,
            "repository_id": repository_id,
            "number": number,
            "comment_id": command.comment_id,
            "position": int(command.id.rpartition(":")[2]),
            "login": command.actor.login,
            "is_bot": command.actor.is_bot,
            "association": command.actor.association,
            "name": command.name,
            "arguments": orjson.dumps(command.arguments).decode(),
            "said_at": to_ms(command.at),
        }
        for number, command in said
    ]
    if rows:
        insert = insert_into(connection.dialect.name, commands)
        connection.execute(insert.on_conflict_do_nothing(index_elements=["id"]), rows)


def load_open(connection: sa.Connection, repository_id: int, numbers: Collection[int]) -> dict[int, list[Command]]:
    """Those not carried out yet, by issue, in the order they were said; without those of a bash."""
    found: dict[int, list[Command]] = {}
    for row in connection.execute(_OPEN, {"repository": repository_id, "numbers": list(numbers)}):
        found.setdefault(row.number, []).append(_command(row))
    return found


def load_of_bash(connection: sa.Connection, repository_id: int) -> list[tuple[int, Command]]:
    """Those for a bash that are not carried out yet: issue number and command, in the order they were said."""
    rows = connection.execute(_ALL_OF_BASH, {"repository": repository_id})
    return [(row.number, _command(row)) for row in rows]


def any_of_bash(connection: sa.Connection, repository_id: int) -> bool:
    return bool(connection.scalar(_ANY_OF_BASH, {"repository": repository_id}))


def _command(row: sa.Row[Any]) -> Command:
    actor = Actor(row.login, is_bot=row.is_bot, association=row.association)
    arguments = tuple(orjson.loads(row.arguments))
    return Command(row.id, row.comment_id, actor, row.name, arguments, from_ms(row.said_at))


def finish(connection: sa.Connection, ids: Collection[str], at: int) -> None:
    if ids:
        connection.execute(commands.update().where(commands.c.id.in_(ids)).values(done_at=at))


def forget_open(connection: sa.Connection, repository_id: int, number: int) -> None:
    """Those said in this issue and not carried out: nothing comes of them any more."""
    here = (commands.c.repository_id == repository_id, commands.c.number == number)
    connection.execute(commands.delete().where(*here, commands.c.done_at.is_(None)))


def forget(connection: sa.Connection, before: int, most: int) -> int:
    """Deletes what was carried out before then; how many were deleted."""
    old = sa.select(commands.c.id).where(commands.c.done_at < before).limit(most)
    return connection.execute(commands.delete().where(commands.c.id.in_(old))).rowcount


def is_done(connection: sa.Connection, ids: Collection[str]) -> set[str]:
    """Those of these commands that have been carried out."""
    statement = sa.select(commands.c.id).where(commands.c.id.in_(ids), commands.c.done_at.is_not(None))
    return set(connection.scalars(statement))
