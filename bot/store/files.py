"""What was read from repositories, kept over restarts, so that a restart costs no requests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.store.database import insert_into
from bot.store.tables import files

if TYPE_CHECKING:
    from bot.store.database import Database


class StoredFiles:
    """Bytes by key. Thread-safe. Losing them costs requests, nothing else."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> bytes | None:
        with self._database.read() as connection:
            found: bytes | None = connection.scalar(sa.select(files.c.content).where(files.c.key == key))
            return found

    def put(self, key: str, value: bytes) -> None:
        values = {"content": value, "stored_at": round(time.time() * 1000)}
        with self._database.write() as connection:
            statement = insert_into(connection.dialect.name, files).values(key=key, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


def forget(connection: sa.Connection, before: int, most: int) -> int:
    """Deletes what was stored before then; how many were deleted."""
    old = sa.select(files.c.key).where(files.c.stored_at < before).limit(most)
    return connection.execute(files.delete().where(files.c.key.in_(old))).rowcount
