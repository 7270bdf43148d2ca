"""SQLAlchemy's own dialects under the driver name `autolog`, so that every part of MLflow can open such a URI."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

SYNCHRONOUS = ("off", "normal", "full", "extra")
"""By SQLite's numbers, from 0: https://www.sqlite.org/pragma.html#pragma_synchronous"""
_LONGEST = 2**31 - 1
"""SQLite takes a longer wait for none."""
_WAIT = "PRAGMA busy_timeout = "


class SQLite(SQLiteDialect_pysqlite):
    """SQLite by Python's own driver, tuned by the URI's query.

    `wal=true` keeps a write-ahead log, so that readers and a writer do not wait for each other; `synchronous=normal`
    waits for the disk at checkpoints only; `busy_timeout=MILLISECONDS` is how long a writer waits for another.
    Source: https://www.sqlite.org/pragma.html
    """

    driver = "autolog"
    supports_statement_cache = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._pragmas: list[str] = []
        self._wait: str | None = None

    def create_connect_args(self, url: URL) -> Any:
        """Arguments for sqlite3.connect, without ours. The file's folder is made, as MLflow does for `sqlite:///`.

        Raises:
            ArgumentError: an option has a value it cannot have.
        """
        self._pragmas = pragmas(url)
        self._wait = next((each for each in self._pragmas if each.startswith(_WAIT)), None)
        if url.database and not url.database.startswith((":memory:", "file:")):
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        return super().create_connect_args(url.difference_update_query(OPTIONS))

    def on_connect(self) -> Callable[[Any], None]:
        before = super().on_connect()
        statements = self._pragmas

        def connected(connection: Any) -> None:
            before(connection)
            for statement in statements:
                connection.execute(statement)

        return connected

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        # Each of MLflow's sessions sets its own wait, which would otherwise stay with the connection.
        if self._wait is not None and statement.startswith(_WAIT):
            statement = self._wait
        cursor.execute(statement, parameters)


OPTIONS = ("wal", "synchronous", "busy_timeout")
"""Of a SQLite URI's query, those that are ours."""


def pragmas(url: URL) -> list[str]:
    """The statements that tune a new connection.

    Raises:
        ArgumentError: an option has a value it cannot have.
    """
    given = {name: str(url.query[name]).lower() for name in OPTIONS if name in url.query}
    statements = []
    if "busy_timeout" in given:
        wait = given["busy_timeout"]
        if not (wait.isascii() and wait.isdecimal() and int(wait) <= _LONGEST):
            raise ArgumentError(f"busy_timeout={wait} in the database's URI: give milliseconds, up to {_LONGEST}")
        statements.append(f"{_WAIT}{int(wait)}")
    if "wal" in given:
        if given["wal"] not in {"true", "false"}:
            raise ArgumentError(f"wal={given['wal']} in the database's URI: give true or false")
        statements.append(f"PRAGMA journal_mode = {'wal' if given['wal'] == 'true' else 'delete'}")
    if "synchronous" in given:
        if given["synchronous"] not in SYNCHRONOUS:
            choices = ", ".join(SYNCHRONOUS)
            raise ArgumentError(f"synchronous={given['synchronous']} in the database's URI: give one of {choices}")
        statements.append(f"PRAGMA synchronous = {given['synchronous']}")
    return statements


class PostgreSQL(PGDialect_psycopg2):
    """PostgreSQL by psycopg2 or, where that is not installed, by psycopg."""

    @classmethod
    def get_dialect_cls(cls, _url: URL) -> type[Dialect]:
        """The dialect to use, as SQLAlchemy asks for it.

        Raises:
            NoSuchModuleError: neither driver is installed.
        """
        if importlib.util.find_spec("psycopg2"):
            return PGDialect_psycopg2
        if importlib.util.find_spec("psycopg"):
            return PGDialect_psycopg
        raise NoSuchModuleError(
            "postgresql+autolog:// needs a driver for PostgreSQL: install psycopg2-binary or psycopg[binary]"
        )
