"""A batch that is broken off is there as a whole or not at all."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from mlflow.entities import Param, RunTag

from tests.autolog.stage import run_program
from tests.autolog.store.sides import DRIVERS, Maker, Place, Side, metric

KILLED = """
import json, os, random, signal, sys, time
import sqlalchemy as sa
from mlflow.entities import Metric, Param, RunTag
from autolog.store import Store


def log(store, run_id, at):
    store.log_batch(
        run_id,
        [Metric(f"k{key}", float(at), 1, at) for key in range(150)],
        [Param(f"p{at}-{key}", "1") for key in range(30)],
        [RunTag(f"t{key}", str(at)) for key in range(30)] + [RunTag("mlflow.runName", str(at))],
    )

def child(act):
    ready, tell = os.pipe()
    process = os.fork()
    if not process:
        store = Store(uri, "./artifacts")
        run_id = store.create_run("0", "somebody", 1, [], "-1").info.run_id
        log(store, run_id, 0)
        os.write(tell, run_id.encode())
        act(store, run_id)
        os._exit(3)
    run_id = os.read(ready, 100).decode()
    return process, run_id

def dies_after(statements, at_commit):
    def act(store, run_id):
        seen = []
        def executed(connection, cursor, statement, *_):
            seen.append(statement)
            if len(seen) == statements:
                os.kill(os.getpid(), signal.SIGKILL)
        sa.event.listen(store.engine, "after_cursor_execute", executed)
        if at_commit:
            sa.event.listen(store.engine, "commit", lambda _: os.kill(os.getpid(), signal.SIGKILL))
        log(store, run_id, 1)
    return child(act)

def goes_on(store, run_id):
    at = 0
    while True:
        log(store, run_id, at := at + 1)

found = []
for uri in sys.argv[1:]:
    runs = {}
    # So that the children need not prepare what they inherit, but for the connections.
    Store(uri, "./artifacts").engine.dispose()
    getattr(Store, "_engine_map" if hasattr(Store, "_engine_map") else "_db_uri_sql_alchemy_engine_map").clear()
    if uri.startswith("sqlite"):
        for statements in range(1, 8):
            process, run_id = dies_after(statements, False)
            assert os.waitpid(process, 0)[1] == signal.SIGKILL, statements
            runs[run_id] = "nothing"
        process, run_id = dies_after(0, True)
        assert os.waitpid(process, 0)[1] == signal.SIGKILL
        runs[run_id] = "nothing"
    for _ in range(5):
        process, run_id = child(goes_on)
        time.sleep(random.uniform(0.02, 0.1))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        runs[run_id] = "any"
    found.append(runs)
print(json.dumps(found))
"""


def test_of_a_writer_that_is_killed_each_batch_is_there_as_a_whole_or_not_at_all(
    new_place: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """SQLite's is killed after each of its statements, and before it commits, too."""
    monkeypatch.chdir(tmp_path)
    places = [new_place(driver) for driver in DRIVERS]
    done = run_program(f"import sys\nsys.argv[1:] = {[place.autolog for place in places]}\n{KILLED}")
    assert done.status == 0, done.errors
    for place, runs in zip(places, done.result, strict=True):
        side = place.side("autolog")
        for run_id, expected in runs.items():
            rows = side.rows(run_id)
            last = max(row[3] for row in rows["metrics"])
            assert expected == "any" or last == 0
            assert [row[3] for row in rows["latest_metrics"]] == [last] * 150
            assert sorted(row[3] for row in rows["metrics"]) == sorted([*range(last + 1)] * 150)
            assert len(rows["params"]) == 30 * (last + 1)
            assert rows["tags"] == [("mlflow.runName", str(last)), *sorted((f"t{key}", str(last)) for key in range(30))]
            assert rows["runs"][0][0] == str(last)
        place.close()


@pytest.mark.parametrize("moment", ["after_cursor_execute", "commit", "rollback"])
def test_a_ctrl_c_leaves_no_lock_in_the_pool(fresh_sqlite: Place, moment: str):
    """As in a notebook, whose process goes on."""
    side = fresh_sqlite.side("autolog", "busy_timeout=100")
    run_id, deleted = side.start(), side.start()
    side.store.delete_run(deleted)
    before = side.rows(run_id)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    sa.event.listen(side.engine, moment, interrupt)
    with pytest.raises(KeyboardInterrupt):
        side.log(deleted if moment == "rollback" else run_id, [metric()])
    sa.event.remove(side.engine, moment, interrupt)
    with sa.create_engine(side.engine.url, poolclass=sa.NullPool).connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
    assert side.rows(run_id) == before


def test_of_a_connection_that_is_lost_in_the_middle_nothing_is_there(in_postgresql: Side):
    run_id = in_postgresql.start()
    outcome: list[Any] = []
    batch = [metric()], [Param("p", "1")], [RunTag("t", "1")]
    thread = threading.Thread(target=lambda: outcome.append(in_postgresql.refusal(run_id, "log_batch", *batch)))
    other = sa.create_engine(in_postgresql.engine.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    lingering = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE wait_event = 'PgSleep' AND datname = current_database()"
    )
    with in_postgresql.trigger("INSERT", "metrics", "PERFORM pg_sleep(60);"):
        thread.start()
        with other.connect() as connection:
            while not connection.exec_driver_sql(lingering).all():
                time.sleep(0.01)
        thread.join(20)
    assert outcome[0][0] == "TEMPORARILY_UNAVAILABLE"
    rows = in_postgresql.rows(run_id)
    assert rows["metrics"] == rows["latest_metrics"] == rows["params"] == []
    assert len(rows["tags"]) == 1
    # The next one gets a connection that works.
    in_postgresql.log(run_id, (), {"p": "1"})


@pytest.mark.parametrize("table", ["metrics", "latest_metrics", "params", "tags", "logged_model_metrics", "runs"])
def test_whichever_table_refuses_nothing_is_there(ours: Side, table: str):
    run_id, model = ours.start(), ours.model()
    before = ours.rows(run_id)
    tags = [RunTag("t", "1"), RunTag("mlflow.runName", "other")]
    batch = [metric(), metric("m", model_id=model)], [Param("p", "1")], tags
    refuse = "RAISE EXCEPTION 'not today' USING ERRCODE = 'integrity_constraint_violation';"
    if ours.driver == "sqlite":
        refuse = "SELECT RAISE(ABORT, 'not today');"
    with ours.trigger("UPDATE" if table == "runs" else "INSERT", table, refuse):
        refused = ours.refusal(run_id, "log_batch", *batch)
    assert refused
    assert refused[0] == "BAD_REQUEST"
    assert "not today" in refused[1]
    assert ours.rows(run_id) == before
    ours.log(run_id, *batch)
    assert all(ours.rows(run_id).values())
