"""`triage db`: bring the tables up to date, see how the database is, and copy it; on each database."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store import deliveries
from bot.store.database import Database
from bot.store.deliveries import NewDelivery
from tests.bot.cli.conftest import Triage
from tests.fakes.postgresql import INSTALLED, Server, postgresql_server

HEAD = "0007"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgresql_server() as running:
        yield running


@pytest.fixture(params=["sqlite", *(["postgresql"] if INSTALLED else [])])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database without tables."""
    if request.param == "sqlite":
        (tmp_path / "data").mkdir(mode=0o700)
        return f"sqlite:///{tmp_path / 'data' / 'triage.db'}"
    server: Server = request.getfixturevalue("server")
    server.create(name := f"db_{time.time_ns()}")
    return server.url(name)


def put_something_in(url: str) -> None:
    database = Database(url)
    with database.write() as connection:
        deliveries.add(connection, [NewDelivery("a", "issues", "repository:1", b"{}", 1)])
        deliveries.add(connection, [NewDelivery("b", "issues", "repository:1", b"{}", 1)])
        (found,) = (it for it in deliveries.pending(connection, "repository:1", 10**15, 9) if it.guid == "b")
        deliveries.give_up(connection, [found.id], 2, "refused")
    database.close()


def test_an_upgrade_tells_from_where_to_where(triage: Triage, url: str):
    assert triage("db", "upgrade", DATABASE_URL=url).stdout == f"From nothing to revision {HEAD}.\n"
    assert triage("db", "upgrade", DATABASE_URL=url).stdout == f"At revision {HEAD} already.\n"


def test_a_check_tells_what_is_there_and_what_is_to_be_done(triage: Triage, url: str):
    if url.startswith("postgresql"):
        first = triage("db", "check", DATABASE_URL=url)
        assert (first.exit_code, "there are no tables yet" in first.stdout) == (0, True)
    triage("db", "upgrade", DATABASE_URL=url)
    put_something_in(url)
    found = triage("db", "check", "--thorough", DATABASE_URL=url)
    assert found.exit_code == 0, found.output
    for said in (f"OK    revision: {HEAD}", "WARN  deliveries: 1 are still", "1 were given up", "deliveries 2"):
        assert said in found.stdout
    assert ("OK    file: whole" in found.stdout) == url.startswith("sqlite")


def test_a_check_changes_nothing(triage: Triage, url: str):
    old = Database(url)
    with old.write() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('0001')"))
    found = triage("db", "check", DATABASE_URL=url)
    assert "WARN  revision: 0001; to come: 0002, 0003" in found.stdout
    with old.read() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "0001"
    old.close()


def test_tables_that_somebody_took_away_are_named(triage: Triage, url: str):
    triage("db", "upgrade", DATABASE_URL=url)
    database = Database(url)
    with database.write() as connection:
        connection.execute(sa.text("DROP TABLE commands"))
    database.close()
    found = triage("db", "check", DATABASE_URL=url)
    assert (found.exit_code, "FAIL  tables: not there: commands" in found.stdout) == (1, True)


def test_a_damaged_file_is_told(triage: Triage, tmp_path: Path):
    file = tmp_path / "data" / "triage.db"
    triage("db", "upgrade")
    put_something_in(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'deliveries'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = b"\xff" * size
    file.write_bytes(content)
    found = triage("db", "check")
    assert found.exit_code == 1
    assert "FAIL" in found.stdout
    refused = triage("db", "backup", tmp_path / "copy")
    assert refused.exit_code == 2
    assert not (tmp_path / "copy").exists()


def test_a_backup_holds_what_is_there_and_overwrites_nothing(triage: Triage, url: str, tmp_path: Path):
    triage("db", "upgrade", DATABASE_URL=url)
    put_something_in(url)
    target = tmp_path / "backup"
    done = triage("db", "backup", target, DATABASE_URL=url)
    assert (done.exit_code, "looked into" in done.stdout) == (0, True), done.output
    before = target.read_bytes()
    again = triage("db", "backup", target, DATABASE_URL=url)
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("backup")] == ["backup"]
    if url.startswith("sqlite"):
        with sqlite3.connect(target) as connection:
            assert connection.execute("SELECT count(*) FROM deliveries").fetchone() == (2,)
        connection.close()
    else:
        listed = subprocess.run(["pg_restore", "--list", str(target)], capture_output=True, text=True, check=True)
        assert "TABLE DATA public deliveries" in listed.stdout


def test_a_backup_is_for_its_owner_only(triage: Triage, url: str, tmp_path: Path):
    triage("db", "upgrade", DATABASE_URL=url)
    assert triage("db", "backup", tmp_path / "backup", DATABASE_URL=url).exit_code == 0
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600


def test_a_backup_is_of_one_moment_while_others_write(triage: Triage, tmp_path: Path):
    """What is not committed at that moment is not in it, and does not hold it up."""
    triage("db", "upgrade")
    database = Database(f"sqlite:///{tmp_path / 'data' / 'triage.db'}")
    for number in range(50):
        with database.write() as connection:
            deliveries.add(connection, [NewDelivery(f"{number}", "issues", f"lane {number}", b"x" * 9000, 1)])
    with database.write() as connection:
        deliveries.add(connection, [NewDelivery("uncommitted", "issues", "lane", b"x", 1)])
        done = triage("db", "backup", tmp_path / "copy")
        assert done.exit_code == 0, done.output
    with sqlite3.connect(tmp_path / "copy") as copied:
        assert copied.execute("SELECT count(*), count(DISTINCT lane) FROM deliveries").fetchone() == (50, 50)
    copied.close()
    database.close()


def test_what_cannot_be_opened_or_written_is_said(triage: Triage, tmp_path: Path):
    assert "there is no database" in triage("db", "check").stdout
    assert triage("db", "backup", tmp_path / "x").exit_code == 2
    triage("db", "upgrade")
    refused = triage("db", "backup", tmp_path / "no" / "such" / "folder")
    assert (refused.exit_code, "cannot be made" in refused.stderr) == (2, True)
    (tmp_path / "copy.part").touch()
    refused = triage("db", "backup", tmp_path / "copy")
    assert (refused.exit_code, "was cut short" in refused.stderr) == (2, True)
    away = triage("db", "check", DATABASE_URL="postgresql://bot:hush@127.0.0.1:1/triage")
    assert (away.exit_code, "cannot be used" in away.stdout, "hush" in away.output) == (1, True, False)


def test_without_postgresqls_programs_it_says_what_to_run(
    triage: Triage, tmp_path: Path, request: pytest.FixtureRequest
):
    if not INSTALLED:
        pytest.skip("no PostgreSQL here")
    server: Server = request.getfixturevalue("server")
    refused = triage("db", "backup", tmp_path / "x", DATABASE_URL=server.url(), PATH=str(tmp_path))
    assert (refused.exit_code, "run where they are: pg_dump --format=custom" in refused.stderr) == (2, True)
