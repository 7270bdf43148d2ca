"""Faults on demand: what a test orders to go wrong with the next requests."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tests.fakes.github.errors import ApiError
from tests.fakes.github.limits import primary_exceeded, secondary_exceeded

Moment = Literal["before", "after"]
"""Whether a write was applied when the fault strikes: `after` loses only the answer."""


@dataclass(slots=True)
class Fault:
    """One thing going wrong, for requests that fit."""

    kind: Literal["error", "hang", "drop", "limit", "graphql", "expired", "silence"]
    method: str = ".*"
    path: str = ".*"
    times: int = 1
    """How many requests it strikes; -1 for all until it is removed."""
    when: Moment = "before"
    status: int = 502
    seconds: float = 0.0
    error: ApiError | None = None
    struck: int = 0

    def fits(self, method: str, path: str) -> bool:
        return self.times != 0 and bool(re.fullmatch(self.method, method)) and bool(re.search(self.path, path))


class Faults:
    """The faults in force; the first that fits a request strikes it."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self.by_chance: Callable[[str, str], Fault | None] | None = None
        """Asked where none in force fits: see `weather.py`."""
        self.cleared = 0
        """How often; whatever hangs then goes on."""
        self._lock = threading.Lock()

    def clear(self) -> None:
        with self._lock:
            for fault in self.active:
                fault.times = 0
            self.active.clear()
            self.by_chance = None
            self.cleared += 1

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self.active:
                if fault.fits(method, path):
                    fault.times -= fault.times > 0
                    fault.struck += 1
                    return fault
            return self.by_chance(method, path) if self.by_chance else None

    def error(self, status: int = 502, *, method: str = ".*", path: str = ".*", times: int = 1, **more: Any) -> Fault:
        """A 5xx; with `when="after"` the write was applied all the same."""
        return self._add(Fault("error", method, path, times, status=status, **more))

    def hang(self, seconds: float, *, method: str = ".*", path: str = ".*", times: int = 1, **more: Any) -> Fault:
        """No answer for so long (then the usual one, if somebody still listens)."""
        return self._add(Fault("hang", method, path, times, seconds=seconds, **more))

    def drop(self, *, method: str = ".*", path: str = ".*", times: int = 1, when: Moment = "before") -> Fault:
        """The connection ends without an answer."""
        return self._add(Fault("drop", method, path, times, when=when))

    def secondary_limit(
        self, retry_after: int | None = 60, *, status: int = 403, method: str = ".*", path: str = ".*", times: int = 1
    ) -> Fault:
        error = secondary_exceeded(retry_after, status)
        return self._add(Fault("limit", method, path, times, status=status, error=error))

    def primary_limit(
        self, reset_in: int = 60, *, status: int = 403, method: str = ".*", path: str = ".*", times: int = 1
    ) -> Fault:
        """The hourly budget is said to be spent; `seconds` until the reset that the headers name."""
        error = primary_exceeded("installation ID 1", status)
        return self._add(Fault("limit", method, path, times, status=status, error=error, seconds=reset_in))

    def graphql_limit(self, reset_in: int = 60, *, times: int = 1) -> Fault:
        """GraphQL's way of saying it: 200 with an error in the body."""
        return self._add(Fault("graphql", "POST", "/graphql$", times, seconds=reset_in))

    def _add(self, fault: Fault) -> Fault:
        with self._lock:
            self.active.append(fault)
        return fault
