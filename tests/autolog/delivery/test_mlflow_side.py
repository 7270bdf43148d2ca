"""MLflow has the inner parts that `mlflow_side` uses, and they do what its public functions do."""

from __future__ import annotations

import os
import threading

import mlflow
import pytest
from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES
from mlflow.tracking import fluent
from mlflow.utils import rest_utils
from mlflow.utils.thread_utils import ThreadLocalVariable

from autolog import mlflow_side
from tests.autolog.stage import Tracking


def test_mlflow_has_the_parts_that_are_used():
    assert isinstance(fluent._active_run_stack, ThreadLocalVariable)  # noqa: SLF001
    assert isinstance(fluent._last_active_run_id, ThreadLocalVariable)  # noqa: SLF001
    assert hasattr(fluent, "_active_experiment_id")
    assert hasattr(rest_utils, "MLFLOW_HTTP_REQUEST_MAX_RETRIES")


def test_a_run_that_is_activated_is_mlflows_active_run_as_after_start_run(tracking: Tracking):
    run = tracking.client.create_run("0")
    assert mlflow_side.active_run() is None
    mlflow_side.activate(run)
    active = mlflow.active_run()
    assert active
    assert active.info.run_id == run.info.run_id
    assert mlflow_side.active_run() == (run.info.run_id, run.info.run_name)
    mlflow.log_metric("loss", 0.5)
    with pytest.raises(Exception, match="already active"):
        mlflow.start_run()
    with mlflow.start_run(nested=True) as child:
        assert child.data.tags["mlflow.parentRunId"] == run.info.run_id
    mlflow_side.deactivate(run.info.run_id)
    assert mlflow.active_run() is None
    last = mlflow.last_active_run()
    assert last
    assert last.info.run_id == run.info.run_id
    assert last.data.metrics == {"loss": 0.5}
    assert last.info.status == "RUNNING", "nothing is said to the server"


def test_a_run_that_is_ended_is_ended_as_by_set_terminated(tracking: Tracking):
    ours, theirs = tracking.client.create_run("0"), tracking.client.create_run("0")
    tracking.client.set_terminated(theirs.info.run_id, "KILLED", 1_800_000_000_000)
    mlflow_side.end_run(tracking.client, ours.info.run_id, "KILLED", 1_800_000_000_000)
    ended = [tracking.client.get_run(each.info.run_id).info for each in (ours, theirs)]
    assert [(each.status, each.end_time) for each in ended] == [("KILLED", 1_800_000_000_000)] * 2
    assert ended[0].run_name == ours.info.run_name


def test_a_run_that_was_opened_on_top_of_ours_stays_active(tracking: Tracking):
    run = tracking.client.create_run("0")
    mlflow_side.activate(run)
    theirs = mlflow.start_run(nested=True)
    mlflow_side.deactivate(run.info.run_id)
    active = mlflow.active_run()
    assert active
    assert active.info.run_id == theirs.info.run_id


def test_a_run_is_active_in_its_own_thread_only(tracking: Tracking):
    mlflow_side.activate(tracking.client.create_run("0"))
    seen: list[object] = []
    thread = threading.Thread(target=lambda: seen.append(mlflow_side.active_run()))
    thread.start()
    thread.join()
    assert seen == [None]


def test_the_run_that_mlflow_run_made_for_this_process_counts_as_active(
    tracking: Tracking, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    assert mlflow_side.active_run() == ("0" * 32, "")


def test_the_experiment_is_the_one_that_start_run_would_use(tracking: Tracking, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fluent, "_active_experiment_id", None)
    for name in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    assert mlflow_side.chosen_experiment() == (None, None)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "7")
    assert mlflow_side.chosen_experiment() == ("7", None)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "by name")
    assert mlflow_side.chosen_experiment() == (None, "by name")
    monkeypatch.delenv("MLFLOW_EXPERIMENT_ID")
    with mlflow.start_run() as run:
        experiment = tracking.client.get_experiment(run.info.experiment_id)
    assert experiment.name == "by name"
    chosen = mlflow.set_experiment("chosen")
    assert mlflow_side.chosen_experiment() == (chosen.experiment_id, None)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_ID", raising=False)


def test_retries_are_off_in_the_thread_that_wants_it_so_and_there_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "5")
    seen: list[int] = []
    with mlflow_side.without_retries():
        assert rest_utils.MLFLOW_HTTP_REQUEST_MAX_RETRIES.get() == 0
        thread = threading.Thread(target=lambda: seen.append(rest_utils.MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()))
        thread.start()
        thread.join()
    assert [*seen, rest_utils.MLFLOW_HTTP_REQUEST_MAX_RETRIES.get(), MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()] == [5, 5, 5]
    assert str(rest_utils.MLFLOW_HTTP_REQUEST_MAX_RETRIES.name) in os.environ
