"""MLflow's servers to measure on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from tests.autolog.server import Server


@contextmanager
def server(database: str, folder: Path) -> Iterator[str]:
    """MLflow's server before a database that has its tables; its address on loopback."""
    started = Server(Path(mkdtemp(dir=folder)), database)  # its log is not another one's
    try:
        started.wait()
        yield started.uri
    finally:
        started.stop()
