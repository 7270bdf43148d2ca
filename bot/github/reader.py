"""Everything the bot reads from GitHub, in the words of `bot.triage`."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from typing import Protocol
from urllib.parse import quote

from bot.github import payloads
from bot.github.caches import FileCache, Fresh, Memory, MemoryCache
from bot.github.client import Client, path_of
from bot.github.docs_pages import DocsPage, DocsReader
from bot.github.errors import NotFound, Unavailable
from bot.github.files import FileReader, RepositoryFiles
from bot.github.releases import ReleaseReader
from bot.triage.issue import Change, Comment, Issue, Repository
from bot.triage.release import Release

__all__ = ["FileCache", "MemoryCache", "Reader", "RepositoryFiles"]

_PAGES_OF_CHANGES = 5
"""Of a hundred events each. What is asked is what was done within the last minutes or hours."""


class Identity(Protocol):
    """Who the bot is, to know its own comments."""

    @property
    def id(self) -> int: ...
    @property
    def slug(self) -> str: ...


class Reader:
    """Thread-safe. Every method may raise GitHubError."""

    def __init__(
        self,
        client: Client,
        identity: Identity,
        cache: FileCache,
        clock: Callable[[], float] = time.time,
        memory: Memory | None = None,
        installation_id: int = 0,
    ) -> None:
        """`memory` is shared by all readers of a process, and holds each one's apart by its `installation_id`."""
        self._memory = memory or Memory()
        self._installation = installation_id
        self._client = client
        self._identity = identity
        self._files = FileReader(client, cache, clock, self._memory, installation_id)
        self._docs = DocsReader(client, cache)
        self._releases = ReleaseReader(client, cache, clock, self._memory, installation_id)
        self._clock = clock

    def repository(self, owner: str, name: str) -> Repository:
        """A repository by its name, following a rename."""
        path = path_of(Repository(0, owner, name, ""))
        found = payloads.repository(self._client.call("GET", path).data)
        if found is None:
            raise Unavailable(f"GET {path}: no repository in the answer")
        return found

    def covered(self) -> tuple[Repository, ...]:
        """All repositories that the App may see in this account."""
        pages = self._client.pages("/installation/repositories", member="repositories")
        found = (payloads.repository(item) for page in pages for item in page)
        return tuple(repository for repository in found if repository is not None)

    def issue(self, repo: Repository, number: int) -> Issue:
        """The issue as it is now, without its comments. NotFound when deleted or transferred."""
        path = f"{path_of(repo)}/issues/{number}"
        found = payloads.issue(self._client.call("GET", path, repo=repo).data)
        if found is None or found.number != number:
            raise NotFound(f"GET {path}: moved to another repository")
        return found

    def comments(self, repo: Repository, number: int) -> tuple[Comment, ...]:
        """Oldest first."""
        return tuple(self.each_comment(repo, number))

    def each_comment(self, repo: Repository, number: int) -> Iterator[Comment]:
        """Like `comments`, reading only as many pages as are wanted."""
        path = f"{path_of(repo)}/issues/{number}/comments"
        login = f"{self._identity.slug}[bot]"
        for page in self._client.pages(path, repo=repo):
            for item in page:
                comment = payloads.comment(item, self._identity.id, login)
                if comment is not None:
                    yield comment

    def changes(self, repo: Repository, number: int) -> tuple[Change, ...]:
        """How an issue's labels and state were last changed, oldest first: anybody can make them thousands.

        docs.github.com/en/rest/issues/events#list-issue-events
        """
        pages = self._client.last_pages(f"{path_of(repo)}/issues/{number}/events", _PAGES_OF_CHANGES, repo=repo)
        found = (payloads.change(item) for page in pages for item in page)
        return tuple(change for change in found if change is not None)

    def issues(self, repo: Repository, last: int) -> tuple[Issue, ...]:
        """The newest issues of any state, newest first; no pull requests."""
        found: list[Issue] = []
        for page in self._client.pages(f"{path_of(repo)}/issues?state=all&sort=created&direction=desc", repo=repo):
            found += [issue for issue in map(payloads.issue, page) if issue is not None and not issue.is_pull_request]
            if len(found) >= last:
                break
        return tuple(found[:last])

    def own_issues(self, repo: Repository) -> tuple[Issue, ...]:
        """The newest issues that this app opened, of any state."""
        login = f"{self._identity.slug}[bot]"
        query = f"creator={quote(login)}&state=all&sort=created&direction=desc"
        pages = self._client.pages(f"{path_of(repo)}/issues?{query}", repo=repo)
        found = map(payloads.issue, next(iter(pages), []))
        return tuple(it for it in found if it is not None and it.author.is_bot and it.author.login == login)

    def labels(self, repo: Repository, changed_at: int = 0) -> dict[str, str]:
        """All labels of the repository: lower case -> real case. Kept for some minutes, or until they change."""
        now, key = self._clock(), (self._installation, repo.id)
        kept = self._memory.labels.get(key)
        if kept is not None and kept[0].holds(changed_at, now):
            return kept[1]
        pages = self._client.pages(f"{path_of(repo)}/labels", repo=repo)
        names = [payloads.label_name(item) for page in pages for item in page]
        found = {name.lower(): name for name in names if name}
        self._memory.labels.put(key, (Fresh.read(changed_at, now), found), 1 + len(found))
        return found

    def files(self, repo: Repository, changed_at: int = 0, shared_changed_at: int = 0) -> RepositoryFiles:
        """Templates and policy on the default branch. Kept for some minutes, or until they or the owner's change."""
        return self._files.read(repo, changed_at, shared_changed_at)

    def docs(self, repo: Repository, folders: Collection[str]) -> tuple[DocsPage, ...]:
        """What the README and the Markdown pages under these folders are about."""
        return self._docs.read(repo, folders)

    def releases(self, repo: Repository) -> tuple[Release, ...]:
        """The newest ones, drafts left out. Kept for some minutes."""
        return self._releases.read(repo)

    def labels_stale(self, repo: Repository) -> None:
        """One was made by this process, whose delivery is yet to come: ask again."""
        self._memory.labels.drop((self._installation, repo.id))
