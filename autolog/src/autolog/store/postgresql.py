"""A batch in PostgreSQL: one statement, which is one transaction. MLflow's pool asks `SELECT 1` before it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DataError

from autolog.store.batch import Batch
from autolog.store.model_metrics import check_kept
from autolog.store.written import Written

COLLISION = "22P02"
"""invalid_text_representation: what the guarded statement provokes, so that the database undoes it."""

_RUN = """run AS (
    SELECT runs.run_uuid, runs.lifecycle_stage, runs.experiment_id FROM runs{joined} WHERE runs.run_uuid = %(run)s
)"""
_WORKSPACE = (
    " JOIN experiments ON experiments.experiment_id = runs.experiment_id AND experiments.workspace = %(workspace)s"
)
_PARAMS = """
given AS (SELECT key, value FROM unnest(%(param_keys)s::text[], %(param_values)s::text[]) AS given (key, value)),
kept AS (SELECT key, value FROM params WHERE run_uuid = %(run)s AND key = ANY (%(param_keys)s::text[])),
changed AS (SELECT kept.key, kept.value FROM kept JOIN given USING (key) WHERE kept.value <> given.value),
active AS (SELECT * FROM run WHERE lifecycle_stage = 'active' AND NOT EXISTS (SELECT FROM changed)),
new_params AS (
    INSERT INTO params (key, value, run_uuid)
    SELECT key, value, run_uuid FROM given, active WHERE NOT EXISTS (SELECT FROM kept WHERE kept.key = given.key)
    ORDER BY key ON CONFLICT DO NOTHING RETURNING key
)"""
_NO_PARAMS = "active AS (SELECT * FROM run WHERE lifecycle_stage = 'active')"
_METRICS = """
new_metrics AS (
    INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid)
    SELECT point.*, run_uuid FROM unnest(
        %(keys)s::text[], %(values)s::float8[], %(timestamps)s::int8[], %(steps)s::int8[], %(nans)s::bool[]
    ) AS point, active
    ON CONFLICT DO NOTHING
),
new_latest AS (
    INSERT INTO latest_metrics AS old (key, value, timestamp, step, is_nan, run_uuid)
    SELECT point.*, run_uuid FROM unnest(
        %(l_keys)s::text[], %(l_values)s::float8[], %(l_timestamps)s::int8[], %(l_steps)s::int8[], %(l_nans)s::bool[]
    ) AS point, active
    ON CONFLICT (key, run_uuid) DO UPDATE SET
        value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan
    WHERE (excluded.step, excluded.timestamp, excluded.value) > (old.step, old.timestamp, old.value)
)"""
_MODEL_METRICS = """
new_model_metrics AS (
    INSERT INTO logged_model_metrics (
        model_id, metric_name, metric_timestamp_ms, metric_step, metric_value, dataset_name, dataset_digest,
        experiment_id, run_id
    )
    SELECT point.*, experiment_id, run_uuid FROM unnest(
        %(m_models)s::text[], %(m_names)s::text[], %(m_timestamps)s::int8[], %(m_steps)s::int8[],
        %(m_values)s::float8[], %(m_datasets)s::text[], %(m_digests)s::text[]
    ) AS point, active
    ON CONFLICT DO NOTHING RETURNING 1
)"""
_TAGS = """
new_tags AS (
    INSERT INTO tags (key, value, run_uuid)
    SELECT tag.*, run_uuid FROM unnest(%(tag_keys)s::text[], %(tag_values)s::text[]) AS tag, active
    ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value
)"""
_RUN_NAME = """
renamed AS (UPDATE runs SET name = %(run_name)s FROM active WHERE runs.run_uuid = active.run_uuid)"""
_CHANGED = "(SELECT array_agg(ARRAY[key, value]) FROM changed)"
_OTHERS = {
    "params": "(SELECT count(*) FROM given) - (SELECT count(*) FROM kept) - (SELECT count(*) FROM new_params)",
    "model_metrics": "%(m_count)s::int8 - (SELECT count(*) FROM new_model_metrics)",
}
"""How many params another transaction has written since this statement began to look; how many metrics of models were
there before, or came twice."""
_PARTS = {
    "params": None,
    "metrics": _METRICS,
    "model_metrics": _MODEL_METRICS,
    "tags": _TAGS,
    "run_name": _RUN_NAME,
}
"""What a batch may have -> what writes it, once the run is found to be active."""
_KEPT_MODEL_METRICS = """
SELECT model_id, metric_name, metric_timestamp_ms, metric_step, metric_value, dataset_name, dataset_digest
FROM logged_model_metrics WHERE run_id = %(run)s AND model_id = ANY (%(m_models)s::text[])
AND metric_name = ANY (%(m_names)s::text[])"""
_KEPT_PARAMS = "SELECT key, value FROM params WHERE run_uuid = %(run)s AND key = ANY (%(param_keys)s::text[])"


def write(engine: Engine, batch: Batch, workspace: str | None) -> Written:
    """Write `batch` in one transaction; see Written for when nothing is written.

    Raises:
        SQLAlchemyError: the database refuses something, or cannot be reached.
    """
    values = _values(batch, workspace)
    parts = frozenset(name for name in _PARTS if getattr(batch, name))
    scoped = workspace is not None
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            sql = _statement(parts, scoped=scoped, guarded=True)
            return _answer(connection.exec_driver_sql(sql, values).first())
    except DataError as error:
        if error_code(error) != COLLISION:
            raise
    # Another writer was there a moment ago, or a model has such a metric: look closer, statement by statement.
    with engine.begin() as connection:
        sql = _statement(parts, scoped=scoped, guarded=False)
        written = _answer(connection.exec_driver_sql(sql, values).first())
        if batch.params and not written.changed:
            kept = connection.exec_driver_sql(_KEPT_PARAMS, values)
            changed = {key: value for key, value in kept if value != batch.params[key]}
            if changed:
                connection.rollback()
                return Written(written.lifecycle_stage, changed)
        if batch.model_metrics:
            check_kept(batch, connection.exec_driver_sql(_KEPT_MODEL_METRICS, values))
    return written


def error_code(error: BaseException) -> str | None:
    """What PostgreSQL calls it: https://www.postgresql.org/docs/current/errcodes-appendix.html."""
    original = getattr(error, "orig", None)
    return getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)


def _answer(row: Any) -> Written:
    return Written(None) if row is None else Written(row[0], dict(row[1] or ()))


@functools.cache
def _statement(parts: frozenset[str], *, scoped: bool, guarded: bool) -> str:
    """The statement for these parts. A guarded one fails where others have written what it cannot see."""
    tables = [_RUN.format(joined=_WORKSPACE if scoped else "")]
    tables.append(_PARAMS if "params" in parts else _NO_PARAMS)
    tables += [table for name, table in _PARTS.items() if name in parts and table]
    answer = f"SELECT lifecycle_stage, {_CHANGED if 'params' in parts else 'NULL'}"
    others = [count for name, count in _OTHERS.items() if name in parts]
    if guarded and others:
        # No number, whatever the id is; and not a constant, which would be worked out before its time.
        met = " OR ".join(f"{count} > 0" for count in others)
        answer += f", CASE WHEN EXISTS (SELECT FROM active) AND ({met}) THEN ('collided ' || run_uuid)::int END"
    return f"WITH {','.join(tables)}\n{answer} FROM run"


def _values(batch: Batch, workspace: str | None) -> dict[str, Any]:
    values: dict[str, Any] = {"run": batch.run_id, "workspace": workspace, "run_name": batch.run_name}
    if batch.params:
        values |= {"param_keys": _texts(batch.params), "param_values": _texts(batch.params.values())}
    if batch.tags:
        values |= {"tag_keys": _texts(batch.tags), "tag_values": _texts(batch.tags.values())}
    for prefix, rows in (("", batch.metrics), ("l_", batch.latest)):
        if rows:
            keys, numbers, timestamps, steps, nans, _ = zip(*rows, strict=True)
            values |= {
                f"{prefix}keys": _texts(keys),
                f"{prefix}values": _numbers(numbers),
                f"{prefix}timestamps": _numbers(timestamps),
                f"{prefix}steps": _numbers(steps),
                f"{prefix}nans": _numbers(nans),
            }
    if batch.model_metrics:
        models, names, timestamps, steps, numbers, datasets, digests = zip(*batch.model_metrics, strict=True)
        values |= {
            "m_models": _texts(models),
            "m_names": _texts(names),
            "m_timestamps": _numbers(timestamps),
            "m_steps": _numbers(steps),
            "m_values": _numbers(numbers),
            "m_datasets": _texts(datasets),
            "m_digests": _texts(digests),
            "m_count": len(batch.model_metrics),
        }
    return values


def _numbers(values: Iterable[float | bool]) -> str:
    """An array as PostgreSQL reads it; `repr` gives back every float as it is."""
    return f"{{{','.join(map(repr, values))}}}"


def _texts(values: Iterable[str | None]) -> str:
    return f"{{{','.join(map(_text, values))}}}"


def _text(value: str | None) -> str:
    if value is None:
        return "NULL"
    if "\\" in value or '"' in value:
        value = value.replace("\\", r"\\").replace('"', r"\"")
    return f'"{value}"'
