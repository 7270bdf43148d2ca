"""A PostgreSQL of the tests' own, where its programs are installed; in CI it is an error if they are not."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from tests.fakes.programs import program

_INITDB, _PG_CTL = program("initdb"), program("pg_ctl")
INSTALLED = _INITDB is not None and _PG_CTL is not None
DRIVERS = [name for name in ("psycopg", "psycopg2") if importlib.util.find_spec(name)]
"""Python's, that are there."""


@dataclass(frozen=True)
class Server:
    """One that runs, on a socket in a folder of its own."""

    folder: Path

    def url(self, database: str = "postgres", driver: str | None = None) -> str:
        """SQLAlchemy's address of a database."""
        return f"postgresql+{driver or DRIVERS[0]}://postgres@/{database}?host={self.folder}"

    def create(self, database: str, template: str = "template1") -> None:
        """Make a database, with all that is in `template`."""
        engine = sa.create_engine(self.url(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {database} TEMPLATE {template}"))


@contextmanager
def postgresql_server(*settings: str) -> Iterator[Server]:
    """Start a server, and stop it at the end. Without settings such as `fsync=on` it is quick rather than safe."""
    assert _INITDB
    assert _PG_CTL
    # Not pytest's temporary folder: the path of a socket must be short, and open to the server's own user.
    folder = Path(tempfile.mkdtemp(prefix="tests-pg-"))
    # PostgreSQL refuses to run as root.
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if become:
        shutil.chown(folder, "postgres")
    data, log = folder / "data", folder / "log"
    own = ("listen_addresses=''", f"unix_socket_directories={folder}", "fsync=off", "autovacuum=off")
    options = " ".join(f"-c {setting}" for setting in (*own, *settings))

    def run(*command: str) -> None:
        subprocess.run([*become, *command], check=True, capture_output=True, cwd=folder)

    try:
        run(_INITDB, "-D", str(data), "-A", "trust", "-U", "postgres", "-N")
        run(_PG_CTL, "-D", str(data), "-l", str(log), "-o", options, "-w", "start")
        try:
            yield Server(folder)
        finally:
            run(_PG_CTL, "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
