"""The engine on PostgreSQL, where its programs are installed."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bot.store import deliveries, lanes, tables
from bot.store.database import Database
from bot.store.deliveries import NewDelivery
from bot.store.places import PlaceLost, place_at
from bot.work.engine import Engine
from bot.work.lease import Lease, Terms
from tests.bot.work import worker
from tests.bot.work.test_engine import QUICK, Runs
from tests.fakes.postgresql import INSTALLED, postgresql_server

SERVERS = ["postgresql"] if INSTALLED else []
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", params=SERVERS)
def url() -> Iterator[str]:
    with postgresql_server() as server:
        yield server.url()


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
def test_what_an_ended_process_left_is_taken_over_by_another(url: str, _server: str):
    """As w1 would leave it on being killed: its run has begun, and nobody is w1 any more."""
    first = Engine(database := Database(url), Runs(database), QUICK)
    first.start()
    asyncio.run(first.accept("done", "issues", "repository:1", b"{}"))
    _wait_until(lambda: not first.figures()["deliveries_undone"])
    first.stop()
    database = Database(url)
    runs = Runs(database)
    with database.write() as connection:
        connection.execute(sa.text("UPDATE dbos.workflow_status SET status = 'PENDING', executor_id = 'w1.7'"))
        deliveries.add(connection, [NewDelivery("left", "issues", "repository:1", b"{}", 1)])
    second = Engine(database, runs, QUICK)
    second.start()
    try:
        _wait_until(lambda: ("repository:1", "left") in runs.finished)
    finally:
        second.stop()


@pytest.mark.parametrize("_server", SERVERS)
def test_once_its_work_is_others_an_engine_says_so_and_does_nothing_more(url: str, _server: str):
    database = Database(url)
    runs = Runs(database)
    engine = Engine(database, runs, QUICK, lease=Lease(place_at(database), Terms(beat=0.05)))
    engine.start()
    told: list[str] = []
    engine.when_lost(lambda: told.append("at once"))
    try:
        with database.write(guarded=False) as connection:
            connection.execute(sa.text("UPDATE workers SET epoch = epoch + 1, seen_at = NULL"))
        _wait_until(lambda: told)
        engine.when_lost(lambda: told.append("later"))
        assert told == ["at once", "later"]
        assert engine.checks() == {"database": "", "engine": "others have taken over its work; it starts anew"}
        # It still takes deliveries in; others will see to them.
        assert asyncio.run(engine.accept("for others", "issues", "repository:9", b"{}")) == "stored"
        with pytest.raises(PlaceLost), database.write():
            pytest.fail("nothing more is to be written")
    finally:
        engine.stop(timeout=0.2)
    assert not runs.finished


class Worker:
    """A process of its own, as on another host."""

    def __init__(self, url: str, slowly: float = 0) -> None:
        command = [sys.executable, "-m", "tests.bot.work.worker", url, str(slowly)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self.said: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()
        self.wait_for("ready")

    def _listen(self) -> None:
        assert self.process.stdout
        self.said.extend(line.strip() for line in self.process.stdout)

    def wait_for(self, word: str) -> None:
        _wait_until(lambda: word in self.said)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)


Hire = Callable[..., Worker]


@pytest.fixture
def hire(town: str) -> Iterator[Hire]:
    workers: list[Worker] = []

    def hired(slowly: float = 0) -> Worker:
        workers.append(Worker(town, slowly))
        return workers[-1]

    yield hired
    for one in workers:
        one.process.kill()
        one.process.wait()
        if one.process.stdout:
            one.process.stdout.close()


@pytest.fixture
def town(url: str) -> str:
    """The address of a database of the test's own."""
    name = f"town_{uuid4().hex}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    return engine.url.set(database=name).render_as_string(hide_password=False)


def deliver(database: Database, *guids: str, lane: str) -> None:
    now = round(time.time() * 1000)
    with database.write() as connection:
        deliveries.add(connection, [NewDelivery(guid, "issues", lane, b"{}", now) for guid in guids])
        lanes.mark_due(connection, lane, now)


def finished_by(database: Database) -> list[int | None]:
    """The process ids with which deliveries were signed; None for what is undone."""
    with database.read() as connection:
        return list(connection.scalars(sa.select(tables.deliveries.c.finished_at)))


@pytest.mark.parametrize("_server", SERVERS)
def test_the_work_of_a_killed_process_is_taken_over_within_the_time_of_a_lease(town: str, hire: Hire, _server: str):
    killed = hire(slowly=600)
    database = Database(town)
    deliver(database, "a", lane=worker.SLOW)
    killed.wait_for("begun")
    heir = hire()
    killed.signal(signal.SIGKILL)
    begun = time.monotonic()
    heir.wait_for(f"finished {worker.SLOW}")
    assert time.monotonic() - begun < 5 * worker.LAPSES_AFTER
    assert finished_by(database) == [heir.process.pid]
    database.close()


@pytest.mark.parametrize("_server", SERVERS)
def test_a_frozen_process_writes_nothing_once_it_wakes_and_its_work_is_others(town: str, hire: Hire, _server: str):
    frozen = hire(slowly=0.5)
    database = Database(town)
    deliver(database, "a", lane=worker.SLOW)
    frozen.wait_for("begun")
    frozen.signal(signal.SIGSTOP)
    heir = hire()
    heir.wait_for(f"finished {worker.SLOW}")
    frozen.signal(signal.SIGCONT)
    frozen.wait_for("stopped")
    assert "lost" in frozen.said
    assert f"finished {worker.SLOW}" not in frozen.said
    assert finished_by(database) == [heir.process.pid]
    database.close()


@pytest.mark.parametrize("_server", SERVERS)
def test_many_processes_do_everything_once_though_all_their_connections_are_cut(town: str, hire: Hire, _server: str):
    workers = [hire() for _ in range(3)]
    database = Database(town)
    for number in range(60):
        deliver(database, str(number), lane=f"repository:{number + 10}")
        if number == 30:
            _cut_all(town)
    _wait_until(lambda: None not in finished_by(database))
    signed = finished_by(database)
    assert len(signed) == 60
    assert set(signed) <= {it.process.pid for it in workers}
    assert not any("lost" in it.said for it in workers)
    database.close()


def _cut_all(url: str) -> None:
    """As a restart of the server does, only quicker."""
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


def _wait_until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)
