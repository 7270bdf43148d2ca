"""Every test of the store runs on each database there is: SQLite, and PostgreSQL where its programs are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bot.store.database import Database
from tests.fakes.programs import program

_INITDB, _PG_CTL = program("initdb"), program("pg_ctl")
BACKENDS = ["sqlite", *(["postgresql"] if _INITDB and _PG_CTL else [])]


@contextmanager
def postgresql_server() -> Iterator[str]:
    """A server on a socket in a folder of its own; its SQLAlchemy address without a database."""
    assert _INITDB
    assert _PG_CTL
    # Not pytest's temporary folder: the path of a socket must be short, and open to the server's own user.
    folder = Path(tempfile.mkdtemp(prefix="triage-pg-"))
    # PostgreSQL refuses to run as root.
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if become:
        shutil.chown(folder, "postgres")
    data, log = folder / "data", folder / "log"
    settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"

    def run(*command: str) -> None:
        subprocess.run([*become, *command], check=True, capture_output=True, cwd=folder)

    try:
        run(_INITDB, "-D", str(data), "-A", "trust", "-U", "postgres", "-N")
        run(_PG_CTL, "-D", str(data), "-l", str(log), "-o", settings, "-w", "start")
        try:
            yield f"postgresql+psycopg://postgres@/{{name}}?host={folder}"
        finally:
            run(_PG_CTL, "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty one with its tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'triage.db'}"
    else:
        server, name = request.getfixturevalue("postgresql"), f"test_{uuid4().hex}"
        admin = sa.create_engine(server.format(name="postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        admin.dispose()
        url = server.format(name=name)
    opened = Database(url)
    opened.migrate()
    yield opened
    opened.close()
