"""The accounts and repositories of a soak, and how the fake GitHub counts what is asked of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.e2e.town import FORMS
from tests.fakes.github import FakeGitHub, Running, serve
from tests.fakes.github.asgi import Exchange
from tests.fakes.github.model import App, Repository

MAINTAINER = "maya"
LABELS = ("bug", "idea", "needs-info", "extra")
FORMER = "formerly-"
SENDERS = 8
"""Deliveries under way at a time."""


@dataclass
class Town:
    """`repositories` keep their identity when they are renamed."""

    github: Running
    app: App
    repositories: list[Repository]
    owners: list[str]
    asked: Counter[str] = field(default_factory=Counter)
    """Requests, by method and route."""
    answered: Counter[int] = field(default_factory=Counter)
    """By status; 0 where the connection was cut."""

    @property
    def fake(self) -> FakeGitHub:
        return self.github.fake

    def count(self, exchange: Exchange) -> None:
        self.asked[f"{exchange.method} {exchange.template or exchange.path}"] += 1
        self.answered[exchange.status] += 1

    def install(self) -> None:
        """The App, in every account."""
        for owner in self.owners:
            self.fake.install(self.app, owner)
        self.fake.hooks.wait(120)

    def rename_one(self, chance: random.Random) -> None:
        """It goes on to answer under its former name."""
        repository = chance.choice(self.repositories)
        self.fake.rename(repository.full_name, f"{repository.name.removesuffix('-again')}-again")

    def exceeded(self) -> Counter[str]:
        """How often GitHub had to refuse for a limit, by the limit."""
        total: Counter[str] = Counter()
        for budget in self.fake.budgets.values():
            total += budget.exceeded
        return total


@contextmanager
def town(repositories: int, installations: int, webhook_url: str, seed: int) -> Iterator[Town]:
    """Some accounts have many repositories and most have few, as in life; each has at least one."""
    chance = random.Random(seed)
    fake = FakeGitHub(senders=SENDERS)
    app = fake.add_app(webhook_url=webhook_url)
    owners = [f"org-{number:03d}" for number in range(installations)]
    homes = owners + [owners[int(installations * chance.random() ** 1.5)] for _ in range(repositories - installations)]
    found = [fake.add_repository(f"{owner}/home-{at:03d}", FORMS, labels=LABELS) for at, owner in enumerate(homes)]
    for repository in found:
        fake.collaborator(repository.full_name, MAINTAINER)
    with serve(fake) as github:
        made = Town(github, app, found, owners)
        # Not all that passed, as a test keeps it: that would be gigabytes.
        github.service.watchers[:] = [made.count]
        yield made
