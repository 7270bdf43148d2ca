"""What `autolog store check` says, and that it changes nothing."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import mlflow
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from autolog.cli import main
from tests.autolog.stage import run_program
from tests.autolog.store_cli.conftest import DATABASES, Database


def check(uri: str, *options: str) -> Result:
    return CliRunner().invoke(main, ["store", "check", uri, *options])


def found(uri: str) -> dict[str, Any]:
    """What it says to programs."""
    told: dict[str, Any] = json.loads(check(uri, "--json").stdout)
    return told


def problems(uri: str) -> list[str]:
    return [each["name"] for each in found(uri)["problems"]]


def test_the_fast_path_is_active_where_all_is_well(database: Database):
    result = check(database.uri)
    assert result.exit_code == 0, result.output
    assert "fast path" in result.stdout
    told = found(database.uri)
    assert (told["active"], told["problems"]) == (True, [])
    assert told["MLflow"] == mlflow.__version__
    assert "which is this MLflow's" in told["schema"]


def test_a_uri_without_autolog_is_told_the_one_to_use(database: Database):
    result = check(database.plain)
    assert result.exit_code == 1
    assert database.uri.replace("postgres@", "") in result.stdout
    assert problems(database.plain) == ["uri"]


def test_the_uri_may_come_from_the_environment(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", database.uri)
    assert CliRunner().invoke(main, ["store", "check"]).exit_code == 0


def test_nothing_is_changed(database: Database):
    before = database.rows()
    check(database.uri)
    check(database.plain)
    assert database.rows() == before


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_file_is_left_as_it_is_even_if_the_uri_asks_for_another_journal(database: Database, tmp_path: Path):
    file = tmp_path / "mlflow.db"
    before, names = file.read_bytes(), sorted(tmp_path.iterdir())
    told = found(f"{database.uri}?wal=true&synchronous=normal")
    assert told["active"] is True
    assert told["journal_mode"] == "delete; wal from the first opening by this URI"
    assert told["synchronous"] == "normal"
    assert (file.read_bytes(), sorted(tmp_path.iterdir())) == (before, names)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_journal_that_is_in_force_is_told(database: Database, tmp_path: Path):
    sqlite3.connect(tmp_path / "mlflow.db").execute("PRAGMA journal_mode = wal").connection.close()
    names = sorted(tmp_path.iterdir())
    told = found(database.uri)
    assert (told["active"], told["journal_mode"], told["synchronous"]) == (True, "wal", "full")
    assert sorted(tmp_path.iterdir()) == names


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_is_in_the_write_ahead_log_only_is_seen(database: Database, tmp_path: Path):
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as other:
        other.executescript("PRAGMA journal_mode = wal; UPDATE alembic_version SET version_num = 'ffffffffffff';")
        assert "ffffffffffff" in found(database.uri)["schema"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_option_with_a_wrong_value_is_told(database: Database):
    result = check(f"{database.uri}?synchronous=sometimes")
    assert result.exit_code == 1
    assert "\nsynchronous=sometimes in the database's URI: give one of off, normal, full, extra.\n" in result.stdout


def test_a_missing_file_is_not_made(tmp_path: Path):
    uri = f"sqlite+autolog:///{tmp_path}/no/mlflow.db"
    result = check(uri)
    assert result.exit_code == 1
    assert f'MLFLOW_TRACKING_URI="{uri}" mlflow experiments search' in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_stays_empty(request: pytest.FixtureRequest, database: Database, tmp_path: Path):
    if database.uri.startswith("sqlite"):
        sqlite3.connect(tmp_path / "empty.db").close()
        (tmp_path / "empty.db").touch()
        empty = Database(f"sqlite+autolog:///{tmp_path}/empty.db", "")
    else:
        server = request.getfixturevalue("postgresql")
        server.create(f"empty_{os.getpid()}")
        empty = Database(server.url(f"empty_{os.getpid()}", "autolog"), "")
    assert problems(empty.uri) == ["empty"]
    assert empty.rows() == {}


@pytest.mark.parametrize(
    ("revision", "schema", "mend"),
    [("451aebb31d03", "this MLflow's is", "mlflow db upgrade"), ("ffffffffffff", "unknown", "pip install -U mlflow")],
)
def test_a_schema_of_another_version_is_told(database: Database, revision: str, schema: str, mend: str):
    with database.connected() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
    result = check(database.uri)
    assert result.exit_code == 1
    assert schema in result.stdout
    assert mend in result.stdout
    assert problems(database.uri) == ["schema"]


def test_missing_tables_are_named(database: Database):
    with database.connected() as connection:
        connection.exec_driver_sql("DROP TABLE inputs" + ("" if "sqlite" in database.uri else " CASCADE"))
    told = found(database.uri)
    assert [each["why"] for each in told["problems"]] == ["Tables are missing: inputs"]


def test_an_mlflow_that_was_not_tested_is_told(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mlflow, "__version__", "99.0.0")
    result = check(database.uri)
    assert result.exit_code == 1
    assert "MLflow 99.0.0 is not one of those it was tested with" in result.stdout
    assert problems(database.uri) == ["mlflow"]


def test_a_missing_driver_is_told():
    program = run_program(
        """
        import sys
        sys.modules["psycopg2"] = sys.modules["psycopg"] = None
        from autolog.cli import main
        main(["store", "check", "postgresql+autolog://me@localhost/db"])
        """
    )
    assert program.status == 1, program.errors
    assert "pip install psycopg2-binary" in program.output


def test_without_mlflow_it_still_answers(tmp_path: Path):
    program = run_program(
        f"""
        import sys
        sys.modules["mlflow"] = None
        from autolog.cli import main
        main(["store", "check", "sqlite+autolog:///{tmp_path}/mlflow.db"])
        """
    )
    assert program.status == 1, program.errors
    assert "pip install mlflow" in program.output


def test_a_server_that_does_not_answer_is_told():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    result = check(f"postgresql+autolog://me:hunter2@127.0.0.1:{port}/db")
    assert result.exit_code == 1
    assert "cannot be reached" in result.stdout
    assert "hunter2" not in result.output


@pytest.mark.parametrize("database", [each for each in DATABASES if each != "sqlite"], indirect=True)
def test_a_user_who_may_not_read_the_tables_is_told(database: Database):
    with database.connected() as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS nobody")
        connection.exec_driver_sql("CREATE ROLE nobody LOGIN")
    result = check(database.uri.replace("postgres@", "nobody@"))
    assert result.exit_code == 1
    assert "The tables cannot be read: permission denied for table alembic_version.\n" in result.stdout


def test_a_file_that_is_no_database_is_told(tmp_path: Path):
    (tmp_path / "mlflow.db").write_text("something else\n" * 100)
    result = check(f"sqlite+autolog:///{tmp_path}/mlflow.db")
    assert result.exit_code == 1
    assert "file is not a database" in result.stdout


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("https://me:hunter2@mlflow.example.org", "is a tracking server"),
        ("mysql://me:hunter2@db/mlflow?password=hunter2", "MLflow's own store serves it"),
        ("postgres://me:hunter2@db/mlflow", "not for postgres.\n  Give one such as"),
        ("sqlite://", "in memory"),
        ("sqlite+autolog:///:memory:", "in memory"),
        ("databricks", "is a tracking server"),
        ("me:hunter2@db", "not the URI of a database"),
    ],
)
def test_other_uris_are_explained_without_their_secrets(uri: str, told: str):
    result = check(uri)
    assert result.exit_code == 1
    assert told in result.stdout
    assert "hunter2" not in result.output + check(uri, "--json").output


def test_looking_at_the_help_imports_nothing_heavy():
    program = run_program(
        """
        import json, sys
        from autolog.cli import main
        main(["store", "bench", "--help"], standalone_mode=False)
        print(json.dumps(sorted({"mlflow", "sqlalchemy", "rich", "alembic"} & set(sys.modules))))
        """
    )
    assert program.result == [], program.errors
