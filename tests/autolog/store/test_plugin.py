"""Which store MLflow is given for which URI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.autolog.store.sides import DRIVERS, OLDEST, Maker, Place, Side, metric, since_then

READ_REPLICA = "_MLFLOW_SERVER_READ_REPLICA_BACKEND_STORE"
ARTIFACT_ROOT = "_MLFLOW_SERVER_ARTIFACT_ROOT"


def by_client(uri: str, _folder: str) -> Any:
    """As MLflow's client finds it."""
    from mlflow.tracking._tracking_service import utils

    return utils._get_store(uri)  # noqa: SLF001 - what MlflowClient calls


def by_server(uri: str, folder: str) -> Any:
    """As MLflow's server finds it."""
    from mlflow.server.handlers import TrackingStoreRegistryWrapper

    return TrackingStoreRegistryWrapper().get_store(uri, folder)


def name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


OURS = "autolog.store.stores.Store"
MLFLOWS = "mlflow.store.tracking.sqlalchemy_store.SqlAlchemyStore"


ways = pytest.mark.parametrize("way", [by_client, by_server], ids=["client", "server"])
Way = Callable[[str, str], Any]


@ways
@pytest.mark.parametrize("driver", [each for each in DRIVERS if each != "psycopg"])  # our driver stands for psycopg2
def test_a_uri_with_our_driver_gives_our_store(new_place: Maker, driver: str, way: Way):
    fresh = new_place(driver)
    store = way(fresh.autolog, str(fresh.folder))
    assert name(type(store)) == OURS
    assert store.unfit is None
    assert store.engine.url == sa.make_url(fresh.autolog)
    side = Side(store, fresh.driver)
    run_id = side.start()
    side.log(run_id, [metric()], {"a": "1"}, {"b": "2"})
    assert len(side.rows(run_id)["metrics"]) == 1


@ways
def test_every_other_uri_gives_mlflows_own_store(fresh: Place, way: Way):
    scheme = {"sqlite": "sqlite", "psycopg2": "postgresql+psycopg2", "psycopg": "postgresql"}[fresh.driver]
    uri = f"{scheme}:{fresh.mlflow.partition(':')[2]}"
    store = way(uri, str(fresh.folder))
    assert name(type(store)) == MLFLOWS
    assert store.engine.url == sa.make_url(uri)
    assert OLDEST or store.read_engine is None
    side = Side(store, fresh.driver)
    side.log(side.start(), [metric()])


@ways
@pytest.mark.parametrize("scheme", ["mysql", "mysql+pymysql", "mssql+pyodbc"])
def test_databases_that_ours_does_not_know_are_none_of_its_business(way: Way, scheme: str, tmp_path: Any):
    with pytest.raises(ModuleNotFoundError, match=r"MySQLdb|pymysql|pyodbc"):
        way(f"{scheme}://nobody@localhost/nothing", str(tmp_path))


@ways
@since_then
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("autolog", "autolog.store.workspaces.WorkspaceStore"),
        ("mlflow", "mlflow.store.tracking.sqlalchemy_workspace_store.WorkspaceAwareSqlAlchemyStore"),
    ],
)
def test_with_workspaces_the_store_is_one_that_has_them(
    fresh_sqlite: Place, monkeypatch: pytest.MonkeyPatch, way: Way, kind: str, expected: str
):
    monkeypatch.setenv("MLFLOW_ENABLE_WORKSPACES", "true")
    monkeypatch.setenv("MLFLOW_WORKSPACE_STORE_URI", fresh_sqlite.mlflow)
    assert name(type(way(getattr(fresh_sqlite, kind), str(fresh_sqlite.folder)))) == expected


@since_then
@pytest.mark.parametrize("kind", ["autolog", "mlflow"])
def test_the_servers_read_replica_is_read_from_and_not_written_to(
    new_place: Maker, monkeypatch: pytest.MonkeyPatch, kind: str
):
    primary, replica = new_place("sqlite"), new_place("sqlite")
    monkeypatch.setenv(READ_REPLICA, replica.mlflow)
    store = by_server(getattr(primary, kind), str(primary.folder))
    assert store.engine.url == sa.make_url(getattr(primary, kind))
    assert store.read_engine.url == sa.make_url(replica.mlflow)
    if kind == "autolog":
        side = primary.side("mlflow")
        Side(store, "sqlite").log(run_id := side.start(), (), {"a": "1"})
        assert side.rows(run_id)["params"] == [("a", "1")]


@since_then
def test_a_client_has_no_read_replica(new_place: Maker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(READ_REPLICA, new_place("sqlite").mlflow)
    assert by_client(new_place("sqlite").autolog, "").read_engine is None


@since_then
def test_the_variables_by_which_the_server_tells_are_mlflows():
    from mlflow.server import constants
    from mlflow.tracking._tracking_service import utils

    assert constants.READ_REPLICA_BACKEND_STORE_URI_ENV_VAR == READ_REPLICA
    assert utils._SERVER_ARTIFACT_ROOT_ENV_VAR == ARTIFACT_ROOT  # noqa: SLF001


@since_then
@pytest.mark.parametrize("kind", ["autolog", "mlflow"])
def test_artifacts_go_where_the_server_says(new_place: Maker, monkeypatch: pytest.MonkeyPatch, kind: str):
    place = new_place("sqlite")
    assert by_server(getattr(place, kind), "s3://bucket/there").artifact_root_uri == "s3://bucket/there"
    monkeypatch.setenv(ARTIFACT_ROOT, "s3://bucket/root")
    assert by_client(getattr(new_place("sqlite"), kind), "").artifact_root_uri == "s3://bucket/root"


def test_a_client_logs_by_it(fresh_sqlite: Place):
    from mlflow import MlflowClient

    client = MlflowClient(fresh_sqlite.autolog)
    run = client.create_run("0")
    client.log_batch(run.info.run_id, [metric(step=3)])
    client.log_param(run.info.run_id, "rate", 0.1)
    client.set_tag(run.info.run_id, "who", "me")
    client.set_terminated(run.info.run_id)
    found = client.get_run(run.info.run_id)
    assert (found.data.metrics, found.data.params) == ({"loss": 1.0}, {"rate": "0.1"})
    assert found.data.tags["who"] == "me"
    assert [point.step for point in client.get_metric_history(run.info.run_id, "loss")] == [3]


def test_a_store_takes_mlflows_words_and_a_uri_without_our_driver(fresh: Place):
    from autolog.store import Store

    root = (fresh.folder / "artifacts").as_uri()
    store = Store(db_uri=fresh.mlflow, default_artifact_root=root, **({} if OLDEST else {"read_db_uri": None}))
    assert store.unfit is None
    side = Side(store, fresh.driver)
    run_id = side.start()
    with_statements: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *args: with_statements.append(args[2]))
    side.log(run_id, [metric()])
    assert any("ON CONFLICT" in each for each in with_statements)
    assert len(side.rows(run_id)["metrics"]) == 1
    assert store.engine.dialect.name == ("sqlite" if fresh.driver == "sqlite" else "postgresql")
