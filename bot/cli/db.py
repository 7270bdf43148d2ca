"""`triage db`: the database brought up to date, looked into, and backed up."""

from __future__ import annotations

from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bot.cli.options import DataDir, settings_or_exit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings import Settings
    from bot.store.database import Database

db = typer.Typer(no_args_is_help=True, help="Bring the database up to date, look into it, or back it up.")
Thorough = Annotated[bool, typer.Option("--thorough", help="Of SQLite: compare every index, too; takes longer.")]
Target = Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="A new file; none is overwritten.")]


@db.command()
def upgrade(data_dir: DataDir = None) -> None:
    """Bring the tables up to date, all or nothing. Processes of the release before may be at work meanwhile."""
    settings = settings_or_exit(data_dir=data_dir)

    from bot.store.database import Database, StoreError

    try:
        with closing(Database(settings.database_url)) as database:
            before = database.migrate()
    except StoreError as error:
        _fail("upgrade", str(error))
    if before.is_newer:
        typer.echo(f"At revision {before.found}, made by a newer release. This one, at {before.head}, can go on.")
    elif before.pending:
        typer.echo(f"From {before.found or 'nothing'} to revision {before.head}.")
    else:
        typer.echo(f"At revision {before.found} already.")


@db.command()
def check(thorough: Thorough = False, data_dir: DataDir = None) -> None:
    """See whether it is whole and up to date, how large, and what waits in it. Exit 1 on a FAIL."""
    settings = settings_or_exit(data_dir=data_dir)

    from sqlalchemy.exc import SQLAlchemyError

    from bot.cli.db_check import check, reason
    from bot.cli.findings import Line, show
    from bot.store.database import StoreError

    try:
        with _opened(settings) as database:
            failed = show(check(database, thorough=thorough))
    except StoreError as error:
        failed = show([Line("FAIL", "reachable", str(error), "see DATABASE_URL, or name the service's --data-dir")])
    except SQLAlchemyError as error:
        failed = show([Line("FAIL", "readable", reason(error), "mend DATABASE_URL, or restore a backup")])
    if failed:
        raise typer.Exit(1)


@db.command()
def backup(target: Target, data_dir: DataDir = None) -> None:
    """Copy it to a file while the service runs, and look into the copy. On PostgreSQL by pg_dump."""
    settings = settings_or_exit(data_dir=data_dir)

    from bot.store.backup import backup
    from bot.store.database import StoreError

    try:
        with _opened(settings) as database:
            backup(database, target.absolute())
    except StoreError as error:
        _fail("backup", str(error))
    typer.echo(f"{target}: {target.stat().st_size / 1_048_576:,.1f} MB, looked into.")


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    """As it is; never makes one."""
    from bot.store.database import Database, StoreError

    with closing(Database(settings.database_url)) as database:
        file = Path(database.url.database or "")
        if database.is_sqlite and not file.exists():
            raise StoreError(f"there is no database at {file} yet.")
        database.check()
        yield database


def _fail(command: str, message: str) -> NoReturn:
    typer.echo(f"triage db {command}: {message}", err=True)
    raise typer.Exit(2)
