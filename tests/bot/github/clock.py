"""A clock that a test moves."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    def __init__(self) -> None:
        self.now = float(int(time.time()))

    def __call__(self) -> float:
        return self.now

    def at(self, seconds: float) -> datetime:
        """So many seconds from now."""
        return datetime.fromtimestamp(self.now + seconds, UTC)

    def stamp(self, seconds: float) -> str:
        return self.at(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")
