"""A store with workspaces keeps each of them to itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import Param, RunTag
from mlflow.exceptions import MlflowException

from tests.autolog.store.sides import Place, Side, metric, since_then

pytestmark = since_then

BATCH = [metric()], [Param("p", "1")], [RunTag("mlflow.runName", "other")]
CALLS = [("log_batch", *BATCH), ("log_metric", *BATCH[0]), ("log_param", *BATCH[1]), ("set_tag", *BATCH[2])]


@pytest.fixture(params=["mlflow", "autolog"])
def aware(request: pytest.FixtureRequest, fresh: Place, monkeypatch: pytest.MonkeyPatch) -> Side:
    from mlflow.entities.workspace import Workspace
    from mlflow.store.tracking.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore

    from autolog.store import WorkspaceStore

    monkeypatch.setenv("MLFLOW_ENABLE_WORKSPACES", "true")
    monkeypatch.setenv("MLFLOW_WORKSPACE_STORE_URI", fresh.mlflow)
    kind = {"mlflow": WorkspaceAwareSqlAlchemyStore, "autolog": WorkspaceStore}[request.param]
    store = kind(getattr(fresh, request.param), (fresh.folder / "artifacts").as_uri())
    store._get_workspace_provider_instance().create_workspace(Workspace(name="team-a"))  # noqa: SLF001
    return Side(store, fresh.driver)


def inside(workspace: str) -> Any:
    from mlflow.utils.workspace_context import WorkspaceContext

    return WorkspaceContext(workspace)


def start(side: Side, workspace: str) -> str:
    with inside(workspace):
        experiment = side.store.create_experiment(f"in {workspace}")
        return str(side.store.create_run(experiment, "somebody", 1, [], "as it was").info.run_id)


def test_a_run_of_the_workspace_takes_values(aware: Side):
    run_id = start(aware, "team-a")
    with inside("team-a"):
        for method, *arguments in CALLS:
            assert aware.refusal(run_id, method, *arguments) is None
        other = aware.refusal(run_id, "log_batch", [], [Param("p", "2")], [])
    assert other
    assert "old_value': '1'" in other[1]
    rows = aware.rows(run_id)
    assert (len(rows["metrics"]), rows["params"], rows["runs"][0][0]) == (1, [("p", "1")], "other")


def test_a_run_of_another_workspace_is_not_found(aware: Side):
    run_id = start(aware, "team-a")
    before = aware.rows(run_id)
    for workspace in ("default", "team-b"):
        with inside(workspace):
            for method, *arguments in CALLS:
                expected = ("RESOURCE_DOES_NOT_EXIST", "Run with id=RUN not found")
                assert aware.refusal(run_id, method, *arguments) == expected
    with inside("team-a"):
        aware.store.delete_run(run_id)
    with inside("default"):
        refused = aware.refusal(run_id, *CALLS[0])
        assert refused
        assert refused[0] == "RESOURCE_DOES_NOT_EXIST"
    assert aware.rows(run_id) == {**before, "runs": [("as it was", "RUNNING", "deleted")]}


def test_without_a_workspace_nothing_is_written(aware: Side):
    run_id = start(aware, "default")
    refused = aware.refusal(run_id, *CALLS[0])
    assert refused
    assert refused[0] == "INVALID_PARAMETER_VALUE"
    assert "workspace" in refused[1].lower()
    assert aware.rows(run_id)["metrics"] == []


def test_where_there_are_workspaces_a_store_without_them_is_refused(aware: Side, fresh: Place, tmp_path: Path):
    start(aware, "team-a")
    with pytest.raises(MlflowException, match="Cannot disable workspaces"):
        fresh.side("autolog")
