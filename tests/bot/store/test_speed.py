"""The busy questions to the store are answered from an index, however much it holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store import commands, deliveries, issues, journal, lanes
from bot.store.database import Database

BUSY: dict[str, tuple[Callable[[sa.Connection], object], str]] = {
    "a lane's pending deliveries": (lambda it: deliveries.pending(it, "app", 1, 64), "undone_by_lane"),
    "its next attempt": (lambda it: deliveries.next_attempt(it, "app"), "undone_by_lane"),
    "the dead letters": (deliveries.dead, "dead_letters"),
    "how many dead letters": (deliveries.count_dead, "dead_letters"),
    "dead letters to revive": (deliveries.revive, "dead_letters"),
    "old bodies": (lambda it: deliveries.forget_bodies(it, 1, 200), "finished_with_body"),
    "old deliveries": (lambda it: deliveries.forget(it, 1, 200), "finished"),
    "a repository's due issues": (lambda it: issues.due(it, 1, 1, 64), "issues_next_look_by_repository"),
    "lanes that are due": (lambda it: lanes.due(it, 1), "lanes_due"),
    "commands to carry out": (lambda it: commands.load_open(it, 1, [1]), "open_commands"),
    "what was intended": (lambda it: journal.close_open(it, 1, 1, ""), "journal_by_issue"),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path: Path = tmp_path_factory.mktemp("store") / "triage.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    yield database
    database.close()


@pytest.mark.parametrize("what", BUSY)
def test_an_index_answers(database: Database, what: str):
    ask, index = BUSY[what]
    asked: list[str] = []
    with database.write() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_trace_callback(asked.append)
        ask(connection)
        driver.set_trace_callback(None)
        plans = [row[3] for statement in asked for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert any(index in plan.split() for plan in plans), plans
    # What a subquery found is gone through (`anon_1`), but no table.
    scans = [plan for plan in plans if plan.startswith("SCAN") and "USING" not in plan]
    assert all(plan.startswith("SCAN anon_") for plan in scans), plans
