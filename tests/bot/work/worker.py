"""One of several processes on a PostgreSQL, for tests that kill or freeze it: python -m tests.bot.work.worker URL."""

from __future__ import annotations

import os
import sys
import threading
import time

from bot.store import deliveries, lanes
from bot.store.database import Database
from bot.store.places import place_at
from bot.work.engine import Engine, Tuning
from bot.work.lease import Lease, Terms

LAPSES_AFTER = 2.0
"""Seconds; a tenth of the real one, as all of these."""
TERMS = Terms(beat=0.2, good_for=0.6)
TUNING = Tuning(poll=0.02, tick=0.05, watch=0.2, abandoned_after=1)
SLOW = "repository:1"


class Runs:
    """Finishes deliveries, signing with its process id; on one lane it takes its time after it has begun."""

    def __init__(self, database: Database, slowly: float) -> None:
        self._database = database
        self._slowly = slowly

    def run(self, lane: str) -> bool:
        with self._database.write() as connection:
            lanes.begin(connection, lane, 0)
        if lane == SLOW:
            say("begun")
            time.sleep(self._slowly)
        with self._database.write() as connection:
            some = deliveries.pending(connection, lane, 10**15, 100)
            deliveries.finish(connection, [it.id for it in some], os.getpid())
        say(f"finished {lane}")
        return False

    def stop(self) -> None:
        """What is in hand is short, or is to be cut off."""


def say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> None:
    database = Database(sys.argv[1])
    slowly = float(sys.argv[2])
    lease = Lease(place_at(database, LAPSES_AFTER), TERMS)
    engine = Engine(database, Runs(database, slowly), TUNING, lease=lease)
    lost = threading.Event()
    engine.start()
    engine.when_lost(lost.set)
    say("ready")
    lost.wait()
    say("lost")
    engine.stop(timeout=0.2)
    say("stopped")


if __name__ == "__main__":
    main()
