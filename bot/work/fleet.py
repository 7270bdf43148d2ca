"""Watches over the runs of all processes on a database: what nobody is at any more is put back into the queue.

A run may be abandoned in two ways. Its process ended, or was silent for so long that its place was given up: then the
name that the run bears is no living process's. Or its process lives and is not at it: the engine noted that it takes
the run up and never heard that the note was stored, or the run broke off because the database was away. Either way it
would keep its lane from everybody for ever.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from bot.store.begun import begun
from bot.store.database import StoreError
from bot.work.lease import monotonic

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from bot.store.begun import Begun
    from bot.store.database import Database
    from bot.store.places import Place

log = structlog.get_logger(__name__)

ABANDONED_AFTER = 10.0
"""Seconds for which a run of this process's own is seen with nobody at it: one just begun is not being done yet."""


class Fleet:
    """One for the process, with a thread of its own, so that nothing else that is done by the clock can hold it up."""

    def __init__(
        self,
        database: Database,
        place: Place,
        running: Callable[[], Collection[str]],
        put_back: Callable[[str, str], None],
        *,
        every: float,
        abandoned_after: float = ABANDONED_AFTER,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`running` tells the runs that this process is at; `put_back` takes one, and whose it was. `every` in seconds.

        `put_back` must do nothing to a run that is somebody else's by now.
        """
        self._database = database
        self._place = place
        self._running = running
        self._put_back = put_back
        self._every = every
        self._abandoned_after = abandoned_after
        self._clock = clock
        self.name = ""
        """This process's, as its runs bear it; to be set before `start`."""
        self._suspects: dict[str, float] = {}
        """Since when a run of ours has been seen with nobody at it."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="triage-fleet", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def look(self) -> int:
        """How many runs were put back."""
        with self._database.read() as connection:
            found = begun(connection)
        ended = self._place.ended({run.process for run in found} | {self.name})
        left = [run for run in found if run.process in ended]
        if left:
            log.warning("taking over what ended processes left", processes=sorted({it.process for it in left}))
        if self.name in ended:
            # Of what is done under that name, others decide now.
            found = []
        left += self._abandoned([run for run in found if run.process == self.name])
        for run in left:
            self._put_back(*run)
        return len(left)

    def _abandoned(self, mine: list[Begun]) -> list[Begun]:
        # Asked for after the runs: one that was begun in between is not among them yet.
        running = self._running()
        now = self._clock()
        self._suspects = {it.run: self._suspects.get(it.run, now) for it in mine if it.run not in running}
        found = [it for it in mine if now - self._suspects.get(it.run, now) >= self._abandoned_after]
        for it in found:
            log.warning("a run that nobody is at is begun again", run=it.run)
            del self._suspects[it.run]
        return found

    def _watch(self) -> None:
        while not self._over.is_set():
            try:
                self.look()
            except (sa.exc.SQLAlchemyError, StoreError) as error:
                log.warning("no look at the other processes", reason=str(error).partition("\n")[0])
            except Exception:  # it must go on: the next look may find things well again
                log.exception("the look at the other processes broke")
            self._over.wait(self._every)
