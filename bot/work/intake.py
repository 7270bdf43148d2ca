"""Takes deliveries in: one thread stores whatever has come in meanwhile in one transaction, then answers them all."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from bot.store import deliveries, lanes
from bot.store.deliveries import NewDelivery
from bot.work import metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from bot.store.database import Database

log = structlog.get_logger(__name__)

Stored = Literal["stored", "duplicate"]

_PATIENCE = 7.0
"""Seconds for which storing is tried again; GitHub gives up after 10:
docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks#respond-within-10-seconds
"""
_PAUSE = 0.25


class NotStoredError(Exception):
    """The delivery could not be made safe; whoever sent it must be told, and send it again."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    delivery: NewDelivery
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Stored]


class Intake:
    """One disk flush serves all deliveries that arrive during the one before it."""

    def __init__(
        self, database: Database, enqueue: Callable[[Connection, str], None], patience: float = _PATIENCE
    ) -> None:
        """`enqueue` puts one run of a lane into the engine's queue, within the given transaction."""
        self._database = database
        self._enqueue = enqueue
        self._patience = patience
        self._waiting: list[_Waiting] = []
        self._changed = threading.Condition()
        self._open = False
        self._thread = threading.Thread(target=self._work, name="triage-intake", daemon=True)

    def start(self) -> None:
        self._open = True
        self._thread.start()

    def stop(self) -> None:
        """Stores what has been handed in, then takes no more."""
        with self._changed:
            self._open = False
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    async def take(self, guid: str, event: str, lane: str, body: bytes) -> Stored:
        """Back once it is safe on disk. Raises NotStoredError."""
        loop = asyncio.get_running_loop()
        new = NewDelivery(guid, event, lane, body, round(time.time() * 1000))
        waiting = _Waiting(new, loop, loop.create_future())
        with self._changed:
            if not self._open:
                message = "The service is stopping."
                raise NotStoredError(message)
            self._waiting.append(waiting)
            self._changed.notify()
        return await waiting.answer

    def _work(self) -> None:
        while True:
            with self._changed:
                while self._open and not self._waiting:
                    self._changed.wait()
                batch, self._waiting = self._waiting, []
            if not batch:
                return
            try:
                duplicates = self._store_at_last([item.delivery for item in batch])
            except Exception as error:  # whatever it is: GitHub must hear that nothing was stored
                log.exception("deliveries could not be stored", deliveries=len(batch))
                _answer(batch, set(), NotStoredError(f"The delivery could not be stored: {type(error).__name__}."))
            else:
                _answer(batch, duplicates)

    def _store_at_last(self, batch: list[NewDelivery]) -> set[int]:
        """Tries for as long as the sender waits: most outages are shorter. What was stored unheard is a duplicate."""
        until = time.monotonic() + self._patience
        told = False
        while True:
            try:
                return self._store(batch)
            except (OperationalError, InterfaceError) as error:
                if time.monotonic() >= until or not self._open:
                    raise
                if not told:
                    log.warning("deliveries wait for the database", reason=str(error).partition("\n")[0])
                told = True
            time.sleep(_PAUSE)

    def _store(self, batch: list[NewDelivery]) -> set[int]:
        """Those (by identity) whose GUID was known, or came twice."""
        # What was delivered is to be kept, whoever will work on it.
        with self._database.write(guarded=False) as connection:
            fresh = deliveries.add(connection, batch)
            duplicates = {id(item) for item in batch} - {id(item) for item in fresh}
            now = max((item.received_at for item in fresh), default=0)
            for lane in lanes.ask_for(connection, {item.lane for item in fresh}, now):
                self._enqueue(connection, lane)
        for item in batch:
            outcome = "duplicate" if id(item) in duplicates else "stored"
            metrics.DELIVERIES.labels(metrics.event_name(item.event), outcome).inc()
        return duplicates


def _answer(batch: list[_Waiting], duplicates: set[int], error: NotStoredError | None = None) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
    for item in batch:
        by_loop.setdefault(item.loop, []).append(item)
    for loop, items in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, items, duplicates, error)
        except RuntimeError:  # the loop is closed: nobody waits any more
            log.warning("an answer came too late", deliveries=len(items))


def _resolve(items: list[_Waiting], duplicates: set[int], error: NotStoredError | None) -> None:
    for item in items:
        if item.answer.cancelled():
            continue
        if error:
            item.answer.set_exception(error)
        else:
            item.answer.set_result("duplicate" if id(item.delivery) in duplicates else "stored")
