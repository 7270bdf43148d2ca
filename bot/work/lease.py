"""The right of this process to work, as long as the database has lately heard of it.

Others take over the work of a process that was silent for 20 seconds (`bot.store.places`). Until then all it has sent
to GitHub must have come to its end, whatever happened to it meanwhile. So a write is begun only within 6 seconds of
the last good sign of life, its bytes are dropped unless GitHub's host has them within 4 (`bot.github.transport`), and
GitHub gives up a request after 10:
docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.github.errors import Fenced
from bot.store.database import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.store.places import Place

log = structlog.get_logger(__name__)

_ASKED_AGAIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Terms:
    """Of the lease, in seconds."""

    beat: float = 2.0
    """Between signs of life."""
    good_for: float = 6.0
    """After the last one that was heard, nothing is begun on GitHub any more."""


TERMS = Terms()


def monotonic() -> float:
    """Seconds that no change of the date moves, and that go on while a machine sleeps, where the system has such."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Lease:
    """One for the process. `check` before each write to GitHub, from any thread."""

    def __init__(self, place: Place, terms: Terms = TERMS, clock: Callable[[], float] = monotonic) -> None:
        self.place = place
        self._terms = terms
        self._clock = clock
        self._good_until = math.inf
        self._lost: Callable[[], None] = _nobody
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="triage-lease", daemon=True)

    def begin(self, lost: Callable[[], None]) -> str:
        """The name of the place. `lost` is called once, in a thread of its own, when others have taken it."""
        begun = self._clock()
        name = self.place.take()
        self._lost = lost
        if self.place.lapses:
            self._good_until = begun + self._terms.good_for
            self._thread.start()
        return name

    def check(self) -> None:
        """Raises Fenced when nothing may be begun now: others may be at this process's work, or soon will be."""
        if self._clock() > self._good_until:
            message = "the database has not heard of this process for too long, and others may be at its work"
            raise Fenced(message, datetime.now(UTC) + _ASKED_AGAIN)

    def renew(self) -> None:
        """One sign of life."""
        begun = self._clock()
        try:
            alive = self.place.beat()
        except StoreError as error:
            log.warning("no sign of life could be given", reason=str(error))
            return
        if alive:
            # From before it was sent: the answer may have been long on its way.
            self._good_until = begun + self._terms.good_for
            return
        self._good_until = -math.inf
        self._over.set()
        self._lost()

    def end(self, *, clean: bool) -> None:
        """Gives the place back; `clean` when nothing is in hand any more."""
        self._over.set()
        self._good_until = -math.inf
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(1)
            if self._thread.is_alive():
                # It waits for a database that does not answer, which can be told nothing either.
                return
        self.place.release(clean=clean)

    def _beat(self) -> None:
        while not self._over.wait(self._terms.beat):
            self.renew()


def _nobody() -> None:
    """Nobody is told before the lease has begun."""
