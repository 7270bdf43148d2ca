"""Makes the store for a URI, as MLflow's client and server do for their own."""

from __future__ import annotations

import os
from typing import Any

from mlflow import environment_variables
from mlflow.store.tracking import DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.tracking._tracking_service import utils

from autolog.store import fitness
from autolog.store.address import Unusable, address_of
from autolog.store.plugin import tracking_store
from autolog.store.stores import Store

_ARTIFACT_ROOT = "_MLFLOW_SERVER_ARTIFACT_ROOT"
_READ_REPLICA = "_MLFLOW_SERVER_READ_REPLICA_BACKEND_STORE"
"""How MLflow's server tells its processes; `tests/autolog/store/test_plugin.py` holds it to that."""


def open_store(store_uri: str, artifact_uri: str | None, *, ours: bool) -> Any:
    """A store of ours or of MLflow's: with workspaces or without, and with a read replica, if the server has one."""
    kind = _kind(ours=ours)
    if artifact_uri is None:
        return kind(store_uri, os.environ.get(_ARTIFACT_ROOT, DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH))
    replica = os.environ.get(_READ_REPLICA)
    return kind(store_uri, artifact_uri, **({"read_db_uri": replica} if replica else {}))


def _kind(*, ours: bool) -> Any:
    # Older versions of MLflow have no workspaces.
    enabled = getattr(environment_variables, "MLFLOW_ENABLE_WORKSPACES", None)
    if enabled is None or not enabled.get():
        return Store if ours else SqlAlchemyStore
    from mlflow.store.tracking.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore

    from autolog.store.workspaces import WorkspaceStore

    return WorkspaceStore if ours else WorkspaceAwareSqlAlchemyStore


def batched(uri: str) -> str:
    """As `autolog.store.plugin.batched`, for the URI of a database that there are batch statements for."""
    try:
        address = address_of(uri)
    except Unusable:
        return uri
    builders = utils._tracking_store_registry._registry  # noqa: SLF001 - what MLflow looks a URI's scheme up in
    known = builders.get(address.database) is tracking_store
    return address.ours if known and fitness.unfit(address.database) is None else uri
