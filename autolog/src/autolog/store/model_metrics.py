"""Metrics of a logged model, whose key has no place for two values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST

from autolog.store.batch import Batch


def check_kept(batch: Batch, kept: Iterable[Any]) -> None:
    """Compare the batch's metrics of models with those in the database. MLflow, too, takes the same one twice.

    Raises:
        MlflowException: another value, or data set, is there for the same model, metric, time and step.
    """
    there = {tuple(row[:4]): tuple(row[4:]) for row in kept}
    for row in batch.model_metrics:
        if there.get(row[:4], row[4:]) != row[4:]:
            model, name, timestamp, step = row[:4]
            raise MlflowException(
                f"The metric {name!r} of the model {model!r} was already logged with another value or dataset at step "
                f"{step} and timestamp {timestamp} for run ID='{batch.run_id}'.",
                BAD_REQUEST,
            )
