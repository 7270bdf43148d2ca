"""Books in the database: one copy for all processes, kept over a restart, and never waited for."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.github.errors import LimitReached
from bot.github.quota import Budgets, Quota, asking
from bot.store import books, tables
from bot.store.database import Database
from bot.store.places import PlaceLost
from bot.work.books import SharedBooks, left
from tests.fakes.postgresql import INSTALLED

HERE = 42
SMALL = Budgets(content_per_minute=20, content_per_hour=50, rest_points_per_minute=200)
ON_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"] if INSTALLED else [], indirect=True)


def quota(database: Database, id_: int = HERE, budgets: Budgets | None = SMALL) -> Quota:
    """As a process of its own would have."""
    return Quota(budgets, time.time, SharedBooks(database, id_))


def write_on(one: Quota, name: str = "", *, background: bool = False) -> int:
    """How many comments it may write."""
    for count in range(1000):
        try:
            with asking(name, background=background):
                one.reserve("core", 5, content=True)
        except LimitReached:
            return count
    pytest.fail("there is no end to it")


def test_processes_spend_by_one_copy_whoever_is_quicker(database: Database):
    processes = [quota(database) for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(write_on, processes)) == 20


def test_what_was_spent_and_refused_is_known_after_a_restart(database: Database):
    assert write_on(quota(database)) == 20
    assert write_on(quota(database)) == 0
    with pytest.raises(LimitReached):
        quota(database).learn("core", 403, {"retry-after": "90"})
    with pytest.raises(LimitReached, match="GitHub's rate limit holds") as caught:
        quota(database).reserve("graphql", 1)
    assert 80 < caught.value.until.timestamp() - time.time() < 100


def test_each_installation_has_books_of_its_own(database: Database):
    assert write_on(quota(database)) == 20
    assert write_on(quota(database, 43)) == 20


def test_without_budgets_nothing_is_written_but_what_github_says(database: Database):
    free = quota(database, budgets=None)
    for _ in range(10):
        free.reserve("core", 5, content=True)
    with database.read() as connection:
        assert [text for text in connection.scalars(sa.select(tables.books.c.content)) if text] == []


def test_reading_takes_few_transactions(database: Database):
    reader = quota(database, budgets=Budgets())
    done: list[str] = []
    sa.event.listen(database.engine, "commit", lambda _: done.append("commit"))
    for _ in range(100):
        reader.reserve("core", 1)
    assert 1 <= len(done) <= 12


def test_the_scarcest_installations_are_shown_and_no_more_than_a_metric_bears(database: Database):
    for id_ in range(100, 130):
        quota(database, id_).reserve("core", 1)
    write_on(quota(database, 7))
    shown = left(database)
    assert shown[7, "content_minute"] == 0
    assert shown[7, "content_hour"] == 0.6
    assert shown[7, "graphql_minute"] == 1
    assert len({id_ for id_, _ in shown}) == 20
    assert all(0 <= share <= 1 for share in shown.values())
    # What is an hour old has come back.
    later = left(database, lambda: time.time() + 3700)
    assert later == {}


def test_books_of_which_nothing_counts_any_more_are_cleared_away(database: Database):
    quota(database, 1).reserve("core", 1)
    now = round(time.time() * 1000)
    with database.write() as connection:
        assert books.forget(connection, now - 60_000, 10) == 0
        assert books.forget(connection, now + 60_000, 10) == 1


def test_a_process_that_others_took_over_from_may_spend_nothing(database: Database):
    mine = quota(database)

    def guard(_: sa.Connection) -> None:
        raise PlaceLost("others have taken over")

    database.guard = guard
    with pytest.raises(LimitReached, match="is away"):
        mine.reserve("core", 1)


@ON_POSTGRESQL
def test_books_that_a_frozen_process_holds_are_not_waited_for(database: Database):
    mine = quota(database)
    mine.reserve("core", 1)
    with database.write() as connection:
        books.open_page(connection, HERE)
        begun = time.monotonic()
        with pytest.raises(LimitReached, match="is away") as caught:
            mine.reserve("core", 5, content=True)
        assert time.monotonic() - begun < 10
        assert caught.value.until.timestamp() > time.time()
    mine.reserve("core", 5, content=True)


@ON_POSTGRESQL
def test_a_wait_for_the_books_does_not_put_their_clock_back(database: Database):
    """Whoever was second in the queue for the row must not enter what it spends at the time when it began to wait."""
    mine = quota(database)
    mine.reserve("core", 1)
    told: list[float] = []

    def second() -> None:
        with database.write() as connection:
            told.append(books.open_page(connection, HERE).at or 0)

    with database.write() as connection:
        page = books.open_page(connection, HERE)
        other = threading.Thread(target=second)
        other.start()
        time.sleep(0.6)
        books.write_page(connection, HERE, page.content + " ", least_left=1, changed_at=0)
    other.join()
    assert told[0] - (page.at or 0) > 0.5


def test_a_database_that_is_away_is_no_reason_to_spend(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'triage.db'}")
    mine = quota(database)
    with pytest.raises(LimitReached, match="is away"):
        mine.reserve("core", 1)
    database.migrate()
    mine.reserve("core", 1)
    database.close()
