"""MLflow's SQL store, with batch statements where it writes metrics, params and tags."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy.exc
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, INTERNAL_ERROR, TEMPORARILY_UNAVAILABLE
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils import validation

from autolog.store import fitness, postgresql, sqlite
from autolog.store.batch import Batch, rows_of
from autolog.store.refusals import changed_param, changed_params, check_run
from autolog.store.written import Written

RETRIES = 3
"""How often a batch is written again after a deadlock or another conflict of transactions."""
_CONFLICTS = frozenset({"40001", "40P01"})
"""PostgreSQL's codes for them: https://www.postgresql.org/docs/current/errcodes-appendix.html"""
_WRITERS = {"sqlite": sqlite.write, "postgresql": postgresql.write}

_random = random.Random()  # noqa: S311 - not the program's own, which a seed may have been given


class Store(SqlAlchemyStore):  # type: ignore[misc]
    """MLflow's SqlAlchemyStore, with batch statements for SQLite and PostgreSQL. The rest it leaves to MLflow.

    Takes what MLflow's takes, also a URI without a driver: `Store("sqlite:///mlflow.db", "./artifacts")`.
    """

    def __init__(self, db_uri: str, default_artifact_root: str, *more: Any, **named: Any) -> None:
        super().__init__(db_uri, default_artifact_root, *more, **named)  # what else there is depends on the version
        self.unfit = fitness.unfit(self.engine.dialect.name)
        """Why everything is left to MLflow; None if it is not."""
        if self.unfit is not None:
            fitness.tell(self.unfit)

    def log_batch(self, run_id: str, metrics: Sequence[Any], params: Sequence[Any], tags: Sequence[Any]) -> None:
        """Write all of it in one transaction, or nothing.

        Args:
            run_id: an active run.
            metrics: up to 1,000 of MLflow's Metric.
            params: up to 100 of its Param, no key twice.
            tags: up to 100 of its RunTag; of a key that comes twice, the last one counts.

        Raises:
            MlflowException: as MLflow's own store raises it.
        """
        if self.unfit is None:
            validation._validate_run_id(run_id)  # noqa: SLF001
            # MLflow goes through these once, so they may be iterators.
            params, tags = list(params), list(tags)
            batch = rows_of(run_id, metrics, params, tags)
            if batch is None:
                metrics, params, tags = validation._validate_batch_log_data(metrics, params, tags)  # noqa: SLF001
                batch = rows_of(run_id, metrics, params, tags)
            validation._validate_batch_log_limits(metrics, params, tags)  # noqa: SLF001
            validation._validate_param_keys_unique(params)  # noqa: SLF001
            if batch is not None:
                written = self._write(batch)
                if written.changed:
                    raise changed_params(batch, written.changed)
                return
        super().log_batch(run_id, metrics, params, tags)

    def log_metric(self, run_id: str, metric: Any) -> None:
        """Write one metric; raises what MLflow's own store does."""
        batch = rows_of(run_id, [metric], (), ()) if self.unfit is None else None
        if batch is not None:
            self._write(batch)
            return
        super().log_metric(run_id, metric)

    def log_param(self, run_id: str, param: Any) -> None:
        """Write one param; raises what MLflow's own store does."""
        batch = rows_of(run_id, (), [param], ()) if self.unfit is None else None
        if batch is not None:
            written = self._write(batch)
            if written.changed:
                raise changed_param(run_id, param, written.changed[param.key])
            return
        super().log_param(run_id, param)

    def set_tag(self, run_id: str, tag: Any) -> None:
        """Write one tag; raises what MLflow's own store does."""
        batch = rows_of(run_id, (), (), [tag]) if self.unfit is None else None
        if batch is not None:
            self._write(batch)
            return
        super().set_tag(run_id, tag)

    def _write(self, batch: Batch) -> Written:
        # Older versions of MLflow have no workspaces.
        workspace = self._get_active_workspace() if getattr(self, "supports_workspaces", False) else None
        for attempt in range(RETRIES):
            try:
                return self._write_once(batch, workspace)
            except MlflowException as error:  # noqa: PERF203 - once in a blue moon
                if error.__cause__ is None or postgresql.error_code(error.__cause__) not in _CONFLICTS:
                    raise
                time.sleep(_random.uniform(0, 0.1 * 2**attempt))
        return self._write_once(batch, workspace)

    def _write_once(self, batch: Batch, workspace: str | None) -> Written:
        with _as_mlflow_raises():
            written = _WRITERS[self.engine.dialect.name](self.engine, batch, workspace)
        check_run(batch.run_id, written.lifecycle_stage)
        return written


@contextmanager
def _as_mlflow_raises() -> Iterator[None]:
    """Errors of the database, as MLflow's sessions pass them on."""
    try:
        yield
    except MlflowException:
        raise
    except sqlalchemy.exc.OperationalError as error:
        raise MlflowException(message=error, error_code=TEMPORARILY_UNAVAILABLE) from error
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise MlflowException(message=error, error_code=BAD_REQUEST) from error
    except Exception as error:
        raise MlflowException(message=error, error_code=INTERNAL_ERROR) from error
