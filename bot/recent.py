"""Keeps what was used last, as much of it as a bound allows, so that memory does not grow with what is served."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


class Recent(Generic[_K, _V]):
    """Thread-safe. Each value has a weight; beyond `most` together, what was unused for longest goes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._weight = 0
        self._kept: dict[_K, tuple[_V, int]] = {}
        self._lock = threading.Lock()

    def get(self, key: _K) -> _V | None:
        with self._lock:
            found = self._kept.pop(key, None)
            if found is None:
                return None
            # Back at the end, where the last used are.
            self._kept[key] = found
            return found[0]

    def put(self, key: _K, value: _V, weight: int = 1) -> None:
        """What alone weighs more than the bound is kept until another comes."""
        with self._lock:
            self._remove(key)
            self._kept[key] = (value, weight)
            self._weight += weight
            while self._weight > self._most and len(self._kept) > 1:
                self._remove(next(iter(self._kept)))

    def drop(self, key: _K) -> None:
        with self._lock:
            self._remove(key)

    def _remove(self, key: _K) -> None:
        _, weight = self._kept.pop(key, (None, 0))
        self._weight -= weight
