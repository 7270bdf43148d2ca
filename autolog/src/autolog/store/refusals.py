"""What is refused, in MLflow's words and with its error codes."""

from __future__ import annotations

from typing import Any

from mlflow.entities import LifecycleStage
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST

from autolog.store.batch import Batch


def check_run(run_id: str, lifecycle_stage: str | None) -> None:
    """Raise what MLflow raises for a run that is not there, or was deleted."""
    if lifecycle_stage is None:
        raise MlflowException(f"Run with id={run_id} not found", RESOURCE_DOES_NOT_EXIST)
    if lifecycle_stage != LifecycleStage.ACTIVE:
        raise MlflowException(
            f"The run {run_id} must be in the 'active' state. Current state is {lifecycle_stage}.",
            INVALID_PARAMETER_VALUE,
        )


def changed_params(batch: Batch, kept: dict[str, str]) -> MlflowException:
    """For params of a batch that are there with another value."""
    changes = [
        {"key": key, "old_value": kept[key], "new_value": value} for key, value in batch.params.items() if key in kept
    ]
    return MlflowException(
        f"Changing param values is not allowed. Params were already logged='{changes}' for run ID='{batch.run_id}'.",
        INVALID_PARAMETER_VALUE,
    )


def changed_param(run_id: str, param: Any, kept: str) -> MlflowException:
    """The same for one param that is logged by itself."""
    return MlflowException(
        f"Changing param values is not allowed. Param with key='{param.key}' was already logged with value='{kept}' "
        f"for run ID='{run_id}'. Attempted logging new value '{param.value}'.",
        INVALID_PARAMETER_VALUE,
    )
