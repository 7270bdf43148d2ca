"""The books of each installation, kept for all processes: one row, read and written by one at a time."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from bot.store.database import insert_into
from bot.store.tables import books

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_WAIT = 1000
"""Milliseconds for the row. Whoever holds it longer is frozen or cut off, and the server lets go of it later."""


class Page(NamedTuple):
    """One installation's."""

    content: str
    at: float | None
    """Seconds since 1970, by the clock that all processes share; None on SQLite, where there is one process."""


def open_page(connection: sa.Connection, installation_id: int) -> Page:
    """Nobody else gets at it until the transaction ends. Empty where there is none."""
    dialect = connection.dialect.name
    row = connection.execute(_open(dialect), {"installation": installation_id}).one_or_none()
    if row is None and dialect != "sqlite":
        # A row that is not there cannot be locked.
        connection.execute(_begin(dialect), {"installation_id": installation_id})
        row = connection.execute(_open(dialect), {"installation": installation_id}).one()
    return Page("", None) if row is None else Page(row.content, row.at)


def write_page(
    connection: sa.Connection, installation_id: int, content: str, *, least_left: float, changed_at: int
) -> None:
    """`changed_at` in milliseconds, as everywhere in the store."""
    values = {"content": content, "least_left": least_left, "changed_at": changed_at}
    connection.execute(_write(connection.dialect.name), {"installation_id": installation_id, **values})


def scarcest(connection: sa.Connection, since: int, most: int) -> Sequence[tuple[int, str]]:
    """Of the installations that spent anything since then, those with the least left; and their books."""
    statement = (
        sa.select(books.c.installation_id, books.c.content)
        .where(books.c.changed_at >= since)
        .order_by(books.c.least_left, books.c.changed_at.desc())
        .limit(most)
    )
    return [(row.installation_id, row.content) for row in connection.execute(statement)]


def forget(connection: sa.Connection, before: int, most: int) -> int:
    """Deletes those in which nothing was written since; how many were deleted."""
    old = sa.select(books.c.installation_id).where(books.c.changed_at < before).limit(most)
    return connection.execute(books.delete().where(books.c.installation_id.in_(old))).rowcount


@cache
def _open(dialect: str) -> sa.Select[Any]:
    where = books.c.installation_id == sa.bindparam("installation")
    if dialect == "sqlite":
        return sa.select(books.c.content, sa.null().label("at")).where(where)
    # By the database's clock, as the processes' may differ.
    at = sa.cast(sa.func.extract("epoch", sa.func.clock_timestamp()), sa.Float).label("at")
    patience = sa.func.set_config("lock_timeout", str(_LONGEST_WAIT), sa.true())
    return sa.select(books.c.content, at, patience).where(where).with_for_update()


@cache
def _begin(dialect: str) -> Any:
    return insert_into(dialect, books).on_conflict_do_nothing(index_elements=["installation_id"])


@cache
def _write(dialect: str) -> Any:
    insert = insert_into(dialect, books)
    values = {name: insert.excluded[name] for name in ("content", "least_left", "changed_at")}
    return insert.on_conflict_do_update(index_elements=["installation_id"], set_=values)
