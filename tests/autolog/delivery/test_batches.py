"""Batches stay within what MLflow takes, lose nothing and keep the order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.entities import Metric, Param, RunTag
from mlflow.protos.service_pb2 import LogBatch
from mlflow.utils import validation
from mlflow.utils.proto_json_utils import message_to_json

from autolog.delivery import records
from autolog.delivery.records import Batch, Point, batches, written

LETTERS = st.sampled_from("aZ0é漢𝒳\N{GRINNING FACE}")
KEYS = st.builds(lambda letter, length: letter * length, LETTERS, st.integers(1, records.KEY_LENGTH))
NUMBERS = st.floats(allow_nan=False) | st.just(-math.inf)
POINTS = st.tuples(KEYS, NUMBERS, st.integers(0, 2**42), st.integers(-(2**40), 2**40))
MANY_POINTS = st.builds(lambda few, times: few * times, st.lists(POINTS, max_size=8), st.integers(0, 600))


def texts(longest: int) -> st.SearchStrategy[dict[str, str]]:
    values = st.builds(lambda letter, length: letter * length, LETTERS, st.integers(0, longest))
    return st.builds(
        lambda number, letter, value: {f"{letter}{each}": value for each in range(number)},
        st.integers(0, 230),
        LETTERS,
        values,
    )


def request(batch: Batch) -> str:
    """As MLflow sends it."""
    return str(
        message_to_json(
            LogBatch(
                run_id="0" * 32,
                metrics=[Metric(*point).to_proto() for point in batch.metrics],
                params=[Param(*pair).to_proto() for pair in batch.params.items()],
                tags=[RunTag(*pair).to_proto() for pair in batch.tags.items()],
            )
        )
    )


def assert_taken_by_mlflow(batch: Batch) -> None:
    assert len(batch.metrics) <= validation.MAX_METRICS_PER_BATCH
    assert max(len(batch.params), len(batch.tags)) <= validation.MAX_PARAMS_TAGS_PER_BATCH
    assert batch.entities <= validation.MAX_ENTITIES_PER_BATCH
    text = request(batch)
    assert len(text.encode()) < validation.MAX_BATCH_LOG_REQUEST_SIZE
    assert len(text) - 100 <= batch.size


@settings(max_examples=25, deadline=None)
@given(MANY_POINTS, texts(6000), texts(8000))
def test_batches_lose_nothing_keep_the_order_and_stay_within_mlflows_limits(
    points: list[Point], params: dict[str, str], tags: dict[str, str]
):
    cut = list(batches(points, params.items(), tags.items()))
    assert [point for batch in cut for point in batch.metrics] == points
    assert [pair for batch in cut for pair in batch.params.items()] == list(params.items())
    assert [pair for batch in cut for pair in batch.tags.items()] == list(tags.items())
    for batch in cut:
        assert batch.entities
        assert_taken_by_mlflow(batch)


@settings(max_examples=25, deadline=None)
@given(MANY_POINTS, texts(3000), texts(3000))
def test_no_two_batches_of_a_kind_in_a_row_would_have_gone_into_one(
    points: list[Point], params: dict[str, str], tags: dict[str, str]
):
    for before, after in pairwise(batches(points)):
        assert before.joined(Batch(after.metrics[:1])) is None
    for before, after in pairwise(batches(params=params.items(), tags=tags.items())):
        first = Batch(
            params=dict(list(after.params.items())[:1]), tags={} if after.params else dict([*after.tags.items()][:1])
        )
        assert before.joined(first) is None


@settings(max_examples=25, deadline=None)
@given(MANY_POINTS, MANY_POINTS, texts(4000), texts(4000))
def test_two_batches_are_joined_within_the_limits_or_not_at_all(
    some: list[Point], more: list[Point], params: dict[str, str], tags: dict[str, str]
):
    one, other = (
        Batch(some[:1000], dict(list(params.items())[:100])),
        Batch(more[:1000], {}, dict(list(tags.items())[:100])),
    )
    both = one.joined(other)
    if both is not None:
        assert both == Batch(one.metrics + other.metrics, one.params, other.tags)
        assert both.size == Batch(both.metrics, both.params, both.tags).size
        assert_taken_by_mlflow(both)
    else:
        assert one.entities + other.entities > records.ENTITIES or one.size + other.size > records.BYTES


def test_a_param_with_two_values_does_not_go_into_one_call():
    assert Batch(params={"a": "1"}).joined(Batch(params={"a": "2"})) is None
    assert Batch(params={"a": "1"}).joined(Batch(params={"a": "1", "b": "2"})) == Batch(params={"a": "1", "b": "2"})


@settings(max_examples=50, deadline=None)
@given(st.lists(POINTS, max_size=9), texts(3), texts(3))
def test_halves_are_the_whole(points: list[Point], params: dict[str, str], tags: dict[str, str]):
    whole = Batch(points, params, tags)
    first, second = whole.halves()
    assert Batch(first.metrics + second.metrics, first.params | second.params, first.tags | second.tags) == whole
    assert first.entities == whole.entities // 2


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["a", "b"])), max_size=30))
def test_records_stay_between_the_points_they_were_logged_between(what: Sequence[tuple[bool, str]]):
    entries = [
        (run, "loss", number, 0, number) if is_point else {"run": run, "end": number}
        for number, (is_point, run) in enumerate(what)
    ]
    told: list[str] = []
    out = list(written(entries, lambda key, _: told.append(key)))
    for run in ("a", "b"):
        order: list[int] = []
        for record in (each for each in out if each["run"] == run):
            order += [record["end"]] if "end" in record else [step for _, _, _, step in record["batch"]["metrics"]]
        assert order == [number for number, (_, whose) in enumerate(what) if whose == run]
    assert not told


def test_what_is_no_number_is_told_and_the_rest_is_kept():
    class Broken:
        def __float__(self) -> float:
            raise KeyError("a tensor may raise anything")

    told: list[str] = []
    entries = [("r", "a", 1, 0, 0), ("r", "b", Broken(), 0, 0), ("r", "c", "text", 0, 0), ("r", "d", 10**400, 0, 0)]
    (record,) = written([*entries, ("r", "e", True, 0, 0)], lambda key, _: told.append(key))
    assert record["batch"]["metrics"] == [("a", 1.0, 0, 0), ("e", 1.0, 0, 0)]
    assert told == ["b", "c", "d"]
