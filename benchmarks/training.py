"""What logging costs a training: without, with autolog, with MLflow's own autologging."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice, permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, cast

from benchmarks import tracking
from benchmarks.fitting import EPOCHS, STEPS
from benchmarks.rounds import Part, Row, compare
from tests.autolog.stage import make_tables

LOGGERS = ("alone", "ours", "mlflow")
_ROOT = Path(__file__).parent.parent


class Fitter:
    """A process that fits when it is told."""

    def __init__(self, logger: str, cadence: str, models: str, uri: str, folder: Path) -> None:
        environment = {
            **os.environ,
            "MLFLOW_TRACKING_URI": uri,
            "AUTOLOG_SPOOL_DIR": str(folder / "spool"),
            "PYTHONPATH": str(_ROOT / "autolog/src"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "",
        }
        self._process = subprocess.Popen(
            [sys.executable, str(_ROOT / "benchmarks/fitting.py"), logger, cadence, models],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._answer()

    def fit(self) -> float:
        stdin = cast("IO[str]", self._process.stdin)
        stdin.write("go\n")
        stdin.flush()
        return float(self._answer()["seconds"])

    def _answer(self) -> dict[str, float]:
        for line in cast("IO[str]", self._process.stdout):
            if line.startswith("{"):
                answer: dict[str, float] = json.loads(line)
                return answer
        raise RuntimeError("a training ended before it had answered")

    def end(self) -> None:
        self._process.communicate(timeout=60)


def run(rounds: int) -> Part:
    title = f"Training with its log: {EPOCHS} epochs of {STEPS} steps, a tiny model on the CPU"
    if importlib.util.find_spec("keras") is None:
        return Part(title, [], ["Left out: `make setup-autolog` adds Keras and MLflow."])
    rows: list[Row] = []
    notes: list[str] = []
    with TemporaryDirectory(prefix="autolog-bench-") as scratch:
        folder = Path(scratch)
        for store in ("SQLite", "mlflow server"):
            for cadence in ("epochs", "steps"):
                place = folder / f"{store}-{cadence}".replace(" ", "-")
                place.mkdir()
                with _tracking(store, place) as uri:
                    rows += _measure(rounds, cadence, "none", f"each {cadence[:-1]}, {store}", uri, place)
                    notes += _what_was_logged(uri, f"{store}, each {cadence[:-1]}")
        place = folder / "models"
        place.mkdir()
        with _tracking("SQLite", place) as uri:
            rows += _measure(max(rounds // 2, 1), "epochs", "models", "each epoch and the model, SQLite", uri, place)
    return Part(title, rows, notes)


def _measure(rounds: int, cadence: str, models: str, what: str, uri: str, folder: Path) -> list[Row]:
    seconds: dict[str, list[float]] = {logger: [] for logger in LOGGERS}
    with ExitStack() as stack:
        fitters = {}
        for logger in LOGGERS:
            fitters[logger] = Fitter(logger, cadence, models, uri, folder)
            stack.callback(fitters[logger].end)
        # Each comes after each of the others equally often: what a fit leaves behind burdens the next one.
        for order in islice(cycle(permutations(LOGGERS)), rounds):
            for logger in order:
                seconds[logger].append(fitters[logger].fit())
    want = "" if models == "models" else "1.05"
    return [
        compare(f"autolog, {what}", "s", seconds["ours"], "fit alone", seconds["alone"], want),
        compare(f"MLflow's own, {what}", "s", seconds["mlflow"], "fit alone", seconds["alone"]),
    ]


def _what_was_logged(uri: str, where: str) -> list[str]:
    """Of the last run of each: that all of it is there, once and at its step."""
    from mlflow import MlflowClient  # noqa: PLC0415 - heavy, and not always there

    client = MlflowClient(tracking_uri=uri)
    lines: list[str] = []
    for run in client.search_runs(["0"], order_by=["attributes.start_time DESC"]):
        ours = "autolog.version" in run.data.tags
        name = "autolog" if ours else "MLflow's own"
        if any(line.startswith(f"{where}, {name}:") for line in lines) or run.info.status != "FINISHED":
            continue
        points = {key: client.get_metric_history(run.info.run_id, key) for key in run.data.metrics}
        if ours:
            epochs = sorted(point.step for point in points["val_loss"])
            assert epochs == list(range(EPOCHS)), epochs
            steps = sorted(point.step for point in points.get("step_loss", []))
            assert steps in ([], list(range(EPOCHS * STEPS))), steps
        strays = sum(len(each) for key, each in points.items() if key.startswith("validation_"))
        total = sum(len(each) for each in points.values())
        stray = f", {strays} of them validation values at step 0" if strays else ""
        lines.append(f"{where}, {name}: {total} points{stray}")
    return lines


@contextmanager
def _tracking(store: str, folder: Path) -> Iterator[str]:
    """A database with its tables, by itself or behind MLflow's server."""
    database = f"sqlite:///{folder}/mlflow.db"
    make_tables(database, folder)
    if store == "SQLite":
        yield database
        return
    with tracking.server(database, folder) as address:
        yield address
