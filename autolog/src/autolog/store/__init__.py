"""A tracking store for MLflow that writes a whole batch in one transaction.

`Store` and `WorkspaceStore` are MLflow's own SQL stores, with the same tables, in which `log_batch`, `log_metric`,
`log_param` and `set_tag` use the database's batch statements. As a rule nobody makes one: MLflow does, for a URI whose
driver is `autolog`, such as `sqlite+autolog:///mlflow.db` or `postgresql+autolog://user@host/db`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autolog.store.stores import Store
    from autolog.store.workspaces import WorkspaceStore

__all__ = ["Store", "WorkspaceStore"]


def __getattr__(name: str) -> Any:
    # MLflow loads its plugins while it is being imported itself, so it must not be imported here.
    if name == "Store":
        from autolog.store.stores import Store

        return Store
    if name == "WorkspaceStore":
        from autolog.store.workspaces import WorkspaceStore

        return WorkspaceStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
