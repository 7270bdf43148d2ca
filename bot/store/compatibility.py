"""Which is the oldest release that may work on the tables as they are: noted by whoever brought them up to date."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.tables import metadata

compatibility = sa.Table(
    "compatibility",
    metadata,
    # The one row's.
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    # A revision: code of that one, or of a later, can live with these tables.
    sa.Column("since", sa.Text, nullable=False),
)


def get(connection: sa.Connection) -> str:
    """Empty where the database does not tell."""
    if not sa.inspect(connection).has_table(compatibility.name):
        return ""
    found: str | None = connection.scalar(sa.select(compatibility.c.since))
    return found or ""


def put(connection: sa.Connection, since: str) -> None:
    connection.execute(compatibility.delete())
    connection.execute(compatibility.insert().values(id=1, since=since))
