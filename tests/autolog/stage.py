"""A tracking store to look at, and programs that train in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent


def make_database(path: Path) -> Path:
    """An MLflow database in SQLite."""
    make_tables(f"sqlite:///{path}", path.parent)
    return path


def make_tables(database: str, folder: Path) -> None:
    """MLflow's tables and the default experiment in the empty database at this URI; its artifacts go to `folder`."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(database, (folder / "artifacts").as_uri()).engine.dispose()


@dataclass(frozen=True)
class Seen:
    """A run as it is in the store."""

    run_id: str
    name: str
    status: str
    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[str, list[tuple[int, float]]]
    """By name: step and value of each point, by step."""
    artifacts: list[str]
    models: list[str]
    """Ids of the models it gave."""

    @property
    def all_steps(self) -> dict[str, list[int]]:
        """By name: the steps of all points."""
        return {key: self.steps(key) for key in self.metrics}

    def steps(self, key: str) -> list[int]:
        return [step for step, _ in self.metrics[key]]

    def values(self, key: str) -> list[float]:
        return [value for _, value in self.metrics[key]]

    def last(self, key: str) -> float:
        return self.metrics[key][-1][1]


@dataclass(frozen=True)
class Tracking:
    """A tracking store, read through MLflow's own client."""

    uri: str
    folder: Path
    experiment: str | None = None
    """Its name, if the others are not to be seen."""
    spool: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "spool", self.folder / "spool")

    @property
    def client(self) -> Any:
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri)

    def runs(self) -> list[Seen]:
        """All runs of all experiments, or of the one, oldest first."""
        client = self.client
        experiments = [
            each.experiment_id for each in client.search_experiments() if self.experiment in {None, each.name}
        ]
        if not experiments:
            return []
        found = client.search_runs(experiments, order_by=["attributes.start_time ASC"])
        return [self._seen(client, each) for each in found]

    def run(self) -> Seen:
        """The only run."""
        (run,) = self.runs()
        return run

    def _seen(self, client: Any, run: Any) -> Seen:
        run_id = run.info.run_id
        histories = {key: client.get_metric_history(run_id, key) for key in run.data.metrics}
        metrics = {key: sorted((point.step, point.value) for point in points) for key, points in histories.items()}
        models = [each.model_id for each in client.get_run(run_id).outputs.model_outputs]
        return Seen(
            run_id,
            run.info.run_name,
            run.info.status,
            dict(run.data.params),
            dict(run.data.tags),
            metrics,
            sorted(self._artifacts(client, run_id)),
            models,
        )

    def _artifacts(self, client: Any, run_id: str, folder: str | None = None) -> list[str]:
        found: list[str] = []
        for each in client.list_artifacts(run_id, folder):
            found += self._artifacts(client, run_id, each.path) if each.is_dir else [each.path]
        return found


@dataclass(frozen=True)
class Program:
    """What a program said, and how it ended."""

    status: int
    output: str
    errors: str

    @property
    def result(self) -> Any:
        """What its last line says, as JSON."""
        return json.loads(self.output.strip().splitlines()[-1])


def run_program(source: str, *, environment: Mapping[str, str] | None = None, timeout: float = 280) -> Program:
    """Run Python `source` in a process of its own, with this environment and `environment` on top."""
    done = subprocess.run(  # noqa: PLW1510 - how it ended is what a test looks at
        [sys.executable, "-c", textwrap.dedent(source)],
        env=program_environment(environment),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    return Program(done.returncode, done.stdout, done.stderr)


def program_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment, autolog importable in it, and `more` on top."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "autolog/src"), **(more or {})}
