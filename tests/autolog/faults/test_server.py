"""Every way in which a tracking server fails: what was logged is there once when it is back."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from mlflow import MlflowClient

import autolog
from autolog.cli import main
from autolog.delivery import outbox as outboxes
from autolog.delivery.journal import folders
from autolog.delivery.records import Batch
from autolog.options import Options
from autolog.runs import Run, open_run
from tests.autolog.delivery.spools import end, make, new_token, points, spool
from tests.autolog.faults.conftest import Served
from tests.autolog.faults.proxy import Fault

UNDELIVERED = "(does not take what was logged|has not yet taken all)"


def opened(**options: object) -> Run:
    run = open_run(Options(**options), default_name="test")  # type: ignore[arg-type]
    assert run
    return run


def log(run: Run, steps: range) -> None:
    for step in steps:
        run.metric("loss", step / 3, step)


def told_that_it_waits(run: Run) -> None:
    with pytest.warns(autolog.AutologWarning, match=UNDELIVERED):
        run.settle()


def settle_again_and_again(run: Run) -> None:
    for step in range(3):
        log(run, range(step, step + 1))
        run.settle()


def eventually(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("served", "fault"),
    [
        *(("sql", fault) for fault in ("refuse", "hang", "drop", 500, 503, 429, 401)),
        ("files", "hang"),
        ("files", "drop"),
    ],
    indirect=["served"],
)
def test_every_value_is_there_once_when_a_server_is_back_that_failed_in_the_middle(served: Served, fault: Fault):
    run = opened()
    run.params({"before": 1})
    log(run, range(100))
    assert autolog.flush()
    with served.proxy.misbehaving(fault):
        log(run, range(100, 200))
        run.params({"meanwhile": 2})
        told_that_it_waits(run)
        log(run, range(200, 300))
        assert not autolog.flush(0.5)
    run.end("FINISHED")
    assert autolog.flush(60)
    seen = served.run()
    assert seen.all_steps == {"loss": list(range(300))}
    assert seen.params == {"before": "1", "meanwhile": "2"}
    assert seen.status == "FINISHED"


@pytest.mark.parametrize("served", ["sql", "files"], indirect=True)
@pytest.mark.parametrize("what", ["runs/create", "log-batch", "runs/update"])
def test_a_call_whose_answer_was_lost_is_not_done_twice(served: Served, what: str):
    with served.proxy.misbehaving("drop", only=what, times=1):
        run = opened()
        log(run, range(50))
        run.end("FINISHED")
        assert autolog.flush(60)
    assert sum(what in path for path in served.proxy.requests) <= 2
    assert served.run().all_steps == {"loss": list(range(50))}
    assert served.run().status == "FINISHED"


@pytest.mark.parametrize("fault", ["refuse", "hang"])
def test_a_server_that_is_down_at_the_start_gets_the_run_later(served: Served, fault: Fault):
    with served.proxy.misbehaving(fault):
        run = opened(run_name="early")
        assert run.run_id is None
        log(run, range(10))
        told_that_it_waits(run)
        run.end("FINISHED")
    assert autolog.flush(60)
    seen = served.run()
    assert (seen.name, seen.status, seen.all_steps) == ("early", "FINISHED", {"loss": list(range(10))})


def test_that_it_has_to_wait_is_told_once_and_where_it_is_kept(served: Served):
    run = opened()
    with served.proxy.misbehaving("refuse"):
        with pytest.warns(autolog.AutologWarning) as told:
            settle_again_and_again(run)
        assert len(told) == 1
        text = str(told[0].message)
        assert served.uri in text
        assert str(run.box.journal.folder) in text
        assert "autolog sync" in text


def test_a_hanging_server_blocks_no_step(served: Served):
    run = opened()
    with served.proxy.misbehaving("hang"):
        log(run, range(1))
        eventually(lambda: served.proxy.hung > 0)
        log(run, range(1, 5_000))
        assert served.proxy.hung > 0, "not one answer came before the last step was done"
    assert autolog.flush(60)
    assert served.run().all_steps == {"loss": list(range(5_000))}


def test_the_end_of_a_fit_does_not_wait_for_a_hanging_server_to_answer(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "90")
    run = opened()
    with served.proxy.misbehaving("hang"):
        log(run, range(10))
        told_that_it_waits(run)
        assert served.proxy.hung == 1, "the one request of before still has no answer"
        log(run, range(10, 20))
        before = time.monotonic()
        run.settle()
        assert time.monotonic() - before < outboxes.WAIT_SECONDS / 2, "what is known not to answer is not waited for"
    assert autolog.flush(60)
    assert served.run().all_steps == {"loss": list(range(20))}


def test_a_failing_server_leaves_the_programs_random_numbers_as_they_are(served: Served):
    run = opened()
    random.seed(7)
    before = random.getstate()
    with served.proxy.misbehaving(503):
        log(run, range(10))
        told_that_it_waits(run)
    assert autolog.flush(60)
    assert random.getstate() == before


def test_a_disk_that_is_full_while_the_server_is_down_loses_nothing(served: Served):
    run = opened()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with served.proxy.misbehaving("refuse"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
        try:
            log(run, range(5_000))
            with pytest.warns(autolog.AutologWarning, match="in memory, as the disk takes no more"):
                run.settle()
            assert run.box.journal.in_memory
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert autolog.flush(60)
    assert served.run().all_steps == {"loss": list(range(5_000))}


def test_one_value_that_makes_the_server_fail_is_set_aside_and_the_rest_arrives(served: Served):
    token = new_token()
    good = Batch([("loss", step, 1, step) for step in range(30)], {"a": "1"})
    bad = Batch([("poison", 1.0, 1, 0)])
    both = good.joined(bad)
    assert both
    wanted = make(token, experiment=None, experiment_name=served.experiment)
    spool(served.uri, [wanted, both.record(token), end(token)])
    with served.proxy.misbehaving(500, only='"poison"'):
        answer = CliRunner().invoke(main, ["sync"])
    assert "1 things refused by MLflow" in answer.output
    seen = served.run()
    assert seen.all_steps == {"loss": list(range(30))}
    assert seen.params == {"a": "1"}
    assert "500" in seen.tags["autolog.trouble"]
    (refused,) = (served.spool / "refused").glob("*/refused.jsonl")
    assert '"poison"' in refused.read_text()


def test_sync_keeps_everything_while_the_server_is_down_and_delivers_it_when_it_is_back(served: Served):
    token = new_token()
    wanted = make(token, experiment=None, experiment_name=served.experiment)
    spool(served.uri, [wanted, points(token, range(10)), end(token)])
    with served.proxy.misbehaving("refuse"):
        answer = CliRunner().invoke(main, ["sync"])
        assert answer.exit_code == 1
        assert "the rest has to wait" in answer.output
        assert "Nothing is lost" in answer.output
    answer = CliRunner().invoke(main, ["sync"])
    assert (answer.exit_code, len(folders())) == (0, 0)
    assert f"10 values delivered to {served.uri}" in answer.output
    assert CliRunner().invoke(main, ["sync"]).output == ""
    assert served.run().all_steps == {"loss": list(range(10))}


def test_what_was_left_while_the_server_was_down_is_delivered_once_it_answers_the_next_run(served: Served):
    token = new_token()
    wanted = make(token, experiment=None, experiment_name=served.experiment, name="left behind")
    spool(served.uri, [wanted, points(token, range(10)), end(token)])
    with served.proxy.misbehaving("refuse"):
        run = opened(run_name="next")
        log(run, range(3))
        told_that_it_waits(run)
    assert autolog.flush(60)
    eventually(lambda: len(folders()) == 1)
    assert {each.name: each.steps("loss") for each in served.runs()} == {
        "left behind": list(range(10)),
        "next": list(range(3)),
    }


def test_a_password_reaches_neither_disk_nor_warning_and_a_wrong_one_loses_nothing(
    served: Served, capfd: pytest.CaptureFixture[str]
):
    import mlflow

    capfd.readouterr()
    served.proxy.password = "right-secret"
    wrong, right = (served.uri.replace("//", f"//me:{word}-secret@") for word in ("wrong", "right"))
    mlflow.set_tracking_uri(wrong)
    run = opened()
    log(run, range(10))
    run.end("FINISHED")
    with pytest.warns(autolog.AutologWarning, match="401") as told:
        run.settle()
    assert "secret" not in str(told[0].message)
    kept = [path for path in served.spool.rglob("*") if path.is_file()]
    assert any(b'"loss"' in path.read_bytes() for path in kept)
    assert not [path for path in kept if b"secret" in path.read_bytes()]
    outboxes.close_all()
    assert "401" in CliRunner().invoke(main, ["sync"]).output
    answer = CliRunner().invoke(main, ["sync", "--tracking-uri", wrong])
    assert (answer.exit_code, "secret" in answer.output) == (1, False)
    answer = CliRunner().invoke(main, ["sync", "--tracking-uri", right])
    assert (answer.exit_code, "secret" in answer.output) == (0, False)
    assert served.run().all_steps == {"loss": list(range(10))}
    assert capfd.readouterr().out == "", "MLflow itself would print the address, password and all"


def test_a_user_gets_his_run_and_its_values_even_if_others_delete_another(served: Served):
    client = MlflowClient(served.uri)
    run = opened()
    assert autolog.flush()
    assert run.run_id
    client.delete_run(run.run_id)
    log(run, range(1000))
    run.end("FINISHED")
    with pytest.warns(autolog.AutologWarning, match="2 things that were logged do not get to MLflow"):
        run.settle()
    before = len(served.proxy.requests)
    assert before < 60, "a run that is gone is not asked for each of its values"
    other = opened()
    log(other, range(3))
    other.settle()
    assert served.run().all_steps == {"loss": [0, 1, 2]}
