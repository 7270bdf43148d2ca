"""Opens the database: SQLite made safe against power loss, or PostgreSQL, with its tables up to date."""

from __future__ import annotations

import sqlite3
import sys
import threading
from contextlib import contextmanager, nullcontext
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bot.store.migrations import State

BUSY_MILLISECONDS = 30_000
_NOT_ALLOWED = "42501"
"""PostgreSQL's code: insufficient_privilege."""
OLDEST_SQLITE = (3, 35, 0)
"""The first with RETURNING."""
OLDEST_SQLITE_ON_PYTHON_3_12 = (3, 42, 0)
"""There the engine asks SQLite for fractions of a second, which older ones cannot tell."""


class StoreError(Exception):
    """The database cannot be used; a sentence for people, without passwords."""


class Database:
    """One database. Thread-safe; `write` is one durable transaction, `read` a connection that changes nothing."""

    def __init__(self, url: str) -> None:
        self.url = _with_driver(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            _check_sqlite(sqlite3.sqlite_version_info, sys.version_info[:2])
            if self.url.database:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self.guard: Callable[[sa.Connection], None] | None = None
        """Called first in each guarded write: raises where this process may write no more."""
        self.engine = sa.create_engine(
            self.url,
            # Of a server's hundred connections each process keeps few; SQLite's cost nothing.
            pool_size=10 if self.is_sqlite else 5,
            max_overflow=10 if self.is_sqlite else 15,
            pool_pre_ping=not self.is_sqlite,
            connect_args={} if self.is_sqlite else _patience(self.url),
            # What people wrote stays out of errors, and so of logs and dead letters.
            hide_parameters=True,
        )
        sa.event.listen(self.engine, "connect", _prepare_sqlite if self.is_sqlite else _prepare_postgresql)
        # SQLite has one writer; waiting for it here wakes at once, where its own busy handler sleeps in steps.
        self._writing = threading.Lock() if self.is_sqlite else nullcontext()

    @contextmanager
    def write(self, *, guarded: bool = True) -> Iterator[sa.Connection]:
        """Commits at the end, durably; rolls back when the block raises.

        Not to be guarded is what any process may write, whether or not it still has its place.
        """
        with self._writing, self.engine.begin() as connection:
            if guarded and self.guard is not None:
                self.guard(connection)
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        with self.engine.connect() as connection:
            yield connection

    def migrate(self) -> State:
        """Brings the tables up to date; safe when several processes start at once. How they were before.

        Raises StoreError, also where a newer release has made tables that this one cannot work with.
        """
        # Alembic is slow to import, and only this needs it.
        from bot.store.migrations import IncompatibleError, upgrade  # noqa: PLC0415

        try:
            with self.making_tables():
                return upgrade(self.engine)
        except IncompatibleError as error:
            raise StoreError(str(error)) from error

    @contextmanager
    def making_tables(self) -> Iterator[None]:
        """Raises StoreError also where it may be read, but no table may be made in it."""
        try:
            yield
        except sa.exc.OperationalError as error:
            raise StoreError(self.unusable(error)) from error
        except sa.exc.ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) != _NOT_ALLOWED:
                raise
            message = f"{self.unusable(error)}. Make the user its owner: ALTER DATABASE … OWNER TO …"
            raise StoreError(message) from error

    def check(self) -> None:
        """Raises StoreError when the database does not answer."""
        try:
            with self.read() as connection:
                connection.execute(sa.select(sa.literal(1)))
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(self.unusable(error)) from error

    def close(self) -> None:
        self.engine.dispose()

    def unusable(self, error: sa.exc.SQLAlchemyError) -> str:
        """The sentence for people."""
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        return f"The database {self.url.render_as_string(hide_password=True)} cannot be used: {reason}"


def insert_into(dialect: str, table: sa.Table) -> Any:
    """The dialect's own INSERT, which knows ON CONFLICT (the two share no typed base).

    Statements of the busy paths are built once a dialect: building one costs more than running it.
    """
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def execute_many(connection: sa.Connection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Runs a statement once a row; all rows have the same keys, and values that the driver takes as they are.

    SQLAlchemy only writes the SQL: to prepare each row, too, costs it several times what SQLite then does with it.
    """
    if rows:
        text, arrange = _compiled(statement, connection.dialect, tuple(rows[0]))
        connection.exec_driver_sql(text, list(map(arrange, rows)))


def execute_one(connection: sa.Connection, statement: Any, row: Mapping[str, Any]) -> Sequence[sa.Row[Any]]:
    """The same for one row, with what the statement returns."""
    text, arrange = _compiled(statement, connection.dialect, tuple(row))
    return connection.exec_driver_sql(text, arrange(row)).all()


@cache
def _compiled(
    statement: Any, dialect: sa.Dialect, names: tuple[str, ...]
) -> tuple[str, Callable[[Mapping[str, Any]], Any]]:
    """The SQL, and how its parameters are put: by position or by name, as the driver has it."""
    compiled = statement.compile(dialect=dialect, column_keys=names)
    return str(compiled), itemgetter(*compiled.positiontup) if compiled.positiontup else dict


def _with_driver(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url.replace("postgres://", "postgresql://", 1))
    except sa.exc.ArgumentError as error:
        message = "DATABASE_URL is not an address: write sqlite:////path/to/file.db or postgresql://user@host/name"
        raise StoreError(message) from error
    if parsed.drivername == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite" and parsed.database in {None, "", ":memory:"}:
        message = "DATABASE_URL names an SQLite database in memory, which forgets everything: give it a file"
        raise StoreError(message)
    return parsed


def _check_sqlite(sqlite: tuple[int, ...], python: tuple[int, ...]) -> None:
    oldest = OLDEST_SQLITE_ON_PYTHON_3_12 if python >= (3, 12) else OLDEST_SQLITE
    if sqlite < oldest:
        message = (
            f"This Python {_dotted(python)} comes with SQLite {_dotted(sqlite)}, and the bot needs {_dotted(oldest)}"
            " or newer there: use a newer SQLite, or PostgreSQL by DATABASE_URL."
        )
        raise StoreError(message)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # A write takes its lock at the start: two that begin as readers could only fail each other.
    connection.isolation_level = "IMMEDIATE"
    connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        # Of a new file: what is cleared away can then be given back to the disk without copying all.
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    connection.execute("PRAGMA journal_mode=WAL")
    # FULL: a commit is on the disk before the webhook is answered.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _patience(url: sa.URL) -> dict[str, int]:
    """For how long a silent server is waited for: libpq's own answer is two hours. What the address says counts."""
    seconds = {"connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 3, "keepalives_count": 3}
    wanted = {**seconds, "tcp_user_timeout": 15_000}
    return {name: value for name, value in wanted.items() if name not in url.query}


def _prepare_postgresql(connection: Any, _record: object) -> None:
    """The server's side of the same: a process that is cut off, or frozen, must not keep rows locked for hours.

    By SET and not as a parameter of the connection, which poolers refuse.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SET idle_in_transaction_session_timeout = '60s'; SET tcp_keepalives_idle = 5;"
            " SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3"
        )
    # Else the pool's rollback would undo it.
    connection.commit()
