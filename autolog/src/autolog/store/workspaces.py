"""The store with workspaces. Not every version of MLflow has them, and so can import this module."""

from __future__ import annotations

from mlflow.store.tracking.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore

from autolog.store.stores import Store


class WorkspaceStore(Store, WorkspaceAwareSqlAlchemyStore):  # type: ignore[misc]
    """The same of MLflow's store with workspaces."""
