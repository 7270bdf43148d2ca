"""Tables are brought up to date from every earlier revision with what is in them, and two releases get on with them."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command as alembic
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.store import compatibility, issues, journal, places
from bot.store.database import Database, StoreError
from bot.store.migrations import configuration, state, upgrade
from bot.store.tables import metadata, workers
from tests.fakes.process import environment
from tests.fakes.release import ADDS, BREAKS, DAWDLES, REVISION, ROOT, command, newer_release, triage

SCRIPTS = ScriptDirectory.from_config(configuration())
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]
HEAD = REVISIONS[-1]


@pytest.fixture
def empty(database: Database) -> Database:
    """Without any table."""
    with database.engine.begin() as connection:
        if database.is_sqlite:
            # Not those of the full-text index, which go with it.
            connection.execute(sa.text("DROP TABLE IF EXISTS texts_index"))
            for name in sa.inspect(connection).get_table_names():
                connection.execute(sa.text(f"DROP TABLE {name}"))
        else:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
    return database


def bring_to(database: Database, revision: str) -> None:
    """As a release that ended there did."""
    config = configuration()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.upgrade(config, revision)


def put_something_into_every_table(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Two rows each, with a value in every column; as they come back."""
    found = {}
    with database.engine.begin() as connection:
        old = sa.MetaData()
        names = [name for name in sa.inspect(connection).get_table_names() if name in metadata.tables]
        old.reflect(connection, only=names)
        for name in names:
            if name == compatibility.compatibility.name:
                continue
            table = old.tables[name]
            for number in (1, 2):
                row = {column.name: value_of(column, number) for column in table.columns}
                connection.execute(table.insert().values(row))
            rows = connection.execute(table.select().order_by(*table.primary_key)).mappings()
            found[name] = [dict(row) for row in rows]
    return found


def value_of(column: sa.Column[Any], number: int) -> object:
    if isinstance(column.type, sa.Boolean):
        return number == 1
    if isinstance(column.type, sa.Integer | sa.BigInteger | sa.Float):
        return number
    if isinstance(column.type, sa.LargeBinary):
        return f"bytes {number}".encode()
    default = str(getattr(column.server_default, "arg", ""))
    return f'["list {number}"]' if "[]" in default else "" if column.name == "intent" else f"text {number}"


# Indexes over names in lower case, which SQLAlchemy does not read back from SQLite.
@pytest.mark.filterwarnings("ignore:.*expression-based index")
@pytest.mark.parametrize("revision", REVISIONS)
def test_from_every_revision_all_that_is_there_comes_along(empty: Database, revision: str):
    bring_to(empty, revision)
    before = put_something_into_every_table(empty)
    assert len(before) >= 6
    assert empty.migrate().found == revision
    with empty.read() as connection:
        for name, rows in before.items():
            columns = [metadata.tables[name].c[column] for column in rows[0]]
            table = metadata.tables[name]
            now = connection.execute(sa.select(*columns).order_by(*table.primary_key)).mappings()
            assert [dict(row) for row in now] == rows, name
        options = {"include_name": lambda name, *_: not str(name).startswith("texts_index")}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        # And the code of today reads it.
        assert [record.labels for record in issues.every(connection, 1)] == [("list 1",)]
        assert [entry.kind for entry in journal.latest(connection)] == ["text 1", "text 2"]
        assert state(connection).pending == ()
        assert compatibility.get(connection) <= HEAD


def columns_at(database: Database) -> dict[tuple[str, str], sa.engine.interfaces.ReflectedColumn]:
    with database.read() as connection:
        there = sa.inspect(connection)
        return {
            (table, column["name"]): column
            for table in there.get_table_names()
            if table in metadata.tables
            for column in there.get_columns(table)
        }


def test_a_migration_only_adds_unless_it_says_so(empty: Database):
    """What code of the revision before reads and writes is there after it, and what is new may be left out."""
    before: dict[tuple[str, str], sa.engine.interfaces.ReflectedColumn] = {}
    for script in reversed(list(SCRIPTS.walk_revisions())):
        bring_to(empty, script.revision)
        after = columns_at(empty)
        if getattr(script.module, "compatible_from", "") != script.revision:
            assert not before.keys() - after.keys(), f"{script.revision} takes something away"
            for place, column in before.items():
                assert str(after[place]["type"]) == str(column["type"]), place
            tables = {table for table, _ in before}
            for place in after.keys() - before.keys():
                optional = after[place]["nullable"] or after[place]["default"] is not None
                assert optional or place[0] not in tables, f"{place}: code of the revision before does not write it"
        before = after


def url_of(database: Database) -> dict[str, str]:
    return {"DATABASE_URL": database.url.render_as_string(hide_password=False)}


def test_code_of_an_older_release_goes_on_with_tables_that_a_newer_one_added_to(database: Database, tmp_path: Path):
    newer = newer_release(tmp_path / "newer", ADDS)
    done = triage(newer, "db", "upgrade", env=url_of(database))
    assert (done.returncode, done.stdout) == (0, f"From {HEAD} to revision {REVISION}.\n"), done.stderr
    with database.write() as connection:
        connection.execute(sa.text("INSERT INTO issues (repository_id, number, fresh_fact) VALUES (1, 5, 'kept')"))
    assert database.migrate().is_newer
    with database.write() as connection:
        (record,) = issues.every(connection, 1)
        record.title = "By the older one"
        issues.save(connection, [record])
        journal.write(connection, [journal.Entry(1, 5, "add_labels", "done")])
        assert len(journal.latest(connection)) == 1
        row = connection.execute(sa.text("SELECT title, fresh_fact FROM issues")).one()
    assert tuple(row) == ("By the older one", "kept")
    again = triage(ROOT, "db", "upgrade", env=url_of(database))
    assert (again.returncode, "made by a newer release" in again.stdout) == (0, True), again.stderr


def test_code_of_an_older_release_refuses_tables_that_it_cannot_work_with(database: Database, tmp_path: Path):
    newer = newer_release(tmp_path / "newer", BREAKS, compatible_from=REVISION)
    assert triage(newer, "db", "upgrade", env=url_of(database)).returncode == 0
    with pytest.raises(StoreError, match=f"at revision {REVISION}, made by a newer release, and this one, at {HEAD}"):
        database.migrate()
    refused = triage(ROOT, "journal", env=url_of(database))
    assert (refused.returncode, "start the newer release" in refused.stderr) == (2, True)
    checked = triage(ROOT, "db", "check", env=url_of(database))
    assert (checked.returncode, "cannot work with" in checked.stdout) == (1, True)


def test_tables_are_not_changed_under_a_process_that_could_not_go_on(database: Database, tmp_path: Path):
    if database.is_sqlite:
        pytest.skip("its one process holds a lock on the file")
    slot = places.Slot(database)
    slot.take()
    newer = newer_release(tmp_path / "newer", BREAKS, compatible_from=REVISION)
    refused = triage(newer, "db", "upgrade", env=url_of(database))
    assert refused.returncode == 2
    assert "1 triage process of an older release works on this database" in refused.stderr
    slot.release(clean=True)
    assert triage(newer, "db", "upgrade", env=url_of(database)).returncode == 0
    with database.read() as connection:
        assert connection.scalar(sa.select(workers.c.seen_at)) is None


@pytest.fixture
def dawdling(database: Database, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process half way through its migration, where it stays."""
    with database.write() as connection:
        connection.execute(sa.text("INSERT INTO issues (repository_id, number, title) VALUES (1, 5, 'As it was')"))
    newer = newer_release(tmp_path / "newer", DAWDLES)
    with subprocess.Popen(
        command("bot", "db", "upgrade"), cwd=newer, env=environment(url_of(database)), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "half way\n"
        yield process
        process.kill()


def test_a_migration_that_is_killed_half_way_leaves_nothing(database: Database, dawdling: subprocess.Popen[str]):
    dawdling.send_signal(signal.SIGKILL)
    dawdling.wait(20)
    assert not database.migrate().is_newer
    with database.read() as connection:
        assert not sa.inspect(connection).has_table("half_way")
        assert connection.scalar(sa.text("SELECT title FROM issues")) == "As it was"
        assert state(connection).found == HEAD


def test_whoever_comes_second_waits_for_the_first(database: Database, dawdling: subprocess.Popen[str]):
    found: list[str] = []
    second = threading.Thread(target=lambda: found.append(upgrade(database.engine).found), daemon=True)
    second.start()
    time.sleep(1)
    assert not found
    dawdling.send_signal(signal.SIGKILL)
    second.join(30)
    assert found == [HEAD]
