"""Counts the statements and the transactions that a piece of work costs a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event


@dataclass
class Count:
    """What went through an engine.

    A statement with many rows (executemany) counts once. In SQLite a transaction is what takes the write lock, from a
    BEGIN to its end; in PostgreSQL it is also each statement outside of one, which commits by itself.
    """

    statements: int = 0
    transactions: int = 0


@contextmanager
def counted(engine: Engine) -> Iterator[Count]:
    """Count what the engine does meanwhile, in one thread."""
    count = Count()
    opened: set[int] = set()
    """Connections with statements since the last commit or rollback."""

    def execute(connection: Any, *_rest: Any) -> None:
        count.statements += 1
        driver = connection.connection.dbapi_connection
        if getattr(driver, "autocommit", False) is True:
            count.transactions += 1
        else:
            opened.add(id(driver))

    def end(connection: Any) -> None:
        driver = connection.connection.dbapi_connection
        if id(driver) in opened:
            opened.discard(id(driver))
            # sqlite3 begins none for reading alone.
            count.transactions += getattr(driver, "in_transaction", True)

    events = (("before_cursor_execute", execute), ("commit", end), ("rollback", end))
    for name, listener in events:
        event.listen(engine, name, listener)
    try:
        yield count
    finally:
        for name, listener in events:
            event.remove(engine, name, listener)
