"""MLflow's own server, as people start it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

_MLFLOW = """
import os, signal, threading, time
parent = os.getppid()
def watch():
    while os.getppid() == parent:
        time.sleep(1)
    os.killpg(0, signal.SIGKILL)
threading.Thread(target=watch, daemon=True).start()
from mlflow.cli import cli
cli()
"""
"""The program `mlflow`, which ends with all it has started when the tests are killed."""


class Server:
    """`mlflow server` in a process of its own, which takes its time to start.

    Args:
        folder: where it runs, and keeps its log and the artifacts.
        store: the URI of its backend store.
        environment: what it has beside this process's.
    """

    def __init__(self, folder: Path, store: str, environment: Mapping[str, str] = {}) -> None:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port: int = one.getsockname()[1]
        place = ["--backend-store-uri", store, "--artifacts-destination", str(folder / "artifacts")]
        where = ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        more = {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        self._log = folder / "server.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _MLFLOW, "server", *place, *where],
                cwd=folder,
                env={**os.environ, **more, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it has printed so far."""
        return self._log.read_text()

    def wait(self) -> None:
        address = f"{self.uri}/health"
        for _ in range(1000):
            with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):  # noqa: S310
                return
            assert self._process.poll() is None, self.log
            time.sleep(0.1)
        raise AssertionError(self.log)

    def stop(self) -> None:
        """With the processes that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(30)
