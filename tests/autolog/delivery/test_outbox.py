"""What is logged in this process arrives: each second, when asked for, and however many threads log."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable

import mlflow
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.tracking import fluent
from mlflow.utils.validation import path_not_unique

import autolog
from autolog.delivery import outbox as outboxes
from autolog.delivery.buffer import Buffer
from autolog.delivery.journal import abandoned, folders
from autolog.options import Options
from autolog.runs import Run, open_run, usable
from tests.autolog.delivery.spools import make, new_token, points, spool
from tests.autolog.stage import Tracking


def opened(**options: object) -> Run:
    run = open_run(Options(**options), default_name="test")  # type: ignore[arg-type]
    assert run
    return run


def eventually(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not what():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


def test_a_run_is_active_while_it_lasts_and_the_last_one_afterwards(tracking: Tracking):
    run = opened(run_name="mine", extra_tags={"team": "a"})
    active = mlflow.active_run()
    assert active
    assert active.info.run_id == run.run_id
    run.metric("loss", 0.5, 0)
    run.end("FINISHED")
    assert mlflow.active_run() is None
    run.settle()
    last = mlflow.last_active_run()
    assert last
    assert last.info.run_id == run.run_id
    seen = tracking.run()
    assert (seen.name, seen.status, seen.tags["team"], seen.metrics) == ("mine", "FINISHED", "a", {"loss": [(0, 0.5)]})
    assert seen.tags["mlflow.user"]


def test_what_is_logged_arrives_by_itself(tracking: Tracking):
    run = opened()
    run.metric("loss", 0.5, 0)
    eventually(lambda: "loss" in tracking.run().metrics)


def test_when_settle_returns_everything_is_stored(tracking: Tracking):
    run = opened()
    for step in range(300):
        run.metric("loss", step / 3, step)
    run.params({"a": 1})
    run.text("hello.txt", "hello")
    run.end("FAILED")
    run.settle()
    seen = tracking.run()
    assert seen.metrics["loss"] == [(step, step / 3) for step in range(300)]
    assert (seen.params, seen.artifacts, seen.status) == ({"a": "1"}, ["hello.txt"], "FAILED")


def test_threads_with_a_run_each_get_their_own_values_in_their_own_run(tracking: Tracking):
    def train(name: str) -> None:
        run = opened(run_name=name)
        for step in range(500):
            run.metric(f"loss of {name}", step, step)
        run.params({"name": name})
        run.end("FINISHED")
        run.settle()

    threads = [threading.Thread(target=train, args=(f"run {number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert autolog.flush()
    runs = tracking.runs()
    assert sorted(run.name for run in runs) == [f"run {number}" for number in range(5)]
    for run in runs:
        assert run.params == {"name": run.name}
        assert {key: len(values) for key, values in run.metrics.items()} == {f"loss of {run.name}": 500}


def test_a_value_that_is_no_number_is_told_once_by_name(tracking: Tracking):
    run = opened()
    for step in range(3):
        run.metric("loss", object(), step)
        run.metric("fine", 1, step)
    with pytest.warns(autolog.AutologWarning, match="'loss' was not logged: object is not a number") as told:
        run.settle()
    assert len(told) == 1
    assert tracking.run().steps("fine") == [0, 1, 2]


def test_text_that_no_database_takes_is_made_so_that_they_do(tracking: Tracking):
    run = opened(run_name="a\0b\ud800c")
    run.params({"key\0\ud800": "nul \0 and half a character \ud83d", "long": "x" * 9999})
    run.tags({"tag": "\0"})
    run.settle()
    seen = tracking.run()
    assert seen.name == "a\N{REPLACEMENT CHARACTER}b?c"
    assert seen.params["key__"] == "nul \N{REPLACEMENT CHARACTER} and half a character ?"
    assert len(seen.params["long"]) == 6000


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="./ a:é\\\0", max_size=8) | st.text())
def test_any_name_becomes_one_that_mlflow_takes(key: str):
    assert not path_not_unique(usable(key))
    assert usable(usable(key)) == usable(key)
    assert len(usable(key)) <= 250


def test_the_programs_random_numbers_stay_as_they_are(tracking: Tracking):
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002 - the global state is what is looked at
    before = (random.getstate(), str(np.random.get_state()))  # noqa: NPY002
    run = opened()
    run.metric("loss", 0.5, 0)
    run.params({"a": 1})
    run.text("hello.txt", "hello")
    run.end("FINISHED")
    run.settle()
    assert (random.getstate(), str(np.random.get_state())) == before  # noqa: NPY002


def test_what_the_last_process_left_is_delivered_by_the_next_run(tracking: Tracking):
    token = new_token()
    spool(tracking.uri, [make(token, name="left behind"), points(token, range(5))])
    opened(run_name="next").settle()
    eventually(lambda: len(tracking.runs()) == 2 and len(folders()) == 1)
    assert {run.name: run.metrics for run in tracking.runs()}["left behind"]["loss"][-1] == (4, 4 / 3)


def test_closing_leaves_nothing_behind(tracking: Tracking):
    opened().metric("loss", 0.5, 0)
    assert len(folders()) == 1
    outboxes.close_all()
    assert tracking.run().metrics == {"loss": [(0, 0.5)]}
    assert folders() == []


def test_where_journal_and_buffer_are_full_the_oldest_points_give_way_and_it_is_told_once(
    tracking: Tracking,
):
    run = opened()
    assert autolog.flush()
    box = run.box
    limit, box.journal.memory_bytes = box.journal.memory_bytes, 0
    box.buffer = Buffer(points=100)
    for step in range(250):
        run.metric("loss", step, step)
    with pytest.warns(autolog.AutologWarning, match="150 values that were logged had to be dropped, the oldest first"):
        box.tell_problems(silent=False)
    box.journal.memory_bytes = limit
    assert box.flush()
    assert tracking.run().steps("loss") == list(range(150, 250))


def test_a_forked_child_neither_delivers_nor_unlocks_what_is_its_parents(tracking: Tracking):
    run = opened()
    run.metric("loss", 0.0, 0)
    answer, question = os.pipe()
    child = os.fork()
    if child == 0:  # nothing of pytest's may happen in here
        try:
            run.metric("loss", 1.0, 1)
            run.params({"from": "child"})
            run.settle()
            run.box.close()
            outboxes.close_all()
            os.write(question, b"done")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(question)
    assert os.read(answer, 10) == b"done"
    os.close(answer)
    assert [each.folder for each in abandoned()] == [], "the parent's lock still holds"
    run.metric("loss", 2.0, 2)
    run.end("FINISHED")
    run.settle()
    seen = tracking.run()
    assert seen.metrics == {"loss": [(0, 0.0), (2, 2.0)]}
    assert seen.params == {}


def test_a_child_that_is_forked_and_outlives_its_parent_does_not_keep_the_spool_locked(tracking: Tracking):
    run = opened()
    assert autolog.flush()
    wait, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(wait, 1)
        os._exit(0)
    try:
        time.sleep(0.2)  # for its hooks; were it slower, the test would pass all the same
        run.box.journal.disown()  # as if the parent died
        assert [each.folder for each in abandoned()] == [run.box.journal.folder]
    finally:
        os.close(go)
        os.waitpid(child, 0)
        os.close(wait)


def test_warnings_that_are_errors_do_not_end_a_training(tracking: Tracking, caplog: pytest.LogCaptureFixture):
    run = opened()
    run.metric("loss", object(), 0)
    run.settle()  # here, an AutologWarning is an error
    assert "'loss' was not logged" in caplog.text


def test_silence_is_kept_to_the_end(tracking: Tracking, recwarn: pytest.WarningsRecorder):
    run = opened(silent=True)
    run.settle()
    run.metric("loss", object(), 0)
    outboxes.close_all()
    assert not [each for each in recwarn if issubclass(each.category, autolog.AutologWarning)]


def test_a_spool_that_is_deleted_under_way_is_told_and_nobody_waits_for_it(tracking: Tracking):
    run = opened()
    assert autolog.flush()
    shutil.rmtree(run.box.journal.folder.rename(tracking.folder / "deleted"))  # at one stroke, while it is written to
    run.metric("loss", 0.5, 0)
    assert autolog.flush(30)
    with pytest.warns(autolog.AutologWarning, match="somebody has deleted"):
        run.settle()


def test_of_what_is_refused_the_first_reason_is_told(tracking: Tracking, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fluent, "_active_experiment_id", None)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "987654")
    run = opened()
    run.metric("loss", 0.5, 0)
    run.end("FINISHED")
    with pytest.warns(autolog.AutologWarning, match=r"3 things that were logged do not get to MLflow \(.*987654"):
        run.settle()


def test_what_logs_to_a_users_run_beside_its_trainings_is_not_counted_as_one(tracking: Tracking):
    with mlflow.start_run():
        beside = opened()
        beside.tags({"by": "a scalar's summary"})
        first = opened()
        first.params({"epochs": 1})
        second = opened()
        first.params({"learning_rate": 1})
        second.params({"epochs": 2, "learning_rate": 2})
        first.params({"epochs": 3})
        assert autolog.flush()
    assert tracking.run().params == {
        "epochs": "1", "learning_rate": "1", "fit_2/epochs": "2", "fit_2/learning_rate": "2", "fit_1/epochs": "3",
    }  # fmt: skip


def test_a_spool_directory_that_was_chosen_and_cannot_be_used_is_told(
    tracking: Tracking, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tracking.folder))
    tracking.spool.write_text("a file in the way")
    run = opened()
    with pytest.warns(
        autolog.AutologWarning, match=r"AUTOLOG_SPOOL_DIR, .*spool, cannot .* is kept in .*autolog-spool-"
    ):
        run.settle()
    run.end("FINISHED")
