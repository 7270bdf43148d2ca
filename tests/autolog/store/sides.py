"""MLflow's store and ours beside each other on one database, and what a run has in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.fakes import postgresql
from tests.fakes.postgresql import Server

DRIVERS = ["sqlite", *(sorted(postgresql.DRIVERS, reverse=True) if postgresql.INSTALLED else [])]
"""By which a database is reached. The oldest MLflow that is tested cannot do with psycopg, and so it is not there."""
POSTGRESQL = DRIVERS[1:]

OLDEST = version("mlflow").startswith("3.1.")
"""Whether MLflow is the oldest that is tested. Its own store does not take a NaN twice, nor a metric of two models."""
since_then = pytest.mark.skipif(OLDEST, reason="the oldest MLflow has not got this")


def skip_the_oldest(side: Side) -> None:
    """End the test, if this is MLflow's own store, and as old as that."""
    if OLDEST and type(side.store).__module__.startswith("mlflow."):
        pytest.skip("the oldest MLflow cannot do this")


Rows = dict[str, list[tuple[Any, ...]]]
Outcome = tuple[str, str] | None
"""Error code and first line of the message, or None where all went well."""

_OF_MODELS = """
    model_id, metric_name, metric_timestamp_ms, metric_step, metric_value, dataset_name, dataset_digest, dataset_uuid,
    experiment_id
"""
_OF_RUNS = "name, source_type, user_id, status, start_time, lifecycle_stage, artifact_uri, experiment_id"
_COLUMNS = {
    "metrics": ("run_uuid", "key, value, timestamp, step, is_nan"),
    "latest_metrics": ("run_uuid", "key, value, timestamp, step, is_nan"),
    "params": ("run_uuid", "key, value"),
    "tags": ("run_uuid", "key, value"),
    "runs": ("run_uuid", "name, status, lifecycle_stage"),
    "logged_model_metrics": ("run_id", _OF_MODELS),
}


@dataclass(frozen=True)
class Place:
    """A database with MLflow's tables."""

    driver: str
    mlflow: str
    """Its URI for MLflow's store."""
    autolog: str
    """The same for ours."""
    folder: Path

    def close(self) -> None:
        """End all connections to it, and have no store use them again."""
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        # Kept for the whole process, by one name or, before, by another.
        name = "_engine_map" if hasattr(SqlAlchemyStore, "_engine_map") else "_db_uri_sql_alchemy_engine_map"
        engines: dict[str, sa.Engine] = getattr(SqlAlchemyStore, name)
        for uri in [each for each in engines if sa.make_url(each).database == sa.make_url(self.mlflow).database]:
            engines.pop(uri).dispose()

    def side(self, kind: str, options: str = "") -> Side:
        """One of the stores: "mlflow" or "autolog"."""
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        from autolog.store import Store

        uri = getattr(self, kind)
        if options:
            uri += ("&" if "?" in uri else "?") + options
        kinds: dict[str, Any] = {"mlflow": SqlAlchemyStore, "autolog": Store}
        return Side(kinds[kind](uri, (self.folder / "artifacts").as_uri()), self.driver)


@dataclass(frozen=True)
class Side:
    """A store, and its view of the database."""

    store: Any
    driver: str
    models: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    """One that MLflow has made; those of the tests are its copies."""

    @property
    def engine(self) -> sa.Engine:
        engine: sa.Engine = self.store.engine
        return engine

    def start(self) -> str:
        """A new run's id."""
        if not self.runs:
            self.runs.append(self.store.create_run("0", "somebody", 1, [], "as it was").info.run_id)
        # For a second one MLflow would take ten times as long as this.
        run_id = uuid4().hex
        with self.engine.begin() as connection:
            for table, columns in (("runs", _OF_RUNS), ("tags", "key, value")):
                connection.exec_driver_sql(
                    f"INSERT INTO {table} (run_uuid, {columns}) SELECT '{run_id}', {columns} FROM {table} "  # noqa: S608
                    f"WHERE run_uuid = '{self.runs[0]}'"
                )
        return run_id

    def model(self, number: int = 0) -> str:
        """The id of a model that is there."""
        while len(self.models) <= number:
            self.models.append(self.store.create_logged_model("0", f"model-{uuid4().hex}").model_id)
        return self.models[number]

    def rows(self, run_id: str) -> Rows:
        """All that the run has, by table."""
        with self.engine.connect() as connection:
            found = {
                table: connection.exec_driver_sql(f"SELECT {columns} FROM {table} WHERE {by} = '{run_id}'")  # noqa: S608
                for table, (by, columns) in _COLUMNS.items()
            }
            rows = {table: sorted(map(tuple, result), key=repr) for table, result in found.items()}
        for table in ("metrics", "latest_metrics"):  # where SQLite has numbers for what is true or false
            rows[table] = [(*others, bool(not_a_number)) for *others, not_a_number in rows[table]]
        return rows

    @contextmanager
    def trigger(self, event: str, table: str, act: str) -> Iterator[None]:
        """Have the database do this before each row of the table that is inserted or updated."""
        on = f"BEFORE {event} ON {table} FOR EACH ROW"
        if self.driver == "sqlite":
            made = [f"CREATE TRIGGER acting {on} BEGIN {act} END"]
            gone = ["DROP TRIGGER acting"]
        else:
            made = [
                f"CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {act} RETURN NEW; END $$",
                f"CREATE TRIGGER acting {on} EXECUTE FUNCTION act()",
            ]
            gone = ["DROP FUNCTION act CASCADE"]
        with self.engine.begin() as connection:
            for statement in made:
                connection.exec_driver_sql(statement)
        try:
            yield
        finally:
            with self.engine.begin() as connection:
                for statement in gone:
                    connection.exec_driver_sql(statement)

    def refusal(self, run_id: str, method: str, *arguments: Any) -> Outcome:
        """How a call for this run ends."""
        from mlflow.exceptions import MlflowException

        try:
            getattr(self.store, method)(run_id, *arguments)
        except MlflowException as error:
            return error.error_code, error.message.partition("\n")[0].replace(run_id, "RUN")
        except Exception as error:  # noqa: BLE001 - what MLflow lets through, such as a TypeError, is compared, too
            return type(error).__name__, str(error)
        return None

    def log(self, run_id: str, metrics: Sequence[Any] = (), params: Any = (), tags: Any = ()) -> None:
        """A batch, with params and tags as a dict or as entities."""
        self.store.log_batch(run_id, list(metrics), params_of(params), tags_of(tags))


Batch = tuple[list[Any], list[Any], list[Any]]
"""Metrics, params and tags."""


def metric(key: str = "loss", value: Any = 1.0, timestamp: Any = 1, step: Any = 0, **more: Any) -> Any:
    from mlflow.entities import Metric

    return Metric(key, value, timestamp, step, **more)


def params_of(pairs: Any) -> list[Any]:
    from mlflow.entities import Param

    return [Param(*pair) for pair in pairs.items()] if isinstance(pairs, dict) else list(pairs)


def tags_of(pairs: Any) -> list[Any]:
    from mlflow.entities import RunTag

    return [RunTag(*pair) for pair in pairs.items()] if isinstance(pairs, dict) else list(pairs)


Maker = Callable[[str], Place]
"""Makes an empty database, to be reached by a driver."""


def make_place(driver: str, folder: Path, empty: Path, server: Callable[[], Server]) -> Place:
    """A copy of an empty database, which takes no time to make."""
    name = f"store_{uuid4().hex}"
    if driver == "sqlite":
        shutil.copy(empty, path := folder / f"{name}.db")
        return Place(driver, f"sqlite:///{path}", f"sqlite+autolog:///{path}", folder)
    server().create(name, template=TEMPLATE)
    uri = server().url(name, driver)
    # Our own driver's name stands for psycopg2, where that is installed.
    return Place(driver, uri, server().url(name, "autolog") if driver == "psycopg2" else uri, folder)


TEMPLATE = "mlflow"
"""The database of the tests' PostgreSQL that has MLflow's tables and nothing in them."""
