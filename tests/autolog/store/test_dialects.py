"""The URIs with our driver's name, and what their query says."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from tests.autolog.store.sides import POSTGRESQL, TEMPLATE, Place, metric
from tests.fakes.postgresql import Server


def pragma(engine: sa.Engine, name: str) -> Any:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", ("delete", 2, 20000)),
        ("wal=true", ("wal", 2, 20000)),
        ("wal=TRUE&synchronous=Normal", ("wal", 1, 20000)),
        ("wal=false&synchronous=off", ("delete", 0, 20000)),
        ("synchronous=extra", ("delete", 3, 20000)),
        ("synchronous=full&busy_timeout=1234", ("delete", 2, 1234)),
        ("busy_timeout=0", ("delete", 2, 0)),
    ],
)
def test_the_query_tunes_every_connection(fresh_sqlite: Place, options: str, expected: tuple[str, int, int]):
    """Also after MLflow's sessions, which set a wait of their own, and ours."""
    side = fresh_sqlite.side("autolog", options)
    run_id = side.start()
    side.log(run_id, [metric()])
    engine = side.engine
    with engine.connect() as one, engine.connect() as other, engine.connect() as new:
        assert len({id(each.connection.dbapi_connection) for each in (one, other, new)}) == 3
        found = {
            tuple(each.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("journal_mode", "synchronous"))
            for each in (one, other, new)
        }
        assert found == {expected[:2]}
    side.store.get_run(run_id)
    assert pragma(engine, "busy_timeout") == expected[2]
    side.log(run_id, [metric(step=1)])
    assert pragma(engine, "busy_timeout") == expected[2]


def test_a_write_ahead_log_lets_readers_read_while_another_writes(fresh_sqlite: Place):
    side = fresh_sqlite.side("autolog", "wal=true&busy_timeout=100")
    run_id = side.start()
    with side.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql(f"UPDATE runs SET name = 'other' WHERE run_uuid = '{run_id}'")  # noqa: S608
        assert side.store.get_run(run_id).info.run_name == "as it was"
    assert Path(f"{side.engine.url.database}-wal").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("wal=yes", "wal=yes in the database's URI: give true or false"),
        ("wal=true&wal=false", "give true or false"),
        ("synchronous=2", "synchronous=2 in the database's URI: give one of off, normal, full, extra"),
        ("busy_timeout=5s", "busy_timeout=5s in the database's URI: give milliseconds, up to 2147483647"),
        ("busy_timeout=-1", "busy_timeout=-1 in the database's URI"),
        ("busy_timeout=%D9%A3", "give milliseconds"),
        ("busy_timeout=2147483648", "up to 2147483647"),
    ],
)
def test_a_value_that_an_option_cannot_have_is_told_at_once(fresh_sqlite: Place, options: str, told: str):
    with pytest.raises(ArgumentError) as caught:
        fresh_sqlite.side("autolog", options)
    assert told in str(caught.value)


def test_other_parts_of_the_query_are_the_drivers(fresh_sqlite: Place):
    engine = sa.create_engine(f"{fresh_sqlite.autolog}?wal=true&timeout=3&check_same_thread=false")
    _, named = engine.dialect.create_connect_args(engine.url)
    assert named == {"timeout": 3.0, "check_same_thread": False}
    engine = sa.create_engine(f"{fresh_sqlite.autolog.replace('///', '///file:')}?mode=ro&uri=true&busy_timeout=5")
    with engine.connect() as connection, pytest.raises(sa.exc.OperationalError, match="readonly"):
        connection.exec_driver_sql("DELETE FROM runs")


def test_the_folder_of_a_new_database_is_made(tmp_path: Path):
    engine = sa.create_engine(f"sqlite+autolog:///{tmp_path}/of/mine/mlflow.db?wal=true")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE a (b)")
    engine.dispose()
    with closing(sqlite3.connect(tmp_path / "of/mine/mlflow.db")) as there:
        assert there.execute("SELECT count(*) FROM a").fetchone() == (0,)


def test_a_database_in_memory_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for uri in ("sqlite+autolog://", "sqlite+autolog:///:memory:"):
        with sa.create_engine(uri).begin() as connection:
            connection.exec_driver_sql("CREATE TABLE a (b)")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not POSTGRESQL, reason="PostgreSQL is not installed")
def test_postgresql_is_reached_by_psycopg2_where_it_is_installed(postgresql: Server):
    engine = sa.create_engine(postgresql.url(TEMPLATE, "autolog"), poolclass=sa.NullPool)
    assert (engine.dialect.name, engine.dialect.driver) == ("postgresql", "psycopg2")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM experiments").scalar_one() == 1
