"""Where tf.summary.scalar logs to: the training under way, the active run, or a run for the whole program."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePath

from autolog.chief import is_chief
from autolog.options import Options
from autolog.outcome import harmless, reason
from autolog.runs import Run, open_run, status_of, under_way
from autolog.trainings import busy

_ROLES = {
    **dict.fromkeys(("val", "valid", "validation", "eval", "evaluation"), "val_"),
    **dict.fromkeys(("test", "testing"), "test_"),
}
"""Last part of a log directory -> how metrics are called that are written there."""


class Names:
    """The names of one run's scalars, each by its tag and the log directory it is written to.

    TensorBoard tells curves of one tag apart by their directories, a run in MLflow has nothing but names.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None], str] = {}
        self._taken: dict[str, str | None] = {}

    def key(self, tag: str, logdir: str | None) -> str:
        """`tag`; `val_tag` or `test_tag` where the directory's name says so; with its name before it if it must be."""
        known = self._known.get((tag, logdir))
        if known is not None:
            return known
        folder = PurePath(logdir or "").name
        prefix = _ROLES.get(folder.lower(), "")
        key = tag if tag.startswith(("val_", "test_")) else prefix + tag
        if self._taken.setdefault(key, logdir) != logdir:
            key = f"{folder}/{tag}"
        self._known[tag, logdir] = key
        return key


class Destination:
    """Finds the run, in any thread; makes one if nobody else has."""

    def __init__(self) -> None:
        self._options: Callable[[], Options | None] = lambda: None
        self._active: dict[str, Run] = {}
        """By id, those that the user has started."""
        self._own: Run | None = None
        self._lock = threading.Lock()
        self._names: weakref.WeakKeyDictionary[Run, Names] = weakref.WeakKeyDictionary()

    def use(self, options: Callable[[], Options | None]) -> None:
        self._options = options

    def names(self, run: Run) -> Names:
        names = self._names.get(run)
        if names is None:
            names = self._names[run] = Names()
        return names

    def now(self, thread: int) -> Run | None:
        """The run that belongs to what `thread` writes now; None if that is not to be logged."""
        run = under_way.get(thread)
        if run is not None:
            return run
        here = thread == threading.get_ident()
        options = self._options()
        if options is None or (here and busy.fit):
            return None
        from autolog import mlflow_side

        if here:
            active = mlflow_side.active_run()
            run_id = active[0] if active is not None else None
        else:
            run_id = mlflow_side.active_run_of(thread)
        if run_id is None:
            # A thread without a run of its own helps the main one, as those of a distribution strategy do.
            main = threading.main_thread().ident
            return self._for_program(options) if main in {None, thread} else self.now(main or 0)
        return None if options.exclusive else self._users(run_id, options)

    def _users(self, run_id: str, options: Options) -> Run | None:
        with self._lock:
            run = self._active.get(run_id)
            if run is None and is_chief():
                import mlflow

                from autolog.delivery import outbox as outboxes

                run = Run(outboxes.outbox(mlflow.get_tracking_uri()), run_id, options, own=False)
                run.tags({**versions(), **options.extra_tags})
                self._active[run_id] = run
        return run

    def _for_program(self, options: Options) -> Run | None:
        with self._lock:
            if self._own is None:
                run = open_run(replace(options, nested=False), default_name="loop")
                if run is None:
                    return None
                # Off MLflow's stack: a program that starts a run of its own later must be able to.
                run.deactivate()
                run.tags(versions())
                self._own = run
        return self._own

    def forget(self, run_id: str) -> Run | None:
        """The run that was logged to by this id, which is about to end."""
        with self._lock:
            return self._active.pop(run_id, None)

    @harmless("end the run")
    def close(self, error: type[BaseException] | None = None, why: str | None = None) -> None:
        """End the run that was made for the program, with what became of it."""
        with self._lock:
            run, self._own = self._own, None
            self._active.clear()
        if run is None:
            return
        if why is not None:
            run.tags({"autolog.error": why})
        run.end(status_of(error))
        run.settle()

    def at_exit(self) -> None:
        """End it at the end of the program."""
        # What a program died of. Where people type, it is the last mistake they made, and says nothing.
        typed = hasattr(sys, "ps1") or "IPython" in sys.modules
        error = None if typed else getattr(sys, "last_type", None)
        self.close(error, reason(sys.last_value) if error is not None and sys.last_value is not None else None)

    def after_fork(self) -> None:
        """In a child process: the parent's run is the parent's to end."""
        self._lock = threading.Lock()
        self._own = None
        self._active.clear()


def versions() -> dict[str, str]:
    """Tags: what trains here, and the version of each."""
    from autolog import __version__

    version = str(getattr(sys.modules.get("tensorflow"), "__version__", "unknown"))
    return {
        "autolog.framework": "tensorflow",
        "autolog.framework_version": version,
        "autolog.backend": "tensorflow",
        "autolog.backend_version": version,
        "autolog.version": __version__,
    }


destination = Destination()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=destination.after_fork)
