"""A copy of the database in one file, made while the service runs, looked into before it counts as one."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from bot.store.database import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import sqlalchemy as sa

    from bot.store.database import Database


def backup(database: Database, target: Path) -> None:
    """Raises StoreError. There is never half a file of that name, and none is ever overwritten."""
    with _made(target) as part:
        if database.is_sqlite:
            _copy_sqlite(database.url.database or "", part)
        else:
            _dump_postgresql(database.url, part)


@contextmanager
def _made(target: Path) -> Iterator[Path]:
    """Where to write it; it gets its name at the end, once it is on the disk."""
    part = target.with_name(f"{target.name}.part")
    try:
        # For its owner only: it holds what people wrote, also in private repositories.
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        message = f"{part} is there already: another backup is being made, or was cut short. In that case delete it."
        raise StoreError(message) from None
    except OSError as error:
        message = f"{part} cannot be made: {error.strerror}. Name a file in a folder that can be written to."
        raise StoreError(message) from None
    try:
        yield part
        _flush(part)
        # Unlike a rename, this fails where there is one of that name.
        target.hardlink_to(part)
        _flush(target.parent)
    except FileExistsError:
        message = f"{target} is there already, and no backup is overwritten: name another file."
        raise StoreError(message) from None
    finally:
        part.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_sqlite(source: str, part: Path) -> None:
    """In one go, by SQLite itself: the service writes on meanwhile, and the copy shows one moment."""
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old, closing(sqlite3.connect(part)) as new:
            old.execute("PRAGMA busy_timeout=30000")
            old.backup(new)
            # One file, without a log beside it. The service makes its own.
            new.execute("PRAGMA journal_mode=DELETE")
            found = [text for (text,) in new.execute("PRAGMA integrity_check")]
    except sqlite3.Error as error:
        raise StoreError(f"{source} could not be copied: {error}.") from None
    if found != ["ok"]:
        raise StoreError(f"The copy of {source} is damaged, as is the database most likely: {'; '.join(found[:3])}.")


def _dump_postgresql(url: sa.URL, part: Path) -> None:
    """By PostgreSQL's own program, which shows one moment, too; read back for its table of contents."""
    dump, restore = shutil.which("pg_dump"), shutil.which("pg_restore")
    plain = url.set(drivername="postgresql").render_as_string(hide_password=True)
    if dump is None or restore is None:
        message = (
            "PostgreSQL's programs pg_dump and pg_restore are not here. Install its client, of the server's version or"
            f" newer, or run where they are: pg_dump --format=custom --file=FILE '{plain}'"
        )
        raise StoreError(message)
    # Not on the command line, which everybody on the machine may see.
    secret = {"PGPASSWORD": url.password} if isinstance(url.password, str) else {}
    address = url.set(drivername="postgresql")._replace(password=None).render_as_string(hide_password=False)
    environment = os.environ | secret
    _run([dump, "--format=custom", "--no-password", f"--file={part}", f"--dbname={address}"], environment)
    if " deliveries " not in _run([restore, "--list", str(part)], environment):
        raise StoreError(f"The dump holds no deliveries: is {plain} the bot's database?")


def _run(command: list[str], environment: dict[str, str]) -> str:
    """What it said."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 ours
    if done.returncode:
        raise StoreError(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout
