"""Looks at a database without changing it: no file, no table and no setting is made."""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, ProgrammingError, SQLAlchemyError

from autolog.store import dialects
from autolog.store.address import Address, Unusable

PATIENCE = 10
"""Seconds to wait for a server, where the URI says nothing."""
MAKE = 'MLFLOW_TRACKING_URI="{uri}" mlflow experiments search'
"""A command that has MLflow make its tables and what it wants to have in them."""


@dataclass(frozen=True)
class Sight:
    """What a database has."""

    tables: frozenset[str]
    revision: str | None
    """Of its schema, as Alembic has written it down."""
    default_experiment: bool
    """Whether MLflow's experiment 0 is there, which its store makes when it is opened."""
    facts: dict[str, str]
    """Settings by name."""


def driver(address: Address) -> str:
    """The driver's name and version.

    Raises:
        Unusable: it is not installed.
    """
    if address.database == "sqlite":
        return f"sqlite3, SQLite {sqlite3.sqlite_version}"
    try:
        name = sa.make_url(address.ours).get_dialect().driver
        module = importlib.import_module(name)
    except (NoSuchModuleError, ImportError):
        raise Unusable("There is no driver for PostgreSQL here", "Install one: pip install psycopg2-binary") from None
    return f"{name} {module.__version__.partition(' ')[0]}"


def look(address: Address) -> Sight:
    """Open the database read-only and see what it has.

    Raises:
        Unusable: it is not there, cannot be reached or is none.
        ArgumentError: an option in the URI has a value it cannot have.
    """
    pragmas = dialects.pragmas(address.url) if address.database == "sqlite" else []
    with _opened(address) as engine:
        try:
            with engine.connect() as connection:
                tables = frozenset(sa.inspect(connection).get_table_names())
                return Sight(
                    tables,
                    _revision(connection) if "alembic_version" in tables else None,
                    "experiments" in tables and _has_default(connection),
                    _sqlite_facts(connection, pragmas, address.file) if address.file else _server_facts(connection),
                )
        except DBAPIError as error:
            reason = address.without_secrets(str(error.orig)).strip().partition("\n")[0].rstrip(".")
            if address.file is not None:
                raise Unusable(f"The file cannot be read: {reason}", "See that it is a SQLite database.") from None
            if isinstance(error, ProgrammingError):
                raise Unusable(f"The tables cannot be read: {reason}", "Take a user that may read them.") from None
            raise Unusable(
                f"The database cannot be reached: {reason}",
                "See that the server runs, that host, port, user and password are right, and that the database is "
                "there.",
            ) from None
        except SQLAlchemyError as error:
            reason = address.without_secrets(str(error)).splitlines()[0].rstrip(".")
            raise Unusable(f"The database cannot be opened: {reason}", "Compare the URI with SQLAlchemy's.") from None


@contextmanager
def _opened(address: Address) -> Iterator[sa.Engine]:
    engine = _sqlite(address) if address.database == "sqlite" else _server(address)
    try:
        yield engine
    finally:
        engine.dispose()


def _sqlite(address: Address) -> sa.Engine:
    file = address.file
    if file is None or not file.is_file():
        raise Unusable(
            f"There is no file {file}",
            f"If the path is right, have MLflow make one: {MAKE.format(uri=address.shown_ours)}",
        )
    # Read-only, and by the plain dialect: ours would carry out what the URI asks for, such as another journal.
    uri = f"file:{quote(str(file.absolute()))}?mode=ro"
    if _keeps_wal(file) and not Path(f"{file.resolve()}-wal").exists():
        # Nobody has it open. SQLite would make the two files beside it, and leave them there with this user as their
        # owner: https://www.sqlite.org/wal.html#read_only_databases
        uri += "&immutable=1"
    return sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=sa.NullPool)


def _keeps_wal(file: Path) -> bool:
    """Whether the file has a write-ahead log, which SQLite does not tell of one that it takes for immutable."""
    try:
        with file.open("rb") as opened:
            return opened.read(20)[18:] == b"\2\2"  # https://www.sqlite.org/fileformat2.html#the_database_header
    except OSError:
        return False  # SQLite says why


def _server(address: Address) -> sa.Engine:
    url = sa.make_url(address.ours)
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": str(PATIENCE)})
    return sa.create_engine(url, poolclass=sa.NullPool, execution_options={"postgresql_readonly": True})


def _revision(connection: sa.Connection) -> str | None:
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _has_default(connection: sa.Connection) -> bool:
    return connection.execute(sa.text("SELECT 1 FROM experiments WHERE experiment_id = 0")).scalar() is not None


def _sqlite_facts(connection: sa.Connection, pragmas: list[str], file: Path) -> dict[str, str]:
    """The pragmas in force once a store has the database open."""
    asked = {name: value for name, _, value in (each.removeprefix("PRAGMA ").partition(" = ") for each in pragmas)}
    journal = "wal" if _keeps_wal(file) else str(connection.exec_driver_sql("PRAGMA journal_mode").scalar())
    if asked.get("journal_mode", journal) != journal:
        journal = f"{journal}; {asked['journal_mode']} from the first opening by this URI"
    usual = connection.exec_driver_sql("PRAGMA synchronous").scalar()
    synchronous = asked.get("synchronous") or dialects.SYNCHRONOUS[int(usual or 0)]
    return {"journal_mode": journal, "synchronous": synchronous}


def _server_facts(connection: sa.Connection) -> dict[str, str]:
    version = str(connection.exec_driver_sql("SHOW server_version").scalar())
    commit = str(connection.exec_driver_sql("SHOW synchronous_commit").scalar())
    return {"server": f"PostgreSQL {version.partition(' ')[0]}", "synchronous_commit": commit}
