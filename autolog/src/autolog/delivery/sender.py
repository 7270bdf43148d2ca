"""Delivers a journal to the tracking server, in order, each thing once."""

from __future__ import annotations

import itertools
import logging
import math
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput, Metric, Param, RunTag
from mlflow.models import Model
from mlflow.tracking.default_experiment.registry import get_experiment_id

from autolog import mlflow_side
from autolog.delivery.calls import Doubtful, NotNow, Refused, call, said
from autolog.delivery.journal import Journal, Position
from autolog.delivery.records import KEY_LENGTH, Batch, Record
from autolog.store.plugin import batched

RUN_TOKEN_TAG = "autolog.token"  # noqa: S105 - the name of a tag
"""Tells, after an answer was lost, whether a run or model was made after all."""
TROUBLE_TAG = "autolog.trouble"
"""On a run of which MLflow did not take everything: what it said."""
PATIENCE = 5
"""How often a doubtful error is met at one place, before it counts as one for good."""
RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
_ARTIFACTS = frozenset({"file", "model"})

_log = logging.getLogger("autolog")


def retry_seconds(failures: int) -> float:
    """How long to wait after so many failures in a row."""
    return RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1]


class Sender:
    """Goes through one journal.

    After a failed call nobody knows whether the server has done it all the same. MLflow's SQL stores ignore a metric
    that they have; its file store does not. So what comes after a failure is compared with what the server holds, until
    something is found to be new.

    An artifact that fails, because its store cannot be reached, say, does not hold up the metrics behind it: it is
    postponed, and tried again at growing intervals.
    """

    def __init__(
        self,
        journal: Journal,
        uri: str,
        *,
        resumed: bool = False,
        on_made: Callable[[str, Any], None] = lambda _token, _run: None,
        on_refused: Callable[[str], None] = lambda _why: None,
    ) -> None:
        self.journal = journal
        self.client = MlflowClient(tracking_uri=batched(uri))
        self._unsure = resumed
        self._on_made = on_made
        """Told a run's token and the run, once there is one."""
        self._on_refused = on_refused
        """Told why, for each thing that the server will never have."""
        self._doubts = 0
        self._artifact_failures = 0
        self._artifacts_again = 0.0
        self.artifact_trouble: str | None = None
        """Why artifacts are postponed."""
        self.sent = 0
        """Metric points, params and tags that went out."""
        self.set_aside = 0

    def deliver(self, stop: Callable[[], bool] = lambda: False, *, artifacts: bool = False) -> bool:
        """Send what the journal holds. True if nothing is left but postponed artifacts, False if `stop` said so.

        Args:
            stop: asked before each record.
            artifacts: try the postponed ones even if it is not their time yet.

        Raises:
            NotNow: the rest has to wait.
        """
        if artifacts:
            self._artifacts_again = 0.0
        while not stop():
            end = self.journal.end
            record, batch, behind = self._next()
            if record is None:
                self._arrive(end)
                self._try_postponed(stop)
                return True
            try:
                self._deliver_one(record, batch)
            except BaseException:
                self._unsure = True
                raise
            self.journal.confirm(behind)
        return False

    def _arrive(self, end: Position) -> None:
        if self.journal.state.position < end:
            if end.offset:
                self._on_refused(f"somebody has deleted {self.journal.folder}")
            self.journal.confirm(end)

    @property
    def wait_for_artifacts(self) -> float | None:
        """In how many seconds the postponed artifacts are tried again; None if there are none."""
        return max(self._artifacts_again - time.monotonic(), 0) if self.journal.state.postponed else None

    def _next(self) -> tuple[Record | None, Batch | None, Position]:
        """The next record, or as many batches of one run as go into one call."""
        first, whole, behind = None, None, self.journal.state.position
        for record, after in self.journal.read():
            if first is None:
                first, behind = record, after
                if "batch" not in record:
                    break
                whole = Batch.of(record)
                continue
            fits = whole is not None and "batch" in record and record["run"] == first["run"]
            more = whole.joined(Batch.of(record)) if whole is not None and fits else None
            if more is None:
                break
            whole, behind = more, after
        return first, whole, behind

    def _deliver_one(self, record: Record, batch: Batch | None) -> None:
        try:
            if batch is not None:
                self._send(record["run"], batch)
            else:
                self._carry_out(record)
        except Refused as error:
            self._refuse(record if batch is None else batch.record(record["run"]), error)
        except Exception as error:
            if not _ARTIFACTS & set(record):
                raise
            self._unsure = True
            self._postpone(record, error)
        self._doubts = 0

    def _refuse(self, record: Record, error: Refused) -> None:
        self.set_aside += 1
        self.journal.set_aside(record, str(error))
        self._on_refused(str(error))
        _log.info("MLflow refuses what was logged to run %s: %s", self._run_id(record["run"]), error)

    # Artifacts that have to wait

    def _postpone(self, record: Record, error: Exception) -> None:
        self._artifact_failures += 1
        self._artifacts_again = time.monotonic() + retry_seconds(self._artifact_failures)
        self.artifact_trouble = said(error)
        self.journal.state.postponed.append({**record, "tried": True})

    def _try_postponed(self, stop: Callable[[], bool]) -> None:
        """The one that fails goes to the end of the queue, and the others wait with it."""
        postponed = self.journal.state.postponed
        while postponed and time.monotonic() >= self._artifacts_again and not stop():
            record = postponed.pop(0)
            try:
                self._carry_out(record)
                self._artifact_failures = 0
            except Refused as error:
                self._refuse(record, error)
            except Exception as error:
                self._postpone(record, error)
            self.journal.save()
        if not postponed:
            self.artifact_trouble = None

    # What the records ask for

    def _carry_out(self, record: Record) -> None:
        token = record["run"]
        if "make" in record:
            self._make(token, record["make"])
        elif "file" in record:
            path = self._path(record["file"])
            if path.exists():
                call(self.client.log_artifact, self._run_id(token), str(path), record.get("to"))
                shutil.rmtree(path.parent, ignore_errors=True)
        elif "model" in record:
            self._model(token, record)
        elif "end" in record:
            end = record["end"]
            call(mlflow_side.end_run, self.client, self._run_id(token), end["status"], end["time"])

    def _make(self, token: str, wanted: dict[str, Any]) -> None:
        if token in self.journal.state.runs:
            return
        experiment = self._experiment(wanted)
        run = None
        if self._unsure:
            query = f"tags.`{RUN_TOKEN_TAG}` = '{token}'"
            run = next(iter(call(self.client.search_runs, [experiment], query)), None)
        if run is None:
            run = call(
                self.client.create_run,
                experiment,
                start_time=wanted["time"],
                tags={**wanted["tags"], RUN_TOKEN_TAG: token},
                run_name=wanted["name"],
            )
        self.journal.state.runs[token] = run.info.run_id
        self.journal.save()
        self._on_made(token, run)

    def _experiment(self, wanted: dict[str, Any]) -> str:
        """Its id; one that is known by its name alone is made if there is none."""
        name = wanted.get("experiment_name")
        if name is None:
            return wanted["experiment"] or str(get_experiment_id() or "0")
        found = call(self.client.get_experiment_by_name, name)
        if found is None:
            try:
                return str(call(self.client.create_experiment, name))
            except Refused:
                found = call(self.client.get_experiment_by_name, name)  # another process was faster
                if found is None:
                    raise
        return str(found.experiment_id)

    def _model(self, token: str, record: Record) -> None:
        folder = self._path(record["model"])
        if not (folder / "MLmodel").exists():
            return
        run_id, known = self._run_id(token), self.journal.state.models
        run = call(self.client.get_run, run_id)
        if record["model"] not in known:
            model = self._made_model(run.info.experiment_id, record) or call(
                self.client.create_logged_model,
                run.info.experiment_id,
                name=record["name"],
                source_run_id=run_id,
                params=run.data.params,
                tags={RUN_TOKEN_TAG: record["model"]},
            )
            known[record["model"]] = model.model_id
            self.journal.save()
        model = call(self.client.get_logged_model, known[record["model"]])
        if model.model_id not in {each.model_id for each in getattr(run.outputs, "model_outputs", None) or ()}:
            output = LoggedModelOutput(model.model_id, step=record["step"])
            call(self.client.log_outputs, run_id, [output])
        description = Model.load(str(folder))
        description.artifact_path = model.artifact_location
        description.model_uuid = description.model_id = model.model_id
        description.run_id = run_id
        description.save(str(folder / "MLmodel"))
        call(self.client.log_model_artifacts, model.model_id, str(folder))
        call(self.client.finalize_logged_model, model.model_id, "READY")
        (folder / "MLmodel").unlink()  # first, as a half of the folder is no model
        del known[record["model"]]
        shutil.rmtree(folder.parent, ignore_errors=True)

    def _made_model(self, experiment: str, record: Record) -> Any:
        """The model of a try whose answer was lost."""
        if not self._unsure and not record.get("tried"):
            return None
        query = f"tags.`{RUN_TOKEN_TAG}` = '{record['model']}'"
        return next(iter(call(self.client.search_logged_models, [experiment], query)), None)

    def _send(self, token: str, batch: Batch) -> None:
        run_id = self._run_id(token)
        if self._unsure and batch.metrics:
            before, batch = batch, self._without_known(run_id, batch)
            self._unsure = batch.entities < before.entities
        try:
            self._log_batch(run_id, batch)
        except (Doubtful, Refused) as error:
            beside = self._beside(run_id, batch.params)
            if beside != batch.params:
                self._unsure = True
                self._send(token, Batch(batch.metrics, beside, batch.tags))
                return
            if isinstance(error, Doubtful):
                self._doubts += 1
                if self._doubts < PATIENCE or not self._takes_something(run_id, error):
                    raise
            self._send_by_halves(token, run_id, batch, Refused(str(error)))

    def _beside(self, run_id: str, params: dict[str, str]) -> dict[str, str]:
        """The params, with another name for each that is there already with a value that somebody else has logged."""
        if not params:
            return params
        there = call(self.client.get_run, run_id).data.params
        free: dict[str, str] = {}
        for key, value in params.items():
            names = itertools.chain([key], (_other_name(key, number) for number in itertools.count(1)))
            free[next(name for name in names if there.get(name, value) == value)] = value
        return free

    def _takes_something(self, run_id: str, error: Doubtful) -> bool:
        """Whether the server would take another thing for the same run: if so, what it does not take is to blame."""
        try:
            call(self.client.set_tag, run_id, TROUBLE_TAG, str(error))
        except (NotNow, Refused):
            return False
        return True

    def _send_by_halves(self, token: str, run_id: str, batch: Batch, error: Refused) -> None:
        """Find out what it is that the server refuses. The rest is as good as before."""
        if batch.entities == 1:
            self._refuse(batch.record(token), error)
            return
        if self._is_gone(run_id):
            raise error
        for part in batch.halves():
            half = self._without_known(run_id, part)
            try:
                self._log_batch(run_id, half)
            except Doubtful as doubtful:
                if self._doubts < PATIENCE:
                    raise
                self._send_by_halves(token, run_id, half, Refused(str(doubtful)))
            except Refused as refused:
                self._send_by_halves(token, run_id, half, refused)

    def _is_gone(self, run_id: str) -> bool:
        try:
            return bool(call(self.client.get_run, run_id).info.lifecycle_stage != "active")
        except Refused:
            return True

    def _log_batch(self, run_id: str, batch: Batch) -> None:
        if batch.entities:
            call(
                self.client.log_batch,
                run_id,
                metrics=[Metric(key, value, timestamp, step) for key, value, timestamp, step in batch.metrics],
                params=[Param(key, value) for key, value in batch.params.items()],
                tags=[RunTag(key, value) for key, value in batch.tags.items()],
                synchronous=True,
            )
        self.sent += batch.entities

    def _without_known(self, run_id: str, batch: Batch) -> Batch:
        """Without the points that the server has already. Params and tags do no harm the second time."""
        known: dict[str, set[tuple[float | str, int, int]]] = {}
        for key in {point[0] for point in batch.metrics}:
            try:
                history = call(self.client.get_metric_history, run_id, key)
            except Refused:  # a name that it does not take; it will say so once more
                history = []
            known[key] = {(_comparable(each.value), each.timestamp, each.step) for each in history}
        new = [each for each in batch.metrics if (_comparable(each[1]), each[2], each[3]) not in known[each[0]]]
        return Batch(new, batch.params, batch.tags)

    def _run_id(self, token: str) -> str:
        """The server's id; the token itself is one where the run was not ours to make."""
        return self.journal.state.runs.get(token, token)

    def _path(self, name: str) -> Path:
        """Where the journal keeps what a record refers to: `files/ID/NAME`.

        A spool may have come from anywhere, unpacked by its user, say. What it names elsewhere is nobody's to send, or
        to delete.

        Raises:
            Refused: it is elsewhere, or leads there.
        """
        files = Path(os.path.realpath(self.journal.folder)) / "files"
        path = files.parent / name
        home = path.parent
        if home.parent != files or ".." in path.parts:
            raise Refused(f"{name} is not one of the journal's own files")
        for each in (path, *path.rglob("*")):
            if not Path(os.path.realpath(each)).is_relative_to(home):
                raise Refused(f"{name} leads to where the journal's own files are not")
        return path


def _other_name(key: str, number: int) -> str:
    return f"autolog{'' if number == 1 else f'_{number}'}/{key}"[:KEY_LENGTH]


def _comparable(value: float) -> float | str:
    """As the server gives it back: not-a-number is none, and infinities are the largest numbers, in SQL stores."""
    if math.isnan(value):
        return "nan"
    return math.copysign(1.7976931348623157e308, value) if math.isinf(value) else value
