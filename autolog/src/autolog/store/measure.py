"""What `autolog store bench` measures: the same calls of MLflow's store and of ours, on one database."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from autolog.store.counting import Count, counted

UNTIMED = 2
"""Rounds ahead of the others: one in which connections are made, and one that is counted."""
STORES = ("mlflow", "autolog")
_BYTES = {"sqlite": 250, "postgresql": 360}
"""What a row of the usual sizes takes up with its part of the indexes."""


@dataclass(frozen=True)
class Size:
    """How much is written."""

    rounds: int = 7
    metrics: int = 800
    params: int = 100
    tags: int = 100
    """Of a full batch."""
    calls: int = 25
    """Of the small batches, in a round."""

    @property
    def rows(self) -> int:
        """How many rows it will be, of which none is left."""
        full = (3 * self.metrics) + (2 * self.params) + self.tags
        small = len(_EPOCH) * (self.calls + 1) + self.calls + 1
        run_and_its_name = 2
        experiment_and_its_tag = 2
        return len(STORES) * (self.rounds + UNTIMED) * (full + small + run_and_its_name) + experiment_and_its_tag

    def megabytes(self, database: str) -> float:
        return self.rows * _BYTES[database] / 1e6


@dataclass(frozen=True)
class Kind:
    """A kind of call."""

    name: str
    title: str
    make: Callable[[Size], list[Any]]
    """What the calls of a round are given, one by one."""
    call: Callable[[Any, str, Any], None]
    """Store, run's id and what `make` made."""


@dataclass
class Figures:
    """Of one kind of call."""

    kind: Kind
    seconds: dict[str, list[float]] = field(default_factory=lambda: {store: [] for store in STORES})
    """By store: seconds for each call, a mean for each round."""
    counts: dict[str, Count] = field(default_factory=dict)
    """By store: statements and transactions of one call."""
    refused: bool = False
    """Whether MLflow's own store cannot do it, so that there is nothing to compare."""

    def per_second(self, store: str) -> float:
        """Calls a second, as the median of the rounds."""
        return 1 / median(self.seconds[store])

    @property
    def times(self) -> float:
        """How many times as fast ours is: the median of the rounds."""
        rounds = zip(self.seconds["mlflow"], self.seconds["autolog"], strict=True)
        return median(mlflow / ours for mlflow, ours in rounds)


_EPOCH = ("loss", "accuracy", "val_loss", "val_accuracy")
_START = 1_700_000_000_000


def full_batch(size: Size, number: int) -> tuple[list[Any], list[Any], list[Any]]:
    """The n-th: the same metrics a step later, other params, the same tags with new values."""
    return (
        [Metric(f"metric {key:03}", key + number / 8, _START + number, number) for key in range(size.metrics)],
        [Param(f"param {number} {key:03}", f"value {key}") for key in range(size.params)],
        [RunTag(f"tag {key:03}", f"value {key} of batch {number}") for key in range(size.tags)],
    )


def epochs(count: int) -> list[tuple[list[Any], list[Any], list[Any]]]:
    """Batches of four metrics, one for each epoch."""
    return [([Metric(key, 1 / (step + 2), _START + step, step) for key in _EPOCH], [], []) for step in range(count)]


def _batch(store: Any, run_id: str, batch: Any) -> None:
    store.log_batch(run_id, *batch)


def _metric(store: Any, run_id: str, metric: Any) -> None:
    store.log_metric(run_id, metric)


def _single_metrics(size: Size) -> list[Any]:
    return [Metric("single", 1 / (step + 2), _START + step, step) for step in range(size.calls)]


KINDS = (
    Kind("fresh", "full batch", lambda size: [full_batch(size, 0)], _batch),
    Kind("second", "second full batch", lambda size: [full_batch(size, 1)], _batch),
    Kind("retry", "the same again", lambda size: [full_batch(size, 1)], _batch),
    Kind("epoch", "4 metrics an epoch", lambda size: epochs(size.calls), _batch),
    Kind("metric", "one metric", _single_metrics, _metric),
)
"""In the order in which they are done in each run."""


def measure(
    stores: dict[str, Any], experiment_id: str, size: Size, tell: Callable[[int], None], pause: Callable[[], None]
) -> list[Figures]:
    """Measure every kind, with a run for each store and round; the stores take turns at being first.

    Args:
        stores: MLflow's under `mlflow`, ours under `autolog`, on the same database.
        experiment_id: where the runs go.
        size: how much.
        tell: is called with the number of each timed round, from 1.
        pause: is called between any two calls, and may raise to end it.
    """
    figures = [Figures(kind) for kind in KINDS]
    for number in range(1 - UNTIMED, size.rounds + 1):
        tell(max(number, 1))
        order = STORES if number % 2 else STORES[::-1]
        runs = {name: _run(stores[name], experiment_id) for name in order}
        for figure in figures:
            for name in order:
                given = figure.kind.make(size)
                if figure.refused:
                    break
                if number > 0:
                    figure.seconds[name].append(_time(stores[name], runs[name], figure.kind, given, pause))
                    continue
                try:
                    figure.counts[name] = _count(stores[name], runs[name], figure.kind, given, pause)
                except MlflowException as error:
                    # Older versions cannot write more than a hundred metrics again.
                    if name != "mlflow" or error.error_code != "BAD_REQUEST":
                        raise
                    figure.refused = True
    return figures


def _run(store: Any, experiment_id: str) -> str:
    run = store.create_run(experiment_id, "autolog", _START, [], "autolog store bench")
    return str(run.info.run_id)


def _count(store: Any, run_id: str, kind: Kind, given: list[Any], pause: Callable[[], None]) -> Count:
    """Of the last call: the first one of its kind may find less there."""
    *before, last = given
    for each in before:
        pause()
        kind.call(store, run_id, each)
    with counted(store.engine) as count:
        kind.call(store, run_id, last)
    return count


def _time(store: Any, run_id: str, kind: Kind, given: list[Any], pause: Callable[[], None]) -> float:
    start = time.perf_counter()
    for each in given:
        pause()
        kind.call(store, run_id, each)
    return (time.perf_counter() - start) / len(given)
