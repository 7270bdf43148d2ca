"""What a metric costs as its run grows, from ten thousand points to ten million."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.rounds import Part, Row, compare
from benchmarks.store import Place, _new_run, _stores, places

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
"""Points in the run."""
KEYS = 100
BATCH = 1000
_NUMBERS = {
    "SQLite": "WITH RECURSIVE numbers (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM numbers WHERE i < {last})",
    "PostgreSQL": "WITH numbers AS (SELECT generate_series({first}, {last}) AS i)",
}
_FILL = (
    "{numbers} INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) "
    "SELECT 'metric ' || (i % {keys}), i / 8.0, 1700000000000 + i / {keys}, i / {keys}, {false}, '{run}' FROM numbers"
)


def run(rounds: int) -> Part:
    title = f"A batch of {BATCH:,} metrics, as the run that it goes to grows"
    if importlib.util.find_spec("mlflow") is None:
        return Part(title, [], ["Left out: `make setup-autolog` adds MLflow."])
    rows: list[Row] = []
    with TemporaryDirectory(prefix="autolog-bench-") as scratch, places(Path(scratch)) as found:
        for place in found:
            rows += _grow(place, rounds)
    return Part(title, rows, [f"{KEYS} names, filled by INSERT … SELECT; every batch has later steps of all of them."])


def _grow(place: Place, rounds: int) -> list[Row]:
    ours, theirs = _stores(place)
    run_id = _new_run(theirs, "0")
    rows, there = [], 0
    step = SIZES[-1]
    for size in SIZES:
        _fill(theirs, place, run_id, there, size - 1)
        there = size
        took: dict[str, list[float]] = {"ours": [], "MLflow's": []}
        for number in range(rounds + 1):
            stores = {"ours": ours, "MLflow's": theirs}
            for name in stores if number % 2 else reversed(stores):
                step += BATCH // KEYS
                spent = _log(stores[name], run_id, step)
                if number:
                    took[name].append(spent * 1000)
        rows.append(compare(f"{place.name}, {size:,} points", "ms", took["ours"], "MLflow's", took["MLflow's"]))
    return rows


def _fill(store: Any, place: Place, run_id: str, first: int, last: int) -> None:
    import sqlalchemy as sa  # noqa: PLC0415 - not always there

    false = "0" if place.name == "SQLite" else "false"
    numbers = _NUMBERS[place.name].format(first=first, last=last)
    with store.engine.begin() as connection:
        if place.name == "SQLite":
            connection.exec_driver_sql("PRAGMA cache_size = -500000")
        connection.execute(sa.text(_FILL.format(numbers=numbers, keys=KEYS, false=false, run=run_id)))
    if place.name == "PostgreSQL":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE metrics")
            connection.exec_driver_sql("CHECKPOINT")


def _log(store: Any, run_id: str, step: int) -> float:
    """Seconds."""
    from mlflow.entities import Metric  # noqa: PLC0415 - heavy, and not always there

    points = [
        Metric(f"metric {key}", step + key / 8, 1_700_000_000_000 + step, step + later)
        for later in range(BATCH // KEYS)
        for key in range(KEYS)
    ]
    start = time.perf_counter()
    store.log_batch(run_id, points, [], [])
    return time.perf_counter() - start
