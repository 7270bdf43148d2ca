"""What is written to the journal, one JSON object a line, and how it is cut into calls of `log_batch`."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]
"""`run` (a token) and one of: `make`, `batch`, `file`, `model`, `end`."""

# MLflow's limits on a call of log_batch: https://mlflow.org/docs/latest/rest-api.html#log-batch
ENTITIES = 1000
PARAMS = 100
TAGS = 100
KEY_LENGTH = 250
BYTES = 950_000
"""Of 1 MB, with room for the envelope."""

Point = tuple[str, float, int, int]
"""Key, value, timestamp in milliseconds, step."""
Logged = tuple[str, str, Any, int, int]
"""A point as it was logged: the run's token, and a value of which `float` makes a number."""


@dataclass
class Batch:
    """What one call of `log_batch` takes."""

    metrics: list[Point] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    size: int = field(default=-1, compare=False)
    """An upper bound of the bytes it takes in a request."""

    def __post_init__(self) -> None:
        if self.size < 0:
            pairs = (*self.params.items(), *self.tags.items())
            self.size = sum(_weight(point[0]) for point in self.metrics)
            self.size += sum(len(json.dumps(pair)) + 60 for pair in pairs)

    def record(self, run: str) -> Record:
        return {
            "run": run,
            "batch": {
                **({"metrics": self.metrics} if self.metrics else {}),
                **({"params": self.params} if self.params else {}),
                **({"tags": self.tags} if self.tags else {}),
            },
        }

    @classmethod
    def of(cls, record: Record) -> Batch:
        content = record["batch"]
        metrics = [(key, value, timestamp, step) for key, value, timestamp, step in content.get("metrics", ())]
        return cls(metrics, dict(content.get("params", {})), dict(content.get("tags", {})))

    @property
    def entities(self) -> int:
        return len(self.metrics) + len(self.params) + len(self.tags)

    def joined(self, other: Batch) -> Batch | None:
        """Both as one, or None if that is too much for one call, or would give a param two values."""
        size = self.size + other.size
        if self.entities + other.entities > ENTITIES or size > BYTES:
            return None
        if any(self.params.get(key, value) != value for key, value in other.params.items()):
            return None
        both = Batch(self.metrics + other.metrics, self.params | other.params, self.tags | other.tags, size)
        return both if len(both.params) <= PARAMS and len(both.tags) <= TAGS else None

    def halves(self) -> tuple[Batch, Batch]:
        """Two of about half the entities each, in the same order: params, tags, metrics."""
        middle, params, tags = self.entities // 2, list(self.params.items()), list(self.tags.items())
        for_tags = max(middle - len(params), 0)
        for_metrics = max(for_tags - len(tags), 0)
        return (
            Batch(self.metrics[:for_metrics], dict(params[:middle]), dict(tags[:for_tags])),
            Batch(self.metrics[for_metrics:], dict(params[middle:]), dict(tags[for_tags:])),
        )


@functools.lru_cache(maxsize=4096)
def _weight(key: str) -> int:
    """At most so many bytes of a request are a point of this name."""
    return len(json.dumps(key)) + 150


def batches(
    metrics: Iterable[Point] = (), params: Iterable[tuple[str, str]] = (), tags: Iterable[tuple[str, str]] = ()
) -> Iterator[Batch]:
    """All of it, in as few batches as the limits allow, in the given order: params, tags, metrics."""
    now = Batch()
    pieces = (
        *(Batch(params={key: value}) for key, value in params),
        *(Batch(tags={key: value}) for key, value in tags),
    )
    for piece in pieces:
        both = now.joined(piece)
        if both is None:
            yield now
        now = both or piece
    for point in metrics:
        weight = _weight(point[0])
        if now.entities >= ENTITIES or now.size + weight > BYTES:
            yield now
            now = Batch()
        now.metrics.append(point)
        now.size += weight
    if now.entities:
        yield now


def written(entries: Iterable[Logged | Record], unusable: Callable[[str, Any], None]) -> Iterator[Record]:
    """What was logged, as records in the same order; a value that is no number is told to `unusable`."""
    by_run: dict[str, list[Point]] = {}
    for entry in entries:
        if isinstance(entry, dict):
            yield from _batched(by_run)
            by_run = {}
            yield entry
            continue
        run, key, value, timestamp, step = entry
        try:
            number, step = float(value), int(step)
        except Exception:  # a framework's tensor may raise anything
            unusable(key, value)
            continue
        by_run.setdefault(run, []).append((key, number, timestamp, step))
    yield from _batched(by_run)


def _batched(by_run: dict[str, list[Point]]) -> Iterator[Record]:
    for run, points in by_run.items():
        for batch in batches(metrics=points):
            yield batch.record(run)
