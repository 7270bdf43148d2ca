"""The bare drivers writing what a batch is: the same rows, by the same INSERTs, in one transaction.

They are given rows that are ready, and neither check values nor look whether the run is there.
"""

from __future__ import annotations

import importlib
import io
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Batch:
    """A batch of a run as rows, by table, in the order of its columns."""

    metrics: Rows
    latest_metrics: Rows
    params: Rows
    tags: Rows


_POINT = ("key", "value", "timestamp", "step", "is_nan", "run_uuid")
_TEXT = ("key", "value", "run_uuid")
_COLUMNS = {"params": _TEXT, "metrics": _POINT, "latest_metrics": _POINT, "tags": _TEXT}
_CONFLICTS = {
    "metrics": "NOTHING",
    "latest_metrics": (
        "UPDATE SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, "
        "is_nan = excluded.is_nan WHERE (excluded.step, excluded.timestamp, excluded.value) > "
        "(kept.step, kept.timestamp, kept.value)"
    ),
    "params": "NOTHING",
    "tags": "UPDATE SET value = excluded.value",
}


def rows_of(run_id: str, batch: tuple[list[Any], list[Any], list[Any]]) -> Batch:
    """Of MLflow's entities, in which no key comes twice."""
    metrics, params, tags = batch
    points: Rows = [(each.key, each.value, each.timestamp, each.step, False, run_id) for each in metrics]
    return Batch(points, points, *([(each.key, each.value, run_id) for each in pairs] for pairs in (params, tags)))


def _insert(table: str, what: str) -> str:
    key = "(key, run_uuid) " if _CONFLICTS[table] != "NOTHING" else ""
    columns = ", ".join(_COLUMNS[table])
    return f"INSERT INTO {table} AS kept ({columns}) {what} ON CONFLICT {key}DO {_CONFLICTS[table]}"


def sqlite(path: str) -> Callable[[Batch], None]:
    """By sqlite3 and executemany, on a connection of its own that checks foreign keys as MLflow's do."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA busy_timeout = 20000")
    statements = {
        table: _insert(table, f"VALUES ({', '.join('?' * len(columns))})") for table, columns in _COLUMNS.items()
    }

    def write(batch: Batch) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for table, statement in statements.items():
            if rows := getattr(batch, table):
                connection.executemany(statement, rows)
        connection.execute("COMMIT")

    return write


def psycopg2(dsn: str) -> dict[str, Callable[[Batch], None]]:
    """By psycopg2's ways of writing many rows, on a connection of its own."""
    driver: Any = importlib.import_module("psycopg2")  # not always there, and without types
    execute_values = importlib.import_module("psycopg2.extras").execute_values
    connection = driver.connect(dsn)

    def in_transaction(insert: Callable[[Any, str, Rows], None]) -> Callable[[Batch], None]:
        def write(batch: Batch) -> None:
            with connection, connection.cursor() as cursor:
                for table in _COLUMNS:
                    if rows := getattr(batch, table):
                        insert(cursor, table, rows)

        return write

    def one_by_one(cursor: Any, table: str, rows: Rows) -> None:
        cursor.executemany(_insert(table, f"VALUES ({', '.join(['%s'] * len(_COLUMNS[table]))})"), rows)

    def values(cursor: Any, table: str, rows: Rows) -> None:
        execute_values(cursor, _insert(table, "VALUES %s"), rows, page_size=1000)

    def copy(cursor: Any, table: str, rows: Rows) -> None:
        # COPY itself knows no conflicts, so it goes by a table that is emptied at each commit.
        lines = io.StringIO("".join("\t".join(map(str, row)) + "\n" for row in rows))
        cursor.copy_expert(f"COPY new_{table} FROM STDIN", lines)
        cursor.execute(_insert(table, f"SELECT * FROM new_{table}"))  # noqa: S608

    with connection, connection.cursor() as cursor:
        for table, columns in _COLUMNS.items():
            cursor.execute(
                f"CREATE TEMPORARY TABLE new_{table} ON COMMIT DELETE ROWS AS "  # noqa: S608
                f"SELECT {', '.join(columns)} FROM {table} WHERE false"
            )
    return {
        "executemany": in_transaction(one_by_one),
        "execute_values": in_transaction(values),
        "COPY": in_transaction(copy),
    }
