"""A lock that one process has on a file: SQLite takes no second one."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from bot.store.database import StoreError

if TYPE_CHECKING:
    from pathlib import Path


class ProcessLock:
    """A lock on a file that the system releases when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def take(self) -> None:
        """Raises StoreError when another process has it."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            message = (
                f"Another triage process{f' (number {holder})' if holder else ''} already works on this database"
                f" ({self.path} is locked). Stop it first, give this one another --data-dir, or use PostgreSQL by"
                " DATABASE_URL, which several processes may share."
            )
            raise StoreError(message) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._file = descriptor

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
