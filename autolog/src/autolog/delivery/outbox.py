"""The two threads between the training and a tracking server: one writes to disk, one to the server."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from autolog import uris
from autolog.delivery.buffer import Buffer, Value
from autolog.delivery.journal import Journal
from autolog.delivery.places import spool_directories
from autolog.delivery.records import Record, written
from autolog.outcome import reason, tell

FLUSH_SECONDS = 1.0
WAIT_SECONDS = 10.0
"""How long the end of a fit, or of the program, waits for the server at most."""
IN_TROUBLE_SECONDS = 1.0
"""The same, while the server is known not to answer."""
_STUCK_SECONDS = 8.0
"""A call to the server that takes longer counts as trouble."""
_PROBLEMS = 20
"""So many different ones are told at most; a value that is no number is one for each name."""

_outboxes: dict[str, Outbox] = {}
_lock = threading.Lock()


class Outbox:
    """Everything that goes from this process to one tracking server."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.buffer = Buffer()
        self.journal = Journal.create(uris.public(uri))
        self.trouble: str | None = None
        """Why the server does not take what it is sent, as far as known."""
        self._problems: list[str] = []
        if os.environ.get("AUTOLOG_SPOOL_DIR") and self.journal.folder.parent != spool_directories()[0]:
            self.problem(
                f"AUTOLOG_SPOOL_DIR, {spool_directories()[0]}, cannot be written to or is open to others, so that what "
                f"waits for the server is kept in {self.journal.folder.parent if self.journal.lock else 'memory'}"
            )
        self._refused: list[str] = []
        """Why, for each thing that the server will never have."""
        self._changed = threading.Condition()
        self._drained = threading.Lock()
        self._closing = False
        self._silent = False
        self._hurry = False
        """Somebody waits for the result."""
        self._since: float | None = None
        """When the call to the server began that is under way."""
        self._made: dict[str, Any] = {}
        """Token -> the run, for those that somebody waits for; None as long as it is not made."""
        self._threads = [
            threading.Thread(target=self._flusher, name="autolog-flusher", daemon=True),
            threading.Thread(target=self._sending, name="autolog-sender", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    # The training's side

    def metric(self, run: str, key: str, value: Value, timestamp: int, step: int) -> None:
        self.buffer.metric(run, key, value, timestamp, step)

    def record(self, record: Record) -> None:
        self.buffer.record(record)

    def make(self, token: str, wanted: dict[str, Any], seconds: float) -> Any:
        """Have a run made, before all that is logged to it.

        Args:
            token: what it is called until then.
            wanted: `name`, `tags`, `time` (ms since 1970), and `experiment` (its id) or `experiment_name`.
            seconds: how long to wait for it at most.

        Returns:
            MLflow's Run; None if it is made later.
        """
        self._made[token] = None
        self.record({"run": token, "make": wanted})
        try:
            self._wait(seconds, lambda: self._made[token] is not None)
        finally:
            made = self._made.pop(token)
        return made

    @property
    def in_trouble(self) -> bool:
        since = self._since
        return self.trouble is not None or (since is not None and time.monotonic() - since > _STUCK_SECONDS)

    def flush(self, seconds: float = WAIT_SECONDS, *, patient: bool = False) -> bool:
        """Write all to disk, then wait until it is on the server.

        Args:
            seconds: how long at most.
            patient: also if the server is known not to answer.

        Returns:
            Whether all of it is there.
        """
        return self._wait(seconds, patient=patient)

    def _wait(self, seconds: float, enough: Callable[[], bool] = lambda: False, *, patient: bool = False) -> bool:
        """Until everything logged so far is on the server, or it is `enough`; False if the time is over."""
        start, all_written = time.monotonic(), self.drain()
        goal, asked = self.journal.end, 0.0
        with self._changed:
            while not self._closing:
                if time.monotonic() - asked >= 1:
                    asked, self._hurry = time.monotonic(), True
                    self._changed.notify_all()
                if not all_written:
                    all_written, goal = self.drain(), self.journal.end
                state = self.journal.state
                if enough() or (all_written and state.position >= goal and not state.postponed):
                    return True
                allowed = min(seconds, IN_TROUBLE_SECONDS) if self.in_trouble and not patient else seconds
                left = start + allowed - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(min(left, 0.2))
        return False

    def drain(self) -> bool:
        """Bring what is in memory to the journal. False if that is full and the rest has to stay."""
        if self._closing:
            return False
        some = False
        with self._drained:
            while not (full := self.journal.full) and (entries := self.buffer.take()):
                for record in written(entries, self._unusable):
                    self.journal.append(record)
                    some = True
        if some:
            with self._changed:
                self._changed.notify_all()
        return not full

    def problem(self, what: str) -> None:
        if what not in self._problems and len(self._problems) < _PROBLEMS:
            self._problems.append(what)

    def tell_problems(self, *, silent: bool) -> None:
        """Warn, in the calling thread, of what went wrong since the last time."""
        if self._closing:
            return
        self._silent = silent
        if dropped := self.buffer.take_dropped():
            self.problem(
                f"{dropped} values that were logged had to be dropped, the oldest first, because neither the server "
                f"nor the disk takes them"
            )
        refused, self._refused = self._refused, []
        if refused:  # the first of them, since the others are often but what follows from it
            self.problem(f"{len(refused)} things that were logged do not get to MLflow ({refused[0]})")
        problems, self._problems = self._problems, []
        for each in problems:
            tell(f"autolog: {each}.", silent=silent)
        if not self.journal.delivered:
            self._tell_of_the_rest(silent=silent)

    def _tell_of_the_rest(self, *, silent: bool) -> None:
        server, durable = uris.public(self.uri), self.journal.durable
        why = f"does not take what was logged ({self.trouble})" if self.trouble else "has not yet taken all there is"
        place = f"in {self.journal.folder}" if durable else "in memory, as the disk takes no more,"
        later = "when the server is back, by the next run, or by `autolog sync`" if durable else "if it is back soon"
        tell(
            f"autolog: the tracking server {server} {why}. The rest is kept {place} and goes there {later}.",
            about=f"undelivered {server} {durable}",
            silent=silent,
        )

    def _unusable(self, key: str, value: Value) -> None:
        self.problem(f"{key!r} was not logged: {type(value).__name__} is not a number")

    # The threads' side

    def _flusher(self) -> None:
        while not self._closing:
            time.sleep(FLUSH_SECONDS)
            try:
                self.drain()
            except Exception as error:
                self.problem(f"what was logged could not be written down ({reason(error)})")

    def _sending(self) -> None:
        from autolog.delivery.calls import said
        from autolog.delivery.sender import Sender, retry_seconds

        sender: Sender | None = None
        failures, look_for_leftovers, urgent = 0, True, False
        while not self._closing:
            try:
                if sender is None:
                    sender = Sender(self.journal, self.uri, on_made=self._is_made, on_refused=self._is_refused)
                if self.journal.state.position < self.journal.end or sender.wait_for_artifacts is not None:
                    self._progress()
                    sender.deliver(self._progress, artifacts=urgent)
                    self.trouble = sender.artifact_trouble
                    if look_for_leftovers:  # now that the server is known to answer
                        look_for_leftovers = False
                        threading.Thread(target=self._leftovers, name="autolog-leftovers", daemon=True).start()
                failures = 0
            except Exception as error:
                self.trouble = said(error)
                failures, look_for_leftovers = failures + 1, True
            self._since = None
            pause = retry_seconds(failures) if failures else sender.wait_for_artifacts if sender else None
            urgent = self._rest(pause, whatever_comes=bool(failures))

    def _rest(self, seconds: float | None, *, whatever_comes: bool) -> bool:
        """For `seconds`, or until there is something to send, unless it is `whatever_comes`. True if somebody waits."""
        with self._changed:
            self._changed.notify_all()
            until = None if seconds is None else time.monotonic() + seconds
            while not self._closing and not self._hurry:
                if not whatever_comes and self.journal.state.position < self.journal.end:
                    break
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._changed.wait(left)
            urgent, self._hurry = self._hurry, False
        return urgent

    def _progress(self) -> bool:
        """Between two calls to the server: it answers, and whoever waits may have what they wait for."""
        self._since = time.monotonic()
        with self._changed:
            self._changed.notify_all()
        return self._closing

    def _is_made(self, token: str, run: Any) -> None:
        if token in self._made:
            self._made[token] = run

    def _is_refused(self, why: str) -> None:
        self._refused.append(why)

    def _leftovers(self) -> None:
        from autolog.delivery.sync import deliver_for

        with contextlib.suppress(Exception):
            deliver_for(self.uri, stop=lambda: self._closing)

    # The end

    def close(self) -> None:
        """At exit: deliver what can be delivered soon, leave the rest in the spool."""
        with contextlib.suppress(Exception):
            self.flush()
            self.tell_problems(silent=self._silent)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._threads[1].join(timeout=1)
        if not self._threads[1].is_alive():  # else a call to the server is under way, and the lock stays till the end
            self.journal.close()

    def disown(self) -> None:
        """In a forked child: there are no threads here, and all of it is the parent's to deliver."""
        self._closing = True
        self.buffer = Buffer(points=0, records=0)
        self.journal.disown()


def outbox(uri: str) -> Outbox:
    """The outbox of this process for the tracking server at `uri`, made when it is first asked for."""
    uri = uris.absolute(uri)
    with _lock:
        if uri not in _outboxes:
            _outboxes[uri] = Outbox(uri)
        return _outboxes[uri]


def flush_all(seconds: float = WAIT_SECONDS) -> bool:
    """Flush every outbox of this process. True if all is on the servers."""
    with _lock:
        boxes = list(_outboxes.values())
    until = time.monotonic() + seconds
    results = [box.flush(max(until - time.monotonic(), 0), patient=True) for box in boxes]
    return all(results)


@atexit.register
def close_all() -> None:
    with _lock:
        boxes = list(_outboxes.values())
        _outboxes.clear()
    for box in boxes:
        with contextlib.suppress(Exception):
            box.close()


def _after_fork() -> None:
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()
    for box in _outboxes.values():
        box.disown()
    _outboxes.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
