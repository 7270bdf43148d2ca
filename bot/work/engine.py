"""The engine: DBOS runs the lanes, two at a time, each repository's in order, and again where a crash cut one short."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer

from bot.reports.bash import data as board_data
from bot.store import bashes, deliveries, lanes, reports, repositories, schedules
from bot.store.database import Database, StoreError
from bot.store.process_lock import place_at
from bot.work import retention
from bot.work.intake import Intake, Stored

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbos import EnqueueOptions
    from sqlalchemy import Connection

    from bot.store.schedules import Due

log = structlog.get_logger(__name__)

_NAME = "community-triage-bot"
_VERSION = "1"
"""Constant: by default it is a hash of the code, and a new release would leave the old one's work lying."""
_QUEUE = "lanes"
_WORKFLOW = "lane"
_CHORES = "chores"
_CHORE = "chore"
_LOST_AFTER = 120_000
"""Milliseconds after which an undone delivery with no run in sight is looked into."""
_FIRST_CLEANING = 600.0
_CLEANING_EVERY = 86_400.0


class Runs(Protocol):
    """What the engine runs: `bot.work.lanes.Lanes`."""

    def run(self, lane: str) -> bool:
        """Brings one lane's work to an end, or leaves the rest with a time to be woken at; True: at once."""
        ...

    def stop(self) -> None:
        """Lets runs end after the issue in hand."""
        ...


class RunsByClock(Protocol):
    """What the engine runs when its time comes: `bot.work.chores.Chores`."""

    def run(self, repository_id: int, name: str) -> None:
        """Does it, and notes when it is to be done again."""
        ...

    def stop(self) -> None:
        """Lets the one in hand end where it can go on later."""
        ...


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the engine works; the defaults were measured."""

    workers: int = 2
    """Lanes at a time. They share one processor (Python), so more only wait for each other."""
    poll: float = 0.1
    """Seconds between looks into the queue."""
    tick: float = 0.5
    """Seconds between looks for lanes that are due."""
    keep: retention.Keep = retention.KEEP


class Engine:
    """One for the process. `start` before `accept`; `stop` within seconds."""

    def __init__(
        self, database: Database, runs: Runs, tuning: Tuning = Tuning(), chores: RunsByClock | None = None
    ) -> None:
        self._database = database
        self._runs = runs
        self._chores = chores
        self._tuning = tuning
        self._place = place_at(database)
        self._name = ""
        self._client: DBOSClient | None = None
        self._intake = Intake(database, self._enqueue)
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._running: set[str] = set()
        self._counting = threading.Condition()
        self._leaving = False
        self._clockwork = threading.Thread(target=self._tick, name="triage-clockwork", daemon=True)

    def start(self) -> None:
        """Raises StoreError, with a sentence for people, when the database cannot be used."""
        self._database.check()
        self._name = self._place.take()
        try:
            self._database.migrate()
            self._launch()
        except BaseException:
            self._close()
            raise
        self._intake.start()
        self._clockwork.start()

    def stop(self, timeout: float = 5) -> None:
        """Takes no more, lets the issues in hand be finished, leaves the rest to the next start."""
        self._stopping.set()
        self._wake.set()
        self._intake.stop()
        self._runs.stop()
        if self._chores:
            self._chores.stop()
        if self._clockwork.is_alive():
            self._clockwork.join(timeout)
        self._close(timeout)

    async def accept(self, guid: str, event: str, lane: str, body: bytes) -> Stored:
        """Back once the delivery is safe on disk and its lane is going to run. Raises NotStored."""
        return await self._intake.take(guid, event, lane, body)

    def checks(self) -> dict[str, str]:
        """What is wrong with the database and the engine; empty texts where nothing is."""
        try:
            self._database.check()
        except StoreError as error:
            return {"database": str(error), "engine": "needs the database"}
        alive = self._clockwork.is_alive() and self._intake.is_alive
        return {"database": "", "engine": "" if alive else "stopped"}

    def figures(self) -> dict[str, float]:
        """Gauges."""
        with self._database.read() as connection:
            oldest = deliveries.oldest_undone(connection)
            return {
                "deliveries_undone": deliveries.count_undone(connection),
                "oldest_undone_delivery_seconds": max(0.0, time.time() - oldest / 1000) if oldest else 0.0,
                "dead_letters": deliveries.count_dead(connection),
            }

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

    def _launch(self) -> None:
        library = logging.getLogger("dbos")
        if not library.handlers:
            # With a handler there it adds none of its own, and what it says goes the way of all our logs.
            library.addHandler(logging.NullHandler())
        config: DBOSConfig = {
            "name": _NAME,
            "application_version": _VERSION,
            # Whose unfinished runs are taken up again at the start.
            "executor_id": self._name,
            "system_database_url": self._database.url.render_as_string(hide_password=False),
            "system_database_engine": self._database.engine,
            "serializer": DBOSPortableJSONSerializer(),
            "enable_otlp": False,
            "log_level": "WARNING",
            "run_migrations": True,
            "use_listen_notify": False,
        }
        DBOS(config=config)

        # No limit on recoveries: how often a delivery is tried is the lane's own affair.
        @DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=None)
        def lane(name: str) -> None:
            self._run(name, lambda: self._run_lane(name))

        @DBOS.workflow(name=_CHORE, max_recovery_attempts=None)
        def chore(name: str, repository_id: int) -> None:
            self._run(f"{name} of {repository_id}", lambda: self._run_chore(name, repository_id))

        DBOS.launch()
        DBOS.register_queue(
            _QUEUE,
            partition_concurrency=1,
            worker_concurrency=self._tuning.workers,
            polling_interval_sec=self._tuning.poll,
            on_conflict="always_update",
        )
        # One at a time, so that people's fresh issues never wait for a sweep or a report.
        DBOS.register_queue(
            _CHORES,
            partition_concurrency=1,
            worker_concurrency=1,
            polling_interval_sec=10 * self._tuning.poll,
            on_conflict="always_update",
        )
        self._client = DBOSClient(
            system_database_engine=self._database.engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=_NAME,
        )
        self._take_over()
        self._rescue(round(time.time() * 1000))

    def _enqueue(self, connection: Connection, lane: str) -> None:
        if self._client is None:
            message = "the engine has not been started"
            raise RuntimeError(message)
        options: EnqueueOptions = {"workflow_name": _WORKFLOW, "queue_name": _QUEUE, "queue_partition_key": lane}
        self._client.enqueue_in_transaction(connection, options, lane)

    def _run(self, name: str, work: Callable[[], None]) -> None:
        """Runs in a thread of the engine's, which the process's end would wait for; so the work is done in another."""
        with self._counting:
            self._running.add(name)
        broken: list[BaseException] = []
        threading.Thread(target=self._work, args=(name, work, broken), name=f"triage-{name}", daemon=True).start()
        with self._counting:
            self._counting.wait_for(lambda: name not in self._running or self._leaving)
        if broken:
            raise broken[0]

    def _work(self, name: str, work: Callable[[], None], broken: list[BaseException]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 told to the engine's own thread, and noted there
            broken.append(error)
        finally:
            with self._counting:
                self._running.discard(name)
                self._counting.notify_all()

    def _run_lane(self, lane: str) -> None:
        if self._runs.run(lane):
            self._wake.set()

    def _run_chore(self, name: str, repository_id: int) -> None:
        if self._chores:
            self._chores.run(repository_id, name)

    def _tick(self) -> None:
        """Wakes lanes that are due; now and then looks for lost ones and clears away what is old."""
        next_guard = time.monotonic() + _LOST_AFTER / 1000
        next_cleaning = time.monotonic() + _FIRST_CLEANING
        while not self._stopping.is_set():
            self._wake.wait(self._tuning.tick)
            self._wake.clear()
            try:
                self._wake_due()
                if self._chores:
                    self._begin_chores()
                if time.monotonic() >= next_guard:
                    next_guard = time.monotonic() + _LOST_AFTER / 1000
                    self._take_over()
                    self._rescue(round(time.time() * 1000) - _LOST_AFTER)
                if time.monotonic() >= next_cleaning:
                    next_cleaning = time.monotonic() + _CLEANING_EVERY
                    retention.clean(self._database, self._tuning.keep, self._stopping)
            except Exception:  # the clock must go on: the next tick may find the database well again
                log.exception("the clockwork stumbled")

    def _wake_due(self) -> None:
        now = round(time.time() * 1000)
        with self._database.read() as connection:
            due = lanes.due(connection, now)
        if due:
            with self._database.write() as connection:
                for lane in lanes.mark_queued(connection, due, now):
                    self._enqueue(connection, lane)

    def _begin_chores(self) -> None:
        """Those whose time has come are taken and enqueued in one transaction: once, whoever asks."""
        now = round(time.time() * 1000)
        with self._database.read() as connection:
            if not schedules.any_due(connection, now):
                return
        with self._database.write() as connection:
            for due in schedules.take(connection, now):
                self._enqueue_chore(connection, due)

    def _enqueue_chore(self, connection: Connection, due: Due) -> None:
        if self._client is None:
            message = "the engine has not been started"
            raise RuntimeError(message)
        options: EnqueueOptions = {
            "workflow_name": _CHORE,
            "queue_name": _CHORES,
            "queue_partition_key": str(due.repository_id),
        }
        self._client.enqueue_in_transaction(connection, options, due.name, due.repository_id)

    def _take_over(self) -> None:
        """Runs that another process left when it ended would keep their lanes from everybody."""
        begun = DBOS.list_workflows(status=["PENDING"], load_input=False, load_output=False)
        for name in {run.executor_id for run in begun if run.executor_id} - {self._name}:
            with self._place.left_by(name) as left:
                if left:
                    log.warning("taking over what an ended process left", process=name)
                    DBOS._recover_pending_workflows([name])  # noqa: SLF001 the one private call; a test guards it

    def _rescue(self, before: int) -> None:
        """Enqueues lanes whose undone deliveries nothing seems to be coming for."""
        with self._counting:
            running = set(self._running)
        with self._database.write() as connection:
            found = [lane for lane in lanes.lost(connection, before) if lane not in running]
            lanes.release(connection, found)
            for lane in lanes.mark_queued(connection, found, round(time.time() * 1000)):
                self._enqueue(connection, lane)

    def _close(self, timeout: float = 0) -> None:
        with self._counting:
            if not self._counting.wait_for(lambda: not self._running, timeout):
                # They hang in calls to GitHub. What they were about to do is on record for the next start.
                log.warning("stopped with work in hand", lanes=sorted(self._running))
            self._leaving = True
            self._counting.notify_all()
        DBOS.destroy(destroy_registry=True)
        if self._client:
            self._client.destroy()
            self._client = None
        self._place.release()
        self._database.close()
