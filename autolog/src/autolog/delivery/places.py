"""Where spools lie, and which folders there may be believed."""

from __future__ import annotations

import functools
import os
import stat
import tempfile
from pathlib import Path

import platformdirs


def spool_directories() -> list[Path]:
    """Where a new spool goes, best first, and where old ones are looked for.

    `AUTOLOG_SPOOL_DIR`, or the place where this system keeps the state of a user's programs. Then a folder among the
    temporary files, for when the first cannot be written to, or there is none: a container's user may have no home.
    """
    chosen = os.environ.get("AUTOLOG_SPOOL_DIR")
    proper = _absolute(chosen) if chosen else _state_directory()
    return [place for place in dict.fromkeys((proper, _spare_directory())) if place is not None]


@functools.lru_cache(maxsize=16)
def _absolute(chosen: str) -> Path | None:
    """Of a relative path, what it meant when it was first asked for: the program may go to another folder later."""
    try:
        return Path(chosen).absolute()
    except OSError:  # the program's folder has been deleted
        return None


def _state_directory() -> Path | None:
    try:
        path = platformdirs.user_state_path("autolog", appauthor=False) / "spool"
    except (RuntimeError, OSError, KeyError):  # nobody knows this user
        return None
    return path if path.is_absolute() else None  # `~`, where the system does not say what that is


def _spare_directory() -> Path:
    user = os.getuid() if hasattr(os, "getuid") else ""
    return Path(tempfile.gettempdir()) / f"autolog-spool-{user}"


def trusted(place: Path) -> bool:
    """Whether spools may be kept at `place`, and those that lie there be looked at.

    Anybody can make the spare one before we do, so it has to be ours alone. The other one is the user's choice, a link
    or their group's if they like, as long as nobody else can put one folder in the place of another.
    """
    if place == _spare_directory():
        return ours(place)
    if not hasattr(os, "getuid"):
        return place.is_dir()
    try:
        found = place.stat()
    except OSError:
        return False
    open_to_all = bool(found.st_mode & stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX
    return stat.S_ISDIR(found.st_mode) and found.st_uid in {0, os.getuid()} and not open_to_all


def ours(folder: Path) -> bool:
    """Whether it is a folder, no link to one, of this user's, that nobody else can write to.

    What a spool says is done in this user's name: files are sent to a server, and deleted.
    """
    try:
        found = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
