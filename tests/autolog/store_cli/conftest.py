"""A database of MLflow's for each test: SQLite, and PostgreSQL where its programs are installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.autolog.stage import make_tables
from tests.fakes.postgresql import INSTALLED, Server, postgresql_server

DATABASES = ["sqlite", *(["postgresql"] if INSTALLED else [])]
_TEMPLATE = "with_tables"


@dataclass(frozen=True)
class Database:
    """One with MLflow's tables."""

    uri: str
    """For a store of ours."""
    plain: str
    """Without `+autolog`."""

    @contextmanager
    def connected(self) -> Iterator[sa.Connection]:
        """A connection that is not one of the stores'."""
        engine = sa.create_engine(self.uri, poolclass=sa.NullPool)
        with engine.begin() as connection:
            yield connection

    def rows(self) -> dict[str, list[Any]]:
        """Everything in it, by table."""
        with self.connected() as connection:
            return {
                name: sorted(map(repr, connection.exec_driver_sql(f'SELECT * FROM "{name}"')))  # noqa: S608
                for name in sa.inspect(connection).get_table_names()
            }


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with postgresql_server() as server:
        server.create(_TEMPLATE)
        make_tables(server.url(_TEMPLATE, "psycopg2"), tmp_path_factory.mktemp("template"))
        yield server
        for engine in getattr(SqlAlchemyStore, "_engine_map", {}).values():  # kept for the whole process, by newer ones
            engine.dispose()


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, empty_database: Path, tmp_path: Path) -> Database:
    """One with somebody's run in it."""
    from autolog.store import Store

    if request.param == "sqlite":
        shutil.copy(empty_database, tmp_path / "mlflow.db")
        made = Database(f"sqlite+autolog:///{tmp_path}/mlflow.db", f"sqlite:///{tmp_path}/mlflow.db")
    else:
        server, name = request.getfixturevalue("postgresql"), f"test_{uuid4().hex}"
        server.create(name, _TEMPLATE)
        made = Database(server.url(name, "autolog"), server.url(name, "psycopg2"))
    _log_something(Store(made.uri, str(tmp_path)))
    return made


def _log_something(store: Any) -> None:
    from mlflow.entities import Metric, Param, RunTag

    run_id = store.create_run("0", "somebody", 1, [], "of somebody").info.run_id
    store.log_batch(run_id, [Metric("loss", 1.0, 1, 1)], [Param("rate", "1")], [RunTag("seen", "yes")])
    store.engine.dispose()


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """80 columns wide."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
