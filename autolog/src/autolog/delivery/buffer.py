"""What was logged and is not on disk yet: the training only appends to it."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from autolog.delivery.records import Logged, Record

POINTS = 200_000
"""Metric points in memory. The flusher empties the buffer each second; beyond this, the oldest point gives way."""
RECORDS = 20_000
"""The same for everything else. Beyond this, what is new is not taken."""
Value = Any
"""A number, or what `float` makes one of, such as a tensor that is still on its device."""


class Buffer:
    """Metric points and other records, in order. Safe from any thread; a point costs less than a microsecond."""

    def __init__(self, points: int = POINTS, records: int = RECORDS) -> None:
        self._limit = points
        self._records_limit = records
        self.dropped = 0
        """Points and records that were lost since `take_dropped`."""
        self._waiting: deque[Logged | Record] = deque()
        self._first: list[Logged | Record] = []
        """Records that were the oldest when a point had to give way: they come before what waits."""
        self._records = 0
        self._guard = threading.Lock()

    def metric(self, run: str, key: str, value: Value, timestamp: int, step: int) -> None:
        if len(self._waiting) >= self._limit:
            self._make_room()
        self._waiting.append((run, key, value, timestamp, step))

    def record(self, record: Record) -> None:
        with self._guard:
            if self._records >= self._records_limit:
                self.dropped += 1
                return
            self._records += 1
            self._waiting.append(record)

    def take(self, count: int = 1000) -> list[Logged | Record]:
        """Take out about `count`, the oldest first."""
        with self._guard:
            taken, self._first = self._first, []
            taken += [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]
            self._records -= sum(isinstance(each, dict) for each in taken)
        return taken

    def take_dropped(self) -> int:
        with self._guard:
            dropped, self.dropped = self.dropped, 0
        return dropped

    def _make_room(self) -> None:
        with self._guard:
            while self._waiting:
                oldest = self._waiting.popleft()
                if not isinstance(oldest, dict):
                    self.dropped += 1
                    return
                self._first.append(oldest)
