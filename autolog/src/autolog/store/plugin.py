"""What MLflow and SQLAlchemy load by entry points: light, since they do so while they are imported themselves."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

DRIVER = "autolog"
BATCHED = frozenset({"sqlite", "postgresql"})
"""The databases that there are batch statements for."""


def tracking_store(store_uri: str, artifact_uri: str | None = None) -> Any:
    """The store for a `sqlite` or `postgresql` URI: ours where its driver is `autolog`, else MLflow's own.

    Args:
        store_uri: the database.
        artifact_uri: where artifacts go by default; MLflow's server gives one, its client does not.
    """
    ours = urlsplit(store_uri).scheme.partition("+")[2] == DRIVER
    if not ours and artifact_uri is None:
        from mlflow.tracking._tracking_service import utils

        return utils._get_sqlalchemy_store(store_uri, artifact_uri)  # noqa: SLF001 - what this entry point replaces
    from autolog.store import opening

    return opening.open_store(store_uri, artifact_uri, ours=ours)


def batched(uri: str) -> str:
    """The URI by which MLflow's client writes to the database at `uri` with a store of ours.

    It is `uri` itself for whatever else a tracking URI may be: a server, a database in memory, one whose driver or
    store somebody has chosen, and one to which ours would write in MLflow's own way.
    """
    if uri.partition(":")[0] not in BATCHED:
        return uri
    from autolog.store import opening

    return opening.batched(uri)
