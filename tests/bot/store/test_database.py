"""Opening the database: safe settings, tables up to date, and plain words when it cannot be used."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.store.database import Database, StoreError, _check_sqlite
from bot.store.process_lock import ProcessLock
from bot.store.tables import lanes, metadata


# Those over names in lower case, which SQLAlchemy does not read back from SQLite.
@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_the_migrations_make_the_tables_that_the_code_uses(database: Database):
    with database.read() as connection:
        # SQLite keeps a full-text index in tables of its own, and PostgreSQL's is over an expression.
        options = {"include_name": lambda name, *_: not str(name).startswith("texts_index")}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_migrating_again_changes_nothing(database: Database):
    with database.write() as connection:
        connection.execute(lanes.insert().values(id="repository:1"))
    database.migrate()
    with database.read() as connection:
        assert connection.scalar(sa.select(lanes.c.id)) == "repository:1"


def test_a_write_that_breaks_leaves_nothing(database: Database):
    def breaks() -> None:
        with database.write() as connection:
            connection.execute(lanes.insert().values(id="repository:1"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks()
    with database.read() as connection:
        assert connection.scalar(sa.select(lanes.c.id)) is None


def test_sqlite_is_safe_against_power_loss(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'new' / 'triage.db'}")
    with database.read() as connection:
        settings = {name: connection.scalar(sa.text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous")}
    database.close()
    assert settings == {"journal_mode": "wal", "synchronous": 2}


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_that_forgets_is_refused(url: str):
    with pytest.raises(StoreError, match="in memory"):
        Database(url)


def test_an_address_that_is_none_is_refused():
    with pytest.raises(StoreError, match="DATABASE_URL is not an address"):
        Database("somewhere")


def test_what_cannot_be_reached_is_named_without_its_password():
    database = Database("postgres://bot:hush-hush@127.0.0.1:1/triage")
    for attempt in (database.migrate, database.check):
        with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/triage cannot be used") as caught:
            attempt()
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("sqlite", "python", "good"),
    [
        ((3, 40, 1), (3, 11), True),
        ((3, 34, 9), (3, 11), False),
        ((3, 40, 1), (3, 12), False),
        ((3, 42, 0), (3, 13), True),
    ],
)
def test_sqlite_must_be_new_enough_for_this_python(sqlite: tuple[int, ...], python: tuple[int, ...], good: bool):
    if good:
        _check_sqlite(sqlite, python)
        return
    with pytest.raises(StoreError, match=r"comes with SQLite 3\.\d+\.\d+, and the bot needs 3\.\d+\.0") as caught:
        _check_sqlite(sqlite, python)
    assert "DATABASE_URL" in str(caught.value)


def test_a_second_process_is_kept_off(tmp_path: Path):
    first, second = ProcessLock(tmp_path / "lock"), ProcessLock(tmp_path / "lock")
    first.take()
    with pytest.raises(StoreError, match=r"Another triage process \(number \d+\) already works on this database"):
        second.take()
    first.release()
    second.take()
    second.release()


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such modes there")
def test_the_lock_is_for_its_owner_only(tmp_path: Path):
    lock = ProcessLock(tmp_path / "lock")
    lock.take()
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600
    lock.release()
