"""The engine on PostgreSQL, where its programs are installed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from bot.store.database import Database
from bot.store.process_lock import place_at
from bot.work.engine import Engine
from tests.bot.store.conftest import BACKENDS, postgresql_server
from tests.bot.work.test_engine import QUICK, Runs

SERVERS = ["postgresql"] if "postgresql" in BACKENDS else []


@pytest.fixture(scope="module", params=SERVERS)
def url() -> Iterator[str]:
    with postgresql_server() as server:
        yield server.format(name="postgres")


@pytest.mark.parametrize("_server", SERVERS)
def test_what_was_accepted_is_run_once(url: str, _server: str):
    database = Database(url)
    runs = Runs(database)
    engine = Engine(database, runs, QUICK)
    engine.start()
    try:
        for guid in ("a", "b", "b"):
            asyncio.run(engine.accept(guid, "issues", f"repository:{guid}", b"{}"))
        until = time.monotonic() + 15
        while len(runs.finished) < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert sorted(runs.finished) == [("repository:a", "a"), ("repository:b", "b")]
        assert engine.checks() == {"database": "", "engine": ""}
    finally:
        engine.stop()


@pytest.mark.parametrize("_server", SERVERS)
def test_each_process_has_a_slot_and_a_freed_one_is_taken_again(url: str, _server: str):
    databases = [Database(url) for _ in range(3)]
    places = [place_at(database) for database in databases]
    assert [place.take() for place in places] == ["w0", "w1", "w2"]
    places[1].release()
    assert places[1].take() == "w1"
    for place, database in zip(places, databases, strict=True):
        place.release()
        database.close()
