"""What is kept of what was read from GitHub: for how long, in how much memory, and by the database over restarts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from bot.recent import Recent

if TYPE_CHECKING:
    from bot.triage.release import Release

FRESH_FOR = 600.0
"""Seconds without asking again. Deliveries tell of changes; this is for those that got lost."""
SETTLES_IN = 10.0
"""Seconds after a change for which an answer of GitHub's may still show what was before."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """Until when what was read is kept on without asking."""

    changed_at: int
    """When it had last changed, in milliseconds, as deliveries to any process told; 0 where none did."""
    until: float

    @classmethod
    def read(cls, changed_at: int, now: float) -> Fresh:
        """Of what is read now."""
        settled = now - changed_at / 1000 >= SETTLES_IN
        return cls(changed_at, now + (FRESH_FOR if settled else SETTLES_IN))

    def holds(self, changed_at: int, now: float) -> bool:
        """Compared for being the same alone, as the clocks of processes differ."""
        return self.changed_at == changed_at and now < self.until


class FileCache(Protocol):
    """Keeps bytes by key, for as long as it likes: what is lost is read again."""

    def get(self, key: str) -> bytes | None: ...
    def put(self, key: str, value: bytes) -> None: ...


class MemoryCache(dict[str, bytes]):
    """For one process's life, and a program that looks at few repositories."""

    def put(self, key: str, value: bytes) -> None:
        self[key] = value


class OfInstallation:
    """The part of a cache that is one account's.

    Nothing that one may read is ever given to another, who may know or guess the id of a file.
    """

    def __init__(self, cache: FileCache, installation_id: int) -> None:
        self._cache = cache
        self._prefix = f"{installation_id}/"

    def get(self, key: str) -> bytes | None:
        return self._cache.get(self._prefix + key)

    def put(self, key: str, value: bytes) -> None:
        self._cache.put(self._prefix + key, value)


Key = tuple[int, int | str]
"""The installation, and a repository's id or what else names it."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process holds, of all accounts together; what goes is put together from the cache again."""

    roots: Recent[Key, tuple[Fresh, list[Any]]] = field(default_factory=lambda: Recent(20_000))
    """Tops of repositories: some hundred bytes each."""
    files: Recent[Key, Any] = field(default_factory=lambda: Recent(8_000_000))
    """Templates and policies, in bytes."""
    labels: Recent[Key, tuple[Fresh, dict[str, str]]] = field(default_factory=lambda: Recent(100_000))
    """Labels: 150 bytes each."""
    releases: Recent[Key, tuple[float, tuple[Release, ...]]] = field(default_factory=lambda: Recent(20_000))
    """Releases: half a kilobyte each."""
