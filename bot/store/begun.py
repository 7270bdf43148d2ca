"""Runs that the engine has begun and not ended, as its own table tells: whose they are."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa


class Begun(NamedTuple):
    run: str
    process: str
    """The name that its place gave it."""


def begun(connection: sa.Connection) -> list[Begun]:
    """All of them. Not asked of the engine: it waits for a database that is gone, with whoever asks."""
    return [Begun(run, process or "") for run, process in connection.execute(_begun(connection.dialect.name))]


def is_begun(connection: sa.Connection, wanted: Begun) -> bool:
    """Whether this run is begun and this process's."""
    found = connection.execute(_of_run(connection.dialect.name), {"run": wanted.run}).one_or_none()
    return found is not None and wanted == Begun(*found)


@cache
def _begun(dialect: str) -> sa.Select[Any]:
    schema = None if dialect == "sqlite" else "dbos"
    columns: list[sa.ColumnClause[str]] = [sa.column(name) for name in ("workflow_uuid", "executor_id", "status")]
    runs = sa.table("workflow_status", *columns, schema=schema)
    return sa.select(runs.c.workflow_uuid, runs.c.executor_id).where(runs.c.status == "PENDING")


@cache
def _of_run(dialect: str) -> sa.Select[Any]:
    return _begun(dialect).where(sa.column("workflow_uuid") == sa.bindparam("run"))
