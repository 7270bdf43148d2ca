"""What the fake GitHub keeps in memory: accounts, apps, repositories, issues and what hangs on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Permission = Literal["none", "read", "triage", "write", "maintain", "admin"]
PERMISSIONS: tuple[Permission, ...] = ("none", "read", "triage", "write", "maintain", "admin")
"""Lowest first."""

CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


@dataclass(slots=True)
class Account:
    """A person, an organisation, or the bot user of an app."""

    id: int
    login: str
    type: Literal["User", "Organization", "Bot"] = "User"
    members: set[str] = field(default_factory=set)
    """Of an organisation: logins, lower case."""


@dataclass(slots=True)
class App:
    id: int
    slug: str
    name: str
    owner: Account
    bot: Account
    public_key: str
    """PEM; what JSON Web Tokens are verified with."""
    permissions: dict[str, str]
    events: list[str]
    created_at: float
    description: str = ""
    external_url: str = "https://example.com"
    webhook_url: str = ""
    webhook_secret: str = ""
    webhook_active: bool = True

    @property
    def client_id(self) -> str:
        return f"Iv23li{self.id:014d}"


@dataclass(slots=True)
class Installation:
    id: int
    app: App
    account: Account
    selection: Literal["all", "selected"]
    repositories: set[int]
    permissions: dict[str, str]
    created_at: float
    suspended_at: float | None = None


@dataclass(slots=True)
class Token:
    """An installation token, or (without an installation) a person's own."""

    value: str
    permissions: dict[str, str]
    expires_at: float
    installation: Installation | None = None
    repositories: frozenset[int] | None = None
    """None: all of the installation's."""
    person: Account | None = None


@dataclass(slots=True)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None
    default: bool = False


@dataclass(slots=True)
class Reaction:
    id: int
    user: Account
    content: str
    created_at: float


@dataclass(slots=True)
class Comment:
    id: int
    author: Account | None
    body: str
    created_at: float
    updated_at: float
    app: App | None = None
    reactions: list[Reaction] = field(default_factory=list)
    edited_at: float | None = None
    editor: Account | None = None
    minimized: str = ""
    """The classifier's name, such as `resolved`; empty while it is shown."""


@dataclass(slots=True)
class TimelineItem:
    """Something done to an issue, by its name in GraphQL; which of the others are set depends on that."""

    kind: str
    actor: Account | None
    created_at: float
    label: Label | None = None
    assignee: Account | None = None
    other: Issue | None = None
    """The pull request that mentions it, or the issue that it is a duplicate of."""
    will_close: bool = False


@dataclass(slots=True)
class Release:
    tag: str
    published_at: float
    is_prerelease: bool = False
    is_draft: bool = False


@dataclass(slots=True)
class Issue:
    id: int
    number: int
    title: str
    body: str | None
    author: Account | None
    created_at: float
    updated_at: float
    labels: list[Label] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    state: Literal["open", "closed"] = "open"
    state_reason: str | None = None
    closed_at: float | None = None
    closed_by: Account | None = None
    edited_at: float | None = None
    """Its text; GitHub tells of the title by an event."""
    editor: Account | None = None
    locked: bool = False
    lock_reason: str | None = None
    type: str = ""
    app: App | None = None
    is_pull_request: bool = False
    deleted: bool = False
    timeline: list[TimelineItem] = field(default_factory=list)
    milestone: str = ""
    pinned: bool = False
    sub_issues: tuple[int, int] = (0, 0)
    """All, and those completed."""
    merged_at: float | None = None
    base: str = ""
    """The branch that a pull request goes to; empty for the default one."""
    closes: list[int] = field(default_factory=list)
    """Issues that a pull request closes."""
    moved_to: tuple[int, int] | None = None
    """Repository id and number, once it was transferred."""


@dataclass(slots=True)
class Commit:
    sha: str
    message: str
    files: dict[str, bytes]
    author: Account
    created_at: float
    parent: str | None = None


@dataclass(slots=True)
class Repository:
    id: int
    owner: Account
    name: str
    created_at: float
    default_branch: str = "main"
    private: bool = False
    archived: bool = False
    has_issues: bool = True
    description: str | None = None
    pushed_at: float = 0.0
    labels: dict[str, Label] = field(default_factory=dict)
    """By name, lower case: GitHub compares them without case."""
    issues: dict[int, Issue] = field(default_factory=dict)
    next_number: int = 1
    releases: list[Release] = field(default_factory=list)
    """Newest first."""
    branches: dict[str, list[Commit]] = field(default_factory=dict)
    """Oldest commit first; no key for a branch without commits."""
    collaborators: dict[str, Permission] = field(default_factory=dict)
    """Login, lower case."""
    contributors: set[str] = field(default_factory=set)
    """Logins, lower case, that have a commit in it."""

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def files(self) -> dict[str, bytes]:
        commits = self.branches.get(self.default_branch)
        return commits[-1].files if commits else {}

    def permission_of(self, account: Account | None) -> Permission:
        if account is None:
            return "none"
        login = account.login.lower()
        if login == self.owner.login.lower():
            return "admin"
        if login in self.collaborators:
            return self.collaborators[login]
        return "none" if self.private else "read"

    def association_of(self, account: Account | None) -> str:
        if account is None or account.type == "Bot":
            return "NONE"
        login = account.login.lower()
        if login == self.owner.login.lower():
            return "OWNER"
        if login in self.owner.members:
            return "MEMBER"
        if login in self.collaborators:
            return "COLLABORATOR"
        return "CONTRIBUTOR" if login in self.contributors else "NONE"


@dataclass(slots=True)
class Delivery:
    """One webhook, sent or waiting to be."""

    id: int
    guid: str
    event: str
    action: str | None
    body: bytes
    app: App
    installation_id: int | None
    repository_id: int | None
    created_at: float
    redelivery: bool = False
    delivered_at: float = 0.0
    duration: float = 0.0
    status: str = "pending"
    status_code: int = 0
    request_headers: dict[str, str] = field(default_factory=dict)
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""
