"""What is old is cleared away, by one process of all, a little at a time, on each database."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.github.app import App
from bot.settings import Settings
from bot.store import deliveries, journal, schedules
from bot.store.database import Database
from bot.store.deliveries import NewDelivery
from bot.store.journal import Entry
from bot.store.tables import metadata
from bot.work.chores import Chores, OwnChore, OwnWork
from bot.work.contexts import Contexts
from bot.work.engine import Engine
from bot.work.retention import CLEAN, Keep, clean, cleaning
from tests.bot.work.test_engine import QUICK, Runs
from tests.bot.work.test_releases_side_by_side import until
from tests.fakes.github import key_pair
from tests.fakes.postgresql import INSTALLED, postgresql_server

DAY = 86_400_000


@pytest.fixture(params=["sqlite", *(["postgresql"] if INSTALLED else [])])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        yield Database(f"sqlite:///{tmp_path / 'triage.db'}")
        return
    with postgresql_server() as server:
        yield Database(server.url())


def engine_on(database: Database, **own: OwnWork) -> Engine:
    github = App(1, key_pair()[0], api_url="http://127.0.0.1:9")
    chores = Chores(database, github, Contexts(database, lambda: ""), {}, own=own)
    return Engine(database, Runs(database), QUICK, chores=chores)


def fill(database: Database, number: int, days_old: float) -> None:
    """So many deliveries that were done that long ago, with bodies, and as many lines of the journal."""
    at = round(time.time() * 1000 - days_old * DAY)
    with database.write() as connection:
        names = [f"{days_old}-{one}" for one in range(number)]
        deliveries.add(connection, [NewDelivery(name, "issues", "repository:1", b"x" * 5000, at) for name in names])
        undone = sa.text("UPDATE deliveries SET finished_at = :at WHERE received_at = :at")
        connection.execute(undone, {"at": at})
        journal.write(connection, [Entry(1, 1, "add_labels", "done", at=at) for _ in names])


def counts(database: Database) -> dict[str, int]:
    with database.read() as connection:
        table = metadata.tables["deliveries"]
        bodies = sa.select(sa.func.count()).where(table.c.body.is_not(None))
        return {
            "deliveries": connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0,
            "bodies": connection.scalar(bodies) or 0,
            "journal": connection.scalar(sa.select(sa.func.count()).select_from(metadata.tables["journal"])) or 0,
        }


def test_each_kind_goes_by_its_own_time_and_the_chore_comes_once_a_day(database: Database):
    engine = engine_on(database, **{CLEAN: cleaning(Keep())})
    engine.start()
    try:
        for days in (1, 20, 200, 400):
            fill(database, 450, days)
        with database.write() as connection:
            deliveries.add(connection, [NewDelivery("undone", "issues", "repository:9", b"x", 1)])
            planned = schedules.next_at(connection, schedules.OWN, CLEAN)
            assert planned is not None
            assert 0 < planned - time.time() * 1000 < 11 * 60_000
            schedules.put(connection, schedules.OWN, CLEAN, 1)
        until(lambda: counts(database) == {"deliveries": 901, "bodies": 451, "journal": 1350})

        def again() -> float:
            with database.read() as connection:
                return (schedules.next_at(connection, schedules.OWN, CLEAN) or 0) / 1000 - time.time()

        until(lambda: 23 * 3600 < again() < 25 * 3600)
        if database.is_sqlite:
            with database.read() as connection:
                assert connection.scalar(sa.text("PRAGMA freelist_count")) == 0, "given back to the disk"
    finally:
        engine.stop()


def test_a_round_that_takes_long_lets_others_have_their_turn(database: Database):
    engine = engine_on(database)
    engine.start()
    try:
        fill(database, 300, 400)
        assert not clean(database, Keep(), threading.Event(), seconds=0)
        stopping = threading.Event()
        stopping.set()
        chore = OwnChore(database, lambda: datetime.now(UTC), stopping)
        again = cleaning(Keep()).do(chore)
        assert again is not None
        assert again - datetime.now(UTC) < timedelta(seconds=5)
        assert counts(database)["deliveries"] == 300
        assert clean(database, Keep(), threading.Event())
        assert counts(database) == {"deliveries": 0, "bodies": 0, "journal": 0}
    finally:
        engine.stop()


def test_the_settings_say_for_how_long():
    keep = Keep.of(Settings(TRIAGE_KEEP_BODIES_DAYS=3, TRIAGE_KEEP_JOURNAL_DAYS=30))
    assert (keep.bodies, keep.journal, keep.deliveries) == (timedelta(3), timedelta(30), timedelta(90))
