"""For training loops of one's own: a context that makes the run, describes the model and logs what it can see."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from autolog import keras
from autolog.keras import facts, models
from autolog.keras.values import scalars, snapshot
from autolog.options import Options
from autolog.outcome import harmless
from autolog.patching import Observation, Observer, Patches
from autolog.runs import Run, milliseconds, open_run
from autolog.trainings import busy, conclude, enter, leave


class Training:
    """A training loop under way; `with autolog.training(model) as training` gives one."""

    def __init__(self, model: Any, optimizer: Any, run: Run | None, options: Options) -> None:
        self.options = options
        self.model = model
        self._optimizer = optimizer if optimizer is not None else getattr(model, "optimizer", None)
        self._run = run
        self._step = -1
        self._tests = -1
        self._start = time.perf_counter()
        self._description = facts.Description(model, run) if run is not None else None

    @property
    def run_id(self) -> str | None:
        """The id of the run in MLflow; None if nothing is logged here, or the server has not made it yet."""
        return self._run.run_id if self._run is not None else None

    @harmless("log metrics")
    def log(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log numbers by name. Tensors are fine: they are taken off their device later, in another thread.

        Args:
            metrics: values by name.
            step: a number of the step; if None, one more than the last.
        """
        self._step = self._step + 1 if step is None else step
        self._describe()
        if self._run is not None:
            timestamp = milliseconds()
            for key, value in scalars(metrics):
                self._run.metric(key, snapshot(value), self._step, timestamp)

    @harmless("log a batch")
    def saw_train_batch(self, result: Any) -> None:
        every = self.options.log_every_n_steps or 1
        if (self._step + 1) % every:
            self._step += 1
        else:
            self.log(_named(self.model, result))

    @harmless("log a test batch")
    def saw_test_batch(self, result: Any) -> None:
        self._tests += 1
        if self._run is not None:
            for key, value in scalars(_named(self.model, result)):
                self._run.metric(f"test_{key}", snapshot(value), self._tests)

    def begin(self) -> None:
        if self._run is not None:
            self._log_optimizer(self._run)
            self._log_versions(self._run)
            self._describe()

    @harmless("log the optimizer")
    def _log_optimizer(self, run: Run) -> None:
        run.params(facts.of_optimizer(self._optimizer))

    @harmless("log the versions")
    def _log_versions(self, run: Run) -> None:
        module = _module_of(self.model)
        if module is not None:
            run.tags(facts.versions(module))

    def _describe(self) -> None:
        if self._description is not None:
            self._description.log_if_built()

    def end(self, error: BaseException | None) -> None:
        run = self._run
        if run is None:
            return
        try:
            self._describe()
            run.metric("training_seconds", time.perf_counter() - self._start, max(self._step, 0))
            if error is None and self.options.log_models:
                self._log_model(run)
        except BaseException as interrupt:  # which nothing here is harmless against
            conclude(run, error or interrupt)
            raise
        conclude(run, error)

    @harmless("log the model")
    def _log_model(self, run: Run) -> None:
        module = _module_of(self.model)
        if module is not None:
            models.save(module, self.model, None, run, max(self._step, 0))


@contextmanager
def training(model: Any = None, optimizer: Any = None) -> Iterator[Training]:
    """Log a training loop of your own, as `fit` would be logged.

    Params, summary, model, duration and the run's status are logged without a word of yours, and so is what
    `model.train_on_batch` and `model.test_on_batch` return. Other numbers are yours to give:
    `training.log({"loss": loss})`.

    Args:
        model: the Keras model that is trained, if it is one.
        optimizer: its optimizer, if the model was not compiled with it.

    Yields:
        The Training.
    """
    options = keras.integration.options or Options()
    inside = busy.fit
    run = _open(options, model) if not inside else None
    loop = Training(model, optimizer, run, options)

    def over(error: BaseException | None) -> None:
        if not inside:
            leave()
        _batches.leave(loop)
        loop.end(error)

    try:
        _batches.watch(loop)
        loop.begin()
        if not inside:
            enter(run)
        yield loop
    except BaseException as error:
        over(error)
        raise
    over(None)


@harmless("open a run")
def _open(options: Options, model: Any) -> Run | None:
    return open_run(options, default_name=str(getattr(model, "name", "loop")))


class _Batch(Observation):
    """One observed call of train_on_batch or test_on_batch, of a model of these loops."""

    def __init__(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], loops: tuple[Training, ...], saw: Callable[..., None]
    ) -> None:
        super().__init__(args, kwargs)
        self._loops = loops
        self._saw = saw

    def finished(self, result: Any) -> None:
        for loop in self._loops:
            self._saw(loop, result)


class _Batches:
    """Watches the batches of all loops that are open, in whatever thread, with one patch for each class.

    A patch for each loop could not be taken off below that of another which is still open.
    """

    def __init__(self) -> None:
        self._loops: dict[int, tuple[Training, ...]] = {}
        """By the id of their model, which they keep alive."""
        self._patches = Patches()
        self._lock = threading.Lock()

    @harmless("watch the batches")
    def watch(self, loop: Training) -> None:
        module = _module_of(loop.model)
        if module is None:
            return
        with self._lock:
            self._loops[id(loop.model)] = (*self._loops.get(id(loop.model), ()), loop)
            self._patches.put(module.Model, "train_on_batch", self._observer(Training.saw_train_batch))
            self._patches.put(module.Model, "test_on_batch", self._observer(Training.saw_test_batch))

    @harmless("watch the batches no more")
    def leave(self, loop: Training) -> None:
        with self._lock:
            left = tuple(each for each in self._loops.pop(id(loop.model), ()) if each is not loop)
            if left:
                self._loops[id(loop.model)] = left
            if not self._loops:
                self._patches.remove()

    def _observer(self, saw: Callable[..., None]) -> Observer:
        def observed(_original: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Batch | None:
            loops = self._loops.get(id(args[0])) if args else None
            return _Batch(args, kwargs, loops, saw) if loops else None

        return observed


_batches = _Batches()


def _module_of(model: Any) -> Any:
    """The Keras that `model` belongs to; None if it is no Keras model."""
    modules = [sys.modules[name] for name in ("keras", "tf_keras") if name in sys.modules]
    return next((each for each in modules if isinstance(model, each.Model)), None)


def _named(model: Any, result: Any) -> Mapping[str, Any]:
    """What train_on_batch returned, by name."""
    if isinstance(result, Mapping):
        return result
    if not isinstance(result, (list, tuple)):
        return {"loss": result}
    if hasattr(model, "get_metrics_result"):  # Keras 3, whose metrics_names are not the names of what it returns
        named: Mapping[str, Any] = model.get_metrics_result()
        return named
    return dict(zip(model.metrics_names, result, strict=False))
