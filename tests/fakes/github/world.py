"""The state of the fake GitHub, looked up by name or id, and the way from a change to the webhooks of the apps."""

from __future__ import annotations

import copy
import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.fakes.github.errors import ApiError, not_found
from tests.fakes.github.faults import Faults
from tests.fakes.github.hooks import Hooks
from tests.fakes.github.limits import Budget, Limits
from tests.fakes.github.model import Account, App, Comment, Delivery, Installation, Issue, Repository, Token
from tests.fakes.github.places import installation_reference, organization, repository_shape
from tests.fakes.github.shapes import Shapes, node_id

DELIVERIES_KEPT = 3 * 86_400
"""Seconds: docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/viewing-webhook-deliveries"""


class World:
    """Everything GitHub knows. Hold `lock` while looking at more than one thing."""

    def __init__(
        self, limits: Limits | None = None, *, clock: Callable[[], float] = time.time, senders: int = 1
    ) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.shapes = Shapes()
        self.limits = limits or Limits()
        self.faults = Faults()
        self.hooks = Hooks(senders)
        self.accounts: dict[str, Account] = {}
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.token_lifetime = 3600.0
        self.repositories: dict[int, Repository] = {}
        self.names: dict[str, int] = {}
        """Full name, lower case; also the names that renamed repositories had."""
        self.comments: dict[int, tuple[Repository, Issue, Comment]] = {}
        self.manifests: dict[str, dict[str, Any]] = {}
        """Manifests that wait for their conversion, by the temporary code."""
        self.budgets: dict[tuple[str, str], Budget] = {}
        self.read_lag = 0.0
        """Seconds for which reads of an issue may still show what was there before the last write."""
        self._shadows: dict[int, tuple[float, Issue]] = {}
        self._ids = itertools.count(1001)

    def new_id(self) -> int:
        return next(self._ids)

    # Accounts and repositories.

    def account(self, login: str, kind: str = "User") -> Account:
        """The account of that login, made when it is new."""
        known = self.accounts.get(login.lower())
        if known is None:
            known = Account(self.new_id(), login, kind)  # type: ignore[arg-type]
            self.accounts[login.lower()] = known
        return known

    def repository(self, full_name: str) -> Repository:
        """By its present or a former name; KeyError for none."""
        return self.repositories[self.names[full_name.lower()]]

    def visible_repository(self, owner: str, name: str) -> Repository:
        try:
            return self.repository(f"{owner}/{name}")
        except KeyError:
            raise not_found() from None

    def by_node_id(self, wanted: str) -> tuple[str, Any] | None:
        """(GraphQL type, object) of a node; comments come as (repository, issue, comment)."""
        for number, entry in self.comments.items():
            if node_id("IC", number) == wanted:
                return "IssueComment", entry
        for repository in self.repositories.values():
            if node_id("R", repository.id) == wanted:
                return "Repository", repository
            for issue in repository.issues.values():
                if node_id("I", issue.id) == wanted:
                    return "Issue", (repository, issue)
        return None

    # Issues, as they are and as a lagging read sees them.

    def issue(self, repository: Repository, number: int) -> Issue:
        issue = repository.issues.get(number)
        if issue is None:
            raise not_found()
        if issue.deleted:
            raise ApiError(410, "This issue was deleted")
        return issue

    def before_change(self, issue: Issue) -> None:
        """Keeps what lagging reads will see."""
        now = self.clock()
        if self.read_lag and self._shadows.get(issue.id, (0.0, issue))[0] <= now:
            self._shadows[issue.id] = (now + self.read_lag, copy.deepcopy(issue))

    def as_read(self, issue: Issue) -> Issue:
        until, shadow = self._shadows.get(issue.id, (0.0, issue))
        return shadow if until > self.clock() else issue

    # Apps.

    def installed_on(self, repository: Repository) -> Iterator[Installation]:
        for installation in self.installations.values():
            if installation.suspended_at is None and self.covers(installation, repository):
                yield installation

    def covers(self, installation: Installation, repository: Repository) -> bool:
        if installation.account is not repository.owner:
            return False
        return installation.selection == "all" or repository.id in installation.repositories

    def covered(self, installation: Installation) -> list[Repository]:
        return [repository for repository in self.repositories.values() if self.covers(installation, repository)]

    def new_token(
        self, installation: Installation, permissions: dict[str, str], repositories: frozenset[int] | None = None
    ) -> Token:
        value = "ghs_" + secrets.token_urlsafe(27).replace("-", "A").replace("_", "B")
        expires = float(int(self.clock() + self.token_lifetime))
        token = Token(value, permissions, expires, installation, repositories)
        self.tokens[value] = token
        return token

    def budget(self, who: str, resource: str, limit: int | None) -> Budget:
        budget = self.budgets.get((who, resource))
        if budget is None:
            budget = self.budgets[who, resource] = Budget(resource, limit, self.clock)
        budget.limit = limit
        return budget

    # Webhooks.

    def kept_deliveries(self) -> list[Delivery]:
        """GitHub forgets them after some days."""
        old = self.clock() - DELIVERIES_KEPT
        return [one for one in self.hooks.deliveries if one.created_at > old]

    def emit(self, event: str, repository: Repository, sender: Account | None, payload: dict[str, Any]) -> None:
        """To every app installed on the repository and subscribed to the event."""
        for installation in self.installed_on(repository):
            if event not in installation.app.events:
                continue
            whole = {
                **payload,
                "repository": payload.get("repository") or repository_shape(self.shapes, repository),
                **({"sender": self.shapes.account(sender)} if sender else {}),
                "installation": installation_reference(installation),
            }
            if repository.owner.type == "Organization" and "organization" not in whole:
                whole["organization"] = organization(self.shapes, repository.owner)
            self.hooks.send(
                installation.app, event, whole, installation_id=installation.id, repository_id=repository.id
            )

    def emit_to(self, installation: Installation, event: str, payload: dict[str, Any]) -> None:
        """To the installation's app, whatever it has subscribed to."""
        self.hooks.send(installation.app, event, payload, installation_id=installation.id, repository_id=None)
