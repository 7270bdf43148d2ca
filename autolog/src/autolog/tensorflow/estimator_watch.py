"""Turns what happens in the session of an Estimator's training into metrics."""

from __future__ import annotations

import functools
import time
from typing import Any

from autolog.outcome import harmless
from autolog.runs import Run, milliseconds
from autolog.tensorflow import estimator_facts as facts

_RESYNC_STEPS = 100
"""Steps are counted; after so many, TensorFlow is asked, since other workers may train the same model."""
_COVERED = frozenset({"loss", "global_step/sec"})
"""Summaries that TensorFlow writes by itself, of what is logged from the hook."""


class Watch:
    """One training. Steps are counted as in TensorFlow's own summaries: the first step's loss is at global step 1."""

    def __init__(self, run: Run, config: Any) -> None:
        self.run = run
        self.options = run.options
        self.step = 0
        """The last one that was made."""
        self._summaries = config.save_summary_steps or 100
        self._every = self.options.log_every_n_steps or self._summaries
        self._logged: int | None = None
        self._next = 1
        self._counted = 0
        self._timed, self._since = 0, 0.0
        self._seen: dict[str, int] = {}
        self._described = False

    @harmless("log the optimizer")
    def describe(self, graph: Any) -> None:
        """Before the first step."""
        if not self._described:
            self._described = True
            self.run.params(facts.of_graph(graph))

    def begin(self, step: int) -> None:
        """The session is there, and has trained `step` steps, perhaps in an earlier training."""
        self.step = step
        self._next = step + 1
        self._timed = self._counted = 0

    @property
    def due(self) -> bool:
        """Whether the step that comes now is to be logged."""
        return self.step + 1 >= self._next

    def count(self) -> None:
        """A step was made."""
        self.step += 1
        self._counted += 1

    @property
    def unsure(self) -> bool:
        return self._counted >= _RESYNC_STEPS

    def resync(self, step: int) -> None:
        self.step = step
        self._counted = 0

    @harmless("log a step")
    def log(self, loss: Any) -> None:
        """The loss of the step that was just made."""
        timestamp = milliseconds()
        self.run.metric("loss", loss, self.step, timestamp)
        self._logged = self.step
        self._next = self.step + self._every
        # Nothing is said of how fast the first step is: TensorFlow is warming up.
        if not self._timed:
            self._timed, self._since = self.step, time.perf_counter()
        elif self.step - self._timed >= self._summaries:
            self._log_speed(timestamp)

    def _log_speed(self, timestamp: int) -> None:
        steps, now = self.step - self._timed, time.perf_counter()
        if steps and now > self._since:
            self.run.metric("steps_per_second", steps / (now - self._since), self.step, timestamp)
        self._timed, self._since = self.step, now

    @harmless("log the last step")
    def end(self, loss: Any) -> None:
        """The training is over, with this loss in its last step."""
        if self.step != self._logged and loss is not None and not getattr(loss, "shape", ()):
            self.log(float(loss))
        if self._timed:
            self._log_speed(milliseconds())

    @harmless("log a summary")
    def event(self, event: Any) -> None:
        """What the model_fn summarises, as it is written."""
        for value in event.summary.value:
            tag = value.tag
            if tag in _COVERED or not value.HasField("simple_value") or self._seen.get(tag) == event.step:
                continue
            self._seen[tag] = event.step
            self.run.metric(tag, value.simple_value, event.step, int(event.wall_time * 1000))


@functools.cache
def _hook_class() -> type:
    import tensorflow as tf

    class AutologHook(tf.compat.v1.train.SessionRunHook):  # type: ignore[misc]
        """Fetches the loss where it is to be logged; the Estimator's session fetches it anyhow."""

        def __init__(self, watch: Watch) -> None:
            self._watch = watch
            self._fetch: Any = None
            self._global_step: Any = None

        def begin(self) -> None:
            losses = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.LOSSES)
            # The Estimator puts there what it fetches, last of all.
            self._fetch = tf.compat.v1.train.SessionRunArgs(losses[-1]) if losses else None
            self._global_step = tf.compat.v1.train.get_global_step()
            self._watch.describe(tf.compat.v1.get_default_graph())

        def after_create_session(self, session: Any, coord: Any) -> None:
            self._watch.begin(int(session.run(self._global_step)))

        def before_run(self, run_context: Any) -> Any:
            return self._fetch if self._watch.due else None

        def after_run(self, run_context: Any, run_values: Any) -> None:
            watch = self._watch
            watch.count()
            if run_values.results is not None:
                if watch.unsure:
                    watch.resync(int(run_context.session.run(self._global_step)))
                watch.log(run_values.results)

    return AutologHook


def hook(watch: Watch) -> Any:
    """A SessionRunHook that tells `watch` of each step."""
    return _hook_class()(watch)
