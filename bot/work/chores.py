"""What is done by the clock, for a repository or once for all: looked up by name, run one at a time, and timed anew."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog

from bot.github.errors import GitHubError, LimitReached
from bot.github.quota import asking
from bot.store import repositories, schedules
from bot.store.schedules import POLICY
from bot.store.times import to_ms
from bot.work.locating import confirmed
from bot.work.pace import PACE, Pace

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.store.database import Database
    from bot.store.repositories import Known
    from bot.triage.decide import Context
    from bot.work.contexts import Contexts
    from bot.work.ports import GitHub, Installed

log = structlog.get_logger(__name__)

_LEFT_TO_OTHERS = 5000
"""Milliseconds until a chore that this release does not know is due once more."""
_MINUTE = 60_000
_LONGEST = 24 * 60 * _MINUTE
"""Between attempts at what fails for good in one repository, as each costs a reading."""
_LONGEST_OWN = 60 * _MINUTE
"""The same for what is done for all of them, most of all the catch-up after GitHub itself was away."""


@dataclass(frozen=True, slots=True)
class Chore:
    """One piece of work in hand, with all that it may need."""

    database: Database
    known: Known
    installed: Installed
    context: Context
    clock: Callable[[], datetime]
    stopping: threading.Event

    @property
    def now(self) -> datetime:
        return self.clock()


Work = Callable[[Chore], datetime | None]
"""Does it, and says when it is to be done again; None for never. What GitHub refuses for now may be raised."""


@dataclass(frozen=True, slots=True)
class OwnChore:
    """The same for what is done once for all repositories."""

    database: Database
    clock: Callable[[], datetime]
    stopping: threading.Event

    @property
    def now(self) -> datetime:
        return self.clock()


@dataclass(frozen=True, slots=True)
class OwnWork:
    """`first_after`: how long after the first start. `at_start`: also so long after each other one."""

    do: Callable[[OwnChore], datetime | None]
    first_after: timedelta
    at_start: bool = False


class Chores:
    """Runs them. Each repository's are in a line of their own in the engine's queue, so none runs beside itself."""

    def __init__(
        self,
        database: Database,
        github: GitHub,
        contexts: Contexts,
        works: Mapping[str, Work],
        pace: Pace = PACE,
        own: Mapping[str, OwnWork] = MappingProxyType({}),
    ) -> None:
        self._database = database
        self._github = github
        self._contexts = contexts
        self._works = works
        self._own = own
        self._pace = pace
        self._stopping = threading.Event()

    @property
    def names(self) -> frozenset[str]:
        """What this release knows how to do. The rest is left to those who do."""
        return frozenset([*self._works, *self._own])

    def plan(self, connection: Connection, *, starting: bool = False) -> None:
        """Sees to it that what is done for all repositories is planned."""
        for name, work in self._own.items():
            at = to_ms(self._pace.moment() + work.first_after)
            if starting and work.at_start:
                schedules.hasten(connection, schedules.OWN, name, at)
            else:
                schedules.plan(connection, schedules.OWN, name, at)

    def stop(self) -> None:
        """The one in hand ends at the next place where it can go on later."""
        self._stopping.set()

    def run(self, repository_id: int, name: str) -> None:
        """Never raises: what fails is timed for another attempt."""
        with (
            structlog.contextvars.bound_contextvars(repository=repository_id, chore=name),
            asking(f"{name} of {repository_id}", background=True),
        ):
            with self._database.read() as connection:
                failed = schedules.failures(connection, repository_id, name)
                lease = schedules.next_at(connection, repository_id, name)
            if name not in self.names:
                # A newer process planned it. It stays due, for one that knows it.
                log.info("a chore of another release is left to that")
                self._bring_back(repository_id, name, lease, self._pace.now() + _LEFT_TO_OTHERS, failures=failed)
                return
            try:
                again = self._done(repository_id, name)
            except LimitReached as error:
                log.info("put off", until=error.until)
                self._bring_back(repository_id, name, lease, to_ms(error.until))
            except Exception as error:  # whatever it is: the next attempt may find it mended
                known_trouble = isinstance(error, GitHubError)
                log.warning("a chore failed", failures=failed + 1, reason=str(error), exc_info=not known_trouble)
                longest = _LONGEST_OWN if repository_id == schedules.OWN else _LONGEST
                at = self._pace.now() + min(longest, _MINUTE << min(failed, 20))
                self._bring_back(repository_id, name, lease, at, failures=failed + 1)
            else:
                self._bring_back(repository_id, name, lease, to_ms(again))

    def _done(self, repository_id: int, name: str) -> datetime | None:
        """When it is to be done again; None for never."""
        if repository_id == schedules.OWN:
            own = OwnChore(self._database, self._pace.moment, self._stopping)
            return self._own[name].do(own) if name in self._own else None
        with self._database.read() as connection:
            known = repositories.get(connection, repository_id)
        if name not in self._works or known is None or known.removed or not known.is_reachable:
            return None
        installed = self._github.installation(known.installation_id or 0)
        if name == POLICY:
            known = confirmed(self._database, known, installed)
            if not known.is_reachable:
                return None
        context = self._contexts.of(known, installed, self._pace.now())
        if not context.policy.enabled and name != POLICY:
            return None
        return self._works[name](Chore(self._database, known, installed, context, self._pace.moment, self._stopping))

    def _bring_back(self, repository_id: int, name: str, lease: int | None, at: int | None, failures: int = 0) -> None:
        with self._database.write() as connection:
            schedules.bring_back(connection, repository_id, name, lease, at, failures=failures)
