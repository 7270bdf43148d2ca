"""What `autolog store check` finds out: whether batches to a database go the fast path, without a change to it."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.exc import ArgumentError

from autolog import uris
from autolog.store import looking
from autolog.store.address import EXAMPLE, Address, Unusable, address_of
from autolog.store.looking import Sight
from autolog.store.plugin import BATCHED

_UPGRADE = 'Make a backup, stop what writes to it, then{left_out}: mlflow db upgrade "{uri}"'
_MLFLOWS = frozenset({"mysql", "mssql", "file"})
"""Where else MLflow keeps runs."""


@dataclass(frozen=True)
class Problem:
    """Why the fast path is not active. For people, and without a secret."""

    name: str
    """For programs: `uri`, `database`, `installation`, `mlflow`, `driver`, `unseen`, `empty` or `schema`."""
    why: str
    """A sentence without its full stop."""
    mend: str
    """What to do."""


@dataclass
class Check:
    """What was found."""

    address: Address | None
    """None if there is no database to be found by the URI."""
    facts: dict[str, str] = field(default_factory=dict)
    """Versions and settings by name, to be shown in this order."""
    problems: list[Problem] = field(default_factory=list)
    """Empty if the fast path is active."""
    sight: Sight | None = None
    """The database; None if it could not be looked at."""

    @property
    def active(self) -> bool:
        return not self.problems

    def found(self, name: str, why: str, mend: str) -> None:
        self.problems.append(Problem(name, why, mend))


def check(uri: str) -> Check:
    """Look at the software here and at the database, which is opened read-only."""
    try:
        address = address_of(uri)
    except Unusable as error:
        return Check(
            None,
            {"database": uris.public(uri)},
            [Problem("database", error.why, error.mend)],
        )
    checked = Check(address, {"database": address.shown})
    if address.database not in BATCHED:
        checked.found(
            "database",
            f"There are batch statements for SQLite and PostgreSQL, not for {address.database}",
            "MLflow's own store serves it as well as ever." if address.database in _MLFLOWS else EXAMPLE,
        )
        return checked
    if not address.chosen:
        mend = f"Where it is set, write{address.left_out}: {address.shown_ours}"
        checked.found("uri", "This URI means MLflow's own store", mend)
    _software(checked, address.database)
    _look(checked, address)
    return checked


def _software(checked: Check, dialect: str) -> None:
    from autolog import __version__

    checked.facts["autolog"] = __version__
    for group, name in (("mlflow.tracking_store", dialect), ("sqlalchemy.dialects", f"{dialect}.autolog")):
        made_by = [each.value for each in importlib.metadata.entry_points(group=group, name=name)]
        if not made_by:
            checked.found(
                "installation",
                f"autolog is on the path but not installed: there is no entry point {name} in {group}",
                "Install it with pip: pip install autolog-ml",
            )
        elif strange := [value for value in made_by if not value.startswith("autolog.store.")]:
            checked.found(
                "installation",
                f"Another package makes MLflow's stores for {dialect}, too: {strange[0]}",
                "Uninstall one of the two; MLflow takes the one that it happens to see last.",
            )
    try:
        import mlflow
        import mlflow.store.tracking.dbmodels.models  # the tables that fitness compares

        from autolog.store import fitness
    except Exception as error:
        checked.facts["MLflow"] = "cannot be imported"
        checked.found("mlflow", f"MLflow cannot be imported: {error}", "Install it: pip install mlflow")
        return
    checked.facts["MLflow"] = mlflow.__version__
    checked.facts["MLflow tested"] = f"{fitness.LOWEST} to {fitness.NEWEST}"
    checked.facts["SQLAlchemy"] = importlib.metadata.version("sqlalchemy")
    if why := fitness.unfit(dialect):
        newer = f"{fitness.NEWEST.major}.{fitness.NEWEST.minor + 1}"
        checked.found(
            "mlflow", _sentence(why), f"Install a tested one: pip install 'mlflow>={fitness.LOWEST},<{newer}'"
        )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _look(checked: Check, address: Address) -> None:
    """The driver, the database and its tables."""
    try:
        checked.facts["driver"] = looking.driver(address)
    except Unusable as error:
        checked.found("driver", error.why, error.mend)
        return
    try:
        checked.sight = sight = looking.look(address)
    except Unusable as error:
        checked.found("unseen", error.why, error.mend)
        return
    except ArgumentError as error:
        checked.found("unseen", str(error), "Change it in the URI.")
        return
    _judge_schema(checked, sight, address)
    checked.facts |= sight.facts


def _judge_schema(checked: Check, sight: Sight, address: Address) -> None:
    if not sight.tables & {"runs", "metrics", "experiments"}:
        checked.facts["schema"] = "no tables of MLflow's"
        checked.found(
            "empty",
            "The database has no tables of MLflow's yet",
            f"Have MLflow make them{address.left_out}: {looking.MAKE.format(uri=address.shown_ours)}",
        )
        return
    try:
        newest, known, wanted = _mlflow_schema()
    except Exception as error:
        checked.facts["schema"] = f"revision {sight.revision}"
        checked.found("schema", f"MLflow's own schema cannot be read: {error}", "Install MLflow again.")
        return
    missing = sorted(wanted - sight.tables)
    if sight.revision == newest and not missing:
        checked.facts["schema"] = f"revision {newest}, which is this MLflow's"
    elif sight.revision == newest:
        checked.facts["schema"] = f"revision {newest}, with tables missing"
        checked.found("schema", f"Tables are missing: {', '.join(missing)}", "Bring them back from a backup.")
    elif sight.revision is None or sight.revision in known:
        checked.facts["schema"] = f"revision {sight.revision or 'unknown'}; this MLflow's is {newest}"
        mend = _UPGRADE.format(left_out=address.left_out, uri=address.shown_ours)
        checked.found("schema", "The schema is out of date for this MLflow", mend)
    else:
        checked.facts["schema"] = f"revision {sight.revision}, unknown to this MLflow"
        checked.found("schema", "The schema is of a newer MLflow than this one", "Get it: pip install -U mlflow")


def _mlflow_schema() -> tuple[str, set[Any], set[str]]:
    """MLflow's newest revision, all that it knows, and the names of its tables."""
    from alembic.script import ScriptDirectory
    from mlflow.store.db import utils
    from mlflow.store.db.base_sql_model import Base

    scripts = ScriptDirectory(str(Path(utils.__file__).parent.parent / "db_migrations"))
    known = {each.revision for each in scripts.walk_revisions()}
    return str(scripts.get_current_head()), known, set(Base.metadata.tables)
