"""The state of the fake GitHub, looked up by name or id, and the way from a change to the webhooks of the apps."""

from __future__ import annotations

import base64
import binascii
import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tests.fakes.github.errors import ApiError, not_found
from tests.fakes.github.faults import Faults
from tests.fakes.github.hooks import Hooks
from tests.fakes.github.limits import Budget, Limits
from tests.fakes.github.model import Account, App, Comment, Delivery, Installation, Issue, Repository, Token
from tests.fakes.github.places import installation_reference, organization, repository_shape
from tests.fakes.github.shapes import Shapes

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
        self._shadows: dict[int, tuple[float, Issue | None]] = {}
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
        prefix, number = numbered(wanted)
        if prefix == "IC" and number in self.comments:
            return "IssueComment", self.comments[number]
        if prefix == "R" and number in self.repositories:
            return "Repository", self.repositories[number]
        for repository in self.repositories.values() if prefix == "I" else ():
            for issue in repository.issues.values():
                if issue.id == number:
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
        if self.read_lag and not self._lags(issue):
            self._shadows[issue.id] = (self.clock() + self.read_lag, likeness(issue))

    def after_opening(self, issue: Issue) -> None:
        if self.read_lag:
            self._shadows[issue.id] = (self.clock() + self.read_lag, None)

    def is_shown(self, issue: Issue) -> bool:
        """Whether a lagging read knows of it yet."""
        return not self._lags(issue) or self._shadows[issue.id][1] is not None

    def as_read(self, issue: Issue) -> Issue:
        shown = self._shadows[issue.id][1] if self._lags(issue) else issue
        if shown is None:
            raise not_found()
        return shown

    def _lags(self, issue: Issue) -> bool:
        return self._shadows.get(issue.id, (0.0, None))[0] > self.clock()

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


def numbered(wanted: str) -> tuple[str, int]:
    """What `node_id` made this of; nothing for another text."""
    prefix, _, rest = wanted.partition("_kwDO")
    try:
        return prefix, int.from_bytes(base64.urlsafe_b64decode(rest + "=" * (-len(rest) % 4)))
    except (binascii.Error, ValueError):
        return "", 0


def likeness(issue: Issue) -> Issue:
    """The issue as it is now, which no later change reaches."""
    return replace(
        issue,
        labels=list(issue.labels),
        comments=[replace(comment, reactions=list(comment.reactions)) for comment in issue.comments],
        reactions=list(issue.reactions),
        assignees=list(issue.assignees),
        timeline=list(issue.timeline),
        closes=list(issue.closes),
    )
