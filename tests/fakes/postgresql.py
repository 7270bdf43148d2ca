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
    options: str
    within: tuple[str, ...] = ()
    """What its programs are started by, such as another host."""

    @property
    def socket(self) -> str:
        """Its path."""
        return str(self.folder / ".s.PGSQL.5432")

    def start(self) -> None:
        self._control("-l", str(self.folder / "log"), "-o", self.options, "-w", "start")

    def stop(self) -> None:
        """At once, as in a power cut: nothing is written down, and nobody is told."""
        self._control("-m", "immediate", "-w", "stop")

    def _control(self, *how: str) -> None:
        assert _PG_CTL
        run_as_server(self.folder, _PG_CTL, "-D", str(self.folder / "data"), *how, within=self.within)

    def url(self, database: str = "postgres", driver: str | None = None) -> str:
        """SQLAlchemy's address of a database."""
        return f"postgresql+{driver or DRIVERS[0]}://postgres@/{database}?host={self.folder}"

    def create(self, database: str, template: str = "template1") -> None:
        """Make a database, with all that is in `template`."""
        engine = sa.create_engine(self.url(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {database} TEMPLATE {template}"))


def run_as_server(folder: Path, *command: str, within: tuple[str, ...] = ()) -> None:
    """PostgreSQL refuses to run as root."""
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*within, *become, *command], check=True, capture_output=True, cwd=folder)


@contextmanager
def postgresql_server(*settings: str, within: tuple[str, ...] = (), trusting: str = "") -> Iterator[Server]:
    """Start a server, and stop it at the end. Without settings such as `fsync=on` it is quick rather than safe.

    `within`: what it is started by. `trusting`: addresses that are let in without a password.
    """
    assert _INITDB
    # Not pytest's temporary folder: the path of a socket must be short, and open to the server's own user.
    folder = Path(tempfile.mkdtemp(prefix="tests-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    own = ("listen_addresses=''", f"unix_socket_directories={folder}", "fsync=off", "autovacuum=off")
    options = " ".join(f"-c {setting}" for setting in (*own, *settings))
    try:
        run_as_server(folder, _INITDB, "-D", str(folder / "data"), "-A", "trust", "-U", "postgres", "-N")
        if trusting:
            with (folder / "data" / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {trusting} trust\n")
        server = Server(folder, options, within)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
