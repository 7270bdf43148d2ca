"""Where ours is not as MLflow's store: all of a batch or nothing, and no row is lost that could be kept."""

from __future__ import annotations

import math
from typing import Any

import pytest
from mlflow.entities import Param, RunTag

from tests.autolog.store.sides import Batch, Side, metric, since_then

WITH = [Param("p", "1")], [RunTag("t", "1")]


def written(side: Side, metrics: list[Any], params: list[Any], tags: list[Any]) -> tuple[str | None, set[str]]:
    """The error code of a batch, and the tables in which it has left rows."""
    run_id = side.start()
    before = side.rows(run_id)
    refused = side.refusal(run_id, "log_batch", metrics, params, tags)
    after = side.rows(run_id)
    return refused and refused[0], {table for table, rows in after.items() if rows != before[table]}


def test_a_model_that_is_not_there_lets_nothing_be_written(mlflows: Side, ours: Side):
    batch = [metric("a"), metric("b", model_id="m-0")], *WITH
    assert written(mlflows, *batch) == ("BAD_REQUEST", {"params", "metrics", "latest_metrics"})
    assert written(ours, *batch) == ("BAD_REQUEST", set())


def test_another_value_of_a_models_metric_lets_nothing_be_written(mlflows: Side, ours: Side):
    model = ours.model()
    batch = [metric("b", model_id=model), metric("b", 2.0, model_id=model)], *WITH
    assert written(mlflows, *batch) == ("BAD_REQUEST", {"params", "metrics", "latest_metrics"})
    assert written(ours, *batch) == ("BAD_REQUEST", set())


def test_which_metric_of_a_model_has_another_value_is_told(ours: Side):
    run_id, model = ours.start(), ours.model()
    ours.log(run_id, [metric("b", 1.0, 7, 3, model_id=model)])
    told = f"The metric 'b' of the model '{model}' was already logged with another value or dataset at step 3 and "
    expected = ("BAD_REQUEST", f"{told}timestamp 7 for run ID='RUN'.")
    assert ours.refusal(run_id, "log_metric", metric("b", 2.0, 7, 3, model_id=model)) == expected


@pytest.mark.parametrize("tag", [RunTag("t", "\ud800"), RunTag("mlflow.runName", "\ud800")], ids=["tag", "name"])
def test_a_tag_that_no_database_takes_lets_nothing_be_written(mlflows: Side, ours: Side, tag: RunTag):
    batch = [metric()], [Param("p", "1")], [RunTag("a", "1"), tag]
    assert written(mlflows, *batch) == ("INTERNAL_ERROR", {"params", "metrics", "latest_metrics"})
    assert written(ours, *batch) == ("INTERNAL_ERROR", set())


def test_a_name_that_postgresql_refuses_lets_nothing_be_written(mlflows: Side, ours: Side):
    batch = [metric()], [Param("p", "1")], [RunTag("mlflow.runName", "n" * 251)]
    if ours.driver == "sqlite":
        assert written(ours, *batch) == written(mlflows, *batch)
        return
    assert written(mlflows, *batch) == ("BAD_REQUEST", {"params", "metrics", "latest_metrics"})
    assert written(ours, *batch) == ("BAD_REQUEST", set())


@since_then
def test_the_metrics_of_a_model_that_are_stored_alike_are_kept_once(mlflows: Side, ours: Side):
    """They have no place for NaN, so that it is 0 there, and infinity is the largest number."""
    model = ours.model()
    batch: Batch = [metric("b", value, model_id=model) for value in (math.nan, float("nan"), 0.0)], [], []
    assert written(mlflows, *batch) == ("BAD_REQUEST", {"metrics", "latest_metrics"})
    assert written(ours, *batch) == (None, {"metrics", "latest_metrics", "logged_model_metrics"})


def test_more_than_a_hundred_metrics_of_a_model_may_come_again(mlflows: Side, ours: Side):
    for side, again in ((mlflows, "BAD_REQUEST"), (ours, None)):
        run_id = side.start()
        points = [metric(f"k{each}", model_id=side.model()) for each in range(101)]
        side.log(run_id, points)
        refused = side.refusal(run_id, "log_batch", points, [], [])
        assert (refused and refused[0]) == again
        assert len(side.rows(run_id)["logged_model_metrics"]) == 101


def test_numbers_of_numpy_that_are_floats_are_taken(mlflows: Side, ours: Side):
    """psycopg2 writes them as NumPy shows them, which PostgreSQL does not understand."""
    import numpy as np

    batch: Batch = [metric("b", np.float64(0.5), np.float64(5), np.float64(7))], [], []
    theirs = ("BAD_REQUEST", set()) if ours.driver == "psycopg2" else (None, {"metrics", "latest_metrics"})
    assert written(mlflows, *batch) == theirs
    run_id = ours.start()
    ours.log(run_id, *batch)
    assert ours.rows(run_id)["metrics"] == [("b", 0.5, 5, 7, False)]


def test_a_negative_zero_keeps_its_sign_where_the_database_has_one(ours: Side):
    run_id = ours.start()
    ours.log(run_id, [metric("b", -0.0)])
    (row,) = ours.rows(run_id)["metrics"]
    assert math.copysign(1, row[1]) == (1 if ours.driver == "sqlite" else -1)


def test_what_is_left_to_mlflow_is_written_in_its_way(ours: Side):
    """Of a batch with a number that databases treat each in its own way, MLflow writes the params first."""
    batch = [metric("a"), metric("b", step=2**70)], *WITH
    refused, tables = written(ours, *batch)
    assert refused == ("INTERNAL_ERROR" if ours.driver == "sqlite" else "BAD_REQUEST")
    assert tables == {"params"}
