"""What is true of MLflow's store and of ours, on each database."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from mlflow.entities import Param, RunTag

from tests.autolog.store.sides import Batch, Side, metric, skip_the_oldest

LARGEST = 1.7976931348623157e308
MISSING = "0" * 32


def latest(side: Side, run_id: str) -> dict[str, tuple[Any, ...]]:
    return {key: tuple(rest) for key, *rest in side.rows(run_id)["latest_metrics"]}


def test_each_value_of_a_batch_is_a_row(side: Side):
    run_id = side.start()
    side.log(run_id, [metric("loss", 0.5, 7, 3), metric("acc", 0.25, 8, -4)], {"rate": "0.1"}, {"who": "me"})
    points = [("acc", 0.25, 8, -4, False), ("loss", 0.5, 7, 3, False)]
    assert side.rows(run_id) == {
        "metrics": points,
        "latest_metrics": points,
        "params": [("rate", "0.1")],
        "tags": [("mlflow.runName", "as it was"), ("who", "me")],
        "runs": [("as it was", "RUNNING", "active")],
        "logged_model_metrics": [],
    }


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in many"])
@pytest.mark.parametrize(
    ("points", "last"),
    [
        ([(1.0, 5, 1), (2.0, 4, 2), (3.0, 6, 1)], (2.0, 4, 2)),
        ([(1.0, 5, 2), (2.0, 6, 2), (3.0, 4, 2)], (2.0, 6, 2)),
        ([(1.0, 5, 2), (3.0, 5, 2), (2.0, 5, 2)], (3.0, 5, 2)),
        ([(-1.0, 5, 2), (-2.0, 5, 2)], (-1.0, 5, 2)),
        ([(9.0, 9, -2), (1.0, 1, -1)], (1.0, 1, -1)),
        ([(LARGEST, 1, 0), (1.0, 1, 0)], (LARGEST, 1, 0)),
    ],
    ids=["step", "timestamp", "value", "lower value", "negative steps", "largest value"],
)
def test_the_latest_point_is_the_one_of_the_highest_step_then_timestamp_then_value(
    side: Side, points: list[tuple[float, int, int]], last: tuple[float, int, int], together: bool
):
    run_id = side.start()
    metrics = [metric("loss", *point) for point in points]
    for batch in [metrics] if together else [[each] for each in metrics]:
        side.log(run_id, batch)
    assert latest(side, run_id) == {"loss": (*last, False)}
    assert len(side.rows(run_id)["metrics"]) == len(points)


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in many"])
@pytest.mark.parametrize("values", [(math.nan, 0.0), (0.0, math.nan)], ids=["nan first", "zero first"])
def test_of_nan_and_zero_at_one_moment_both_are_kept_and_the_first_stays_the_latest(
    side: Side, values: tuple[float, float], together: bool
):
    run_id = side.start()
    metrics = [metric("loss", value) for value in values]
    for batch in [metrics] if together else [[each] for each in metrics]:
        side.log(run_id, batch)
    assert side.rows(run_id)["metrics"] == [("loss", 0.0, 1, 0, False), ("loss", 0.0, 1, 0, True)]
    assert latest(side, run_id) == {"loss": (0.0, 1, 0, math.isnan(values[0]))}


def test_nan_and_infinities_are_kept_as_numbers_that_sql_has(side: Side):
    run_id = side.start()
    side.log(run_id, [metric("a", math.nan), metric("b", math.inf), metric("c", -math.inf)])
    kept = [("a", 0.0, 1, 0, True), ("b", LARGEST, 1, 0, False), ("c", -LARGEST, 1, 0, False)]
    assert side.rows(run_id)["metrics"] == side.rows(run_id)["latest_metrics"] == kept


@pytest.mark.parametrize("values", [(math.nan, 1.0), (-1.0, math.nan)], ids=["nan first", "number first"])
@pytest.mark.parametrize("step", [0, 1], ids=["by value", "by step"])
def test_whether_the_latest_point_is_nan_goes_with_its_value(side: Side, values: tuple[float, float], step: int):
    run_id = side.start()
    side.log(run_id, [metric("loss", values[0])])
    side.log(run_id, [metric("loss", values[1], step=step)])
    last = math.isnan(values[1])
    assert latest(side, run_id) == {"loss": (0.0 if last else values[1], 1, step, last)}


@pytest.mark.parametrize("value", [0.1, 1 / 3, 5e-324, 1e22, 2.0**53 + 2, 123456789.123456789])
def test_a_value_comes_back_to_the_last_bit(side: Side, value: float):
    run_id = side.start()
    side.log(run_id, [metric("loss", value)])
    assert side.rows(run_id)["metrics"] == [("loss", value, 1, 0, False)]


def test_integers_of_64_bits_are_kept(side: Side):
    run_id = side.start()
    side.log(run_id, [metric("a", 1.0, 2**63 - 1, 2**63 - 1), metric("b", 3, 0, -(2**63))])
    assert side.rows(run_id)["metrics"] == [("a", 1.0, 2**63 - 1, 2**63 - 1, False), ("b", 3.0, 0, -(2**63), False)]


def test_a_point_that_is_there_is_not_written_twice(side: Side):
    skip_the_oldest(side)
    run_id = side.start()
    nan = [metric("nan", float("nan")), metric("nan", float("nan"))]
    side.log(run_id, [metric(), metric(), metric(value=2.0), *nan])
    side.log(run_id, [metric(), metric(step=1), metric(value=2.0), *nan])
    assert side.rows(run_id)["metrics"] == [
        ("loss", 1.0, 1, 0, False),
        ("loss", 1.0, 1, 1, False),
        ("loss", 2.0, 1, 0, False),
        ("nan", 0.0, 1, 0, True),
    ]
    assert latest(side, run_id)["loss"] == (1.0, 1, 1, False)


def test_a_param_that_is_logged_again_with_its_value_is_no_change(side: Side):
    run_id = side.start()
    side.log(run_id, (), {"a": "1", "b": ""})
    side.log(run_id, [metric()], {"b": "", "c": "3", "a": "1"})
    side.store.log_param(run_id, Param("a", "1"))
    assert side.rows(run_id)["params"] == [("a", "1"), ("b", ""), ("c", "3")]
    assert len(side.rows(run_id)["metrics"]) == 1


def test_a_param_keeps_its_value_and_with_it_the_whole_batch_is_refused(side: Side):
    run_id = side.start()
    side.log(run_id, (), {"z": "1", "a": "it's", "b": "2"})
    before = side.rows(run_id)
    batch = [metric()], [Param("z", "2"), Param("new", "n"), Param("b", "2"), Param("a", '"')], [RunTag("t", "1")]
    assert side.refusal(run_id, "log_batch", *batch) == (
        "INVALID_PARAMETER_VALUE",
        (
            "Changing param values is not allowed. Params were already logged='[{'key': 'z', 'old_value': '1', "
            "'new_value': '2'}, {'key': 'a', 'old_value': \"it's\", 'new_value': '\"'}]' for run ID='RUN'."
        ),
    )
    assert side.refusal(run_id, "log_param", Param("a", "other")) == (
        "INVALID_PARAMETER_VALUE",
        (
            "Changing param values is not allowed. Param with key='a' was already logged with value='it's' "
            "for run ID='RUN'. Attempted logging new value 'other'."
        ),
    )
    assert side.rows(run_id) == before


def test_a_param_that_comes_twice_in_a_batch_is_refused(side: Side):
    run_id = side.start()
    before = side.rows(run_id)
    refused = side.refusal(run_id, "log_batch", [metric()], [Param("a", "1"), Param("b", "1"), Param("a", "1")], [])
    assert refused == (
        "INVALID_PARAMETER_VALUE",
        (
            "Duplicate parameter keys have been submitted: ['a']. Please ensure the request contains only one param "
            "value per param key."
        ),
    )
    assert side.rows(run_id) == before


def test_the_last_value_of_a_tag_is_kept(side: Side):
    run_id = side.start()
    side.log(run_id, (), (), [RunTag("b", "1"), RunTag("a", "1"), RunTag("b", "2")])
    side.log(run_id, (), (), [RunTag("a", "3"), RunTag("a", "2")])
    assert side.rows(run_id)["tags"] == [("a", "2"), ("b", "2"), ("mlflow.runName", "as it was")]
    side.store.set_tag(run_id, RunTag("a", ""))
    assert side.rows(run_id)["tags"][0] == ("a", "")


def test_the_tag_of_the_run_name_names_the_run(side: Side):
    run_id = side.start()
    side.log(run_id, (), (), [RunTag("mlflow.runName", each) for each in ("first", "größer", "")])
    assert side.rows(run_id)["runs"] == [("größer", "RUNNING", "active")]
    assert side.rows(run_id)["tags"] == [("mlflow.runName", "größer")]
    side.store.set_tag(run_id, RunTag("mlflow.runName", "n" * 250))
    side.store.set_tag(run_id, RunTag("mlflow.runName", ""))
    assert side.rows(run_id)["runs"] == [("n" * 250, "RUNNING", "active")]
    assert side.store.get_run(run_id).info.run_name == "n" * 250


def test_a_metric_of_a_model_is_the_runs_and_the_models(side: Side):
    skip_the_oldest(side)
    run_id, one, two = side.start(), side.model(0), side.model(1)
    data = {"dataset_name": "set", "dataset_digest": "abc"}
    batch = [metric("a", model_id=one), metric("a", model_id=two), metric("b", math.inf, 2, 3, model_id=one, **data)]
    side.log(run_id, [*batch, metric("c", 4.0, **data)])
    side.log(run_id, [*batch, metric("d", math.nan, model_id=two)])
    side.store.log_metric(run_id, batch[2])
    rows = side.rows(run_id)
    assert rows["logged_model_metrics"] == sorted(
        [
            (one, "a", 1, 0, 1.0, None, None, None, 0),
            (two, "a", 1, 0, 1.0, None, None, None, 0),
            (one, "b", 2, 3, LARGEST, "set", "abc", None, 0),
            (two, "d", 1, 0, 0.0, None, None, None, 0),
        ],
        key=repr,
    )
    assert [row[0] for row in rows["metrics"]] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("other", [{"value": 2.0}, {"dataset_name": "set", "dataset_digest": "abc"}])
def test_a_metric_of_a_model_keeps_its_value_and_data_set(side: Side, other: dict[str, Any]):
    run_id, model = side.start(), side.model()
    side.log(run_id, [metric("a", model_id=model)])
    refused = side.refusal(run_id, "log_batch", [metric("a", model_id=model, **other)], [], [])
    assert refused
    assert refused[0] == "BAD_REQUEST"
    assert side.rows(run_id)["logged_model_metrics"] == [(model, "a", 1, 0, 1.0, None, None, None, 0)]


def test_a_model_that_is_not_there_is_refused(side: Side):
    run_id = side.start()
    for method, arguments in (
        ("log_batch", ([metric(model_id="m-0")], [], [])),
        ("log_metric", (metric(model_id="m-0"),)),
    ):
        refused = side.refusal(run_id, method, *arguments)
        assert refused
        assert refused[0] == "BAD_REQUEST"
    assert side.rows(run_id)["logged_model_metrics"] == []


CALLS: dict[str, tuple[Any, ...]] = {
    "log_batch": ([metric()], [Param("a", "1")], [RunTag("a", "1")]),
    "log_metric": (metric(),),
    "log_param": (Param("a", "1"),),
    "set_tag": (RunTag("a", "1"),),
}


@pytest.mark.parametrize("method", CALLS)
def test_a_run_that_is_not_there_is_not_found(side: Side, method: str):
    missing = ("RESOURCE_DOES_NOT_EXIST", "Run with id=RUN not found")
    assert side.refusal(MISSING, method, *CALLS[method]) == missing
    assert side.refusal(MISSING, "log_batch", [], [], []) == missing
    assert not any(side.rows(MISSING).values())


@pytest.mark.parametrize("method", CALLS)
def test_a_deleted_run_takes_nothing(side: Side, method: str):
    run_id = side.start()
    side.log(run_id, (), {"a": "other"})
    side.store.delete_run(run_id)
    before = side.rows(run_id)
    refused = ("INVALID_PARAMETER_VALUE", "The run RUN must be in the 'active' state. Current state is deleted.")
    assert side.refusal(run_id, method, *CALLS[method]) == refused
    assert side.refusal(run_id, "log_batch", [], [], []) == refused
    assert side.rows(run_id) == before
    side.store.restore_run(run_id)
    side.log(run_id, [metric()])
    assert len(side.rows(run_id)["metrics"]) == 1


def test_an_id_that_cannot_be_a_runs_is_refused(side: Side):
    refused = side.refusal("a b", "log_batch", [], [], [])
    assert refused
    assert refused[0] == "INVALID_PARAMETER_VALUE"


def test_an_ended_run_still_takes_values(side: Side):
    from mlflow.entities import RunStatus

    run_id = side.start()
    side.store.update_run_info(run_id, RunStatus.FINISHED, 5, None)
    side.log(run_id, [metric()], {"a": "1"}, {"b": "2", "mlflow.runName": "later"})
    assert side.rows(run_id)["runs"] == [("later", "FINISHED", "active")]
    assert len(side.rows(run_id)["metrics"]) == 1


def test_a_batch_of_nothing_is_well(side: Side):
    run_id = side.start()
    before = side.rows(run_id)
    side.log(run_id)
    assert side.rows(run_id) == before


def many(number: int, kind: Callable[[str, str], Any]) -> list[Any]:
    return [kind(f"k{each}", "v") for each in range(number)]


def test_a_batch_as_large_as_can_be_is_written(side: Side):
    run_id = side.start()
    side.log(run_id, [metric(f"k{step % 7}", float(step), step, step) for step in range(1000)])
    side.log(run_id, [metric("k", float(step), 0, step) for step in range(800)], many(100, Param), many(100, RunTag))
    rows = side.rows(run_id)
    assert [len(rows[table]) for table in ("metrics", "latest_metrics", "params", "tags")] == [1800, 8, 100, 101]
    assert latest(side, run_id)["k6"] == (999.0 - 6, 999 - 6, 999 - 6, False)


@pytest.mark.parametrize(
    ("batch", "limit"),
    [
        (([metric(step=step) for step in range(1001)], [], []), "at most 1000 metrics. Got 1001 metrics"),
        (([], many(101, Param), []), "at most 100 params. Got 101 params"),
        (([], [], many(101, RunTag)), "at most 100 tags. Got 101 tags"),
        (
            ([metric(step=step) for step in range(901)], many(50, Param), many(50, RunTag)),
            "at most 1000 metrics, params, and tags. Got 1001",
        ),
    ],
    ids=["metrics", "params", "tags", "all"],
)
def test_a_batch_that_is_too_large_is_refused(side: Side, batch: tuple[Any, ...], limit: str):
    run_id = side.start()
    before = side.rows(run_id)
    refused = side.refusal(run_id, "log_batch", *batch)
    assert refused
    assert refused[0] == "INVALID_PARAMETER_VALUE"
    assert limit in refused[1]
    assert side.rows(run_id) == before


def test_values_that_are_too_long_are_cut(side: Side):
    run_id = side.start()
    side.log(run_id, (), {"a": "ü" * 6001}, {"b": "ü" * 8001})
    side.store.log_param(run_id, Param("c", "ü" * 6001))
    side.store.set_tag(run_id, RunTag("d", "ü" * 8001))
    rows = side.rows(run_id)
    assert rows["params"] == [("a", "ü" * 6000), ("c", "ü" * 6000)]
    assert rows["tags"][:2] == [("b", "ü" * 8000), ("d", "ü" * 8000)]


def test_values_that_are_too_long_are_refused_where_they_are_not_to_be_cut(side: Side, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_TRUNCATE_LONG_VALUES", "false")
    run_id = side.start()
    before = side.rows(run_id)
    batches: list[Batch] = [([], [Param("a", "x" * 6001)], []), ([metric()], [], [RunTag("a", "x" * 8001)])]
    for batch in batches:
        refused = side.refusal(run_id, "log_batch", *batch)
        assert refused
        assert refused[0] == "INVALID_PARAMETER_VALUE"
        assert "exceeds the maximum length" in refused[1]
    assert side.rows(run_id) == before


def test_values_may_look_like_sql(side: Side):
    values = {
        f"k{at}": value for at, value in enumerate(["NULL", '{"a",b}', "\\", "'", "%s %(run)s", "$1", ":x", "\n", ""])
    }
    run_id = side.start()
    side.log(run_id, (), values, values)
    assert dict(side.rows(run_id)["params"]) == values
    assert dict(side.rows(run_id)["tags"]) == {**values, "mlflow.runName": "as it was"}


def test_a_batch_can_be_logged_in_the_background(side: Side):
    run_id = side.start()
    side.store.log_batch_async(run_id, [metric(step=3)], [Param("a", "1")], [RunTag("t", "1")]).wait()
    rows = side.rows(run_id)
    assert rows["metrics"] == rows["latest_metrics"] == [("loss", 1.0, 1, 3, False)]
    assert rows["params"] == [("a", "1")]
    assert ("t", "1") in rows["tags"]


def test_a_refusal_in_the_background_comes_with_the_wait(side: Side):
    run_id = side.start()
    side.log(run_id, (), {"a": "1"})
    with pytest.raises(Exception, match="Changing param values is not allowed"):
        side.store.log_batch_async(run_id, [], [Param("a", "2")], []).wait()
