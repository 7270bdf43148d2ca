"""How the database is: whole, up to date, how large, and what waits in it. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.store.tables import metadata, workers

if TYPE_CHECKING:
    from bot.store.database import Database

_MOST_COUNTED = 1_000_000
"""Rows of a table; of more it is only said that there are so many."""


@dataclass(frozen=True, slots=True)
class File:
    """An SQLite file, in bytes."""

    size: int
    log: int
    """What was written and is not in the file itself yet."""
    free: int
    """Of the size: left by what was cleared away."""
    gives_back: bool
    """Whether free pages are given back to the disk."""
    journal_mode: str
    damage: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Size:
    """Of a table."""

    name: str
    rows: int
    bytes: int | None
    """With its indexes; None where the database does not tell."""


@dataclass(frozen=True, slots=True)
class Worker:
    name: str
    host: str
    pid: int
    silent_for: float
    """Seconds."""


def missing(connection: sa.Connection) -> list[str]:
    """Tables and columns that this release works with and the database does not have."""
    there = sa.inspect(connection)
    found = []
    for table in metadata.sorted_tables:
        if not there.has_table(table.name):
            found.append(table.name)
            continue
        columns = {column["name"] for column in there.get_columns(table.name)}
        found += [f"{table.name}.{column.name}" for column in table.columns if column.name not in columns]
    return found


def sizes(connection: sa.Connection) -> list[Size]:
    """The largest first."""
    there = set(sa.inspect(connection).get_table_names())
    found = []
    for table in metadata.sorted_tables:
        if table.name not in there:
            continue
        some = sa.select(sa.literal(1)).select_from(table).limit(_MOST_COUNTED).subquery()
        rows = connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0
        size = None
        if connection.dialect.name == "postgresql":
            size = connection.scalar(sa.select(sa.func.pg_total_relation_size(table.name)))
        found.append(Size(table.name, rows, size))
    return sorted(found, key=lambda it: (it.bytes or 0, it.rows), reverse=True)


def file(database: Database, *, thorough: bool) -> File:
    """Of SQLite. `thorough` looks into every index, too, which takes long."""
    path = Path(database.url.database or "")
    log = path.with_name(f"{path.name}-wal")
    with database.read() as connection:
        number = {
            name: connection.scalar(sa.text(f"PRAGMA {name}")) or 0
            for name in ("page_size", "freelist_count", "auto_vacuum")
        }
        mode = str(connection.scalar(sa.text("PRAGMA journal_mode")))
        check = "integrity_check" if thorough else "quick_check"
        damage = tuple(text for text in connection.scalars(sa.text(f"PRAGMA {check}(20)")) if text != "ok")
    return File(
        size=path.stat().st_size,
        log=log.stat().st_size if log.exists() else 0,
        free=number["page_size"] * number["freelist_count"],
        gives_back=number["auto_vacuum"] == 2,
        journal_mode=mode,
        damage=damage,
    )


def living(connection: sa.Connection) -> list[Worker]:
    """The processes that have a place at a PostgreSQL."""
    if connection.dialect.name != "postgresql" or not sa.inspect(connection).has_table(workers.name):
        return []
    silent = sa.func.extract("epoch", sa.func.clock_timestamp()) - sa.cast(workers.c.seen_at, sa.Float) / 1000
    columns = (workers.c.name, workers.c.host, workers.c.pid, silent)
    rows = connection.execute(sa.select(*columns).where(workers.c.seen_at.is_not(None)).order_by(workers.c.name))
    return [Worker(name, host, pid or 0, float(seconds)) for name, host, pid, seconds in rows]


def version(connection: sa.Connection) -> str:
    """The server's, or SQLite's."""
    if connection.dialect.name == "postgresql":
        return f"PostgreSQL {connection.scalar(sa.text('SHOW server_version'))}"
    return f"SQLite {connection.scalar(sa.text('SELECT sqlite_version()'))}"


def runs(connection: sa.Connection) -> dict[str, int]:
    """How many of the engine's runs there are, by state; none before its first start."""
    schema = None if connection.dialect.name == "sqlite" else "dbos"
    if not sa.inspect(connection).has_table("workflow_status", schema=schema):
        return {}
    status: sa.ColumnClause[str] = sa.column("status")
    table = sa.table("workflow_status", status, schema=schema)
    rows = connection.execute(sa.select(status, sa.func.count()).select_from(table).group_by(status))
    return dict(rows.tuples())
