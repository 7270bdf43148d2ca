"""Tests that ask for a database run on each there is: SQLite, and PostgreSQL where its programs are installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from bot.store.database import Database
from tests.fakes.postgresql import INSTALLED, Server, postgresql_server

BACKENDS = ["sqlite", *(["postgresql"] if INSTALLED else [])]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    with postgresql_server() as server:
        yield server


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty one with its tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'triage.db'}"
    else:
        server: Server = request.getfixturevalue("postgresql")
        server.create(name := f"test_{uuid4().hex}")
        url = server.url(name)
    opened = Database(url)
    opened.migrate()
    yield opened
    opened.close()
