"""What is not known is left to MLflow's own path, with a warning."""

from __future__ import annotations

import warnings

import mlflow
import pytest
import sqlalchemy as sa
from mlflow.entities import Param, RunTag

from tests.autolog.store.sides import Place, Side, metric


def left_to_mlflow(place: Place, why: str) -> None:
    """It warns, and what is logged is there nevertheless, by MLflow's statements."""
    with pytest.warns(RuntimeWarning, match="leaves all writing to MLflow's own path") as told:
        side = place.side("autolog")
    assert why in str(told[0].message)
    assert why in side.store.unfit
    run_id = side.start()
    statements: list[str] = []
    sa.event.listen(side.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    side.log(run_id, [metric()], {"a": "1"}, {"b": "2"})
    side.store.log_metric(run_id, metric(step=1))
    for method, value in (("log_param", Param("c", "1")), ("set_tag", RunTag("d", "2"))):
        assert side.refusal(run_id, method, value) is None
    assert not any("ON CONFLICT" in each for each in statements)
    rows = side.rows(run_id)
    assert [len(rows[table]) for table in ("metrics", "params", "tags")] == [2, 2, 3]


@pytest.mark.parametrize("version", ["3.18.0", "3.18.0.dev0", "4.0.0", "3.0.1", "2.22.1"])
def test_a_version_that_it_was_not_tested_with(fresh_sqlite: Place, monkeypatch: pytest.MonkeyPatch, version: str):
    monkeypatch.setattr(mlflow, "__version__", version)
    left_to_mlflow(fresh_sqlite, f"MLflow {version} is not one of those it was tested with, 3.1 to 3.17")


def test_a_table_with_another_column(fresh_sqlite: Place, monkeypatch: pytest.MonkeyPatch):
    from mlflow.store.db.base_sql_model import Base

    tables = dict(Base.metadata.tables)
    tables["tags"] = sa.Table("tags", sa.MetaData(), *(sa.Column(name) for name in ("key", "value", "run_uuid", "new")))
    monkeypatch.setattr(Base.metadata, "tables", tables)
    left_to_mlflow(fresh_sqlite, f"the table tags of MLflow {mlflow.__version__} is not as it is known")


@pytest.mark.parametrize("version", ["3.17.0", "3.17.9", "3.1.0"])
def test_a_version_that_it_knows(fresh_sqlite: Place, monkeypatch: pytest.MonkeyPatch, version: str):
    monkeypatch.setattr(mlflow, "__version__", version)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        side = fresh_sqlite.side("autolog")
    assert side.store.unfit is None


def test_the_warning_names_the_line_that_made_the_store(fresh_sqlite: Place, monkeypatch: pytest.MonkeyPatch):
    from autolog.store import Store

    monkeypatch.setattr(mlflow, "__version__", "4.0.0")
    with pytest.warns(RuntimeWarning) as told:
        Side(Store(fresh_sqlite.autolog, str(fresh_sqlite.folder)), "sqlite")
    assert told[0].filename == __file__
