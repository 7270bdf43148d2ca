"""The bot as the web sees it, without the work: takes deliveries in for others, and tells how things stand."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.reports.bash import data as board_data
from bot.store import bashes, deliveries, reports, repositories
from bot.store.database import StoreError
from bot.store.places import place_at
from bot.work import books
from bot.work.intake import Intake, Stored
from bot.work.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.store.database import Database
    from bot.store.places import Place


class Front:
    """One for the process. `start` before `accept`; `stop` within seconds.

    It takes no place: what it writes is whole once it is written, so nothing is ever to be taken over from it.
    """

    def __init__(self, database: Database, place: Place | None = None) -> None:
        """`place` where the process has one."""
        self._database = database
        self._place = place or place_at(database)
        self._queue = Queue(database)
        self._intake = Intake(database, self._queue.put_lane)

    def start(self) -> None:
        """Raises StoreError, with a sentence for people, when the database cannot be used."""
        self._database.check()
        self._database.migrate()
        self._queue.open()
        self._intake.start()

    def stop(self) -> None:
        """Stores what was handed in, and takes no more."""
        self._intake.stop()
        self._queue.close()
        self._database.close()

    def when_lost(self, tell: Callable[[], None]) -> None:
        """Never: there is nothing that others could take over."""

    async def accept(self, guid: str, event: str, lane: str, body: bytes) -> Stored:
        """Back once the delivery is safe on disk and its lane is going to run. Raises NotStored."""
        return await self._intake.take(guid, event, lane, body)

    def checks(self) -> dict[str, str]:
        """What is wrong with the database and the taking in; empty texts where nothing is."""
        try:
            self._database.check()
        except StoreError as error:
            return {"database": str(error), "intake": "needs the database"}
        return {"database": "", "intake": "" if self._intake.is_alive else "stopped"}

    def figures(self) -> dict[str, float]:
        """Gauges."""
        places = self._place.figures()
        with self._database.read() as connection:
            oldest = deliveries.oldest_undone(connection)
            return {
                "deliveries_undone": deliveries.count_undone(connection),
                "oldest_undone_delivery_seconds": max(0.0, time.time() - oldest / 1000) if oldest else 0.0,
                "dead_letters": deliveries.count_dead(connection),
                "workers_alive": places.alive,
                "lease_changes": places.lapses,
            }

    def budget_left(self) -> dict[tuple[int, str], float]:
        """By installation and limit the share that is left, from 0 to 1: of the installations that have least."""
        return books.left(self._database)

    def report(self, owner: str, name: str) -> bytes | None:
        """The latest report on a public repository, in its JSON form."""
        with self._database.read() as connection:
            kept = reports.get_public(connection, owner, name)
            return kept.content if kept else None

    def board(self, owner: str, name: str, number: int) -> dict[str, Any] | None:
        """The bash with this tracking issue, of a public repository, as its page shows it."""
        with self._database.read() as connection:
            kept = bashes.of_issue(connection, owner, name, number)
            known = repositories.get(connection, kept.repository_id) if kept else None
        if kept is None or known is None:
            return None
        url = f"{known.repository.html_url}/issues/{number}"
        return {"url": url, **board_data(kept.bash, datetime.now(UTC))}
