"""The store behind MLflow's own server, from the database to the page in a browser."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.autolog.server import Server
from tests.autolog.stage import ROOT, Tracking, run_program
from tests.fakes import postgresql
from tests.fakes.programs import program

pytestmark = pytest.mark.timeout(300)

BROWSER = program("chromium", "chromium-browser", "google-chrome")
PICTURES = os.environ.get("TRIAGE_PICTURES")
"""A folder for pictures of MLflow's pages, to be looked at."""
BACKENDS = ["sqlite", *(["postgresql"] if postgresql.INSTALLED else [])]


def installed(*names: str) -> bool:
    return all(importlib.util.find_spec(name) for name in names)


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgresql.Server]:
    with postgresql.postgresql_server() as server:
        yield server


@pytest.fixture(scope="module")
def addresses(
    request: pytest.FixtureRequest, empty_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[str, Path]]:
    """Of a new database: its URI, and a folder for what belongs to it. That of SQLite has its tables already."""

    def address(backend: str) -> tuple[str, Path]:
        folder = tmp_path_factory.mktemp(backend)
        if backend == "sqlite":
            shutil.copy(empty_database, folder / "mlflow.db")
            return f"sqlite+autolog:///{folder}/mlflow.db", folder
        cluster: postgresql.Server = request.getfixturevalue("cluster")
        name = f"mlflow_{uuid.uuid4().hex}"
        cluster.create(name)
        return cluster.url(name, "autolog"), folder

    return address


@pytest.fixture(scope="module")
def servers(addresses: Callable[[str], tuple[str, Path]]) -> Iterator[dict[str, tuple[Server, str]]]:
    """Of each backend one, and its database. They start at once, as each needs many seconds."""
    with ExitStack() as stack:
        started = {}
        for backend in BACKENDS:
            uri, folder = addresses(backend)
            server = Server(folder, uri, {"MLFLOW_SQLALCHEMYSTORE_ECHO": "true"})
            stack.callback(server.stop)
            started[backend] = server, uri
        yield started


@pytest.fixture(params=BACKENDS)
def served(request: pytest.FixtureRequest, servers: dict[str, tuple[Server, str]]) -> tuple[Server, str]:
    """A server that answers, and the URI of its database."""
    server, uri = servers[request.param]
    server.wait()
    return server, uri


@pytest.fixture
def server(served: tuple[Server, str]) -> Server:
    return served[0]


@pytest.fixture
def client(server: Server) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(server.uri)


def new_run(client: Any) -> str:
    experiment = client.create_experiment(f"test {uuid.uuid4().hex}")
    run_id: str = client.create_run(experiment, run_name="first").info.run_id
    return run_id


def batch() -> dict[str, Any]:
    from mlflow.entities import Metric, Param, RunTag

    metrics = [Metric("loss", 1 / (step + 1), 1_000 + step, step) for step in range(100)]
    metrics += [Metric("odd", value, 1, step) for step, value in enumerate([float("inf"), float("nan")])]
    tags = [RunTag("kind", "tést “1”\\"), RunTag("mlflow.runName", "second")]
    return {"metrics": metrics, "params": [Param("epochs", "5"), Param("empty", "")], "tags": tags}


def seen(client: Any, run_id: str) -> Any:
    """What there is of a run; as text, in which not-a-number is equal to itself."""
    run = client.get_run(run_id)
    histories = {
        key: [(point.step, point.timestamp, str(point.value)) for point in client.get_metric_history(run_id, key)]
        for key in run.data.metrics
    }
    latest = {key: str(value) for key, value in run.data.metrics.items()}
    return run.info.run_name, run.data.params, run.data.tags, latest, histories


def test_a_batch_arrives_through_the_server_and_is_there_without_the_driver_as_well(served: tuple[Server, str]):
    from mlflow import MlflowClient

    server, uri = served
    client = MlflowClient(server.uri)
    run_id = new_run(client)
    for _ in range(2):
        client.log_batch(run_id, **batch())
    name, params, tags, latest, histories = seen(client, run_id)
    assert name == "second"
    assert params == {"epochs": "5", "empty": ""}
    assert (tags["kind"], tags["mlflow.runName"]) == ("tést “1”\\", "second")
    assert latest == {"loss": "0.01", "odd": "nan"}
    assert histories["loss"] == [(step, 1_000 + step, str(1 / (step + 1))) for step in range(100)]
    plain = uri.replace("+autolog", "" if uri.startswith("sqlite") else "+psycopg2")
    assert seen(MlflowClient(plain), run_id) == (name, params, tags, latest, histories)


def test_the_server_writes_by_batch_statements(server: Server, client: Any):
    run_id = new_run(client)
    before = len(server.log)
    client.log_batch(run_id, **batch())
    assert "ON CONFLICT (key, run_uuid) DO UPDATE" in server.log[before:]


def gone(client: Any, _: str) -> None:
    client.log_batch("f" * 32, **batch())


def deleted(client: Any, run_id: str) -> None:
    client.delete_run(run_id)
    client.log_batch(run_id, **batch())


def changed(client: Any, run_id: str) -> None:
    client.log_param(run_id, "epochs", "6")
    client.log_batch(run_id, **batch())


def changed_alone(client: Any, run_id: str) -> None:
    client.log_param(run_id, "epochs", "6")
    client._tracking_client.store.log_param(run_id, batch()["params"][0])  # noqa: SLF001 - log_param of a client explains it


def too_many(client: Any, run_id: str) -> None:
    client._tracking_client.store.log_batch(run_id, batch()["metrics"] * 10, [], [])  # noqa: SLF001 - a client makes it several


def badly_named(client: Any, run_id: str) -> None:
    from mlflow.entities import Param

    client._tracking_client.store.log_batch(run_id, [], [Param("a/../b", "1")], [])  # noqa: SLF001 - a client refuses it


@pytest.mark.parametrize("wrong", [gone, deleted, changed, changed_alone, too_many, badly_named])
def test_what_is_refused_is_refused_as_by_mlflow(client: Any, tracking: Tracking, wrong: Callable[[Any, str], None]):
    from mlflow import MlflowClient, MlflowException

    def refusal(client: Any) -> tuple[str, str]:
        run_id = new_run(client)
        with pytest.raises(MlflowException) as refused:
            wrong(client, run_id)
        code = refused.value.error_code
        return code, str(refused.value).removeprefix(f"{code}: ").replace(run_id, "RUN")

    assert refusal(client) == refusal(MlflowClient(tracking.uri))


def test_what_the_store_does_not_write_itself_works_behind_the_server(client: Any):
    run_id = new_run(client)
    experiment = client.get_run(run_id).info.experiment_id
    client.log_batch(run_id, **batch())
    client.set_terminated(run_id)
    other = client.create_run(experiment).info.run_id
    client.log_metric(other, "loss", 0.5)
    found = client.search_runs([experiment], "metrics.loss < 0.1 and params.epochs = '5' and tags.kind LIKE 'tést%'")
    assert [run.info.run_id for run in found] == [run_id]
    assert len(client.search_runs([experiment], order_by=["metrics.loss DESC"])) == 2
    model = f"model {uuid.uuid4().hex}"
    client.create_registered_model(model, tags={"a": "1"})
    version = client.create_model_version(model, f"mlflow-artifacts:/{experiment}/{run_id}/artifacts/model", run_id)
    client.set_registered_model_alias(model, "best", version.version)
    assert client.get_model_version_by_alias(model, "best").run_id == run_id
    assert [each.name for each in client.search_registered_models(f"name = '{model}'")] == [model]
    client.delete_tag(run_id, "kind")
    assert "kind" not in client.get_run(run_id).data.tags
    client.delete_run(run_id)
    client.restore_run(run_id)
    assert client.get_run(run_id).data.params == {"epochs": "5", "empty": ""}


@pytest.mark.skipif(not installed("keras", "tensorflow", "playwright"), reason="takes Keras, and a browser")
def test_a_training_logs_through_the_server_and_is_shown_in_a_browser(served: tuple[Server, str], tmp_path: Path):
    server, uri = served
    experiment = f"test {uuid.uuid4().hex}"
    where = {
        "AUTOLOG_SPOOL_DIR": str(tmp_path / "spool"),
        "MLFLOW_EXPERIMENT_NAME": experiment,
        "MLFLOW_TRACKING_URI": server.uri,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "autolog/src"), str(ROOT)]),
    }
    trained = run_program(
        """
        import autolog

        autolog.keras.autolog(run_name="through the store", log_every_n_steps=1)
        from tests.autolog.keras.models import fit, tiny

        fit(tiny(), epochs=3, validation_split=0.25)
        """,
        environment=where,
    )
    assert trained.status == 0, trained.errors
    assert "AutologWarning" not in trained.errors
    run = Tracking(server.uri, tmp_path, experiment).run()
    assert (run.name, run.status, len(run.models)) == ("through the store", "FINISHED", 1)
    assert run.params["epochs"] == "3"
    for key in ("loss", "val_loss", "epoch_seconds"):
        assert run.steps(key) == [0, 1, 2]
    assert run.steps("step_loss") == list(range(9))
    look_at(server, run.run_id, uri.partition("+")[0])


def look_at(server: Server, run_id: str, name: str) -> None:
    """Open the pages of a run. Their pictures are called after `name`."""
    if BROWSER is None:
        pytest.skip("no Chromium here")
    from mlflow import MlflowClient
    from playwright.sync_api import sync_playwright

    run = MlflowClient(server.uri).get_run(run_id)
    address = f"{server.uri}/#/experiments/{run.info.experiment_id}/runs/{run_id}"
    failed: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-quic"])
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.on("response", lambda each: failed.append(each.url) if each.status >= 500 else None)
        page.goto(address)
        for text in ("through the store", "Finished", "val_loss", "opt_momentum"):
            page.get_by_text(text, exact=True).first.wait_for(timeout=60_000)
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-run.png")
        page.goto(f"{address}/model-metrics")
        page.locator(".js-plotly-plot .scatterlayer").first.wait_for(timeout=60_000)
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-metrics.png")
        browser.close()
    assert not failed


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_old_database_is_upgraded_by_mlflows_own_command(backend: str, addresses: Callable[[str], tuple[str, Path]]):
    from mlflow import MlflowClient
    from mlflow.store.tracking.dbmodels.initial_models import Base

    uri, folder = addresses(backend)
    if backend == "sqlite":
        (folder / "mlflow.db").unlink()
    engine = sa.create_engine(uri, poolclass=sa.NullPool)
    Base.metadata.create_all(engine)
    upgraded = subprocess.run(
        [sys.executable, "-m", "mlflow", "db", "upgrade", uri],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert upgraded.returncode == 0, upgraded.stderr
    assert "logged_model_metrics" in sa.inspect(engine).get_table_names()
    client = MlflowClient(uri)
    run_id = new_run(client)
    client.log_batch(run_id, **batch())
    assert client.get_run(run_id).info.run_name == "second"
