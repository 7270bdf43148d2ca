"""What is done around a call of `fit` or `evaluate`."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable
from typing import Any

from autolog.keras import callbacks, models
from autolog.keras.values import scalars
from autolog.keras.watch import Watch
from autolog.options import Options
from autolog.outcome import harmless
from autolog.patching import Observation, bound
from autolog.runs import Run, last_run_of, open_run
from autolog.trainings import ObservedTraining, Unwatched, busy, conclude, enter

_evaluations: weakref.WeakKeyDictionary[Run, int] = weakref.WeakKeyDictionary()
"""The run of a fit -> how often its model was evaluated since: on other data, say, whose values are others."""


class _Fit(ObservedTraining):
    """One observed call of fit."""

    def __init__(self, module: Any, call: inspect.BoundArguments, run: Run) -> None:
        super().__init__(next(iter(call.arguments.values())), run)
        self._module = module
        self._arguments = call.arguments
        self.watch = Watch(module, self.model, run, call.arguments, callbacks.flat(call.arguments.get("callbacks")))
        self.ours = callbacks.training_callbacks(module, self.watch, steps=run.options.log_every_n_steps is not None)

    @property
    def last(self) -> int | None:
        return self.watch.last_epoch

    def complete(self) -> None:
        self.watch.early_stop()
        self._log_model()

    def broken_off(self) -> None:
        self.watch.description.log_if_built()
        self.watch.broken_off()

    @harmless("log the model")
    def _log_model(self) -> None:
        if self.options.log_models:
            models.save(self._module, self.model, self._arguments.get("x"), self.run, self.watch.last_epoch or 0)


class _Evaluation(Observation):
    """One observed call of evaluate, of a model that was fitted before."""

    def __init__(self, module: Any, run: Run, epoch: int) -> None:
        super().__init__((), {})
        self.run = run
        self.options = run.options
        self._epoch = epoch
        self.ours = callbacks.test_callback(module)

    @harmless("log the evaluation")
    def finished(self, result: Any) -> None:
        number = _evaluations[self.run] = _evaluations.get(self.run, 0) + 1
        prefix = "test_" if number == 1 else f"test_{number}_"
        for key, value in scalars(self.ours.results):
            self.run.metric(prefix + key, value, self._epoch)
        self.run.settle()


def fit(
    module: Any, options: Options | None, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Observation | None:
    """An Observer for `Model.fit`."""
    call = bound(original, args, kwargs)
    if options is None or call is None or busy.fit or not args:
        return None
    run = _open(options, args[0])
    try:
        observation = _watched(module, run, call, original, args, kwargs) if run is not None else None
        if observation is None:
            return Unwatched(args[0], args, kwargs, run)
        enter(run)
    except BaseException as error:  # an interrupt, which nothing here is harmless against
        if run is not None:
            conclude(run, error)
        raise
    return observation


@harmless("open a run")
def _open(options: Options, model: Any) -> Run | None:
    return open_run(options, default_name=str(getattr(model, "name", "fit")))


@harmless("watch this fit")
def _watched(
    module: Any,
    run: Run,
    call: inspect.BoundArguments,
    original: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> _Fit:
    call.apply_defaults()
    observation = _Fit(module, call, run)
    observation.args, observation.kwargs = _with_callback(module, original, args, kwargs, *observation.ours)
    observation.watch.start()
    return observation


@harmless("watch this evaluation")
def evaluate(
    module: Any, options: Options | None, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> _Evaluation | None:
    """An Observer for `Model.evaluate`."""
    if options is None or busy.fit or not args:
        return None
    known = last_run_of.get(args[0])
    if known is None or bound(original, args, kwargs) is None:
        return None
    observation = _Evaluation(module, *known)
    observation.args, observation.kwargs = _with_callback(module, original, args, kwargs, observation.ours)
    return observation


def _with_callback(
    module: Any, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *ours: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The call's arguments with our callbacks among them, in the way the caller passed theirs."""
    place = list(inspect.signature(original).parameters).index("callbacks")
    given = args[place] if len(args) > place else kwargs.get("callbacks")
    extended = callbacks.with_ours(module, given, args[0], *ours)
    if len(args) > place:
        return (*args[:place], extended, *args[place + 1 :]), kwargs
    return args, {**kwargs, "callbacks": extended}
