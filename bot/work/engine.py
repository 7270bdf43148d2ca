"""The engine: DBOS runs the lanes, two at a time, each repository's in order, and again where a crash cut one short."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from bot.logs import Seldom
from bot.store import lanes, schedules
from bot.store.begun import Begun
from bot.store.database import Database
from bot.store.places import place_at
from bot.work.fleet import ABANDONED_AFTER, Fleet
from bot.work.front import Front
from bot.work.in_hand import InHand
from bot.work.lease import Lease
from bot.work.queue import CHORE, CHORES, LANE, LANES, NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.work.runs import Runs, RunsByClock

log = structlog.get_logger(__name__)

_VERSION = "1"
"""Constant: by default it is a hash of the code, and a new release would leave the old one's work lying."""
_LOST_AFTER = 120_000
"""Milliseconds after which an undone delivery with no run in sight is looked into."""
_AHEAD = 8
"""So many lanes a process wait in the queue because of issues whose time has come, and no more: the engine takes lanes
in no order, and people's fresh issues must not wait behind a thousand reminders."""
_TOLD_EVERY = 10.0
"""Seconds between complaints about one thing while the database is away."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the engine works; the defaults were measured."""

    workers: int = 2
    """Lanes at a time. They share one processor (Python), so more only wait for each other."""
    poll: float = 0.1
    """Seconds between looks into the queue."""
    tick: float = 0.5
    """Seconds between looks for lanes that are due."""
    watch: float = 2.0
    """Seconds between looks for work that nobody is at any more."""
    abandoned_after: float = ABANDONED_AFTER


class Engine(Front):
    """One for the process, which then takes deliveries in and works. `start` before `accept`; `stop` within seconds."""

    def __init__(
        self,
        database: Database,
        runs: Runs,
        tuning: Tuning = Tuning(),
        chores: RunsByClock | None = None,
        lease: Lease | None = None,
    ) -> None:
        """`lease`: of a place at the database, not begun yet."""
        self._lease = lease or Lease(place_at(database))
        super().__init__(database, self._lease.place)
        self._runs = runs
        self._chores = chores
        self._tuning = tuning
        self._name = ""
        self._dbos: DBOS | None = None
        self._in_hand = InHand(database)
        self._fleet = Fleet(
            database,
            self._place,
            self._in_hand.runs,
            self._put_back,
            every=tuning.watch,
            abandoned_after=tuning.abandoned_after,
        )
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._lost = threading.Event()
        self._tell_lost: Callable[[], None] = _nobody
        self._complained_at = -_TOLD_EVERY
        self._clockwork = threading.Thread(target=self._tick, name="triage-clockwork", daemon=True)

    def start(self) -> None:
        """Raises StoreError, with a sentence for people, when the database cannot be used."""
        self._database.check()
        # What places there are stands in a table; but an SQLite file is not touched before it is ours.
        if self._place.lapses:
            self._database.migrate()
        self._fleet.name = self._name = self._lease.begin(self._lose)
        try:
            if self._place.lapses:
                self._database.guard = self._place.guard
            else:
                self._database.migrate()
            self._launch()
        except BaseException:
            self._close()
            raise
        self._intake.start()
        self._fleet.start()
        self._clockwork.start()
        # By this name others speak of the process when they take over its work.
        log.info("at work", place=self._name, host=socket.gethostname(), pid=os.getpid())

    def stop(self, timeout: float = 5) -> None:
        """Takes no more, lets the issues in hand be finished, leaves the rest to others or the next start."""
        self._stop_working()
        self._intake.stop()
        self._fleet.stop(timeout)
        if self._clockwork.is_alive():
            self._clockwork.join(timeout)
        self._close(timeout)

    def when_lost(self, tell: Callable[[], None]) -> None:
        """Has `tell` called, in some thread, once others have taken over the work and the process must start anew."""
        self._tell_lost = tell
        if self._lost.is_set():
            tell()

    def checks(self) -> dict[str, str]:
        """What is wrong with the database and the engine; empty texts where nothing is."""
        wrong = super().checks()
        engine = wrong.pop("intake")
        if self._lost.is_set() and not engine:
            engine = "others have taken over its work; it starts anew"
        elif not engine and not (self._clockwork.is_alive() and self._fleet.is_alive):
            engine = "stopped"
        return {**wrong, "engine": engine}

    def _launch(self) -> None:
        library = logging.getLogger("dbos")
        if not library.handlers:
            # With a handler there it adds none of its own, and what it says goes the way of all our logs.
            library.addHandler(logging.NullHandler())
            # Each of its threads complains at each look into the queue.
            library.addFilter(Seldom(_TOLD_EVERY))
        config: DBOSConfig = {
            "name": NAME,
            "application_version": _VERSION,
            # Whose runs they are: what an earlier process of this name left is taken up again at the start.
            "executor_id": self._name,
            # Without its address: the password in it is nothing that the engine needs to know.
            "system_database_engine": self._database.engine,
            "serializer": DBOSPortableJSONSerializer(),
            "enable_otlp": False,
            "log_level": "WARNING",
            # Opening the queue has seen to that.
            "run_migrations": False,
            "use_listen_notify": False,
        }
        self._queue.open()
        self._dbos = DBOS(config=config)
        # Else this process would also take up what only a newer one knows how to run.
        DBOS.listen_queues([LANES, CHORES])

        # No limit on recoveries: how often a delivery is tried is the lane's own affair.
        @DBOS.workflow(name=LANE, max_recovery_attempts=None)
        def lane(name: str) -> None:
            self._do(name, lambda: self._run_lane(name))

        @DBOS.workflow(name=CHORE, max_recovery_attempts=None)
        def chore(name: str, repository_id: int) -> None:
            self._do(f"{name} of {repository_id}", lambda: self._run_chore(name, repository_id))

        DBOS.launch()
        DBOS.register_queue(
            LANES,
            partition_concurrency=1,
            worker_concurrency=self._tuning.workers,
            polling_interval_sec=self._tuning.poll,
            on_conflict="always_update",
        )
        # One at a time, so that people's fresh issues never wait for a sweep or a report. One is taken at each look:
        # at three a second, one process can sweep ten thousand repositories in an hour.
        DBOS.register_queue(
            CHORES,
            partition_concurrency=1,
            worker_concurrency=1,
            polling_interval_sec=3 * self._tuning.poll,
            on_conflict="always_update",
        )
        if not self._place.lapses:
            # With others at work, what seems lost now is most likely in their hands.
            self._rescue(round(time.time() * 1000))
        self._plan_chores(starting=True)

    def _do(self, name: str, work: Callable[[], None]) -> None:
        self._in_hand.do(Begun(DBOS.workflow_id or "", self._name), name, work)

    def _run_lane(self, lane: str) -> None:
        if self._runs.run(lane):
            self._wake.set()

    def _run_chore(self, name: str, repository_id: int) -> None:
        if self._chores:
            self._chores.run(repository_id, name)

    def _tick(self) -> None:
        """Wakes lanes that are due, begins chores that are; now and then looks for lost ones."""
        next_guard = time.monotonic() + _LOST_AFTER / 1000
        while not self._stopping.is_set():
            self._wake.wait(self._tuning.tick)
            self._wake.clear()
            try:
                self._wake_due()
                if self._chores:
                    self._begin_chores(self._chores.names)
                if time.monotonic() >= next_guard:
                    next_guard = time.monotonic() + _LOST_AFTER / 1000
                    self._rescue(round(time.time() * 1000) - _LOST_AFTER)
                    self._plan_chores()
            except SQLAlchemyError as error:
                if time.monotonic() >= self._complained_at + _TOLD_EVERY:
                    self._complained_at = time.monotonic()
                    log.warning("the clockwork waits for the database", reason=str(error).partition("\n")[0])
            except Exception:  # the clock must go on: the next tick may find things well again
                log.exception("the clockwork stumbled")

    def _wake_due(self) -> None:
        now = round(time.time() * 1000)
        alive = self._place.figures().alive
        with self._database.read() as connection:
            queued = lanes.count_queued(connection)
            looks = max(0, _AHEAD * alive - queued)
            due = lanes.due(connection, now, most=lanes.MOST_QUEUED - queued, looks=looks)
        if due:
            with self._database.write() as connection:
                for lane in lanes.mark_queued(connection, due, now):
                    self._queue.put_lane(connection, lane)

    def _plan_chores(self, *, starting: bool = False) -> None:
        if self._chores:
            with self._database.write() as connection:
                self._chores.plan(connection, starting=starting)

    def _begin_chores(self, names: frozenset[str]) -> None:
        """Those whose time has come are taken and enqueued in one transaction: once, whoever asks."""
        now = round(time.time() * 1000)
        with self._database.read() as connection:
            if not schedules.any_due(connection, now, names):
                return
        with self._database.write() as connection:
            for due in schedules.take(connection, now, names):
                self._queue.put_chore(connection, due)

    def _put_back(self, run: str, process: str) -> None:
        def into_the_queue() -> None:
            if self._dbos:
                # A private call; a test guards it. It leaves alone what is another process's by now.
                self._dbos._sys_db.reenqueue_for_recovery(run, [process], LANES)  # noqa: SLF001

        self._in_hand.unless_taken_up(Begun(run, process), into_the_queue)

    def _rescue(self, before: int) -> None:
        """Enqueues lanes whose undone deliveries nothing seems to be coming for."""
        running = self._in_hand.names()
        with self._database.write() as connection:
            found = [lane for lane in lanes.lost(connection, before) if lane not in running]
            lanes.release(connection, found)
            for lane in lanes.mark_queued(connection, found, round(time.time() * 1000)):
                self._queue.put_lane(connection, lane)

    def _lose(self) -> None:
        """Others have this process's work: it does nothing more, and does not take up what it still claims."""
        log.error("others have taken over this process's work, as it was silent for too long: it stops to start anew")
        self._lost.set()
        self._in_hand.hold()
        self._stop_working()
        self._tell_lost()

    def _stop_working(self) -> None:
        self._stopping.set()
        self._wake.set()
        self._runs.stop()
        if self._chores:
            self._chores.stop()

    def _close(self, timeout: float = 0) -> None:
        empty = self._in_hand.leave(timeout)
        DBOS.destroy(destroy_registry=True)
        self._queue.close()
        # The guard stays: what still hangs somewhere must not write later.
        self._lease.end(clean=empty)
        self._database.close()


def _nobody() -> None:
    """Nobody has asked to be told yet."""
