"""An experiment to try things in, of which nothing is left afterwards, however that ends."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

import sqlalchemy as sa
from mlflow.entities import ExperimentTag
from mlflow.store.db.base_sql_model import Base

T = TypeVar("T")

PREFIX = "autolog store bench "
"""Of the experiments' names, behind which something random stands."""
MARK = "autolog.store.bench"
"""A tag that they have, so that nobody's experiment is taken for one because of its name."""
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class LeftBehind(Exception):
    """Rows of a scratch experiment are still there."""


IMPATIENCE = 10
"""Seconds after which a second signal to end is obeyed at once, whatever it interrupts."""


def on_scratch(store: Any, work: Callable[[str, Callable[[], None]], T]) -> tuple[T, int]:
    """Do `work`, then remove every row of it, also after Ctrl-C or an error.

    Args:
        store: MLflow's or ours.
        work: is given the id of a new experiment, and what it is to call where it can be stopped: Ctrl-C must not
            interrupt a store, whose connection might then keep the database locked.

    Returns:
        What `work` returned, and how many rows were removed.

    Raises:
        LeftBehind: they could not be removed.
    """
    name = f"{PREFIX}{uuid.uuid4().hex}"
    with _stopping() as stop:
        try:
            result = work(store.create_experiment(name, tags=[ExperimentTag(MARK, "true")]), stop.here)
            stop.here()
        finally:
            stop.no_more = True
            removed = _remove_or_tell(store.engine, name)
    return result, removed


def remove_left_over(engine: sa.Engine) -> int:
    """Remove the scratch experiments that programs which were killed have left; the number of rows."""
    return sum(_remove_or_tell(engine, name) for name in left_over(engine))


def left_over(engine: sa.Engine) -> list[str]:
    """The names of scratch experiments: of programs that were killed, or that are at work."""
    experiments, tags = Base.metadata.tables["experiments"], Base.metadata.tables["experiment_tags"]
    mine = sa.select(tags.c.experiment_id).where(tags.c.key == MARK)
    query = sa.select(experiments.c.name).where(
        experiments.c.name.startswith(PREFIX, autoescape=True), experiments.c.experiment_id.in_(mine)
    )
    with engine.connect() as connection:
        return list(connection.scalars(query))


def _remove_or_tell(engine: sa.Engine, name: str) -> int:
    try:
        removed = _remove(engine, name)
        left = sum(count for _, count in _rows(engine, name))
    except Exception as error:
        raise LeftBehind(f"The experiment {name!r} could not be removed. Later: --clean. {error}") from error
    if left:
        raise LeftBehind(f"Of the experiment {name!r}, {left} rows are still there")
    return removed


def _remove(engine: sa.Engine, name: str) -> int:
    """In one transaction, from the rows that refer to others to those that are referred to."""
    removed = 0
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA busy_timeout = 60000")
        for table, mine in _tables(connection, name):
            removed += connection.execute(sa.delete(table).where(mine)).rowcount
    return removed


def _rows(engine: sa.Engine, name: str) -> list[tuple[str, int]]:
    with engine.connect() as connection:
        return [
            (table.name, connection.scalar(sa.select(sa.func.count()).select_from(table).where(mine)) or 0)
            for table, mine in _tables(connection, name)
        ]


def _tables(connection: sa.Connection, name: str) -> list[tuple[sa.Table, Any]]:
    """Every table with something of the experiment in it, and which of its rows that is."""
    tables = Base.metadata.tables
    experiments, runs = tables["experiments"], tables["runs"]
    ids = list(connection.scalars(sa.select(experiments.c.experiment_id).where(experiments.c.name == name)))
    of_experiment = sa.select(runs.c.run_uuid).where(runs.c.experiment_id.in_(ids))
    run_ids = list(connection.scalars(of_experiment))
    found: list[tuple[sa.Table, Any]] = []
    for table in reversed(Base.metadata.sorted_tables):
        if "run_uuid" in table.c and table is not runs:
            found.append((table, table.c.run_uuid.in_(run_ids)))
        elif "experiment_id" in table.c:
            found.append((table, table.c.experiment_id.in_(ids)))
    return found


class _Stop:
    """A signal to end, that is waiting for the work to come to a place where it can be stopped."""

    def __init__(self) -> None:
        self.no_more = False
        """Whether signals are ignored."""
        self._number: int | None = None
        self._since = 0.0

    def signalled(self, number: int, _frame: FrameType | None) -> None:
        if self._number is None:
            self._number, self._since = number, time.monotonic()
        elif time.monotonic() - self._since > IMPATIENCE:
            self.here()

    def here(self) -> None:
        """End if there was a signal, once."""
        if self._number is None or self.no_more:
            return
        self.no_more = True
        if self._number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + self._number)


@contextmanager
def _stopping() -> Iterator[_Stop]:
    stop = _Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    # What is ignored stays so, such as SIGHUP under nohup.
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop.signalled) for number in heard}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
