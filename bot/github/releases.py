"""Reads a repository's releases with one conditional request, free when nothing changed, and keeps them for minutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson

from bot.github import payloads
from bot.github.caches import FRESH_FOR, FileCache, Memory
from bot.github.client import Client, path_of
from bot.triage.release import Release

if TYPE_CHECKING:
    from bot.triage.issue import Repository

_MOST = 100
"""One page: of two versions that are both older than a hundred releases it does not matter which was later."""


class ReleaseReader:
    """Thread-safe. May raise GitHubError."""

    def __init__(
        self, client: Client, cache: FileCache, clock: Callable[[], float], memory: Memory, installation_id: int
    ) -> None:
        self._client = client
        self._cache = cache
        self._clock = clock
        self._memory = memory
        self._installation = installation_id

    def read(self, repo: Repository) -> tuple[Release, ...]:
        """The newest ones, drafts left out."""
        now, key = self._clock(), (self._installation, repo.id)
        kept = self._memory.releases.get(key)
        if kept is None or now - kept[0] >= FRESH_FOR:
            kept = (now, self._now(repo))
            self._memory.releases.put(key, kept, 1 + len(kept[1]))
        return kept[1]

    def _now(self, repo: Repository) -> tuple[Release, ...]:
        key = f"releases/{repo.id}"
        kept = payloads.mapping(orjson.loads(self._cache.get(key) or b"{}"))
        path = f"{path_of(repo)}/releases?per_page={_MOST}"
        reply = self._client.call("GET", path, repo=repo, etag=payloads.text(kept.get("etag")))
        if reply.unchanged:
            return _releases(kept.get("releases"))
        # As GitHub words them, but without their notes, which are long.
        told = [
            {name: item.get(name) for name in ("tag_name", "published_at", "prerelease", "draft", "html_url")}
            for item in map(payloads.mapping, payloads.items(reply.data))
        ]
        self._cache.put(key, orjson.dumps({"etag": reply.headers.get("etag", ""), "releases": told}))
        return _releases(told)


def _releases(told: object) -> tuple[Release, ...]:
    found = []
    for item in map(payloads.mapping, payloads.items(told)):
        at = payloads.moment(item.get("published_at"))
        if at is not None and item.get("draft") is not True:
            tag, url = payloads.text(item.get("tag_name")), payloads.text(item.get("html_url"))
            found.append(Release(tag, at, item.get("prerelease") is True, url))
    return tuple(found)
