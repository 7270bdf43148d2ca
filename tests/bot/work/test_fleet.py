"""What nobody is at any more is put back: of processes that ended, and of this one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.database import Database
from bot.work.fleet import Fleet
from tests.bot.work.test_lease import Clock, FakePlace


class Others(FakePlace):
    """`living` are the names of processes that live."""

    living = frozenset({"w0.1", "w1.1"})

    def ended(self, names: object) -> set[str]:
        assert isinstance(names, set)
        return names - self.living


class Scene:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.place = Others(self.clock)
        self.running: set[str] = set()
        self.put_back: list[tuple[str, str]] = []
        self.fleet = Fleet(
            database,
            self.place,
            lambda: self.running,
            lambda run, process: self.put_back.append((run, process)),
            every=0.01,
            abandoned_after=10,
            clock=self.clock,
        )
        self.fleet.name = "w0.1"

    def begun(self, *runs: tuple[str, str]) -> None:
        with self.database.write() as connection:
            connection.execute(sa.text("DELETE FROM workflow_status"))
            for run, process in runs:
                values = {"run": run, "process": process}
                connection.execute(sa.text("INSERT INTO workflow_status VALUES (:run, :process, 'PENDING')"), values)
            connection.execute(sa.text("INSERT INTO workflow_status VALUES ('waits', 'w7.1', 'ENQUEUED')"))

    def look(self) -> list[tuple[str, str]]:
        self.put_back.clear()
        assert self.fleet.look() == len(self.put_back)
        return sorted(self.put_back)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    database = Database(f"sqlite:///{tmp_path / 'triage.db'}")
    with database.write() as connection:
        connection.execute(sa.text("CREATE TABLE workflow_status (workflow_uuid TEXT, executor_id TEXT, status TEXT)"))
    yield Scene(database)
    database.close()


def test_the_runs_of_processes_that_ended_are_put_back_at_once(scene: Scene):
    scene.begun(("a", "w0.1"), ("b", "w1.1"), ("c", "w1.0"), ("d", "w2.1"))
    scene.running = {"a"}
    assert scene.look() == [("c", "w1.0"), ("d", "w2.1")]


def test_a_run_of_ours_that_nobody_is_at_is_put_back_after_a_while(scene: Scene):
    scene.begun(("a", "w0.1"), ("b", "w0.1"), ("c", "w1.1"))
    scene.running = {"a"}
    assert scene.look() == []
    scene.clock.now += 9
    assert scene.look() == []
    scene.clock.now += 1
    assert scene.look() == [("b", "w0.1")]


def test_one_that_was_only_late_is_left_alone(scene: Scene):
    scene.begun(("a", "w0.1"))
    assert scene.look() == []
    scene.clock.now += 9
    scene.running = {"a"}
    assert scene.look() == []
    scene.clock.now += 9
    scene.running = set()
    assert scene.look() == []
    scene.clock.now += 9
    assert scene.look() == []


def test_once_the_place_is_lost_what_is_ours_is_as_anybody_elses(scene: Scene):
    scene.begun(("a", "w0.1"))
    scene.place.living = frozenset()
    assert scene.look() == [("a", "w0.1")]


def test_it_looks_again_whatever_went_wrong(scene: Scene):
    scene.begun(("c", "w1.0"))
    with scene.database.write() as connection:
        connection.execute(sa.text("ALTER TABLE workflow_status RENAME TO away"))
    scene.fleet.start()
    scene.place.living = frozenset()
    with scene.database.write() as connection:
        connection.execute(sa.text("ALTER TABLE away RENAME TO workflow_status"))
    until = time.monotonic() + 5
    while not scene.put_back and time.monotonic() < until:
        time.sleep(0.01)
    assert scene.fleet.is_alive
    scene.fleet.stop(5)
    assert ("c", "w1.0") in scene.put_back
    assert not scene.fleet.is_alive
