"""The engine's queue: what is put into it in a transaction is run by some process once the transaction is through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbos import DBOSClient, DBOSPortableJSONSerializer

if TYPE_CHECKING:
    from dbos import EnqueueOptions
    from sqlalchemy import Connection

    from bot.store.database import Database
    from bot.store.schedules import Due

NAME = "community-triage-bot"
LANES, LANE = "lanes", "lane"
"""A queue, and what is run of it."""
CHORES, CHORE = "chores", "chore"


class Queue:
    """One for the process, whether or not it runs any of it itself."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._client: DBOSClient | None = None

    def open(self) -> None:
        """Makes the engine's own tables where they are missing, since whoever comes first may be no engine.

        Raises StoreError where it may not.
        """
        self._client = DBOSClient(
            system_database_engine=self._database.engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=NAME,
        )
        # Private, as the public way makes triggers that the engine, once it runs without them, cannot do with.
        with self._database.making_tables():
            self._client._sys_db.run_migrations()  # noqa: SLF001

    def close(self) -> None:
        if self._client:
            self._client.destroy()
            self._client = None

    def put_lane(self, connection: Connection, lane: str) -> None:
        """One run of a lane."""
        options: EnqueueOptions = {"workflow_name": LANE, "queue_name": LANES, "queue_partition_key": lane}
        self._opened().enqueue_in_transaction(connection, options, lane)

    def put_chore(self, connection: Connection, due: Due) -> None:
        options: EnqueueOptions = {
            "workflow_name": CHORE,
            "queue_name": CHORES,
            "queue_partition_key": str(due.repository_id),
        }
        self._opened().enqueue_in_transaction(connection, options, due.name, due.repository_id)

    def _opened(self) -> DBOSClient:
        if self._client is None:
            message = "the queue has not been opened"
            raise RuntimeError(message)
        return self._client
