"""Runs one lane at a time in each of the engine's threads, and sees to it that what is left over is come back to."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import orjson
import structlog

from bot.github.events import parse_event
from bot.github.quota import asking
from bot.store import deliveries, issues, lanes, repositories
from bot.work import landscape
from bot.work.bashes import Bashes
from bot.work.batch import Batch
from bot.work.contexts import Contexts
from bot.work.pace import PACE, Pace, Pause
from bot.work.workshop import Workshop

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.store.database import Database
    from bot.store.deliveries import Delivery
    from bot.store.lanes import State
    from bot.work.ports import GitHub

log = structlog.get_logger(__name__)

_FEW = 2
"""Deliveries at a time, at first, where a limit held the lane shortly before."""


class Lanes:
    """Runs lanes: several at once, but each by one thread at a time."""

    def __init__(self, database: Database, github: GitHub, pace: Pace = PACE, contexts: Contexts | None = None) -> None:
        """`contexts`: where others of the process use them, too."""
        self._database = database
        self._pace = pace
        self._stopping = threading.Event()
        contexts = contexts or Contexts(database, lambda: github.slug)
        self._bashes = Bashes(database, github, contexts, pace)
        self._workshop = Workshop(database, github, contexts, pace, self._stopping, pace.now())

    def stop(self) -> None:
        """Runs end after the issue in hand; what is left waits for the next start."""
        self._stopping.set()

    def run(self, lane: str) -> bool:
        """Whether it should be run again at once. See `bot.store.lanes` for why nothing is stranded."""
        with self._database.write() as connection:
            state = lanes.begin(connection, lane, self._pace.now())
        if state.paused_until > self._pace.now():
            return False
        # The issue and the delivery are told by the batch, and forgotten with the lane.
        with structlog.contextvars.bound_contextvars(lane=lane, issue=None, delivery=None), asking(lane):
            try:
                resting = self._work(lane, state)
                self._tend(lane)
                return self._end(lane, state.failures, resting)
            except Pause as pause:
                self._pause(lane, pause)
            except Exception as error:  # noqa: BLE001 a lane must never be lost, whatever broke
                self._broke(lane, error, alone=state.failures > 0)
        return False

    def _work(self, lane: str, state: State) -> int:
        """Batch by batch, until nothing is left or it is another lane's turn; until when the background rests."""
        until = time.monotonic() + self._pace.slice
        resting, now = state.background_until, self._pace.now()
        limited = max(state.paused_until, resting) > now - 1000 * self._pace.limited
        # One at a time after a run that broke, to find out what breaks it.
        most = 1 if state.failures else _FEW if limited else self._pace.batch
        more = True
        while more and not self._stopping.is_set() and time.monotonic() < until:
            more, rest = self._batch(lane, most, resting)
            if rest > resting:
                resting = rest
                with self._database.write() as connection:
                    lanes.rest(connection, lane, resting)
            elif not state.failures:
                most = min(2 * most, self._pace.batch)
        return resting

    def _batch(self, lane: str, most: int, resting: int) -> tuple[bool, int]:
        """One batch; True when it was a full one, so that more may be waiting. Raises Pause.

        While the background rests, only what is fresh is taken up; the second is until when it does now.

        What came in meanwhile has a run of its own: taken up here, one or two at a time, each would cost much more, and
        the other lanes would wait.
        """
        id_ = lanes.repository_of(lane)
        now = self._pace.now()
        rests = resting > now
        with self._database.read() as connection:
            pending = deliveries.pending(connection, lane, now, most, self._pace.fresh_since(now) if rests else 0)
            left_out = id_ is None or rests or (pending and most == 1)
            due = [] if id_ is None or left_out else issues.due(connection, id_, now, most)
            known = None if id_ is None else repositories.get(connection, id_)
        if not pending and not due:
            return False, resting
        if id_ is None:
            self._installations(pending)
        else:
            resting = max(resting, Batch(self._workshop, id_, known, now).run(pending, due))
        return most in {len(pending), len(due)}, resting

    def _tend(self, lane: str) -> None:
        id_ = lanes.repository_of(lane)
        if id_ is None:
            return
        if self._stopping.is_set():
            self._bashes.leave(id_)
        else:
            self._bashes.tend(id_)

    def _installations(self, pending: list[Delivery]) -> None:
        with self._database.write() as connection:
            for delivery in pending:
                event = parse_event(delivery.event, orjson.loads(delivery.body))
                if event.name in {"installation", "installation_repositories"}:
                    landscape.installed(connection, event, delivery.received_at, self._pace.recent)
            deliveries.finish(connection, [delivery.id for delivery in pending], self._pace.now())

    def _end(self, lane: str, failures: int, resting: int) -> bool:
        now = self._pace.now()
        with self._database.read() as connection:
            due_at = deliveries.next_attempt(connection, lane)
            if due_at is not None and resting > now:
                fresh_at = deliveries.next_attempt(connection, lane, self._pace.fresh_since(now))
                due_at = max(due_at, resting) if fresh_at is None else min(fresh_at, max(due_at, resting))
        if due_at is not None or failures:
            with self._database.write() as connection:
                lanes.clear_failures(connection, lane)
                if due_at is not None:
                    lanes.wake_at(connection, lane, due_at)
        return due_at is not None and due_at <= self._pace.now()

    def _pause(self, lane: str, pause: Pause) -> None:
        with self._database.write() as connection:
            lanes.pause(connection, lane, pause.until)
        log.warning("the lane waits", seconds=round((pause.until - self._pace.now()) / 1000, 1), reason=str(pause))

    def _broke(self, lane: str, error: Exception, *, alone: bool) -> None:
        with self._database.write() as connection:
            failures = lanes.count_failure(connection, lane)
            if alone:
                self._put_aside(connection, lane, error)
            lanes.pause(connection, lane, self._pace.now() + self._pace.wait(failures))
        log.error("the lane broke and is tried again", failures=failures, exc_info=error)

    def _put_aside(self, connection: Connection, lane: str, error: Exception) -> None:
        """What was alone at hand when the run broke is to blame: the others must not wait for it."""
        now, id_ = self._pace.now(), lanes.repository_of(lane)
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        pending = deliveries.pending(connection, lane, now, 1)
        for it in pending:
            if it.attempts + 1 >= self._pace.attempts:
                deliveries.give_up(connection, [it.id], now, reason)
            else:
                deliveries.try_again(connection, [it.id], now + self._pace.wait(it.attempts), reason)
        if not pending and id_ is not None:
            issues.looked(connection, id_, issues.due(connection, id_, now, 1), now)
