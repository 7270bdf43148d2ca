"""What the work needs of GitHub; `bot.github.app.App` is one, a test's fake another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.github.reader import RepositoryFiles
    from bot.github.writer import Outcome
    from bot.triage.issue import Comment, Issue, Repository
    from bot.triage.plan import Action


class Reads(Protocol):
    """Every method may raise GitHubError."""

    def issue(self, repo: Repository, number: int) -> Issue: ...
    def comments(self, repo: Repository, number: int) -> tuple[Comment, ...]: ...
    def files(self, repo: Repository) -> RepositoryFiles: ...
    def labels(self, repo: Repository) -> Mapping[str, str]: ...
    def stale(self, repo: Repository) -> None: ...
    def labels_stale(self, repo: Repository) -> None: ...


class Writes(Protocol):
    """Every method may raise GitHubError."""

    def perform(self, repo: Repository, number: int, action: Action) -> Outcome: ...
    def find_request(self, repo: Repository, number: int) -> Comment | None: ...


class Sight(Protocol):
    """As much of an `Installed` as planning needs: nothing that writes."""

    @property
    def reader(self) -> SeesIssues: ...
    @property
    def writer(self) -> FindsRequest: ...


class SeesIssues(Protocol):
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


class GitHub(Protocol):
    """The App."""

    @property
    def id(self) -> int: ...
    @property
    def slug(self) -> str: ...
    def installation(self, installation_id: int) -> Installed: ...
