"""Whether this MLflow is one whose tables and rules are known well enough to write past it."""

from __future__ import annotations

import warnings

import mlflow
from mlflow.store.db.base_sql_model import Base
from packaging.version import Version

from autolog.store.plugin import BATCHED

LOWEST, NEWEST = Version("3.1"), Version("3.17")
"""The versions of MLflow, without their last number, that the tests are run against, and all between."""
_COLUMNS = {
    "runs": {
        "run_uuid", "name", "source_type", "source_name", "entry_point_name", "user_id", "status", "start_time",
        "end_time", "deleted_time", "source_version", "lifecycle_stage", "artifact_uri", "experiment_id",
    },
    "metrics": {"key", "value", "timestamp", "step", "is_nan", "run_uuid"},
    "latest_metrics": {"key", "value", "timestamp", "step", "is_nan", "run_uuid"},
    "params": {"key", "value", "run_uuid"},
    "tags": {"key", "value", "run_uuid"},
    "logged_model_metrics": {
        "model_id", "metric_name", "metric_timestamp_ms", "metric_step", "metric_value", "experiment_id", "run_id",
        "dataset_uuid", "dataset_name", "dataset_digest",
    },
}  # fmt: skip


def unfit(dialect: str) -> str | None:
    """Why batches are left to MLflow's own path: the database, MLflow's version, its tables. None if they are not."""
    if dialect not in BATCHED:
        return f"there are no batch statements for {dialect}"
    version = Version(mlflow.__version__)
    if not LOWEST.release[:2] <= version.release[:2] <= NEWEST.release[:2]:
        return f"MLflow {version} is not one of those it was tested with, {LOWEST} to {NEWEST}"
    for name, columns in _COLUMNS.items():
        table = Base.metadata.tables.get(name)
        if table is None or set(table.columns.keys()) != columns:
            return f"the table {name} of MLflow {version} is not as it is known"
    return None


def tell(why: str) -> None:
    """Warn that the store is no faster than MLflow's own here."""
    warnings.warn(f"autolog.store leaves all writing to MLflow's own path: {why}.", RuntimeWarning, stacklevel=3)
