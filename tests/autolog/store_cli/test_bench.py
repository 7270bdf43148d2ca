"""What `autolog store bench` measures, and that nothing of it is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from autolog.cli import main
from tests.autolog.stage import program_environment
from tests.autolog.store_cli.conftest import Database

SMALL = ("--rounds", "2", "--metrics", "20", "--params", "5", "--tags", "5", "--calls", "3")


def bench(uri: str, *options: str) -> Result:
    return CliRunner().invoke(main, ["store", "bench", uri, *options])


def opened(database: Database) -> Any:
    from autolog.store import Store

    return Store(database.uri, "unused")


def test_both_stores_are_measured_and_nothing_is_left(database: Database):
    before = database.rows()
    result = bench(database.plain, *SMALL)
    assert result.exit_code == 0, result.output
    assert database.rows() == before
    for kind in ("full batch", "second full batch", "the same again", "4 metrics an epoch", "one metric"):
        assert kind in result.stdout
    assert "none is left" in result.stdout


def test_what_it_prints_fits_80_columns_and_needs_no_colour(database: Database):
    result = bench(database.uri, *SMALL)
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "\x1b" not in result.stdout


def test_it_says_before_how_much_it_writes(database: Database):
    result = bench(database.uri, *SMALL, "--json")
    told = json.loads(result.stdout)
    assert f"Writing {told['rows removed']:,} rows" in result.stderr


def test_programs_are_told_figures_and_counts(database: Database):
    told = json.loads(bench(database.uri, *SMALL, "--json").stdout)
    assert [each["kind"] for each in told["kinds"]] == ["fresh", "second", "retry", "epoch", "metric"]
    for each in told["kinds"]:
        assert each["autolog"]["transactions"] == 1
        assert each["autolog"]["statements"] < each["mlflow"]["statements"]
        assert len(each["autolog"]["seconds"]) == len(each["mlflow"]["seconds"]) == 2
        assert each["times"] > 0


def test_what_mlflows_own_store_cannot_do_is_told_and_the_rest_is_measured(
    database: Database, capsys: pytest.CaptureFixture[str]
):
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import BAD_REQUEST
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    from autolog.store import printed
    from autolog.store.bench import Benched
    from autolog.store.check import check
    from autolog.store.measure import Size, measure

    class AsOlderOnes(SqlAlchemyStore):
        """Takes no batch twice, as the one of MLflow 3.1 where it has more than a hundred metrics."""

        def log_batch(self, run_id: str, metrics: Any, params: Any, tags: Any) -> None:
            if params and params[0].key in self.get_run(run_id).data.params:
                raise MlflowException("UNIQUE constraint failed", BAD_REQUEST)
            super().log_batch(run_id, metrics, params, tags)

    size = Size(rounds=2, metrics=5, params=1, tags=1, calls=2)
    stores = {"mlflow": AsOlderOnes(database.uri, "unused"), "autolog": opened(database)}
    figures = measure(stores, "0", size, lambda _number: None, lambda: None)
    benched = Benched(check(database.uri), size, figures, 0)
    kinds = json.loads(printed.bench_as_json(benched))["kinds"]
    assert {each["kind"] for each in kinds if each["refused"]} == {"retry"}
    assert all(("times" in each) is not each["refused"] for each in kinds)
    printed.print_bench(benched)
    output = capsys.readouterr().out
    assert "This version of MLflow cannot do that by its own store: the same again." in output
    assert output.count("the same again") == 2
    assert max(map(len, output.splitlines())) <= 80


def test_a_missing_file_is_not_made(tmp_path: Path):
    result = bench(f"sqlite:///{tmp_path}/no/mlflow.db", *SMALL)
    assert result.exit_code == 1
    assert "There is no file" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_tables_are_not_made(tmp_path: Path):
    (tmp_path / "empty.db").touch()
    result = bench(f"sqlite:///{tmp_path}/empty.db", *SMALL, "--json")
    assert result.exit_code == 1
    assert "has no tables of MLflow's yet" in json.loads(result.stdout)["error"]
    assert (tmp_path / "empty.db").read_bytes() == b""


def test_the_default_experiment_is_not_made(database: Database):
    with database.connected() as connection:
        for table in ("metrics", "latest_metrics", "params", "tags", "runs", "experiments"):
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608
    before = database.rows()
    result = bench(database.uri, *SMALL)
    assert result.exit_code == 1
    assert "default experiment" in result.stderr
    assert database.rows() == before


def test_a_password_is_not_shown():
    result = bench("postgresql://me:hunter2@127.0.0.1:1/db?password=hunter2", *SMALL)
    assert result.exit_code == 1
    assert "hunter2" not in result.output


def test_more_than_mlflow_takes_in_a_batch_is_refused(database: Database):
    result = bench(database.uri, "--metrics", "1000")
    assert result.exit_code == 2
    assert "1000" in result.stderr


def test_an_error_leaves_nothing(database: Database):
    from mlflow.entities import Metric, Param, RunTag

    from autolog.store import scratch

    before = database.rows()
    store = opened(database)

    def work(experiment_id: str, _pause: object) -> None:
        run_id = store.create_run(experiment_id, "me", 1, [], "run").info.run_id
        model = store.create_logged_model(experiment_id, source_run_id=run_id, tags=[], params=[])
        metric = Metric("loss", 1.0, 1, 1, model_id=model.model_id)
        store.log_batch(run_id, [metric], [Param("a", "b")], [RunTag("a", "b")])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        scratch.on_scratch(store, work)
    assert database.rows() == before


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_cannot_be_removed_is_told(database: Database):
    with database.connected() as connection:
        connection.exec_driver_sql("CREATE TRIGGER keep BEFORE DELETE ON tags BEGIN SELECT RAISE(ABORT, 'kept'); END")
    result = bench(database.uri, *SMALL)
    assert result.exit_code == 1
    assert "could not be removed" in result.stderr
    assert "--clean" in result.stderr


def at_work(database: Database) -> subprocess.Popen[str]:
    """A bench of its own process that has written something."""
    command = [sys.executable, "-m", "autolog", "store", "bench", database.uri, "--rounds", "1000"]
    process = subprocess.Popen(
        command, env=program_environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        with database.connected() as connection:
            if (connection.exec_driver_sql("SELECT count(*) FROM runs").scalar() or 0) > 3:
                return process
        time.sleep(0.1)
    process.kill()
    raise AssertionError(process.communicate())


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_bench_that_is_stopped_leaves_nothing(database: Database, number: signal.Signals, status: int):
    before = database.rows()
    process = at_work(database)
    process.send_signal(number)
    time.sleep(0.05)
    if process.poll() is None:  # impatient
        process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == status, output + errors
    assert database.rows() == before


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_signal_that_is_ignored_does_not_stop_a_bench(database: Database):
    """Such as the end of the terminal, under nohup."""
    from autolog.store import scratch

    def work(_experiment_id: str, pause: Callable[[], None]) -> str:
        os.kill(os.getpid(), signal.SIGHUP)
        pause()
        return "done"

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert scratch.on_scratch(opened(database), work)[0] == "done"
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_a_killed_bench_has_left_can_be_removed(database: Database):
    before = database.rows()
    process = at_work(database)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert database.rows() != before
    assert "With --clean they are removed" in " ".join(bench(database.uri, *SMALL).stderr.split())
    result = bench(database.uri, "--clean")
    assert result.exit_code == 0, result.output
    assert database.rows() == before


def test_an_experiment_of_somebody_with_such_a_name_is_left_alone(database: Database):
    from autolog.store.scratch import PREFIX

    opened(database).create_experiment(f"{PREFIX}of mine")
    before = database.rows()
    assert "0 rows were removed" in bench(database.uri, "--clean").stderr
    bench(database.uri, *SMALL)
    assert database.rows() == before
