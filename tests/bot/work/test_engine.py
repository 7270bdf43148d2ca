"""The engine: what it has accepted it runs, in order within a lane, and again after it was cut short."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store import commands, deliveries, issues, journal, lanes
from bot.store.begun import Begun
from bot.store.database import Database, StoreError
from bot.store.deliveries import NewDelivery
from bot.store.issues import Record
from bot.store.journal import Entry
from bot.store.tables import metadata
from bot.triage.issue import Actor, Command
from bot.work import metrics
from bot.work.engine import Engine, Tuning
from bot.work.in_hand import InHand, NotOver
from bot.work.intake import Intake, NotStoredError
from bot.work.retention import Keep, clean

QUICK = Tuning(poll=0.02, tick=0.05)


class Runs:
    """Finishes a lane's deliveries and takes down which they were; may be told to dawdle."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.finished: list[tuple[str, str]] = []
        self.running: set[str] = set()
        self.most_at_once = 0
        self.overlaps = 0
        self.hold = threading.Event()
        self.hold.set()

    def run(self, lane: str) -> bool:
        self.overlaps += lane in self.running
        self.running.add(lane)
        self.most_at_once = max(self.most_at_once, len(self.running))
        with self._database.write() as connection:
            lanes.begin(connection, lane, 0)
        if lane == "repository:1":
            self.hold.wait(5)
        with self._database.write() as connection:
            some = deliveries.pending(connection, lane, 10**15, 100)
            deliveries.finish(connection, [it.id for it in some], 1)
        self.finished += [(lane, it.guid) for it in some]
        self.running.discard(lane)
        return False

    def stop(self) -> None:
        self.hold.set()


class Started:
    """An engine on an SQLite file, with its runs."""

    def __init__(self, path: Path, tuning: Tuning = QUICK, runs: Runs | None = None) -> None:
        self.database = Database(f"sqlite:///{path / 'triage.db'}")
        self.runs = runs or Runs(self.database)
        self.engine = Engine(self.database, self.runs, tuning)
        self.engine.start()

    def accept(self, *guids: str, lane: str = "repository:1") -> list[str]:
        async def all_at_once() -> list[str]:
            return list(await asyncio.gather(*(self.engine.accept(guid, "issues", lane, b"{}") for guid in guids)))

        return asyncio.run(all_at_once())

    def wait_for(self, condition: Callable[[], Any], seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until
            time.sleep(0.01)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    running = Started(tmp_path)
    yield running
    running.runs.hold.set()
    running.engine.stop()


def test_what_was_accepted_is_run_in_order(started: Started):
    for guid in "abc":
        assert started.accept(guid) == ["stored"]
    started.wait_for(lambda: len(started.runs.finished) == 3)
    assert started.runs.finished == [("repository:1", guid) for guid in "abc"]


def test_a_known_guid_is_a_duplicate_also_within_one_group(started: Started):
    assert sorted(started.accept("a", "a", "b")) == ["duplicate", "stored", "stored"]
    assert started.accept("b") == ["duplicate"]
    started.wait_for(lambda: len(started.runs.finished) == 2)


def test_a_lane_is_run_by_one_thread_at_a_time_and_others_go_on_meanwhile(started: Started):
    started.runs.hold.clear()
    started.accept("a")
    started.wait_for(lambda: started.runs.running)
    started.accept("b")
    started.accept("c", lane="repository:2")
    started.wait_for(lambda: started.runs.finished == [("repository:2", "c")])
    started.runs.hold.set()
    started.wait_for(lambda: len(started.runs.finished) == 3)
    assert started.runs.overlaps == 0


def test_what_arrives_while_a_lane_runs_is_not_stranded(started: Started):
    for number in range(60):
        started.accept(str(number), lane=f"repository:{number % 3}")
    started.wait_for(lambda: len(started.runs.finished) == 60)


def test_a_lane_that_is_due_is_woken(started: Started):
    started.accept("a")
    started.wait_for(lambda: started.runs.finished)
    with started.database.write() as connection:
        deliveries.add(connection, [NewDelivery("later", "issues", "repository:1", b"{}", 1)])
        lanes.wake_at(connection, "repository:1", round(time.time() * 1000) + 300)
    assert len(started.runs.finished) == 1
    started.wait_for(lambda: len(started.runs.finished) == 2)


def test_issues_whose_time_has_come_do_not_fill_the_queue(tmp_path: Path):
    running = Started(tmp_path, tuning=replace(QUICK, workers=1))
    running.runs.hold.clear()
    running.accept("a")
    running.wait_for(lambda: running.runs.running)
    with running.database.write() as connection:
        issues.save(connection, [Record(id_, 5) for id_ in range(10, 50)])
        for id_ in range(10, 50):
            issues.look_at(connection, id_, 5, 1)

    def queued() -> int:
        with running.database.read() as connection:
            return lanes.count_queued(connection)

    running.wait_for(lambda: queued() == 8)
    time.sleep(0.2)
    assert queued() == 8
    running.runs.hold.set()
    running.engine.stop()


def test_what_an_ended_process_left_over_is_taken_up(tmp_path: Path):
    first = Started(tmp_path)
    first.engine.stop()
    with first.database.write() as connection:
        # Stored, marked, and the run of it lost for whatever reason.
        deliveries.add(connection, [NewDelivery("left", "issues", "repository:1", b"{}", 1)])
        lanes.mark_queued(connection, ["repository:1"], 1)
    first.database.close()
    second = Started(tmp_path)
    second.wait_for(lambda: second.runs.finished == [("repository:1", "left")])
    second.engine.stop()


def test_a_second_engine_on_the_same_file_is_refused(started: Started, tmp_path: Path):
    with pytest.raises(StoreError, match="already works on this database"):
        Started(tmp_path)
    # And the first one is none the worse for it.
    started.accept("a")
    started.wait_for(lambda: started.runs.finished)


def test_a_stopped_engine_accepts_nothing(tmp_path: Path):
    running = Started(tmp_path)
    running.engine.stop()
    with pytest.raises(NotStoredError, match="stopping"):
        running.accept("a")


def test_a_run_that_hangs_does_not_keep_it_from_stopping(tmp_path: Path):
    hanging = threading.Event()

    class Hangs(Runs):
        def run(self, lane: str) -> bool:
            self.running.add(lane)
            return hanging.wait(30)

        def stop(self) -> None:
            """It hears nothing."""

    database = Database(f"sqlite:///{tmp_path / 'triage.db'}")
    running = Started(tmp_path, runs=Hangs(database))
    running.accept("a")
    running.wait_for(lambda: running.runs.running)
    began = time.monotonic()
    running.engine.stop(timeout=0.2)
    assert time.monotonic() - began < 5
    # Nor is it over: the next start begins it again.
    with database.read() as connection:
        assert connection.scalars(sa.text("SELECT status FROM workflow_status")).all() == ["PENDING"]
    hanging.set()
    database.close()


def test_a_run_that_breaks_off_is_begun_again(tmp_path: Path):
    class BreaksOnce(Runs):
        broken = False

        def run(self, lane: str) -> bool:
            if not self.broken:
                self.broken = True
                # As when the database is away, and the lane cannot even note that it broke.
                raise StoreError("no connection")
            return super().run(lane)

    database = Database(f"sqlite:///{tmp_path / 'triage.db'}")
    running = Started(tmp_path, runs=BreaksOnce(database), tuning=replace(QUICK, watch=0.05, abandoned_after=0.2))
    running.accept("a")
    running.wait_for(lambda: running.runs.finished == [("repository:1", "a")])
    running.engine.stop()
    database.close()


def test_a_run_that_the_engine_noted_and_never_began_is_begun(tmp_path: Path):
    """As when the answer to that note was lost."""
    running = Started(tmp_path, tuning=replace(QUICK, watch=0.05, abandoned_after=0.2))
    running.accept("a")
    running.wait_for(lambda: running.runs.finished)
    with running.database.write() as connection:
        deliveries.add(connection, [NewDelivery("b", "issues", "repository:1", b"{}", 1)])
        connection.execute(sa.text("UPDATE workflow_status SET status = 'PENDING', owner_xid = 'x'"))
    running.wait_for(lambda: len(running.runs.finished) == 2)
    running.engine.stop()


def test_a_run_that_is_somebody_elses_by_now_is_not_taken_up(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'triage.db'}")
    with database.write() as connection:
        connection.execute(sa.text("CREATE TABLE workflow_status (workflow_uuid TEXT, executor_id TEXT, status TEXT)"))
        connection.execute(sa.text("INSERT INTO workflow_status VALUES ('a', 'w1.1', 'PENDING')"))
    in_hand = InHand(database)
    for run in (Begun("a", "w0.1"), Begun("b", "w0.1")):
        with pytest.raises(NotOver):
            in_hand.do(run, "repository:1", lambda: pytest.fail("it is not ours"))
    with database.write() as connection:
        connection.execute(sa.text("DROP TABLE workflow_status"))
    with pytest.raises(NotOver):
        in_hand.do(Begun("a", "w1.1"), "repository:1", lambda: pytest.fail("nobody knows whose it is"))
    database.close()


def test_a_run_is_done_by_one_thread_and_not_put_back_meanwhile(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'triage.db'}")
    with database.write() as connection:
        connection.execute(sa.text("CREATE TABLE workflow_status (workflow_uuid TEXT, executor_id TEXT, status TEXT)"))
        connection.execute(sa.text("INSERT INTO workflow_status VALUES ('a', 'w0.1', 'PENDING')"))
    in_hand, run, put_back = InHand(database), Begun("a", "w0.1"), []

    def work() -> None:
        with pytest.raises(NotOver):
            in_hand.do(run, "repository:1", lambda: pytest.fail("it is being done"))
        in_hand.unless_taken_up(run, lambda: put_back.append("too early"))

    in_hand.do(run, "repository:1", work)
    in_hand.unless_taken_up(run, lambda: put_back.append("after"))
    assert put_back == ["after"]
    database.close()


def test_it_tells_how_it_is(started: Started):
    assert started.engine.checks() == {"database": "", "engine": ""}
    started.runs.hold.clear()
    started.accept("a")
    figures = started.engine.figures()
    assert figures["deliveries_undone"] == 1
    assert 0 <= figures["oldest_undone_delivery_seconds"] < 10
    assert figures["dead_letters"] == 0
    started.runs.hold.set()
    started.wait_for(lambda: started.engine.figures()["deliveries_undone"] == 0)
    assert started.engine.figures()["oldest_undone_delivery_seconds"] == 0


def test_a_stopped_engine_says_so(tmp_path: Path):
    running = Started(tmp_path)
    running.engine.stop()
    assert running.engine.checks() == {"database": "", "engine": "stopped"}


def new_intake(folder: Path, patience: float) -> tuple[Database, Intake]:
    """At work on a database that has no tables yet, which is as good as away."""
    database = Database(f"sqlite:///{folder / 'triage.db'}")
    intake = Intake(database, lambda _connection, _lane: None, patience=patience)
    intake.start()
    return database, intake


def test_a_delivery_that_cannot_be_stored_is_not_acknowledged_and_the_next_one_is(tmp_path: Path):
    database, intake = new_intake(tmp_path, patience=0)

    async def take(guid: str) -> str:
        return await intake.take(guid, "issues", "repository:1", b"{}")

    with pytest.raises(NotStoredError, match="OperationalError"):
        asyncio.run(take("a"))
    database.migrate()
    assert asyncio.run(take("a")) == "stored"
    intake.stop()
    database.close()


def test_a_delivery_waits_for_a_database_that_is_away_for_a_moment(tmp_path: Path):
    database, intake = new_intake(tmp_path, patience=20)

    async def meanwhile() -> str:
        taken = asyncio.create_task(intake.take("a", "issues", "repository:1", b"{}"))
        await asyncio.sleep(0.1)
        assert not taken.done()
        await asyncio.to_thread(database.migrate)
        return await taken

    assert asyncio.run(meanwhile()) == "stored"
    intake.stop()
    database.close()


def test_stopping_does_not_wait_for_a_database_that_is_away(tmp_path: Path):
    database, intake = new_intake(tmp_path, patience=60)

    async def meanwhile() -> None:
        taken = asyncio.create_task(intake.take("a", "issues", "repository:1", b"{}"))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(intake.stop)
        with pytest.raises(NotStoredError, match="OperationalError"):
            await taken

    begun = time.monotonic()
    asyncio.run(meanwhile())
    assert time.monotonic() - begun < 10
    database.close()


def test_a_delivery_and_its_run_are_stored_together_or_not_at_all(tmp_path: Path):
    def broken(_connection: sa.Connection, _lane: str) -> None:
        raise ConnectionError

    database = Database(f"sqlite:///{tmp_path / 'triage.db'}")
    database.migrate()
    intake = Intake(database, broken)
    intake.start()
    with pytest.raises(NotStoredError, match="ConnectionError"):
        asyncio.run(intake.take("a", "issues", "repository:1", b"{}"))
    intake.stop()
    with database.read() as connection:
        assert deliveries.find(connection, "a") is None
        assert lanes.lost(connection, 10**15) == []
    database.close()


def test_finished_runs_and_old_rows_are_cleared_away(started: Started):
    for number in range(3):
        started.accept(str(number), lane=f"repository:{number}")
    started.wait_for(lambda: len(started.runs.finished) == 3)
    with started.database.write() as connection:
        journal.write(connection, [Entry(1, 1, "x", "noted", at=1)])
        said = [(1, Command(f"7:{line}", 7, Actor("max"), "close")) for line in (1, 2)]
        commands.add(connection, 1, said)
        commands.finish(connection, ["7:1"], 1)

    def finished_runs() -> int:
        with started.database.read() as connection:
            found: int = connection.scalar(sa.text("SELECT count(*) FROM workflow_status WHERE status = 'SUCCESS'"))
            return found

    started.wait_for(lambda: finished_runs() == 3)
    none = timedelta(seconds=-10)
    clean(started.database, Keep(), threading.Event())
    assert finished_runs() == 3
    clean(started.database, Keep(none, none, none, none, none), threading.Event())
    with started.database.read() as connection:
        left = {
            name: connection.scalar(sa.select(sa.func.count()).select_from(metadata.tables[name]))
            for name in ("deliveries", "journal", "commands")
        }
    # The command that nobody has carried out yet is still wanted.
    assert left == {"deliveries": 0, "journal": 0, "commands": 1}
    assert finished_runs() == 0


def test_a_strangers_event_makes_no_metric_of_its_own():
    assert metrics.event_name("issues") == "issues"
    assert metrics.event_name("invented-by-somebody") == "other"
