"""The latest report of each repository, and the issue it was posted as."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from bot.store.database import insert_into
from bot.store.tables import reports, repositories

if TYPE_CHECKING:
    from typing import Any


class Kept(NamedTuple):
    at: int
    content: bytes
    """Its JSON form."""
    issue_number: int | None
    """Of the last one that was posted, so that the next replaces it; None where none was."""


_COLUMNS = (reports.c.at, reports.c.content, reports.c.issue_number)


def put(connection: sa.Connection, repository_id: int, kept: Kept) -> None:
    """Replaces the one before."""
    values: dict[str, Any] = kept._asdict()
    statement = insert_into(connection.dialect.name, reports).values(repository_id=repository_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["repository_id"], set_=values))


def get(connection: sa.Connection, repository_id: int) -> Kept | None:
    row = connection.execute(sa.select(*_COLUMNS).where(reports.c.repository_id == repository_id)).one_or_none()
    return None if row is None else Kept(*row)


def get_public(connection: sa.Connection, owner: str, name: str) -> Kept | None:
    """By name, compared without case; of a public repository that the App is on."""
    row = connection.execute(
        sa.select(*_COLUMNS)
        .join(repositories, repositories.c.id == reports.c.repository_id)
        .where(
            sa.func.lower(repositories.c.owner) == owner.lower(),
            sa.func.lower(repositories.c.name) == name.lower(),
            repositories.c.is_public.is_(True),
            repositories.c.removed.is_(False),
        )
    ).first()
    return None if row is None else Kept(*row)
