"""What every observed training has in common: that it is under way in its thread, and how its run ends."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any

from autolog import notebook
from autolog.outcome import harmless, reason
from autolog.patching import Observation
from autolog.runs import Run, last_run_of, status_of, under_way


class _Busy(threading.local):
    """Whether this thread is inside an observed training. What happens in there is that training's business."""

    fit = False


busy = _Busy()


def enter(run: Run | None) -> None:
    """A training begins in this thread, which logs to `run`, if it is logged."""
    busy.fit = True
    if run is not None:
        under_way[threading.get_ident()] = run


def leave() -> None:
    """It is over."""
    busy.fit = False
    under_way.pop(threading.get_ident(), None)


class ObservedTraining(Observation, ABC):
    """One observed call that trains `model`, and is logged to `run`."""

    def __init__(self, model: Any, run: Run) -> None:
        super().__init__((), {})
        self.model = model
        self.run = run
        self.options = run.options

    @property
    @abstractmethod
    def last(self) -> int | None:
        """The last epoch or step that was made; None if there was none."""

    def complete(self) -> None:
        """Log what is known only of a training that came to its end."""

    def broken_off(self) -> None:
        """Log what is known only of one that did not."""

    def leave(self) -> None:
        leave()

    def finished(self, result: Any) -> None:
        self.leave()
        try:
            self.complete()
            self._remember()
        except BaseException as error:  # an interrupt, which nothing here is harmless against
            conclude(self.run, error)
            raise
        conclude(self.run, None)

    def failed(self, error: BaseException) -> None:
        self.leave()
        try:
            self.broken_off()
            self._remember()
        finally:
            conclude(self.run, error)

    @harmless("remember the run")
    def _remember(self) -> None:
        if self.last is not None:
            last_run_of[self.model] = (self.run, self.last)


class Unwatched(Observation):
    """One call that trains, and of which nothing is logged; if it has a run all the same, how that ended.

    It is under way like any other: what happens inside of it is not to be logged to an earlier training's run.
    """

    def __init__(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], run: Run | None = None) -> None:
        super().__init__(args, kwargs)
        self._run = run
        self._forget(model)
        enter(run)

    @harmless("forget the run of an earlier training")
    def _forget(self, model: Any) -> None:
        # An evaluation after this is not one of what that had trained.
        last_run_of.pop(model, None)

    def finished(self, result: Any) -> None:
        self._over(None)

    def failed(self, error: BaseException) -> None:
        self._over(error)

    def _over(self, error: BaseException | None) -> None:
        leave()
        if self._run is not None:
            conclude(self._run, error)


def conclude(run: Run, error: BaseException | None) -> None:
    """End the run of a training, with what it broke off with, if it did; wait for the server, and say where it is."""
    if error is not None:
        _note(run, error)
    _end(run, error)
    if error is None:
        _say_where(run)


@harmless("log the error")
def _note(run: Run, error: BaseException) -> None:
    if run.own:
        run.tags({"autolog.error": reason(error)})


@harmless("end the run")
def _end(run: Run, error: BaseException | None) -> None:
    try:
        run.end(status_of(None if error is None else type(error)))
    except KeyboardInterrupt:  # it may still be the active one, and would be that for good
        run.end(status_of(KeyboardInterrupt))
        raise
    run.settle()


@harmless("say where the run is")
def _say_where(run: Run) -> None:
    if not run.options.silent:
        notebook.say_where(run)
