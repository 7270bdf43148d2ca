"""Whatever the moment a process is killed at, the store ends up with each thing once."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient

from autolog.delivery.journal import Journal
from autolog.delivery.records import Batch
from autolog.delivery.sender import Sender
from tests.autolog.delivery.spools import end, make, new_token, points, spool, synced, waiting
from tests.autolog.stage import Tracking


def test_a_spool_is_delivered_whole_and_then_gone(store: Tracking):
    token = new_token()
    texts = Batch(params={"epochs": "3", "漢": "é" * 5000}, tags={"framework": "keras"}).record(token)
    spool(
        store.uri, [make(token, name="mine"), texts, points(token, range(2500)), points(token, [0], "val"), end(token)]
    )
    (result,) = synced()
    assert result.delivered
    assert result.sent == 2504
    run = store.run()
    assert (run.name, run.status) == ("mine", "FINISHED")
    assert run.params == {"epochs": "3", "漢": "é" * 5000}
    assert run.tags["framework"] == "keras"
    assert run.metrics["loss"] == [(step, step / 3) for step in range(2500)]
    assert run.metrics["val"] == [(0, 0.0)]
    assert waiting() == 0


@pytest.mark.parametrize("noted", ["nothing", "the first calls"])
def test_nothing_is_doubled_if_the_process_dies_between_the_servers_write_and_our_note_of_it(
    store: Tracking, keep_spool: Path, noted: str
):
    token, special = new_token(), new_token()
    numbers = [
        ("loss", value, 5, step) for step, value in enumerate([math.nan, math.inf, -math.inf, -0.0, 1e-320, 0.1])
    ]
    folder = spool(
        store.uri,
        [
            make(token),
            points(token, range(900)),
            points(token, range(900, 1800)),
            make(special),
            Batch(metrics=numbers, params={"a": "1"}).record(special),
            end(token),
        ],
    )
    shutil.copytree(folder, keep_spool)
    journal = Journal.adopt(folder)
    assert journal
    if noted == "the first calls":
        calls = iter(range(3))
        assert not Sender(journal, store.uri).deliver(lambda: next(calls, None) is None)
        for name in ("state.json", "runs.jsonl"):
            shutil.copy(folder / name, keep_spool)
    assert Sender(journal, store.uri).deliver()
    journal.disown()
    shutil.rmtree(folder)
    keep_spool.rename(folder)  # as if the server had taken all that, and nobody had noted it
    (result,) = synced()
    assert result.delivered
    assert len(store.runs()) == 2
    run = next(each for each in store.runs() if each.tags["autolog.token"] == token)
    assert run.metrics["loss"] == [(step, step / 3) for step in range(1800)]
    odd = next(each for each in store.runs() if each.tags["autolog.token"] == special)
    assert odd.steps("loss") == list(range(6))
    assert odd.values("loss")[-2:] == [1e-320, 0.1]


def test_what_the_server_has_half_of_gets_the_other_half(store: Tracking):
    client = MlflowClient(store.uri)
    run_id = client.create_run("0").info.run_id
    for step in (0, 2):
        client.log_metric(run_id, "loss", step / 3, 1_700_000_000_000 + step, step)
    spool(store.uri, [points(run_id, range(4)), points(run_id, range(4, 8))])
    (result,) = synced()
    assert result.sent == 6
    assert store.run().metrics["loss"] == [(step, step / 3) for step in range(8)]


def test_params_alone_do_not_end_the_doubt_about_what_comes_after_them(store: Tracking):
    client = MlflowClient(store.uri)
    run_id, other = client.create_run("0").info.run_id, client.create_run("0").info.run_id
    client.log_metric(run_id, "loss", 1 / 3, 1_700_000_000_001, 1)
    spool(store.uri, [Batch(params={"a": "1"}).record(other), points(run_id, [1])])
    assert synced()[0].delivered
    assert next(each for each in store.runs() if each.run_id == run_id).metrics["loss"] == [(1, 1 / 3)]


def test_two_that_deliver_at_once_share_the_work(store: Tracking):
    import threading

    for number in range(3):
        token = new_token()
        spool(store.uri, [make(token, name=f"run {number}"), points(token, range(50)), end(token)])
    results: list[object] = []
    threads = [threading.Thread(target=lambda: results.extend(synced())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    assert [len(run.metrics["loss"]) for run in store.runs()] == [50, 50, 50]
    assert waiting() == 0


def test_an_experiment_that_is_known_by_its_name_is_found_or_made(store: Tracking):
    spool(store.uri, [make(new_token(), experiment=None, experiment_name="mine") for _ in range(2)])
    assert synced()[0].delivered
    client = MlflowClient(store.uri)
    wanted = client.get_experiment_by_name("mine")
    assert len(client.search_runs([wanted.experiment_id])) == 2
