"""Turns what happens in one call of fit into what is logged. Every method is harmless: none of them raises."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from autolog.keras import checkpoints, data, facts
from autolog.keras.values import scalars, snapshot
from autolog.options import Options
from autolog.outcome import harmless
from autolog.runs import Run, milliseconds


class Watch:
    """One call of fit: `module` is its Keras, `arguments` what fit was given, `callbacks` the caller's, flat."""

    def __init__(self, module: Any, model: Any, run: Run, arguments: dict[str, Any], callbacks: list[Any]) -> None:
        self.model = model
        self.run = run
        self.options: Options = run.options
        self._module = module
        self._arguments = arguments
        self._callbacks = callbacks
        self._old = str(module.__version__).startswith("2.")
        self._batch_size = data.batch_size(arguments.get("x"), arguments.get("batch_size"))
        self._steps: int | None = None
        """In an epoch, as far as Keras knows."""
        self.description = facts.Description(model, run)
        self._first_epoch: int | None = None
        self._epoch_offset = 0
        self._last_batch = -1
        self._step_base = run.history.next_step
        self._epoch_start = self._train_end = 0.0
        self._rate: float | None = None
        self._results: dict[int, dict[str, Any]] = {}
        self._ending: tuple[int, Mapping[str, Any]] | None = None
        """An epoch that has ended, and its logs, while the caller's callbacks are told of it."""
        self._checkpoints = checkpoints.Checkpoints(model, run) if self.options.checkpoint else None

    @property
    def last_epoch(self) -> int | None:
        """The number at which the last epoch was logged; None before the first has ended."""
        return max(self._results, default=None)

    def start(self) -> None:
        """Before Keras is called."""
        self._log_arguments()
        self._log_early_stopping()
        self._log_versions()

    @harmless("log the arguments of fit")
    def _log_arguments(self) -> None:
        self.run.params(facts.of_fit(self._arguments, self._batch_size))

    @harmless("log the settings of the early stopping")
    def _log_early_stopping(self) -> None:
        self.run.params(self._early_stopping_params())

    @harmless("log the versions")
    def _log_versions(self) -> None:
        self.run.tags(facts.versions(self._module))

    def train_begin(self, steps: int | None) -> None:
        self._steps = steps
        self._log_optimizer()
        self.description.log_if_built()

    @harmless("log the optimizer")
    def _log_optimizer(self) -> None:
        self.run.params(facts.of_optimizer(getattr(self.model, "optimizer", None)))

    @harmless("log the start of an epoch")
    def epoch_begin(self, epoch: int) -> None:
        if self._first_epoch is None:
            self._first_epoch = epoch
            # A run that has seen a fit already goes on where that one stopped.
            self._epoch_offset = max(self.run.history.next_epoch - epoch, 0)
            if not self.run.history.next_epoch:
                # And one that another program has begun, so far as the length of its epochs is known.
                self._step_base = epoch * (self._steps or 0)
        self._last_batch = -1
        self._train_end, self._rate = 0.0, None
        self._epoch_start = time.perf_counter()
        self._rate = facts.learning_rate_now(getattr(self.model, "optimizer", None))

    @harmless("time the validation")
    def validation_begin(self) -> None:
        self._train_end = self._train_end or time.perf_counter()

    @harmless("log a step")
    def batch_end(self, batch: int, logs: Mapping[str, Any]) -> None:
        """Keras 3 calls this from other threads, and out of order."""
        every = self.options.log_every_n_steps or 1
        self._last_batch = max(self._last_batch, batch)
        step = self._step_base + batch
        # With steps_per_execution, Keras tells of the last of several steps only.
        together = int(getattr(self.model, "steps_per_execution", None) or 1)
        if step // every * every > step - together:
            timestamp = milliseconds()
            for key, value in scalars(logs):
                self.run.metric(f"step_{key}", value, step, timestamp)

    def epoch_ends(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """The caller's callbacks come next, and may add to `logs`."""
        self._ending = epoch, logs

    def broken_off(self) -> None:
        """After fit has raised. If a callback did so at the end of an epoch, that epoch is logged all the same."""
        if self._ending is not None:
            self._log_epoch(*self._ending)

    def epoch_end(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """The caller's callbacks are through."""
        self._ending = None
        self._log_epoch(epoch, logs)
        if self._checkpoints is not None:
            self._checkpoints.epoch_end(epoch + self._epoch_offset, logs)

    @harmless("log an epoch")
    def _log_epoch(self, epoch: int, logs: Mapping[str, Any]) -> None:
        now = time.perf_counter()
        steps = self._last_batch + 1 or self._steps or 0
        self._step_base += steps
        at = epoch + self._epoch_offset
        self._results[at] = dict(logs)
        self.run.history.next_epoch, self.run.history.next_step = at + 1, self._step_base
        self.description.log_if_built()
        if self.options.log_every_epoch:
            timestamp = milliseconds()
            values = dict(scalars(logs)) | self._speed(now, steps)
            if "lr" in values and self._old:
                values["learning_rate"] = values.pop("lr")  # Keras 2's word for the same
            if self._rate is not None:
                values.setdefault("learning_rate", self._rate)
            for key, value in values.items():
                self.run.metric(key, snapshot(value), at, timestamp)  # a caller's callback may have put it there

    def _speed(self, now: float, steps: int) -> dict[str, Any]:
        seconds = {"epoch_seconds": now - self._epoch_start}
        trained = (self._train_end or now) - self._epoch_start
        count = data.examples_each_epoch(self._arguments.get("x"), self._arguments, self._batch_size, steps or None)
        return seconds | ({"examples_per_second": count / trained} if count and trained > 0 else {})

    def _early_stoppings(self) -> Iterator[Any]:
        return (each for each in self._callbacks if isinstance(each, self._module.callbacks.EarlyStopping))

    def _early_stopping_params(self) -> dict[str, object]:
        names = ("monitor", "min_delta", "patience", "baseline", "restore_best_weights", "start_from_epoch")
        stopping = next(self._early_stoppings(), None)
        return {f"early_stopping_{name}": getattr(stopping, name) for name in names if hasattr(stopping, name)}

    @harmless("log the early stop")
    def early_stop(self) -> None:
        """After fit: the epoch in which it was stopped, the one whose weights were restored, and that one's metrics."""
        for stopping in self._early_stoppings():
            stopped = stopping.stopped_epoch > 0
            if stopped:
                at = stopping.stopped_epoch + self._epoch_offset
                self.run.metric("stopped_epoch", at, at)
            # Keras 2 restores only when it stops early, Keras 3 always.
            restores = stopping.restore_best_weights and (stopped or not self._old)
            if restores and stopping.best_weights is not None:
                best = stopping.best_epoch + self._epoch_offset
                self.run.metric("restored_epoch", best, best)
                for key, value in scalars(self._results.get(best, {})):
                    self.run.metric(f"restored_{key}", value, best)
