"""A batch in SQLite: one statement for each table, between a BEGIN that takes the write lock and a COMMIT."""

from __future__ import annotations

from typing import Any

from mlflow.entities import LifecycleStage
from sqlalchemy import Connection, Engine

from autolog.store.batch import Batch
from autolog.store.model_metrics import check_kept
from autolog.store.written import Written

_METRICS = (
    "INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
_LATEST = (
    "INSERT INTO latest_metrics AS kept (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp, "
    "step = excluded.step, is_nan = excluded.is_nan "
    "WHERE (excluded.step, excluded.timestamp, excluded.value) > (kept.step, kept.timestamp, kept.value)"
)
_MODEL_METRICS = (
    "INSERT INTO logged_model_metrics (model_id, metric_name, metric_timestamp_ms, metric_step, metric_value, "
    "dataset_name, dataset_digest, experiment_id, run_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_KEPT_MODEL_METRICS = (
    "SELECT model_id, metric_name, metric_timestamp_ms, metric_step, metric_value, dataset_name, dataset_digest "
    "FROM logged_model_metrics WHERE run_id = ? AND model_id = ? AND metric_name = ?"
)
_PARAMS = "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_TAGS = (
    "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?) "
    "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value"
)
_RUN_NAME = "UPDATE runs SET name = ? WHERE run_uuid = ?"
_READY = "autolog"
"""In a connection's `info`: it has been made ready."""


def write(engine: Engine, batch: Batch, workspace: str | None) -> Written:
    """Write `batch` in one transaction; see Written for when nothing is written.

    Raises:
        SQLAlchemyError: the database refuses something, or is locked by another for too long.
    """
    with engine.connect() as connection:
        try:
            return _write(connection, batch, workspace)
        except Exception:
            raise
        except BaseException:
            # After a Ctrl-C SQLAlchemy may take a transaction for ended that is not: the pool would keep its lock.
            connection.invalidate()
            raise


def _write(connection: Connection, batch: Batch, workspace: str | None) -> Written:
    if _READY not in connection.info:
        _make_ready(connection)
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    found = _find(connection, batch, workspace)
    written = _compared(found, batch)
    if written.lifecycle_stage == LifecycleStage.ACTIVE and not written.changed:
        _write_all(connection, batch, found[0][1])
        connection.commit()
    else:
        connection.rollback()
    return written


def _make_ready(connection: Connection) -> None:
    """As MLflow makes each of its sessions ready. Of a wait that the URI asks for, our dialect takes care."""
    connection.exec_driver_sql("PRAGMA foreign_keys = ON")
    connection.exec_driver_sql("PRAGMA busy_timeout = 20000")
    connection.rollback()
    connection.info[_READY] = True


def _find(connection: Connection, batch: Batch, workspace: str | None) -> list[Any]:
    """Stage and experiment of the run, and those of the batch's params that it has: a row for each, or one without."""
    values: list[str] = []
    sql = "SELECT runs.lifecycle_stage, runs.experiment_id"
    if batch.params:
        values += batch.params
        marks = ", ".join("?" * len(batch.params))
        sql += (
            ", params.key, params.value FROM runs "
            f"LEFT JOIN params ON params.run_uuid = runs.run_uuid AND params.key IN ({marks})"
        )
    else:
        sql += " FROM runs"
    if workspace is not None:
        values.append(workspace)
        sql += " JOIN experiments ON experiments.experiment_id = runs.experiment_id AND experiments.workspace = ?"
    return list(connection.exec_driver_sql(f"{sql} WHERE runs.run_uuid = ?", (*values, batch.run_id)))


def _compared(found: list[Any], batch: Batch) -> Written:
    if not found:
        return Written(None)
    kept = {key: value for _, _, key, value in found if key is not None} if batch.params else {}
    return Written(found[0][0], {key: value for key, value in kept.items() if value != batch.params[key]})


def _write_all(connection: Connection, batch: Batch, experiment_id: int) -> None:
    run_id = batch.run_id
    if batch.params:
        connection.exec_driver_sql(_PARAMS, [(key, value, run_id) for key, value in batch.params.items()])
    if batch.metrics:
        connection.exec_driver_sql(_METRICS, batch.metrics)
        connection.exec_driver_sql(_LATEST, batch.latest)
    if batch.model_metrics:
        rows = [(*row, experiment_id, run_id) for row in batch.model_metrics]
        if connection.exec_driver_sql(_MODEL_METRICS, rows).rowcount < len(rows):
            names = dict.fromkeys((run_id, *row[:2]) for row in batch.model_metrics)
            kept = [row for name in names for row in connection.exec_driver_sql(_KEPT_MODEL_METRICS, name)]
            check_kept(batch, kept)
    if batch.tags:
        connection.exec_driver_sql(_TAGS, [(key, value, run_id) for key, value in batch.tags.items()])
    if batch.run_name is not None:
        connection.exec_driver_sql(_RUN_NAME, (batch.run_name, run_id))
