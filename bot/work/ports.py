"""What the work needs of GitHub; `bot.github.app.App` is one, a test's fake another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from bot.github.docs_pages import DocsPage
    from bot.github.reader import RepositoryFiles
    from bot.github.threads import ThreadReader
    from bot.github.writer import Outcome
    from bot.triage.issue import Comment, Issue, Repository
    from bot.triage.plan import Action
    from bot.triage.release import Release


class Reads(Protocol):
    """Every method may raise GitHubError."""

    def issue(self, repo: Repository, number: int) -> Issue: ...
    def comments(self, repo: Repository, number: int) -> tuple[Comment, ...]: ...
    def files(self, repo: Repository, changed_at: int, shared_changed_at: int) -> RepositoryFiles: ...
    def docs(self, repo: Repository, folders: Collection[str]) -> tuple[DocsPage, ...]: ...
    def labels(self, repo: Repository, changed_at: int) -> Mapping[str, str]: ...
    def releases(self, repo: Repository) -> tuple[Release, ...]: ...


class Writes(Protocol):
    """Every method may raise GitHubError."""

    def perform(self, repo: Repository, number: int, action: Action) -> Outcome: ...
    def find_request(self, repo: Repository, number: int) -> Comment | None: ...
    def open_issue(self, repo: Repository, title: str, body: str, marker: str) -> int: ...
    def comment(self, repo: Repository, number: int, body: str, marker: str) -> int: ...
    def edit_comment(self, repo: Repository, comment_id: int, body: str) -> None: ...
    def edit_issue(self, repo: Repository, number: int, body: str) -> None: ...


class Sight(Protocol):
    """As much of an `Installed` as planning needs: nothing that writes."""

    @property
    def reader(self) -> SeesIssues: ...
    @property
    def writer(self) -> FindsRequest: ...


class SeesReleases(Protocol):
    def releases(self, repo: Repository) -> tuple[Release, ...]: ...


class SeesIssues(SeesReleases, Protocol):
    def issue(self, repo: Repository, number: int) -> Issue: ...
    def comments(self, repo: Repository, number: int) -> tuple[Comment, ...]: ...


class FindsRequest(Protocol):
    def find_request(self, repo: Repository, number: int) -> Comment | None: ...


class Installed(Protocol):
    """The App in one account."""

    @property
    def reader(self) -> Reads: ...
    @property
    def writer(self) -> Writes: ...
    @property
    def threads(self) -> ThreadReader: ...


class GitHub(Protocol):
    """The App."""

    @property
    def id(self) -> int: ...
    @property
    def slug(self) -> str: ...
    def installation(self, installation_id: int) -> Installed: ...
