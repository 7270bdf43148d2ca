"""Places at the database: who has one, who was silent for too long, and what may then be written no more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bot.store.database import Database, StoreError
from bot.store.places import OnlyPlace, Place, PlaceLost, Slot, place_at
from bot.store.tables import lanes, workers
from tests.bot.conftest import BACKENDS
from tests.fakes.postgresql import Server

SHARED = BACKENDS[1:]
SILENCE = 0.4


@pytest.fixture(params=SHARED)
def url(postgresql: Server) -> str:
    postgresql.create(name := f"test_{uuid4().hex}")
    return postgresql.url(name)


@pytest.fixture
def new(url: str) -> Iterator[Callable[[], tuple[Database, Slot]]]:
    """Makes processes, as it were: each has its own connections."""
    made: list[tuple[Database, Slot]] = []

    def make() -> tuple[Database, Slot]:
        database = Database(url)
        database.migrate()
        made.append((database, Slot(database, SILENCE)))
        return made[-1]

    yield make
    for database, place in made:
        place.release(clean=False)
        database.close()


New = Callable[[], tuple[Database, Slot]]


def test_each_has_a_name_that_is_never_used_twice(new: New):
    (_, first), (_, second) = new(), new()
    assert (first.take(), second.take()) == ("w0.1", "w1.1")
    first.release(clean=True)
    assert new()[1].take() == "w0.3"


def test_one_given_back_in_the_middle_of_work_is_not_free_before_it_lapses(new: New):
    _, first = new()
    first.take()
    first.release(clean=False)
    _, second = new()
    assert second.take() == "w1.1"
    assert second.ended(["w0.1", "w1.1"]) == set()
    time.sleep(SILENCE)
    second.beat()
    assert new()[1].take() == "w0.3"


def test_whoever_beats_keeps_it_and_whoever_is_silent_loses_it(new: New):
    (database, silent), (_, lively) = new(), new()
    names = [silent.take(), lively.take()]
    for _ in range(3):
        time.sleep(SILENCE / 2)
        assert lively.beat()
    assert lively.ended([*names, "w9.1", "local"]) == {names[0], "w9.1", "local"}
    assert not silent.beat()
    with pytest.raises(PlaceLost), database.engine.begin() as connection:
        silent.guard(connection)


def test_nothing_more_is_written_once_the_place_is_lost(new: New):
    (database, silent), (_, other) = new(), new()
    silent.take()
    other.take()
    database.guard = silent.guard
    with database.write() as connection:
        connection.execute(lanes.insert().values(id="before"))
    time.sleep(SILENCE)
    other.ended([])
    with pytest.raises(PlaceLost), database.write() as connection:
        connection.execute(lanes.insert().values(id="after"))
    with database.write(guarded=False) as connection:
        connection.execute(lanes.insert().values(id="a delivery's"))
        assert set(connection.scalars(sa.select(lanes.c.id))) == {"before", "a delivery's"}


def test_a_place_is_taken_away_before_a_transaction_of_its_or_after_but_not_within(new: New):
    (database, silent), (_, other) = new(), new()
    name = silent.take()
    other.take()
    database.guard = silent.guard
    with database.write() as connection:
        time.sleep(SILENCE)
        other.beat()
        assert other.ended([name]) == set()
        # It does not stand in its own way, either.
        connection.execute(lanes.insert().values(id="in time"))
    assert other.ended([name]) == {name}
    with database.read() as connection:
        assert connection.scalar(sa.select(lanes.c.id)) == "in time"


def test_a_transaction_does_not_keep_its_own_process_from_beating(new: New):
    database, place = new()
    place.take()
    with database.engine.begin() as connection:
        place.guard(connection)
        assert place.beat()


def test_a_process_frozen_within_a_transaction_does_not_hold_it_for_ever(new: New):
    database, place = new()
    place.take()
    setting = sa.text("SHOW idle_in_transaction_session_timeout")
    with database.engine.begin() as connection:
        assert connection.scalar(setting) == "1min"
        place.guard(connection)
        assert connection.scalar(setting) == "15s"
    with database.read() as connection:
        assert connection.scalar(setting) == "1min"


def test_a_cut_connection_costs_a_beat_and_not_the_place(new: New):
    database, place = new()
    name = place.take()
    _cut_all(database)
    with pytest.raises(StoreError, match="cannot be used"):
        place.beat()
    assert place.beat()
    assert place.ended([name]) == set()


def test_a_free_lock_is_no_free_place(new: New):
    """A restart of the server frees the locks of living processes."""
    (database, first), (_, second) = new(), new()
    assert first.take() == "w0.1"
    _cut_all(database)
    assert second.take() == "w1.1"
    with pytest.raises(StoreError):
        first.beat()
    assert first.beat()


def test_after_a_restart_of_the_server_all_get_time_to_be_seen_again(new: New):
    database, place = new()
    name = place.take()
    with database.write() as connection:
        connection.execute(workers.update().values(seen_at=1))
    assert Slot(database, lapses_after=3600).ended([name]) == set()
    assert Slot(database, SILENCE).ended([name]) == {name}


def test_there_is_an_end_to_places(new: New):
    database, place = new()
    with database.write() as connection:
        now = sa.text("(extract(epoch from clock_timestamp()) * 1000)::bigint + 60000")
        connection.execute(workers.insert(), [{"name": f"w{n}", "epoch": 1} for n in range(64)])
        connection.execute(workers.update().values(seen_at=now))
    with pytest.raises(StoreError, match="64 triage processes already work on this database"):
        place.take()


def test_how_many_live_and_how_many_were_given_up(new: New):
    (_, first), (_, second), (_, third) = new(), new(), new()
    for place in (first, second, third):
        place.take()
    first.release(clean=True)
    assert third.figures() == (2, 0)
    time.sleep(SILENCE)
    third.beat()
    third.ended([])
    assert third.figures() == (1, 1)


def test_giving_it_back_needs_no_database(new: New):
    database, place = new()
    place.take()
    _cut_all(database)
    place.release(clean=True)
    place.release(clean=True)


def test_an_sqlite_file_has_one_place_for_good(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'triage.db'}")
    place: Place = place_at(database)
    assert isinstance(place, OnlyPlace)
    assert place.take() == "main"
    assert place.beat()
    assert place.ended(["main", "w1.1"]) == {"w1.1"}
    with database.write() as connection:
        place.guard(connection)
    assert place.figures() == (1, 0)
    place.release(clean=True)
    database.close()


def _cut_all(database: Database) -> None:
    """As a restart of the server does, from a connection of its own."""
    with sa.create_engine(database.url, poolclass=sa.NullPool).connect() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
