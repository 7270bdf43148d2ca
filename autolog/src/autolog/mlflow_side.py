"""The few places where MLflow's inner parts are used, because its public functions would block or do too much.

`mlflow.start_run` and `mlflow.end_run` talk to the server in the calling thread, for minutes if it does not answer; a
training must not wait for that. So the run is made and ended by the sender, and here it is only put on and taken off
MLflow's stack of active runs. `tests/autolog/delivery/test_mlflow_side.py` holds MLflow to what is used here.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run, RunStatus
from mlflow.tracking import fluent
from mlflow.utils import autologging_utils, rest_utils


def active_run() -> tuple[str, str] | None:
    """Id and name of the run that is active in this thread, or that `mlflow run` has made for this process."""
    run = mlflow.active_run()
    if run is not None:
        return run.info.run_id, run.info.run_name or ""
    if run_id := os.environ.get("MLFLOW_RUN_ID"):
        return run_id, ""
    return None


def active_run_of(thread: int) -> str | None:
    """Id of the run that is active in another thread of this process."""
    stack = fluent._active_run_stack.get_all_thread_values().get(thread)  # noqa: SLF001
    return str(stack[-1].info.run_id) if stack else None


def activate(run: Run) -> None:
    """Make `run` the active one of this thread, as mlflow.start_run does."""
    _stack().append(mlflow.ActiveRun(run))


def deactivate(run_id: str) -> None:
    """Take it off again, without a word to the server, and remember it as the last one, as mlflow.end_run does."""
    stack = _stack()
    stack[:] = [each for each in stack if each.info.run_id != run_id]
    with contextlib.suppress(AttributeError):
        fluent._last_active_run_id.set(run_id)  # noqa: SLF001


def end_run(client: MlflowClient, run_id: str, status: str, time: int) -> None:
    """Set the status and end time (ms since 1970) of a run.

    MlflowClient.set_terminated also prints where the run is, with the password that is in the tracking URI, and ends
    the asynchronous logging that the program itself may be using.
    """
    store = client._tracking_client.store  # noqa: SLF001
    store.update_run_info(run_id, run_status=RunStatus.from_string(status), end_time=time, run_name=None)


def own_autologging() -> list[str]:
    """Which of MLflow's own integrations that log a training of Keras or TensorFlow are on."""
    return [each for each in ("keras", "tensorflow") if not autologging_utils.autologging_is_disabled(each)]


def chosen_experiment() -> tuple[str | None, str | None]:
    """The id, or else the name, of the experiment that mlflow.start_run would use, without asking the server."""
    if chosen := getattr(fluent, "_active_experiment_id", None):
        return str(chosen), None
    if name := os.environ.get("MLFLOW_EXPERIMENT_NAME"):
        return None, name
    return os.environ.get("MLFLOW_EXPERIMENT_ID") or None, None


@contextlib.contextmanager
def without_retries() -> Iterator[None]:
    """In this thread, MLflow calls its server once, and says at once if that failed.

    Left to itself it repeats a call for minutes: also one that makes something, and whose answer alone was lost; it
    does not notice when the server is back; and it draws its pauses from the program's own random numbers.
    """
    _Retries.install()
    _here.once = True
    try:
        yield
    finally:
        _here.once = False


class _Here(threading.local):
    once = False


_here = _Here()


class _Retries:
    """MLflow's setting of how often a call is repeated: never in the threads that want it so, unchanged in others."""

    def __init__(self, setting: Any) -> None:
        self._setting = setting

    def get(self) -> int:
        return 0 if _here.once else int(self._setting.get())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._setting, name)

    @classmethod
    def install(cls) -> None:
        setting = getattr(rest_utils, "MLFLOW_HTTP_REQUEST_MAX_RETRIES", None)
        if setting is not None and not isinstance(setting, cls):
            rest_utils.MLFLOW_HTTP_REQUEST_MAX_RETRIES = cls(setting)


def _stack() -> list[Any]:
    stack: list[Any] = fluent._active_run_stack.get()  # noqa: SLF001
    return stack
