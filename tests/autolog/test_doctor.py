"""What `autolog doctor` prints."""

from __future__ import annotations

import json
import platform

import keras
import mlflow
import pytest
import tensorflow as tf
from click.testing import CliRunner

import autolog
from autolog.cli import main
from tests.autolog.stage import Tracking, run_program


def lines_of(text: str) -> dict[str, str]:
    first, title, *lines, last = text.strip().splitlines()
    assert (first, title, last) == ("```text", "autolog doctor 1", "```")
    return dict(line.split(": ", 1) for line in lines)


def test_a_block_to_paste_tells_versions_backend_and_store(tracking: Tracking, capsys: pytest.CaptureFixture[str]):
    autolog.doctor()
    told = lines_of(capsys.readouterr().out)
    assert (told["python"], told["autolog"]) == (platform.python_version(), autolog.__version__)
    assert (told["mlflow"], told["keras"], told["tensorflow"]) == (
        mlflow.__version__,
        keras.__version__,
        tf.__version__,
    )
    assert told["backend"] == f"tensorflow {tf.__version__}"
    assert (told["tracking"], told["store"]) == (tracking.uri, "sqlite")
    assert platform.system() in told["os"]


def test_json_tells_the_same(tracking: Tracking, capsys: pytest.CaptureFixture[str]):
    autolog.doctor()
    block = lines_of(capsys.readouterr().out)
    autolog.doctor(as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told.pop("autolog doctor") == 1
    assert told == block


def test_the_program_prints_both(tracking: Tracking):
    runner = CliRunner()
    assert lines_of(runner.invoke(main, ["doctor"]).output)["autolog"] == autolog.__version__
    assert json.loads(runner.invoke(main, ["doctor", "--json"]).output)["autolog"] == autolog.__version__


@pytest.mark.parametrize(
    ("uri", "shown", "store"),
    [
        ("https://me:hunter2@mlflow.example.org:5000/ml", "https://mlflow.example.org:5000/ml", "http"),
        ("postgresql+psycopg://me:hunter2@db/mlflow?sslmode=require&password=hunter2", None, "postgresql"),
        ("postgresql://me:hunter2/hunter2?#@db/mlflow", "postgresql://db/mlflow", "postgresql"),
        ("mssql+pyodbc:///?odbc_connect=UID%3Dme%3BPWD%3Dhunter2", "mssql+pyodbc:///", "mssql"),
        ("https://hunter2@mlflow.example.org?token=hunter2", "https://mlflow.example.org", "http"),
        ("databricks://profile", "databricks://profile", "databricks"),
        ("sqlite:////srv/mlflow.db", "sqlite:////srv/mlflow.db", "sqlite"),
    ],
)
def test_no_credentials_are_shown(
    tracking: Tracking, capsys: pytest.CaptureFixture[str], uri: str, shown: str | None, store: str
):
    mlflow.set_tracking_uri(uri)
    autolog.doctor()
    text = capsys.readouterr().out
    assert "hunter2" not in text
    assert lines_of(text)["store"] == store
    if shown is not None:
        assert lines_of(text)["tracking"] == shown


def test_without_mlflow_or_a_framework_it_still_answers(tracking: Tracking):
    program = run_program(
        """
        import importlib.metadata, sys
        sys.modules["mlflow"] = None
        real = importlib.metadata.version

        def version(name):
            if name in {"mlflow", "keras", "tensorflow", "jax"}:
                raise importlib.metadata.PackageNotFoundError(name)
            return real(name)

        importlib.metadata.version = version
        import autolog
        autolog.doctor()
        """,
        environment={"MLFLOW_TRACKING_URI": "https://me:hunter2@mlflow.example.org"},
    )
    assert program.status == 0, program.errors
    told = lines_of(program.output)
    assert (told["mlflow"], told["keras"], told["backend"]) == ("not installed",) * 3
    assert told["tracking"] == "https://mlflow.example.org"


def test_the_backend_is_told_without_starting_it(tracking: Tracking):
    program = run_program(
        """
        import sys, autolog
        autolog.doctor()
        assert not {"keras", "tensorflow", "jax"} & set(sys.modules)
        """,
        environment={"KERAS_BACKEND": "jax"},
    )
    assert program.status == 0, program.errors
    assert lines_of(program.output)["backend"].startswith("jax ")
