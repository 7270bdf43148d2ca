"""The engine on PostgreSQL, where its programs are installed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from bot.store import deliveries
from bot.store.database import Database
from bot.store.deliveries import NewDelivery
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
        _wait_until(lambda: len(runs.finished) == 2)
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


@pytest.mark.parametrize("_server", SERVERS)
def test_what_an_ended_process_left_is_taken_over_by_another(url: str, _server: str):
    """As w1 would leave it on being killed: its run has begun, and nobody is w1 any more."""
    first = Engine(database := Database(url), Runs(database), QUICK)
    first.start()
    asyncio.run(first.accept("done", "issues", "repository:1", b"{}"))
    _wait_until(lambda: not first.figures()["deliveries_undone"])
    first.stop()
    runs = Runs(database)
    with database.write() as connection:
        connection.execute(sa.text("UPDATE dbos.workflow_status SET status = 'PENDING', executor_id = 'w1'"))
        deliveries.add(connection, [NewDelivery("left", "issues", "repository:1", b"{}", 1)])
    second = Engine(database, runs, QUICK)
    second.start()
    try:
        _wait_until(lambda: ("repository:1", "left") in runs.finished)
    finally:
        second.stop()


@pytest.mark.parametrize("_server", SERVERS)
def test_a_living_process_keeps_its_slot_and_an_ended_one_does_not(url: str, _server: str):
    databases = [Database(url) for _ in range(2)]
    here, there = (place_at(database) for database in databases)
    assert (here.take(), there.take()) == ("w0", "w1")
    with here.left_by("w1") as left:
        assert not left
    there.release()
    with here.left_by("w1") as left:
        assert left
        # Whoever starts just now becomes another.
        assert there.take() == "w2"
    for name in ("w2", "local", "w0"):
        with here.left_by(name) as left:
            assert not left
    for place, database in zip((here, there), databases, strict=True):
        place.release()
        database.close()


def _wait_until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)
