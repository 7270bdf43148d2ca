"""Every test here logs to a database of its own, and its spool is its own, too."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.autolog.stage import Tracking, make_database

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

HERE = Path(__file__).parent
MISSING = [name for name in ("mlflow", "tensorflow") if importlib.util.find_spec(name) is None]


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Without the frameworks there is nothing to train; in CI that is an error, and the imports say so."""
    missing = MISSING
    if any(
        collection_path.is_relative_to(HERE / each) for each in ("store", "store_cli")
    ):  # which train next to nothing
        missing = [name for name in MISSING if name == "mlflow"]
    if missing and os.environ.get("CI") != "true" and collection_path.is_relative_to(HERE):
        return True
    if collection_path == HERE / "estimators" and importlib.util.find_spec("tensorflow_estimator") is None:
        return True
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MISSING:
        terminalreporter.write_line(
            f"autolog was not tested, without {' and '.join(MISSING)}: `make setup-autolog` adds them."
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The frameworks warn of all sorts of things; of ours, a warning that no test expects is an error."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.filterwarnings("error::autolog.AutologWarning"), append=False)
            item.add_marker(pytest.mark.filterwarnings("default"), append=False)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of MLflow's without a run in it: making one takes seconds, copying it does not."""
    return make_database(tmp_path_factory.mktemp("database") / "mlflow.db")


@pytest.fixture
def tracking(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracking]:
    """MLflow's SQLite store, chosen as the tracking server of this process and of those it starts."""
    import mlflow

    import autolog
    from autolog.delivery import outbox

    shutil.copy(empty_database, tmp_path / "mlflow.db")
    monkeypatch.setenv("AUTOLOG_SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.chdir(tmp_path)
    there = Tracking(f"sqlite:///{tmp_path}/mlflow.db", tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", there.uri)
    mlflow.set_tracking_uri(there.uri)
    yield there
    while mlflow.active_run():
        mlflow.end_run()
    autolog.disable()
    outbox.close_all()
