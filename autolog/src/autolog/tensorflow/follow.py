"""Follows scalars that are written inside of a tf.function: they are known in the event file and nowhere else.

The call of tf.summary.scalar is seen once there, when the function is traced. A callback in the user's graph would
cost every step, and would not run on every device; so the file is read, from a thread, about once a second.
"""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from typing import Any

from autolog.outcome import harmless
from autolog.runs import Run
from autolog.tensorflow.destination import Destination
from autolog.tensorflow.event_files import EventFolder, scalars

LOOK_SECONDS = 1.0
_STOP_SECONDS = 5.0
"""How long the end of the program waits for a look that is under way."""


class _Followed:
    """One log directory: the tags that are written from graphs, each with the time it was first seen."""

    def __init__(self, tf: Any, logdir: str, thread: int) -> None:
        self.logdir = logdir
        self.thread = thread
        """The one that traced the function, and so most likely the one that calls it."""
        self.since: dict[str, float] = {}
        self.folder = EventFolder(tf, logdir)
        self.reading = threading.Lock()

    @property
    def remote(self) -> bool:
        """A store in which reading and flushing move whole files: done at the end only."""
        return "://" in self.logdir


class Follower:
    """Knows the program's writers, and reads their files for the tags that are followed."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._logdirs: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
        """Writer -> where it writes."""
        self._followed: dict[str, _Followed] = {}
        self._lock = threading.Lock()
        """Of what is known, and never held while a file is read or a run is made: the program may be waiting."""
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._tf: Any = None

    def knows(self, writer: Any, logdir: str) -> None:
        with self._lock:
            self._logdirs[writer] = logdir

    def logdir(self, writer: Any) -> str | None:
        """None where the writer was made before anybody looked."""
        return self._logdirs.get(writer) if writer is not None else None

    def follows(self, logdir: str | None, tag: str) -> bool:
        followed = self._followed.get(logdir) if logdir is not None else None
        return followed is not None and tag in followed.since

    def follow(self, tf: Any, logdir: str, tag: str) -> None:
        """From now on, log what is written by this tag to this directory."""
        with self._lock:
            self._tf = tf
            followed = self._followed.setdefault(logdir, _Followed(tf, logdir, threading.get_ident()))
            followed.since.setdefault(tag, time.time())
            if self._thread is None:
                self._wake = threading.Event()
                self._thread = threading.Thread(
                    target=self._looking, args=(self._wake,), name="autolog-summaries", daemon=True
                )
                self._thread.start()

    def _looking(self, wake: threading.Event) -> None:
        while not wake.wait(LOOK_SECONDS):
            self._look()

    @harmless("read what was written by a tf.function")
    def _look(self) -> None:
        for followed in self._all():
            if not followed.remote:
                self._read(followed, None)

    def _all(self) -> list[_Followed]:
        with self._lock:
            return list(self._followed.values())

    @harmless("read what was written by a tf.function")
    def finish(self, run: Run | None = None) -> None:
        """The run that this thread writes to is about to end: all that was written goes to it.

        Args:
            run: which one that is, if it is not the active one any more.
        """
        for followed in self._all():
            if followed.thread == threading.get_ident():
                self._read(followed, run)

    def _read(self, followed: _Followed, run: Run | None) -> None:
        with self._lock:
            writers = [writer for writer, logdir in self._logdirs.items() if logdir == followed.logdir]
        for writer in writers:
            with contextlib.suppress(Exception):  # of a graph of TensorFlow 1
                writer.flush()
        with followed.reading:
            for event in followed.folder.new():
                for tag, value in scalars(self._tf, event):
                    if event.wall_time < followed.since.get(tag, float("inf")):
                        continue
                    run = run or self._destination.now(followed.thread)
                    if run is not None:
                        key = self._destination.names(run).key(tag, followed.logdir)
                        run.metric(key, value, event.step, int(event.wall_time * 1000))

    @harmless("read what was written by a tf.function")
    def stop(self) -> None:
        """Read what is there, and follow nothing any more."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._wake.set()
            left, self._followed = list(self._followed.values()), {}
        if thread is not None:
            thread.join(_STOP_SECONDS)
        for followed in left:
            self._read(followed, None)

    def after_fork(self) -> None:
        """In a child process: there is no thread, and the files are the parent's."""
        self._lock = threading.Lock()
        self._thread = None
        self._followed.clear()
