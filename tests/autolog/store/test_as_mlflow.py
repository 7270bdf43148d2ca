"""The same calls to MLflow's store and to ours give the same rows and the same refusals."""

from __future__ import annotations

import math
from copy import copy
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.entities import Param, RunTag

from tests.autolog.store.sides import OLDEST, Side, metric, params_of, since_then, tags_of

Call = tuple[Any, ...]
"""A method's name and its arguments after the run's id."""


class Text(str):
    __slots__ = ()


def batch(metrics: Any = (), params: Any = (), tags: Any = ()) -> Call:
    return "log_batch", list(metrics), params_of(params), tags_of(tags)


def compare(mlflows: Side, ours: Side, *calls: Call) -> None:
    """Make the calls for a run of each. Where one is refused, ours may also have written nothing of it."""
    theirs_id, ours_id = mlflows.start(), ours.start()
    rows = ours.rows(ours_id)
    for method, *arguments in calls:
        before = rows
        # What can be gone through once only is for each of the two.
        mine = [copy(each) for each in arguments]
        theirs = mlflows.refusal(theirs_id, method, *arguments)
        refused = ours.refusal(ours_id, method, *mine)
        rows, expected = ours.rows(ours_id), mlflows.rows(theirs_id)
        if theirs is None or refused is None:
            assert refused == theirs
            assert rows == expected
            continue
        assert refused[0] == theirs[0]
        # What a database or its driver says, it says of another statement here.
        if not theirs[1].startswith("(") and "codec" not in theirs[1]:
            assert refused[1] == theirs[1]
        if rows != before:
            assert rows == expected
        if rows != expected:
            return  # MLflow has written a part, so the runs are no longer alike


NUMBERS = [
    *(0, 1, True, 1.0, 1.5, 2.5, -1, -1.0, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**70, 10**400, 1e300),
    pytest.param(math.nan, marks=since_then),
    *(math.inf, -0.0, Decimal("1.5"), Fraction(1, 2), 1j, "1", None, np.float32(0.5), np.int64(3)),
]
KEYS = [
    *("", "a" * 250, "a" * 251, "a\n", "\n", "a/b", "a//b", "../a", "/a", ".", "a b", "a:b", "日本", "😀", "a\0b"),
    *(None, 5, Text("s"), "\ud800", 'a"b', "'", "a\\b", "{a,b}"),
]
TEXTS = ["", "x" * 6001, "x" * 8001, "😀" * 6000, "a\0b", None, 5, 1.5, True, b"b", ["x"], Text("s"), "\ud800"]


def short(value: Any) -> str:
    return f"{value!r:.12}"


@pytest.mark.parametrize("number", NUMBERS, ids=short)
def test_any_number_as_value_timestamp_or_step(mlflows: Side, ours: Side, number: Any):
    for odd in (metric("x", number), metric("x", 1.0, number), metric("x", 1.0, 1, number)):
        compare(mlflows, ours, batch([metric("y"), odd], {"p": "1"}, {"t": "1"}), ("log_metric", odd))


@pytest.mark.parametrize("key", KEYS, ids=short)
def test_any_name(mlflows: Side, ours: Side, key: Any):
    compare(mlflows, ours, batch([metric("y"), metric(key)]), ("log_metric", metric(key)))
    compare(mlflows, ours, batch([metric("y")], [Param(key, "1")]), ("log_param", Param(key, "1")))
    compare(mlflows, ours, batch([metric("y")], {}, [RunTag(key, "1")]), ("set_tag", RunTag(key, "1")))


@pytest.mark.parametrize("text", TEXTS, ids=short)
def test_any_value_of_a_param_or_tag(mlflows: Side, ours: Side, text: Any):
    compare(mlflows, ours, batch([metric("y")], {"p": text}))
    compare(mlflows, ours, ("log_param", Param("p", text)))
    for key in ("t", "mlflow.runName"):
        compare(mlflows, ours, batch([metric("y")], {"p": "1"}, {key: text}))
        compare(mlflows, ours, ("set_tag", RunTag(key, text)))


@pytest.mark.parametrize(
    "more",
    [
        {"model_id": ""},
        {"model_id": "m" * 37},
        {"model_id": 5},
        {"dataset_name": "d" * 501, "dataset_digest": "e"},
        {"dataset_name": "d", "dataset_digest": "e" * 37},
        {"dataset_name": "d\0", "dataset_digest": "e"},
        {"dataset_name": "", "dataset_digest": ""},
        {"dataset_name": 5, "dataset_digest": 6},
        {"dataset_name": Text("d"), "dataset_digest": "日本"},
    ],
    ids=short,
)
def test_any_model_and_data_set(mlflows: Side, ours: Side, more: dict[str, Any]):
    odd = metric("x", **{"model_id": ours.model(), **more})
    compare(mlflows, ours, batch([metric("y"), odd], {"p": "1"}), ("log_metric", odd))


def test_what_is_wrong_is_told_in_the_same_order(mlflows: Side, ours: Side):
    compare(mlflows, ours, batch([metric("")], {"": ""}, {"": ""}))
    compare(mlflows, ours, batch([metric(step=step) for step in range(1001)], {"": ""}))
    compare(mlflows, ours, batch([metric(step=step) for step in range(1001)], [Param("a", "1"), Param("a", "1")]))
    compare(mlflows, ours, ("log_batch", None, None, None))
    compare(mlflows, ours, ("log_batch", iter([metric()]), [], []))
    compare(mlflows, ours, ("log_batch", (metric(),), (Param("p", "1"),), (RunTag("t", "1"),)))
    for text in ("1", "x" * 8001):
        compare(mlflows, ours, ("log_batch", [metric()], iter([Param("p", "1")]), iter([RunTag("t", text)])))
    for run_id in ("", "a b", "a\0b"):
        for call in (batch([metric("")]), batch(), ("log_metric", metric("")), ("set_tag", RunTag("", ""))):
            assert ours.refusal(run_id, *call) == mlflows.refusal(run_id, *call)


keys = st.sampled_from(["a", "b", "b/c", "größe", "Z"])
odd = [math.inf, -math.inf, 1.7976931348623157e308, *([] if OLDEST else [math.nan])]
values = st.sampled_from([0.0, 1.0, -1.0, *odd]) | st.floats(allow_nan=not OLDEST)
moments = st.integers(0, 2) | st.integers(0, 2**63 - 1)
steps = st.integers(-1, 1) | st.integers(-(2**63), 2**63 - 1)
# Which characters a database takes is tested above; a lone half of a pair none of them does.
texts = st.sampled_from(["", "1", "2"]) | st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=9)
metrics = st.builds(metric, keys, values, moments, steps)
# NaN is 0 to the metrics of a model, for which MLflow refuses both; see test_stricter.py.
model_metrics = st.builds(
    lambda key, value, step, data: (key, value, 1, step, {"dataset_name": data, "dataset_digest": data}),
    keys,
    st.sampled_from([1.0, 1.0, 2.0]),
    st.integers(0, 5),
    st.none() | st.just("data"),
)
params = st.dictionaries(keys, texts, max_size=3).map(params_of)
tags = st.lists(st.builds(RunTag, keys | st.just("mlflow.runName"), texts), max_size=5)


@since_then
@given(
    st.lists(
        st.tuples(st.lists(metrics, max_size=8), st.lists(model_metrics, max_size=2), params, tags),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=25, deadline=None)
def test_any_batches_leave_the_same_rows(mlflows: Side, ours: Side, batches: list[tuple[Any, ...]]):
    model = ours.model()
    calls = []
    for points, of_models, pairs, labels in batches:
        more = [metric(key, *point, model_id=model, **data) for key, *point, data in of_models]
        calls.append(batch([*points, *more], pairs, labels))
    compare(mlflows, ours, *calls)


@given(
    st.lists(
        st.tuples(st.just("log_metric"), metrics)
        | st.tuples(st.just("log_param"), st.builds(Param, keys, texts))
        | st.tuples(st.just("set_tag"), st.builds(RunTag, keys | st.just("mlflow.runName"), texts)),
        min_size=2,
        max_size=10,
    )
)
@settings(max_examples=10, deadline=None)
def test_any_single_values_leave_the_same_rows(mlflows: Side, ours: Side, calls: list[Call]):
    compare(mlflows, ours, *calls)
