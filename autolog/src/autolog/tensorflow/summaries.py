"""Watches tf.summary.scalar, the writers it writes to, and the end of the runs it is logged to."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from autolog.integration import Integration
from autolog.keras.values import snapshot
from autolog.options import Options
from autolog.outcome import harmless, tell
from autolog.patching import Observation, Patches
from autolog.runs import before_end, milliseconds
from autolog.tensorflow.destination import destination
from autolog.tensorflow.follow import Follower

follower = Follower(destination)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=follower.after_fork)

_KERAS = ("keras.", "tf_keras.", "tensorflow.python.keras.")


def install(summary: Any, patches: Patches, integration: Integration) -> None:
    """Watch the module `summary`, which is one of TensorFlow's."""
    tf = sys.modules["tensorflow"]

    def options() -> Options | None:
        return integration.options

    destination.use(options)
    before_end[:] = [*(each for each in before_end if each != follower.finish), follower.finish]
    patches.put(summary, "scalar", lambda _original, args, kwargs: _scalar(tf, options(), args, kwargs))
    patches.put(summary, "create_file_writer", lambda _original, args, kwargs: _Writer(args, kwargs))


def install_runs(module: Any, patches: Patches) -> None:
    """Watch `mlflow.end_run`, so that a run of the user's has all of its values when it ends."""
    from mlflow.tracking import fluent

    # `with mlflow.start_run():` calls the latter.
    patches.put(module, "end_run", _end_run)
    patches.put(fluent, "end_run", _end_run)


def stop() -> None:
    """Log what is there, and end the run that was made for the program."""
    follower.stop()
    destination.close()
    if follower.finish in before_end:
        before_end.remove(follower.finish)


@atexit.register
def _at_exit() -> None:
    # Comes before what TensorFlow and autolog's outbox do at exit, since it was registered later.
    follower.stop()
    destination.at_exit()


class _Writer(Observation):
    """One call of create_file_writer."""

    @harmless("watch a summary writer")
    def finished(self, result: Any) -> None:
        logdir = self.args[0] if self.args else self.kwargs["logdir"]
        if hasattr(logdir, "numpy"):
            logdir = logdir.numpy()
        follower.knows(result, os.fsdecode(logdir))


class _Scalar(Observation):
    """One call of tf.summary.scalar."""

    def __init__(self, tf: Any, options: Options, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self.options = options
        self._tf = tf

    @harmless("log a scalar")
    def finished(self, result: Any) -> None:
        name, data, step = (
            self.args[place] if len(self.args) > place else self.kwargs.get(keyword)
            for place, keyword in enumerate(("name", "data", "step"))
        )
        writer = _default_writer()
        logdir = follower.logdir(writer)
        scope = self._tf.get_current_name_scope()
        tag = f"{scope}/{name}" if scope else str(name)
        if not self._tf.executing_eagerly():
            self._follow(writer, logdir, tag)
        # TensorFlow says whether it has written: there is a writer, and record_if allows it.
        elif bool(result) and not follower.follows(logdir, tag):
            run = destination.now(threading.get_ident())
            if run is not None:
                step = self._tf.summary.experimental.get_step() if step is None else step
                run.metric(destination.names(run).key(tag, logdir), snapshot(data), snapshot(step), milliseconds())

    def _follow(self, writer: Any, logdir: str | None, tag: str) -> None:
        if logdir is not None:
            follower.follow(self._tf, logdir, tag)
        elif writer is not None:
            tell(
                f"autolog cannot log {tag!r}, which is written inside of a tf.function: its writer was made before "
                "autolog was called.",
                silent=self.options.silent,
            )


def _scalar(tf: Any, options: Options | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Scalar | None:
    if options is None or _caller().startswith(_KERAS):
        return None
    return _Scalar(tf, options, args, kwargs)


def _caller() -> str:
    """The module that called tf.summary.scalar: Keras's TensorBoard callback writes what is logged anyhow."""
    frame: Any = sys._getframe(1)  # noqa: SLF001 - the only way to see a caller, and cheap
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("autolog."):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__")) if frame is not None else ""


def _default_writer() -> Any:
    """The one that as_default or set_as_default chose in this thread, for which TensorFlow has no public name."""
    from tensorflow.python.ops import summary_ops_v2

    return getattr(getattr(summary_ops_v2, "_summary_state", None), "writer", None)


def _end_run(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """An Observer that lets every call of end_run pass, once the run has what was written for it."""
    _settle()


@harmless("store what was logged before the run ended")
def _settle() -> None:
    from autolog import mlflow_side

    active = mlflow_side.active_run()
    if active is None:
        return
    follower.finish()
    run = destination.forget(active[0])
    if run is not None:
        run.settle()
