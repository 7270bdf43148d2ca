"""MLflow's own server, over a database and over files, and a proxy in front of it that can fail."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autolog.outcome import forget
from tests.autolog.faults.proxy import Proxy
from tests.autolog.server import Server
from tests.autolog.stage import Seen, Tracking


@pytest.fixture(scope="session")
def servers(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """Both start at once, as each needs many seconds; who wants one has to wait for it."""
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in ("sql", "files")}
    shutil.copy(empty_database, folders["sql"] / "mlflow.db")
    started = {
        "sql": Server(folders["sql"], f"sqlite:///{folders['sql']}/mlflow.db"),
        "files": Server(folders["files"], str(folders["files"] / "runs")),
    }
    yield started
    for server in started.values():
        server.stop()


@dataclass(frozen=True)
class Served:
    """A server behind a proxy: this process logs through the proxy, and what is looked at comes from the server."""

    server: Server
    proxy: Proxy
    experiment: str
    folder: Path

    @property
    def uri(self) -> str:
        return self.proxy.uri

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    def runs(self) -> list[Seen]:
        """Those of this test, oldest first."""
        return Tracking(self.server.uri, self.folder, self.experiment).runs()

    def run(self) -> Seen:
        (run,) = self.runs()
        return run


@pytest.fixture(params=["sql"])
def served(
    request: pytest.FixtureRequest, servers: dict[str, Server], tracking: Tracking, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    """The tracking server of this process and of those it starts."""
    import mlflow

    from autolog import mlflow_side
    from autolog.delivery import outbox

    forget()
    server = servers[request.param]
    server.wait()
    there = Served(server, Proxy(server.port), f"test {uuid.uuid4().hex}", tracking.folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", there.uri)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", there.experiment)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    mlflow.set_tracking_uri(there.uri)
    yield there
    there.proxy.password = None
    there.proxy.behave()
    outbox.close_all()
    while (active := mlflow_side.active_run()) is not None:
        mlflow_side.deactivate(active[0])
    mlflow.set_tracking_uri(tracking.uri)
    there.proxy.close()
