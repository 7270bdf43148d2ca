"""Several writers on one run: no row is lost, and what must not change does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from mlflow.entities import Param, RunTag

from tests.autolog.store.sides import Batch, Outcome, Place, Side, metric

WRITERS = 4
Call = tuple[Any, ...]
"""A run's id, a method's name and its other arguments."""


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(WRITERS) as threads:
        yield threads


def at_once(pool: ThreadPoolExecutor, act: Callable[[int], Any]) -> list[Any]:
    """What each writer's call gave, all having begun together."""
    barrier = threading.Barrier(WRITERS)

    def wait_and_act(number: int) -> Any:
        barrier.wait(20)
        return act(number)

    return list(pool.map(wait_and_act, range(WRITERS)))


def test_no_row_is_lost(ours: Side, pool: ThreadPoolExecutor):
    """MLflow's own store loses batches here, on both databases."""
    run_id, model, batches = ours.start(), ours.model(), 12

    def write(number: int) -> None:
        for at in range(batches):
            points = [metric(f"k{key}", float(number), at, at * WRITERS + number) for key in range(5)]
            shared = [metric("same", 1.0, 1, at), metric("model", 1.0, 1, at, model_id=model)]
            params = {f"p{at}": "same", f"own{number}": ""}
            ours.log(run_id, [*points, *shared], params, {"last": f"{number} {at}"})

    at_once(pool, write)
    rows = ours.rows(run_id)
    assert len(rows["metrics"]) == WRITERS * batches * 5 + 2 * batches
    last = WRITERS * batches - 1
    expected = [(f"k{key}", WRITERS - 1.0, batches - 1, last, False) for key in range(5)]
    assert rows["latest_metrics"] == [*expected, *((key, 1.0, 1, batches - 1, False) for key in ("model", "same"))]
    assert len(rows["logged_model_metrics"]) == batches
    assert [key for key, _ in rows["params"]] == sorted(
        [*(f"own{number}" for number in range(WRITERS)), *(f"p{at}" for at in range(batches))]
    )
    assert rows["tags"][0][1].endswith(f" {batches - 1}")


def test_no_batch_that_is_logged_in_the_background_is_lost(ours: Side):
    """MLflow's threads for it are several writers, too."""
    run_id = ours.start()
    pending = [ours.store.log_batch_async(run_id, [metric(step=at)], [Param("a", "1")], []) for at in range(40)]
    for each in pending:
        each.wait()
    rows = ours.rows(run_id)
    assert len(rows["metrics"]) == 40
    assert rows["latest_metrics"] == [("loss", 1.0, 1, 39, False)]
    assert rows["params"] == [("a", "1")]


def test_of_writers_who_differ_on_a_param_one_wins_and_the_others_write_nothing(ours: Side, pool: ThreadPoolExecutor):
    for _ in range(5):
        run_id = ours.start()

        def write(number: int, run_id: str = run_id) -> Any:
            batch: Batch = (
                [metric(step=number)],
                [Param("b", "same"), Param("a", str(number))],
                [RunTag("t", str(number))],
            )
            return ours.refusal(run_id, "log_batch", *batch)

        refused = at_once(pool, write)
        winner = refused.index(None)
        for number in set(range(WRITERS)) - {winner}:
            assert refused[number] == (
                "INVALID_PARAMETER_VALUE",
                (
                    f"Changing param values is not allowed. Params were already logged='[{{'key': 'a', 'old_value': "
                    f"'{winner}', 'new_value': '{number}'}}]' for run ID='RUN'."
                ),
            )
        rows = ours.rows(run_id)
        assert rows["params"] == [("a", str(winner)), ("b", "same")]
        assert rows["metrics"] == rows["latest_metrics"] == [("loss", 1.0, 1, winner, False)]
        assert rows["tags"][-1] == ("t", str(winner))


def met(side: Side, pool: ThreadPoolExecutor, held: str, call: Call) -> Outcome:
    """How the call ends that has waited for a transaction with the statement `held`, which is then committed."""
    other = sa.create_engine(side.engine.url, poolclass=sa.NullPool)
    with other.connect() as connection:
        connection.exec_driver_sql(held)
        called: Future[Outcome] = pool.submit(side.refusal, *call)
        until_waited_for(connection)
        connection.commit()
    return called.result(20)


def until_waited_for(connection: sa.Connection) -> None:
    """Until another transaction waits for that of this connection."""
    asking = "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    for _ in range(2000):
        if connection.exec_driver_sql(asking).scalar():
            return
        connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
        time.sleep(0.005)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize(("value", "refused"), [("1", None), ("2", "INVALID_PARAMETER_VALUE")], ids=["same", "other"])
@pytest.mark.parametrize("method", ["log_batch", "log_param"])
def test_a_param_that_another_writes_at_this_moment_keeps_its_value(
    in_postgresql: Side, pool: ThreadPoolExecutor, method: str, value: str, refused: str | None
):
    run_id = in_postgresql.start()
    batch = [metric()], [Param("b", "2"), Param("a", "1")], [RunTag("t", "1")]
    arguments = batch if method == "log_batch" else (Param("a", "1"),)
    held = f"INSERT INTO params (key, value, run_uuid) VALUES ('a', '{value}', '{run_id}')"  # noqa: S608
    outcome = met(in_postgresql, pool, held, (run_id, method, *arguments))
    assert (outcome and outcome[0]) == refused
    rows = in_postgresql.rows(run_id)
    whole = refused is None and method == "log_batch"
    assert rows["params"] == [("a", value), *([("b", "2")] if whole else [])]
    assert len(rows["metrics"]) == len(rows["latest_metrics"]) == whole
    assert len(rows["tags"]) == 1 + whole
    if refused and outcome:
        assert "is not allowed" in outcome[1]
        assert value in outcome[1]


def test_a_param_that_another_writes_while_it_is_looked_at_more_closely_keeps_its_value(
    in_postgresql: Side, pool: ThreadPoolExecutor
):
    """One writer makes the batch be looked at again, and one more writes while that waits for a third."""
    run_id = in_postgresql.start()
    in_postgresql.log(run_id, (), (), {"t": "old"})
    other = sa.create_engine(in_postgresql.engine.url, poolclass=sa.NullPool)
    insert = f"INSERT INTO params (key, value, run_uuid) VALUES ('{{}}', '{{}}', '{run_id}')"  # noqa: S608
    with other.connect() as first, other.connect() as second, other.connect() as third:
        first.exec_driver_sql(insert.format("a", "1"))
        third.exec_driver_sql(f"UPDATE tags SET value = 'other' WHERE key = 't' AND run_uuid = '{run_id}'")  # noqa: S608
        batch = [metric()], [Param("a", "1"), Param("b", "2")], [RunTag("t", "new")]
        called = pool.submit(in_postgresql.refusal, run_id, "log_batch", *batch)
        until_waited_for(first)
        first.commit()
        until_waited_for(third)
        second.exec_driver_sql(insert.format("b", "other"))
        second.commit()
        third.commit()
    assert called.result(20) == (
        "INVALID_PARAMETER_VALUE",
        (
            "Changing param values is not allowed. Params were already logged='[{'key': 'b', 'old_value': 'other', "
            "'new_value': '2'}]' for run ID='RUN'."
        ),
    )
    rows = in_postgresql.rows(run_id)
    assert (rows["metrics"], rows["params"]) == ([], [("a", "1"), ("b", "other")])
    assert rows["tags"][-1] == ("t", "other")


@pytest.mark.parametrize(("value", "refused"), [("1", None), ("2", "BAD_REQUEST")], ids=["same", "other"])
def test_a_metric_of_a_model_that_another_writes_at_this_moment_keeps_its_value(
    in_postgresql: Side, pool: ThreadPoolExecutor, value: str, refused: str | None
):
    run_id, model = in_postgresql.start(), in_postgresql.model()
    held = (
        "INSERT INTO logged_model_metrics (model_id, metric_name, metric_timestamp_ms, metric_step, metric_value, "  # noqa: S608
        f"experiment_id, run_id) VALUES ('{model}', 'a', 1, 0, {value}, 0, '{run_id}')"
    )
    batch: Batch = [metric("a", model_id=model), metric("b")], [Param("p", "1")], []
    outcome = met(in_postgresql, pool, held, (run_id, "log_batch", *batch))
    assert (outcome and outcome[0]) == refused
    rows = in_postgresql.rows(run_id)
    assert [row[4] for row in rows["logged_model_metrics"]] == [float(value)]
    assert (len(rows["metrics"]), len(rows["params"])) == ((0, 0) if refused else (2, 1))


def test_a_later_point_that_another_writes_at_this_moment_stays_the_latest(
    in_postgresql: Side, pool: ThreadPoolExecutor
):
    run_id = in_postgresql.start()
    in_postgresql.log(run_id, [metric(step=1), metric("other", step=1)])
    held = f"UPDATE latest_metrics SET step = 7 WHERE key = 'loss' AND run_uuid = '{run_id}'"  # noqa: S608
    points = [metric(step=5), metric("other", step=5)]
    assert met(in_postgresql, pool, held, (run_id, "log_batch", points, [], [])) is None
    assert [(row[0], row[3]) for row in in_postgresql.rows(run_id)["latest_metrics"]] == [("loss", 7), ("other", 5)]
    assert len(in_postgresql.rows(run_id)["metrics"]) == 4


@pytest.mark.parametrize("table", ["latest_metrics", "tags"])
def test_rows_are_locked_in_the_order_of_their_keys(in_postgresql: Side, pool: ThreadPoolExecutor, table: str):
    """In whichever order they are given: so writers who meet wait for each other, and do not lock each other out."""
    run_id = in_postgresql.start()
    in_postgresql.log(run_id, [metric("a"), metric("b")], (), {"a": "1", "b": "1"})
    batches: dict[str, Any] = {
        "latest_metrics": ([metric("b", step=1), metric("a", step=1)],),
        "tags": ((), (), {"b": "2", "a": "2"}),
    }
    row = f"SELECT FROM {table} WHERE run_uuid = '{run_id}' AND key = '{{}}' FOR UPDATE NOWAIT"
    other = sa.create_engine(in_postgresql.engine.url, poolclass=sa.NullPool)
    with other.connect() as first, other.connect() as second:
        first.exec_driver_sql(row.format("b"))
        called = pool.submit(in_postgresql.log, run_id, *batches[table])
        until_waited_for(first)
        with pytest.raises(sa.exc.OperationalError, match="could not obtain lock"):
            second.exec_driver_sql(row.format("a"))
        first.rollback()
    assert called.result(20) is None


def test_the_victim_of_a_deadlock_is_written_again(in_postgresql: Side, pool: ThreadPoolExecutor):
    run_id = in_postgresql.start()
    in_postgresql.log(run_id, (), (), {"a": "old", "b": "old"})
    update = f"UPDATE tags SET value = 'theirs' WHERE key = '{{}}' AND run_uuid = '{run_id}'"  # noqa: S608
    other = sa.create_engine(in_postgresql.engine.url, poolclass=sa.NullPool)
    count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    with other.connect() as connection:
        before = connection.exec_driver_sql(count).scalar()
        connection.rollback()
        # Whoever looks first is the victim, and the other never looks.
        connection.exec_driver_sql("SET deadlock_timeout = '1min'")
        connection.exec_driver_sql(update.format("b"))
        called = pool.submit(in_postgresql.log, run_id, [metric()], {"p": "1"}, {"a": "ours", "b": "ours"})
        until_waited_for(connection)
        connection.exec_driver_sql(update.format("a"))
        connection.commit()
    assert called.result(20) is None
    assert dict(in_postgresql.rows(run_id)["tags"]) == {"a": "ours", "b": "ours", "mlflow.runName": "as it was"}
    assert len(in_postgresql.rows(run_id)["metrics"]) == 1
    with other.connect() as connection:
        until = time.monotonic() + 10
        while connection.exec_driver_sql(count).scalar() == before:
            connection.rollback()
            assert time.monotonic() < until, "there was no deadlock"
            time.sleep(0.05)
    other.dispose()


@pytest.mark.parametrize("code", ["40001", "40P01"], ids=["not serialisable", "deadlock"])
@pytest.mark.parametrize("times", [3, 4], ids=["three times", "too often"])
def test_a_batch_that_meets_others_is_written_again_up_to_three_times(in_postgresql: Side, times: int, code: str):
    run_id = in_postgresql.start()
    with in_postgresql.engine.begin() as connection:
        # What a sequence has counted is not rolled back.
        connection.exec_driver_sql("CREATE SEQUENCE IF NOT EXISTS met")
        connection.exec_driver_sql("ALTER SEQUENCE met RESTART")
    raising = f"IF nextval('met') <= {times} THEN RAISE EXCEPTION 'met another' USING ERRCODE = '{code}'; END IF;"
    with in_postgresql.trigger("INSERT", "tags", raising):
        refused = in_postgresql.refusal(run_id, "log_batch", [metric()], [Param("p", "1")], [RunTag("t", "1")])
    rows = in_postgresql.rows(run_id)
    if times == 3:
        assert refused is None
        assert (len(rows["metrics"]), len(rows["params"]), len(rows["tags"])) == (1, 1, 2)
    else:
        assert refused
        assert refused[0] == "TEMPORARILY_UNAVAILABLE"
        assert (len(rows["metrics"]), len(rows["params"]), len(rows["tags"])) == (0, 0, 1)


def test_a_writer_to_sqlite_waits_for_another(in_sqlite: Side, pool: ThreadPoolExecutor):
    run_id = in_sqlite.start()
    other = sa.create_engine(in_sqlite.engine.url, poolclass=sa.NullPool)
    with other.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        called = pool.submit(in_sqlite.log, run_id, [metric()])
        time.sleep(0.3)
        assert not called.done()
        connection.commit()
    assert called.result(20) is None
    assert len(in_sqlite.rows(run_id)["metrics"]) == 1


def test_a_writer_to_sqlite_gives_up_after_the_wait_that_the_uri_names(fresh_sqlite: Place):
    side = fresh_sqlite.side("autolog", "busy_timeout=100")
    run_id = side.start()
    other = sa.create_engine(side.engine.url, poolclass=sa.NullPool)
    with other.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        began = time.monotonic()
        refused = side.refusal(run_id, "log_batch", [metric()], [], [])
        assert time.monotonic() - began < 5
    assert refused == ("TEMPORARILY_UNAVAILABLE", "(sqlite3.OperationalError) database is locked")
    assert side.rows(run_id)["metrics"] == []
    side.log(run_id, [metric()])
