"""The runs that this process is at: each is done once, and none counts as over that was not done to its end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from bot.store.begun import Begun, is_begun
from bot.store.database import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.store.database import Database

log = structlog.get_logger(__name__)


class NotOver(BaseException):
    """The run is to be begun again. No Exception: what became of those the engine notes, and is done with the run."""


class InHand:
    """Thread-safe; one for the process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._running: dict[Begun, str] = {}
        self._changed = threading.Condition()
        self._taking = threading.Lock()
        """So that a run is either taken up or put back."""
        self._held = False
        self._leaving = False

    def do(self, run: Begun, name: str, work: Callable[[], None]) -> None:
        """Called in a thread of the engine's, which the process's end would wait for; so the work has another.

        Raises NotOver where the engine must not take the run for done.
        """
        if not self._take_up(run, name):
            raise NotOver
        broken: list[BaseException] = []
        threading.Thread(target=self._work, args=(run, work, broken), name=f"triage-{name}", daemon=True).start()
        with self._changed:
            self._changed.wait_for(lambda: run not in self._running or self._leaving)
            over = run not in self._running
        if broken:
            away = isinstance(broken[0], sa.exc.SQLAlchemyError | StoreError)
            reason = str(broken[0]).partition("\n")[0]
            log.error("a run broke off", run=name, reason=reason, exc_info=None if away else broken[0])
        if broken or not over:
            raise NotOver

    def runs(self) -> set[str]:
        """Those that are being done."""
        with self._changed:
            return {it.run for it in self._running}

    def names(self) -> set[str]:
        """What they are called, for people."""
        with self._changed:
            return set(self._running.values())

    def unless_taken_up(self, run: Begun, put_back: Callable[[], object]) -> None:
        """Puts a run back into the queue, if nobody here is at it."""
        with self._taking:
            if run.run not in self.runs():
                put_back()

    def hold(self) -> None:
        """From now on nothing is taken up. What the engine brings is neither done nor over, so that it brings few."""
        with self._changed:
            self._held = True

    def leave(self, timeout: float) -> bool:
        """Waits for what is in hand, but not for long; True when nothing is left."""
        with self._changed:
            empty = self._changed.wait_for(lambda: not self._running, timeout)
            if not empty:
                # They hang in calls to GitHub. What they were about to do is on record for whoever begins them again.
                log.warning("stopped with work in hand", lanes=sorted(self._running.values()))
            self._leaving = True
            self._changed.notify_all()
            return empty

    def _take_up(self, run: Begun, name: str) -> bool:
        """Whether it is ours to do, which by now it may be no more.

        The engine notes first that a run is this process's, and begins it later: much later if the database was away
        in between. By then it may have been put back, and be somebody else's.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._leaving or not self._held)
            if self._leaving:
                return False
        with self._taking:
            if run.run in self.runs():
                return False
            try:
                with self._database.read() as connection:
                    if not is_begun(connection, run):
                        return False
            except sa.exc.SQLAlchemyError as error:
                log.warning("a run could not be taken up", run=name, reason=str(error).partition("\n")[0])
                return False
            with self._changed:
                self._running[run] = name
            return True

    def _work(self, run: Begun, work: Callable[[], None], broken: list[BaseException]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 told to the engine's own thread
            broken.append(error)
        finally:
            with self._changed:
                del self._running[run]
                self._changed.notify_all()
