"""The tables' history, by Alembic; `upgrade` brings a database to the newest revision.

Two releases may be at work on one database, as during a rolling deploy: the newer one brings the tables up to date, and
processes of the older go on. So a migration only adds: tables, indexes, and columns that may be left out. One that does
more says in `compatible_from` from which revision on the code can live with it, most often its own. The database keeps
the latest of these words, for older code that does not know the migration; revisions are numbers of four digits, so
that it can tell which is later.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.store import compatibility
from bot.store.tables import workers

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_ADVISORY_LOCK = 0x7472_6961_6765
_FIRST_FOR_MANY = "0001"
"""What the oldest code could live with when a database began to keep that."""
_ALIVE_FOR = 20_000
"""Milliseconds, as in `bot.store.places`."""


class IncompatibleError(Exception):
    """This release and the database cannot be used together; a sentence for people."""


class State(NamedTuple):
    """Which revisions a database and this release are at."""

    found: str
    """The database's; empty for one without tables."""
    head: str
    pending: tuple[str, ...]
    """What an upgrade would do, in order."""
    compatible_from: str
    """The oldest whose code may work on it; empty where the database does not tell."""

    @property
    def is_newer(self) -> bool:
        """A newer release has made the tables."""
        return self.found > self.head


def configuration() -> Config:
    config = Config()
    # A percent sign would be taken for interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def state(connection: Connection) -> State:
    """Changes nothing."""
    scripts = ScriptDirectory.from_config(configuration())
    found = MigrationContext.configure(connection).get_current_revision() or ""
    head = scripts.get_current_head() or ""
    known = [script.revision for script in scripts.walk_revisions()]
    pending = tuple(revision for revision in reversed(known) if revision > found)
    return State(found, head, pending, compatibility.get(connection))


def upgrade(engine: Engine) -> State:
    """All of it or nothing, one process after the other; how it was before. Raises IncompatibleError."""
    config = configuration()
    with engine.begin() as connection:
        _alone(connection)
        before = state(connection)
        if before.is_newer:
            _check_compatible(before)
        elif before.pending:
            wanted = _wanted(ScriptDirectory.from_config(config))
            _check_that_nobody_older_works(connection, before, wanted)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            compatibility.put(connection, wanted)
        return before


def _alone(connection: Connection) -> None:
    """Until the end of the transaction, which is to hold the making of tables, too."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
    else:
        # Python begins one for itself only where rows change.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _wanted(scripts: ScriptDirectory) -> str:
    """The latest of what the migrations say of older code."""
    said = (getattr(script.module, "compatible_from", _FIRST_FOR_MANY) for script in scripts.walk_revisions())
    return max(said)


def _check_compatible(found: State) -> None:
    if not found.compatible_from or found.compatible_from > found.head:
        message = (
            f"The database is at revision {found.found}, made by a newer release, and this one, at {found.head}, cannot"
            " work with it: start the newer release, or restore a backup from before it."
        )
        raise IncompatibleError(message)


def _check_that_nobody_older_works(connection: Connection, before: State, wanted: str) -> None:
    """Whoever works on it now is at the database's revision, or was before."""
    if wanted <= before.found or not sa.inspect(connection).has_table(workers.name):
        return
    if connection.dialect.name == "sqlite":
        # Its one process is this one, or a command beside the service, which holds a lock on the file.
        return
    now = sa.cast(sa.func.extract("epoch", sa.func.clock_timestamp()) * 1000, sa.BigInteger)
    living = connection.scalar(sa.select(sa.func.count()).where(workers.c.seen_at > now - _ALIVE_FOR))
    if living:
        message = (
            f"{living} triage {'process' if living == 1 else 'processes'} of an older release"
            f" {'works' if living == 1 else 'work'} on this database, and could not go on once it is brought from"
            f" revision {before.found} to {before.pending[-1]}: stop them first."
        )
        raise IncompatibleError(message)
