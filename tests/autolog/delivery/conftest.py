"""MLflow's own stores, in this process: one that ignores what it has already, and one that keeps it twice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from autolog.outcome import forget
from tests.autolog.stage import Tracking


@pytest.fixture(autouse=True)
def nothing_was_told() -> None:
    """What is told once in a process is told once in a test."""
    forget()


@pytest.fixture(params=["sql", "files"])
def store(request: pytest.FixtureRequest, tracking: Tracking, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracking]:
    """The tracking server of this process, as a database and as folders of files."""
    if request.param == "sql":
        yield tracking
        return
    import mlflow

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    there = Tracking((tracking.folder / "runs").as_uri(), tracking.folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", there.uri)
    mlflow.set_tracking_uri(there.uri)
    yield there


@pytest.fixture
def keep_spool(tracking: Tracking) -> Iterator[Path]:
    """Where a test may keep a copy of a spool."""
    yield tracking.folder / "kept"
    shutil.rmtree(tracking.folder / "kept", ignore_errors=True)
