"""Puts right what is known of installations and repositories, where the news of a change never came.

What is to be taken away is asked for before GitHub is, and what is new after: between the two a delivery may tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.github.errors import GitHubError, NotFound
from bot.store import repositories, schedules
from bot.store.schedules import POLICY
from bot.store.times import to_ms
from bot.work import landscape

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable
    from datetime import timedelta

    from bot.github.registration import Grant
    from bot.store.database import Database
    from bot.triage.issue import Repository

log = structlog.get_logger(__name__)


class ListsGrants(Protocol):
    """`bot.github.registration.Registration` is one. May raise GitHubError."""

    def grants(self) -> list[Grant]: ...


@dataclass(slots=True)
class PutRight:
    """How many of each."""

    installations_gone: int = 0
    installations_new: int = 0
    repositories_gone: int = 0
    repositories_new: int = 0


class Grants:
    def __init__(
        self,
        database: Database,
        github: ListsGrants,
        covered: Callable[[int], Iterable[Repository]],
        recent: timedelta,
        stopping: threading.Event,
    ) -> None:
        """`covered`: the repositories of an installation; may raise GitHubError, and NotFound where there is none."""
        self._database = database
        self._github = github
        self._covered = covered
        self._recent = recent
        self._stopping = stopping

    def put_right(self, now: int, heard_until: int | None, *, repositories_too: bool) -> PutRight:
        """`heard_until`: when news were last known to have come; None on a database that knows nothing yet.

        Raises GitHubError where GitHub does not tell who has the App; of single accounts only the log is told.
        """
        done = PutRight()
        with self._database.read() as connection:
            before = repositories.installations_known(connection)
        granted = {it.id: it for it in self._github.grants()}
        gone = {id_ for id_, known in before.items() if not known.removed and id_ not in granted and self._is_gone(id_)}
        with self._database.write() as connection:
            for id_, known in before.items():
                if id_ in gone:
                    log.warning("an installation is gone, though nobody told", installation=id_)
                    repositories.uninstall(connection, id_)
                    done.installations_gone += 1
                elif id_ in granted and known.suspended != granted[id_].suspended and not known.removed:
                    landscape.suspended(connection, id_, now, self._recent, suspended=granted[id_].suspended)
            now_known = repositories.installations_known(connection)
        for grant in granted.values():
            if grant.suspended or self._stopping.is_set():
                continue
            found = now_known.get(grant.id)
            is_new = found is None and heard_until is not None
            if is_new or (found is not None and not found.removed and repositories_too):
                self._repositories(grant, now, now if heard_until is None else heard_until, done, is_new=is_new)
        return done

    def _is_gone(self, installation_id: int) -> bool:
        """The list comes in pages, between which one may slip through, and lags behind. So GitHub is asked again."""
        if self._stopping.is_set():
            return False
        try:
            list(self._covered(installation_id))
        except NotFound:
            return True
        except GitHubError as error:
            log.warning("an installation is not listed", installation=installation_id, reason=str(error))
        return False

    def _repositories(self, grant: Grant, now: int, heard_until: int, done: PutRight, *, is_new: bool) -> None:
        with self._database.read() as connection:
            before = {it.repository.id for it in repositories.every(connection, grant.id)}
        try:
            covered = {it.id: it for it in self._covered(grant.id)}
        except GitHubError as error:
            log.warning("the repositories of an account are not known", account=grant.account, reason=str(error))
            return
        # An account that came since is known to have; of all else nobody saw when it was given.
        created = to_ms(grant.created_at) if is_new and grant.created_at is not None else 0
        told = created >= heard_until
        came = created if told else now if is_new else heard_until
        with self._database.write() as connection:
            if is_new:
                log.warning("there is an installation of which nobody told", account=grant.account)
                repositories.see_installation(connection, grant.id, grant.account, installed_at=came if told else None)
                done.installations_new += 1
            gone = before - covered.keys()
            repositories.remove(connection, gone, grant.id)
            here = {it.repository.id: it.repository.name for it in repositories.every(connection, grant.id)}
            # What was here before GitHub was asked and is not now, a delivery has told to be taken away meanwhile.
            known = here.keys() | before
            new = [it for id_, it in covered.items() if id_ not in known]
            # Another has taken the name by which it was known.
            nameless = [it for id_, it in covered.items() if here.get(id_) == ""]
            repositories.install(connection, new + nameless, grant.id, came, told=told)
            landscape.begin_with(connection, [it.id for it in new + nameless], now)
            schedules.plan_all(connection, here.keys() & covered.keys(), POLICY, now)
        done.repositories_gone += len(gone)
        done.repositories_new += len(new)
