"""What is delivered to a database on this machine goes by the store of ours, where that is sure to be right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mlflow
import pytest
from mlflow.tracking._tracking_service import utils

import autolog
from autolog.options import Options
from autolog.runs import open_run
from autolog.store.plugin import batched
from tests.autolog.stage import Tracking


def test_values_are_written_by_our_store_and_read_by_mlflows(tracking: Tracking, monkeypatch: pytest.MonkeyPatch):
    from autolog.store.stores import Store

    written: list[int] = []
    before = Store.log_batch

    def log_batch(store: Store, *, metrics: Sequence[Any], **more: Any) -> None:
        written.append(len(metrics))
        before(store, metrics=metrics, **more)

    monkeypatch.setattr(Store, "log_batch", log_batch)
    run = open_run(Options(), default_name="test")
    assert run
    for step in range(10):
        run.metric("loss", step / 2, step)
    assert autolog.flush(30)
    run.end("FINISHED")
    run.settle()
    assert sum(written) == 10
    assert type(utils._get_store(mlflow.get_tracking_uri())) is not Store  # noqa: SLF001 - what MLflow's client calls
    assert tracking.run().metrics["loss"] == [(step, step / 2) for step in range(10)]


@pytest.mark.parametrize("scheme", ["sqlite", "postgresql"])
def test_a_database_without_a_driver_in_its_uri_is_ours(scheme: str):
    assert batched(f"{scheme}://me:secret@host/data?a=b") == f"{scheme}+autolog://me:secret@host/data?a=b"


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:5000",
        "databricks",
        "file:///srv/mlruns",
        "/srv/mlruns",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite+pysqlite:///mlflow.db",
        "sqlite+autolog:///mlflow.db?wal=true",
        "postgresql+psycopg://host/data",
        "mysql://host/data",
    ],
)
def test_whatever_else_a_tracking_uri_is_stays_as_it_is(uri: str):
    assert batched(uri) == uri


def test_an_mlflow_that_the_store_does_not_know_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mlflow, "__version__", "99.0")
    assert batched("sqlite:///mlflow.db") == "sqlite:///mlflow.db"


def test_a_store_that_another_plugin_has_put_there_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(utils._tracking_store_registry._registry, "sqlite", lambda **_: None)  # noqa: SLF001
    assert batched("sqlite:///mlflow.db") == "sqlite:///mlflow.db"
