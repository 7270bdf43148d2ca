"""A process that takes deliveries in and leaves the work to others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bot.store.database import Database, StoreError
from bot.work.engine import Engine
from bot.work.front import Front
from bot.work.intake import NotStoredError
from tests.bot.work.test_engine import QUICK, Runs
from tests.fakes.postgresql import INSTALLED, postgresql_server


@pytest.fixture(params=["postgresql"] if INSTALLED else [])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with postgresql_server() as server:
        yield server.url()


def test_what_it_takes_in_is_run_by_whoever_works_even_if_nobody_ever_did_before(url: str):
    taking = Database(url)
    front = Front(taking)
    front.start()
    try:
        assert asyncio.run(front.accept("a", "issues", "repository:1", b"{}")) == "stored"
        assert asyncio.run(front.accept("a", "issues", "repository:1", b"{}")) == "duplicate"
        assert front.checks() == {"database": "", "intake": ""}
        assert front.figures()["workers_alive"] == 0
        assert front.figures()["deliveries_undone"] == 1
        runs = Runs(database := Database(url))
        engine = Engine(database, runs, QUICK)
        engine.start()
        try:
            deadline = time.monotonic() + 30
            while front.figures()["deliveries_undone"] and time.monotonic() < deadline:
                time.sleep(0.05)
            assert runs.finished == [("repository:1", "a")]
            assert front.figures()["workers_alive"] == 1
        finally:
            engine.stop()
        assert front.figures()["workers_alive"] == 0
    finally:
        front.stop()
    assert front.checks()["intake"] == "stopped"
    with pytest.raises(NotStoredError):
        asyncio.run(front.accept("b", "issues", "repository:1", b"{}"))
    taking.close()


def test_a_database_that_is_not_there_is_told():
    front = Front(Database("postgresql://nobody@127.0.0.1:9/none"))
    with pytest.raises(StoreError, match="cannot be used"):
        front.start()
    assert front.checks()["intake"] == "needs the database"


@pytest.mark.parametrize("allowed", ["nothing", "the bot's own tables"])
def test_a_database_in_which_no_tables_may_be_made_is_told_with_what_to_do(url: str, allowed: str):
    with sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect() as connection:
        connection.execute(sa.text("CREATE ROLE guest LOGIN"))
        connection.execute(sa.text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
        if allowed != "nothing":
            connection.execute(sa.text("GRANT CREATE ON SCHEMA public TO guest"))
    database = Database(url.replace("postgres@", "guest@"))
    with pytest.raises(StoreError, match=r"cannot be used: .*permission denied for .*Make the user its owner"):
        Front(database).start()
    database.close()
