"""A call of log_batch as rows, for the values that every database takes as they are."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite, isnan
from operator import itemgetter
from types import NoneType
from typing import Any

from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME
from mlflow.utils.validation import (
    MAX_ENTITY_KEY_LENGTH,
    MAX_PARAM_VAL_LENGTH,
    MAX_TAG_VAL_LENGTH,
    path_not_unique,
    validate_param_and_metric_name,
)

MetricRow = tuple[str, float, int, int, bool, str]
"""Key, value, timestamp (ms since 1970), step, whether the value is not-a-number, and the run's id."""
ModelRow = tuple[str, str, int, int, float, "str | None", "str | None"]
"""Model's id, metric's name, timestamp (ms since 1970), step, value, data set's name and digest."""

LARGEST = 1.7976931348623157e308
"""What MLflow writes for infinity."""
_WHOLE = 2**53
"""Up to here a float holds every whole number."""
_INTEGER = 2**63
_TEXTS = frozenset({str, NoneType})


@dataclass
class Batch:
    """What goes to one run in one transaction, sorted by key, so that writers who meet lock rows in one order."""

    run_id: str
    metrics: list[MetricRow] = field(default_factory=list)
    latest: list[MetricRow] = field(default_factory=list)
    """Of each key the newest of `metrics`."""
    model_metrics: list[ModelRow] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    """In the order given, which is the order in which MLflow names those that it refuses."""
    tags: dict[str, str] = field(default_factory=dict)
    run_name: str | None = None
    """The tag `mlflow.runName`, which the run itself has as well."""


@functools.lru_cache(maxsize=10_000)
def good_name(key: str) -> bool:
    """Whether MLflow takes `key` as the name of a metric, param or tag."""
    return len(key) <= MAX_ENTITY_KEY_LENGTH and bool(validate_param_and_metric_name(key)) and not path_not_unique(key)


def rows_of(run_id: str, metrics: Iterable[Any], params: Iterable[Any], tags: Iterable[Any]) -> Batch | None:
    """The batch, or None where it is not plain to see that MLflow takes it as it is, and all databases alike.

    What is None may be wrong, and MLflow's validation says so in its words; or too long, and is cut by it; or a number
    of another library's, or a step of more than 64 bits, which MLflow's own path is to have.
    """
    batch = Batch(run_id)
    for metric in metrics:
        row = _row(metric, run_id)
        if row is None:
            return None
        batch.metrics.append(row)
        if metric.model_id is not None:
            of_model = metric.model_id, metric.dataset_name, metric.dataset_digest
            if not _TEXTS.issuperset(map(type, of_model)):
                return None
            key, value, timestamp, step = row[:4]
            batch.model_metrics.append((of_model[0], key, timestamp, step, value, *of_model[1:]))
    batch.metrics.sort(key=_key)
    batch.latest = _latest(batch.metrics)
    for pair in params:
        if not _good_text(pair, MAX_PARAM_VAL_LENGTH):
            return None
        batch.params[pair.key] = pair.value
    for pair in tags:
        if not _good_text(pair, MAX_TAG_VAL_LENGTH):
            return None
        if pair.key != MLFLOW_RUN_NAME:
            batch.tags[pair.key] = pair.value
        elif pair.value:  # MLflow leaves an empty name as it was
            batch.run_name = batch.tags[pair.key] = pair.value
    batch.tags = dict(sorted(batch.tags.items()))
    return batch


_key = itemgetter(0)


def _row(metric: Any, run_id: str) -> MetricRow | None:
    key, value, timestamp, step = metric.key, metric.value, metric.timestamp, metric.step
    if type(value) is not float or type(timestamp) is not int or type(step) is not int:
        value, timestamp, step = _number(value), _integer(timestamp), _integer(step)
        if value is None or timestamp is None or step is None:
            return None
    if type(key) is not str or not good_name(key) or not 0 <= timestamp < _INTEGER or not -_INTEGER <= step < _INTEGER:
        return None
    if isfinite(value):
        return key, value, timestamp, step, False, run_id
    # As MLflow writes what SQL has no word for.
    if isnan(value):
        return key, 0.0, timestamp, step, True, run_id
    return key, LARGEST if value > 0 else -LARGEST, timestamp, step, False, run_id


def _number(value: Any) -> float | None:
    if isinstance(value, float):  # a NumPy float64 is one
        return float(value)
    return float(value) if type(value) is int and -_WHOLE <= value <= _WHOLE else None


def _integer(value: Any) -> int | None:
    if type(value) is int:
        return value
    return int(value) if isinstance(value, float) and -_WHOLE <= value <= _WHOLE and value.is_integer() else None


def _latest(rows: Iterable[MetricRow]) -> list[MetricRow]:
    """The newest row of each key, in the order of `rows`; of two that are equally new, the first."""
    newest: dict[str, MetricRow] = {}
    for row in rows:
        known = newest.get(row[0])
        if known is None or (row[3], row[2], row[1]) > (known[3], known[2], known[1]):
            newest[row[0]] = row
    return list(newest.values())


def _good_text(pair: Any, limit: int) -> bool:
    key, value = pair.key, pair.value
    return type(key) is str and type(value) is str and len(value) <= limit and good_name(key)
