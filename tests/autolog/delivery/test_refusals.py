"""One thing that the server refuses, or an artifact that fails, does not hold up the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from autolog.delivery.journal import Journal
from autolog.delivery.records import Batch
from tests.autolog.delivery.spools import end, make, new_token, points, spool, synced, waiting
from tests.autolog.stage import Tracking


def refused(tracking: Tracking) -> list[dict[str, Any]]:
    files = list((tracking.spool / "refused").glob("*/refused.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_a_param_that_somebody_else_has_logged_with_another_value_lands_beside_it(store: Tracking):
    run_id = MlflowClient(store.uri).create_run("0").info.run_id
    for key, value in {"epochs": "theirs", "autolog/epochs": "older", "same": "1"}.items():
        MlflowClient(store.uri).log_param(run_id, key, value)
    ours = Batch([("loss", 0.5, 1, 0)], {"epochs": "3", "same": "1", "new": "2"}, {"tag": "there"})
    spool(store.uri, [ours.record(run_id)])
    assert synced()[0].delivered
    run = store.run()
    assert run.params == {
        "epochs": "theirs", "autolog/epochs": "older", "autolog_2/epochs": "3", "same": "1", "new": "2",
    }  # fmt: skip
    assert run.metrics["loss"] == [(0, 0.5)]
    assert run.tags["tag"] == "there"


def test_of_many_values_the_bad_ones_alone_are_set_aside(store: Tracking):
    token = new_token()
    good = [("loss", 0.5, step, step) for step in range(700)]
    bad = [("../up", 1.0, 0, 0), ("two//slashes", 1.0, 0, 0)]
    mixed = Batch([*good[:300], bad[0], *good[300:500], bad[1], *good[500:]], tags={"tag": "there"})
    spool(store.uri, [make(token), mixed.record(token), end(token)])
    (result,) = synced()
    assert not result.delivered
    assert result.refused == 2
    run = store.run()
    assert run.steps("loss") == list(range(700))
    assert run.status == "FINISHED"
    assert sorted(each["batch"]["metrics"][0][0] for each in refused(store)) == ["../up", "two//slashes"]
    assert waiting() == 0


def test_the_values_of_a_deleted_run_are_set_aside_once_and_for_all(store: Tracking):
    client = MlflowClient(store.uri)
    run_id = client.create_run("0").info.run_id
    client.delete_run(run_id)
    token = new_token()
    spool(store.uri, [points(run_id, range(500)), end(run_id), make(token), points(token, [0])])
    (result,) = synced()
    assert result.refused == 2
    assert len(refused(store)[0]["batch"]["metrics"]) == 500
    assert store.run().steps("loss") == [0]
    assert synced() == []


def test_the_values_of_a_run_that_cannot_be_made_are_set_aside(store: Tracking):
    token = new_token()
    spool(store.uri, [make(token, experiment="987654"), points(token, range(3)), end(token)])
    (result,) = synced()
    assert result.refused == 3
    assert waiting() == 0


def artifact(journal: Journal, name: str, content: str = "content") -> str:
    path = journal.place_for(name)
    path.write_text(content)
    return path.relative_to(journal.folder).as_posix()


def test_an_artifact_store_that_fails_does_not_hold_up_the_metrics_and_gets_its_artifacts_later(
    tracking: Tracking, tmp_path: Path
):
    client = MlflowClient(tracking.uri)
    place = tmp_path / "artifact store"
    experiment = client.create_experiment("elsewhere", artifact_location=place.as_uri())
    place.write_text("a file in the way")
    journal, token = Journal.create(tracking.uri), new_token()
    journal.append(make(token, experiment=experiment))
    for name in ("one.txt", "two.txt"):
        journal.append({"run": token, "file": artifact(journal, name), "to": None})
    journal.append(points(token, range(10)))
    journal.append(end(token))
    journal.disown()
    (result,) = synced()
    assert result.trouble
    assert tracking.run().status == "FINISHED"
    assert tracking.run().steps("loss") == list(range(10))
    assert waiting() == 1
    place.unlink()
    assert synced()[0].delivered
    assert tracking.run().artifacts == ["one.txt", "two.txt"]
    assert waiting() == 0


def test_a_file_that_was_withdrawn_is_passed_over(tracking: Tracking):
    journal, token = Journal.create(tracking.uri), new_token()
    journal.append(make(token))
    journal.append({"run": token, "file": artifact(journal, "kept.txt"), "to": "folder"})
    gone = artifact(journal, "gone.txt")
    (journal.folder / gone).unlink()
    journal.append({"run": token, "file": gone, "to": None})
    journal.disown()
    assert synced()[0].delivered
    assert tracking.run().artifacts == ["folder/kept.txt"]


@pytest.mark.parametrize("after", ["nothing", "the upload"])
def test_a_model_is_there_once_however_often_it_was_tried(tracking: Tracking, keep_spool: Path, after: str):
    import shutil

    from mlflow.models import Model

    journal, token = Journal.create(tracking.uri), new_token()
    folder = journal.place_for("model")
    folder.mkdir()
    Model(flavors={"python_function": {"loader_module": "nothing"}}).save(str(folder / "MLmodel"))
    (folder / "weights").write_text("0.5")
    journal.append(make(token))
    model = {"run": token, "model": folder.relative_to(journal.folder).as_posix(), "name": "model", "step": 4}
    journal.append(model)
    journal.disown()
    if after == "the upload":
        shutil.copytree(journal.folder, keep_spool)
        assert synced()[0].delivered
        keep_spool.rename(journal.folder)
    assert synced()[0].delivered
    (model_id,) = tracking.run().models
    found = MlflowClient(tracking.uri).get_logged_model(model_id)
    assert found.status == "READY"
    assert found.source_run_id == tracking.run().run_id
    assert len(MlflowClient(tracking.uri).search_logged_models(["0"])) == 1
    assert (Path(found.artifact_location.removeprefix("file://")) / "weights").read_text() == "0.5"
    assert not folder.exists()
