"""What is done around a call of Estimator.train, train_and_evaluate, evaluate and export_saved_model."""

from __future__ import annotations

import inspect
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from autolog.integration import Integration
from autolog.options import Options
from autolog.outcome import harmless
from autolog.patching import Observation, Patches, bound
from autolog.runs import Run, last_run_of, open_run
from autolog.tensorflow import estimator_facts as facts
from autolog.tensorflow.estimator_watch import Watch, hook
from autolog.trainings import ObservedTraining, Unwatched, busy, conclude, enter

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class _Here(threading.local):
    """What goes on in this thread."""

    training: _Training | None = None
    evaluating = False


_here = _Here()


def install(module: Any, patches: Patches, integration: Integration) -> None:
    """Watch Estimators; `module` is the one that defines them."""
    from tensorflow.python.summary.writer import event_file_writer

    estimator = module.Estimator
    patches.put(estimator, "train", lambda *call: _train(integration.options, *call))
    patches.put(estimator, "evaluate", _evaluate)
    patches.put(estimator, "_train_model", _session)
    patches.put(estimator, "_call_input_fn", _input)
    patches.put(estimator, "_export_all_saved_models", _export)
    patches.put(event_file_writer.EventFileWriter, "add_event", _event)


def install_executor(module: Any, patches: Patches, integration: Integration) -> None:
    """Watch train_and_evaluate; `module` is the one that defines it."""
    patches.put(module._TrainingExecutor, "run", lambda *call: _train_and_evaluate(integration.options, *call))  # noqa: SLF001


class _Training(ObservedTraining):
    """One observed call of train or train_and_evaluate, with a run of its own or in the active one."""

    def __init__(self, estimator: Any, run: Run, arguments: Mapping[str, Any]) -> None:
        super().__init__(estimator, run)
        self.watch = Watch(run, estimator.config)
        self._arguments = arguments

    @property
    def last(self) -> int:
        return self.watch.step

    @harmless("log the arguments of the training")
    def start(self) -> None:
        self.run.params(facts.of_training(self.model, self._arguments))
        self.run.tags(facts.versions())

    def enter(self) -> None:
        _here.training = self
        enter(self.run)

    def leave(self) -> None:
        _here.training = None
        _here.evaluating = False
        super().leave()


@harmless("watch this training")
def _train(
    options: Options | None, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Observation | None:
    """An Observer for `Estimator.train`."""
    call = bound(original, args, kwargs)
    if call is None:
        return None
    estimator = args[0]
    outer = _here.training
    if outer is not None:
        # The training of a train_and_evaluate; of another Estimator, it is the outer one's business.
        inner = Observation(args, kwargs)
        if outer.model is estimator:
            inner.args, inner.kwargs = _with_hook(call, outer)
        return inner
    if options is None or busy.fit:
        return None
    training = _watched(options, estimator, call.arguments, lambda training: _with_hook(call, training))
    return training or Unwatched(estimator, args, kwargs)


@harmless("watch this training")
def _train_and_evaluate(
    options: Options | None, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Observation | None:
    """An Observer for what `train_and_evaluate` is carried out by: an object that holds its arguments."""
    if _here.training is not None:
        return None
    executor = args[0]
    train, evaluation = executor._train_spec, executor._eval_spec  # noqa: SLF001
    arguments = {
        "input_fn": train.input_fn,
        "max_steps": train.max_steps,
        "eval_steps": getattr(evaluation, "steps", None),
        "eval_throttle_secs": getattr(evaluation, "throttle_secs", None),
    }
    if options is None or busy.fit:
        return None
    estimator = executor._estimator  # noqa: SLF001
    training = _watched(options, estimator, arguments, lambda _training: (args, kwargs))
    return training or Unwatched(estimator, args, kwargs)


@harmless("watch this training")
def _watched(
    options: Options,
    estimator: Any,
    arguments: Mapping[str, Any],
    call: Callable[[_Training], tuple[tuple[Any, ...], dict[str, Any]]],
) -> _Training | None:
    """A training that is under way, whose arguments `call` gives; None if nothing is to be logged of it."""
    run = open_run(options, default_name=type(estimator).__name__)
    if run is None:
        return None
    try:
        training = _Training(estimator, run, arguments)
        training.args, training.kwargs = call(training)
        training.start()
        training.enter()
    except BaseException as error:
        conclude(run, error)
        raise
    return training


def _with_hook(call: inspect.BoundArguments, training: _Training) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The call's arguments with our hook behind the caller's, whose list is not changed."""
    try:
        hooks = [*(call.arguments.get("hooks") or ()), hook(training.watch)]
    except TypeError:
        return call.args, call.kwargs  # not what TensorFlow takes, and it is going to say so
    call.arguments["hooks"] = hooks
    return call.args, call.kwargs


class _Evaluation(Observation):
    """One observed call of evaluate: while training, or of what was trained before."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], run: Run, prefix: str, *, inside: bool) -> None:
        super().__init__(args, kwargs)
        self.run = run
        self.options = run.options
        self._prefix = prefix
        self._inside = inside
        _here.evaluating = True

    def finished(self, result: Any) -> None:
        _here.evaluating = False
        self._log(result)

    @harmless("log the evaluation")
    def _log(self, result: Mapping[str, Any]) -> None:
        step = int(result["global_step"])
        for key, value in result.items():
            if key != "global_step" and not getattr(value, "shape", ()):
                self.run.metric(self._prefix + key, value, step)
        if not self._inside:
            self.run.settle()

    def failed(self, error: BaseException) -> None:
        _here.evaluating = False


@harmless("watch this evaluation")
def _evaluate(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Evaluation | None:
    """An Observer for `Estimator.evaluate`."""
    call = bound(original, args, kwargs)
    if call is None or _here.evaluating:
        return None
    if _here.training is not None:
        return _Evaluation(args, kwargs, _here.training.run, "val_", inside=True)
    known = last_run_of.get(args[0])
    if known is None or busy.fit:
        return None
    # What was evaluated on several data sets has a name for each.
    name = call.arguments.get("name")
    return _Evaluation(args, kwargs, known[0], f"test_{name}_" if name else "test_", inside=False)


class _Session(Observation):
    """One observed call of the method that trains and gives the loss of the last step."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], training: _Training) -> None:
        super().__init__(args, kwargs)
        self._watch = training.watch

    def finished(self, result: Any) -> None:
        self._watch.end(result)


def _session(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Session | None:
    """An Observer for it."""
    training = _here.training
    return _Session(args, kwargs, training) if training is not None and training.model is args[0] else None


class _Input(Observation):
    """One observed call of an input_fn, for training."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], training: _Training) -> None:
        super().__init__(args, kwargs)
        self.options = training.options
        self._run = training.run

    @harmless("see the batch size")
    def finished(self, result: Any) -> None:
        size = facts.batch_size(result)
        if size is not None:
            self._run.params({"batch_size": size})


def _input(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Input | None:
    """An Observer for the method by which an Estimator calls an input_fn."""
    training = _here.training
    return _Input(args, kwargs, training) if training is not None and not _here.evaluating else None


class _Export(Observation):
    """One observed export, which gives the folder that was written."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], run: Run, *, inside: bool) -> None:
        super().__init__(args, kwargs)
        self.options = run.options
        self._run = run
        self._inside = inside

    @harmless("log the exported model")
    def finished(self, result: Any) -> None:
        source = Path(os.fsdecode(result))
        # While training, several exporters of train_and_evaluate may write, each in a folder of its name.
        top = f"saved_model/{source.parent.name}" if self._inside else "saved_model"
        for path in sorted(each for each in source.rglob("*") if each.is_file()):
            copy = self._run.box.journal.place_for(path.name)
            shutil.copyfile(path, copy)
            folder = path.parent.relative_to(source).as_posix()
            self._run.file(copy, top if folder == "." else f"{top}/{folder}")
        if not self._inside:
            self._run.settle()


@harmless("watch this export")
def _export(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Export | None:
    """An Observer for the method that all kinds of export end in."""
    inside = _here.training is not None
    known = last_run_of.get(args[0])
    run = _here.training.run if _here.training is not None else known[0] if known is not None else None
    return _Export(args, kwargs, run, inside=inside) if run is not None and run.options.log_models else None


def _event(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """An Observer of the events that are written while training, which lets all of them pass."""
    training = _here.training
    if training is not None and not _here.evaluating:
        training.watch.event(args[1] if len(args) > 1 else kwargs.get("event"))
