"""Catches up on what GitHub could not deliver: finds it in the App's list of deliveries, and asks for it again.

GitHub sends nothing again by itself. What counts as arrived is what is stored here, whatever GitHub noted of it: a
delivery may have been stored though GitHub did not wait for the answer, and one that it had a good answer for is gone
from a database that was restored from a backup. A look first goes through GitHub's list, from the newest delivery back
to where the look before began, and then asks for what is missing, oldest first. Like a fill it may be stopped anywhere,
and goes on there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.github.errors import Forbidden, GitHubError, NotFound, Rejected, Unavailable
from bot.store import catching_up, deliveries, repositories
from bot.store.catching_up import Missing, Progress
from bot.store.times import from_ms, to_ms
from bot.work import missed
from bot.work.chores import OwnWork
from bot.work.grants import Grants, ListsGrants, PutRight
from bot.work.pace import PACE

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from bot.github.registration import Sent, SentPage
    from bot.store.database import Database
    from bot.triage.issue import Repository
    from bot.work.chores import OwnChore

log = structlog.get_logger(__name__)

GITHUB_KEEPS = timedelta(days=3)
"""docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks; Enterprise Servers more."""
CATCH_UP = catching_up.CATCH_UP
_EVERY = timedelta(hours=1)
_FIRST_AFTER = timedelta(seconds=5)
"""Once started, the service is soon there for what is sent again."""
_AT_ONCE = 30
_OUT_OF_TOUCH = timedelta(hours=2)
"""After such a time without a look, news of repositories given and taken away may be missing, too."""
_COVERED_EVERY = timedelta(days=1)
_OVERLAP = timedelta(minutes=10)
"""The list may lag behind."""
_BETWEEN = 1.0
"""Seconds, as GitHub wants it between writes:
docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#pause-between-mutative-requests
"""
_ARRIVES_WITHIN = 10.0
"""Seconds; so long GitHub itself waits for an answer."""
_MOST_TRIES = 5
_PATIENCE = 3
"""So many without an answer, one after the other, and GitHub itself is in trouble."""
_MOST_KEPT = 2000
"""Deliveries found before any is asked for; where more are missing, those are asked for in a second part."""


class Lists(ListsGrants, Protocol):
    """`bot.github.registration.Registration` is one. Each may raise GitHubError."""

    def sent(self, cursor: str = "") -> SentPage: ...
    def send_again(self, sent_id: int) -> None: ...


@dataclass(slots=True)
class Found:
    """What one part of a look came to."""

    listed: int = 0
    """Attempts of GitHub's that were gone through."""
    tried: int = 0
    """That were asked for, whatever came of it."""
    asked: dict[str, Missing] = field(default_factory=dict)
    """By GUID."""
    arrived: int = 0
    """Of these."""
    refused: dict[str, str] = field(default_factory=dict)
    """What GitHub would not send again, with its word on it."""
    left: int = 0
    """Not asked for any more, after so many times."""
    over: bool = False
    """The look came to its end; else it is to be gone on with."""
    begun_anew: bool = False
    """GitHub no longer knew where the list was to be gone on with."""
    covered: bool = False
    """All accounts were asked for their repositories."""
    put_right: PutRight = field(default_factory=PutRight)
    """What was wrong about installations, where the look began."""

    @property
    def shut(self) -> bool:
        """Of all that was asked for nothing arrived, so that there is no use in asking for more now."""
        return bool(self.asked) and not self.arrived


def chore(github: Lists, covered: Callable[[int], Iterable[Repository]]) -> OwnWork:
    """At each start, and hourly. `covered`: the repositories of an installation."""

    def do(chore: OwnChore) -> datetime:
        found = Look(chore.database, github, covered, chore.clock, chore.stopping).go_on(_AT_ONCE)
        if found.shut:
            log.warning("nothing that GitHub was asked to send again arrives: see `triage doctor`")
        # What is left is gone on with at once, unless it would be in vain.
        return chore.now + _EVERY if found.over or found.shut else chore.now

    return OwnWork(do, first_after=_FIRST_AFTER, at_start=True)


class Look:
    """A look at what GitHub tried to deliver, and at who has the App."""

    def __init__(
        self,
        database: Database,
        github: Lists,
        covered: Callable[[int], Iterable[Repository]],
        clock: Callable[[], datetime],
        stopping: threading.Event,
        *,
        insistent: bool = False,
        arrives_within: float = _ARRIVES_WITHIN,
    ) -> None:
        """`insistent`: asks for all that is missing, however often that was in vain. `arrives_within` in seconds."""
        self._database = database
        self._github = github
        self._grants = Grants(database, github, covered, PACE.recent, stopping)
        self._clock = clock
        self._stopping = stopping
        self._insistent = insistent
        self._arrives_within = arrives_within
        self._progress = Progress()

    def go_on(self, most: int) -> Found:
        """Asks for so many at most, and waits until they are there. Raises GitHubError, with all kept that was done."""
        found = Found()
        self._progress = self._begun(found)
        try:
            while not self._stopping.is_set():
                progress = self._progress
                if len(progress.missing) >= (1 if progress.listed else _MOST_KEPT):
                    self._ask(most, found)
                    if self._progress.missing:
                        break
                elif progress.listed:
                    found.over, self._progress = True, progress.end()
                    break
                else:
                    self._list(found)
                    self._keep()
        finally:
            self._wait(found)
            self._keep()
        return found

    def _begun(self, found: Found) -> Progress:
        """The look under way, or a new one."""
        now = self._clock()
        with self._database.read() as connection:
            before = catching_up.get(connection)
            latest = deliveries.latest(connection)
        if before.began_at is not None:
            return before
        # The first look of a database goes back to when it last heard anything.
        until = latest if before.until is None else before.until
        progress = replace(before, began_at=to_ms(now), until=until)
        covered = from_ms(before.covered_at or 0)
        out_of_touch = until is not None and from_ms(until) < now - _OUT_OF_TOUCH
        thorough = out_of_touch or covered < now - _COVERED_EVERY
        found.put_right = self._grants.put_right(to_ms(now), until, repositories_too=thorough)
        if self._stopping.is_set():
            # Not all accounts were asked, so that the look is yet to begin.
            return before
        if thorough:
            found.covered, progress = True, replace(progress, covered_at=to_ms(now))
        with self._database.write() as connection:
            if until is not None and from_ms(until) < now - GITHUB_KEEPS:
                log.warning("more time has passed than GitHub keeps deliveries for", since=from_ms(until))
                missed.plan(connection, to_ms(from_ms(until) - _OVERLAP), to_ms(now))
            catching_up.put(connection, progress, to_ms(now))
        return progress

    def _list(self, found: Found) -> None:
        """Goes through one page more."""
        progress = self._progress
        try:
            page = self._github.sent(progress.page)
        except (NotFound, Rejected):
            if not progress.page:
                raise
            # GitHub promises nothing of how long a cursor is good; but where a new one is not either, that was all.
            anew = replace(progress, page="", missing=())
            self._progress = replace(progress, listed=True) if found.begun_anew else anew
            found.begun_anew = True
            return
        missing = self._missing(page.sent, progress, found)
        if not found.covered and any(it.event == "installation_repositories" for it in missing):
            # That delivery will not tell when it was; what is filed there since is not to count as older.
            self._grants.put_right(to_ms(self._clock()), progress.until, repositories_too=True)
            if self._stopping.is_set():
                return
            found.covered = True
        found.listed += len(page.sent)
        at_end = not page.cursor or any(self._is_from_before(it, progress) for it in page.sent)
        kept = (*progress.missing, *map(_kept, missing))
        self._progress = replace(progress, page=page.cursor, listed=at_end, missing=kept)

    def _missing(self, sent: Iterable[Sent], progress: Progress, found: Found) -> list[Sent]:
        """Those of a page to be asked for, each delivery once."""
        wanted: dict[str, Sent] = {}
        for it in sent:
            # A ping tells nothing, and the one that comes with the registration cannot be believed yet.
            if it.event != "ping" and not self._is_from_before(it, progress):
                wanted.setdefault(it.guid, it)
        with self._database.read() as connection:
            removed = {id_ for id_, it in repositories.installations_known(connection).items() if it.removed}
        there = self._known(wanted) | found.asked.keys() | {it.guid for it in progress.missing}
        missing = []
        for guid, it in wanted.items():
            times, last = progress.tries.get(guid, (0, 0))
            in_vain = last >= (progress.began_at or 0) or times >= _MOST_TRIES
            if guid in there or (it.arrived and progress.until is None):
                continue
            if it.installation_id in removed and it.event != "installation":
                continue
            if in_vain and not self._insistent:
                found.left += times >= _MOST_TRIES
                continue
            missing.append(it)
        return missing

    def _is_from_before(self, it: Sent, progress: Progress) -> bool:
        """The look before this one has seen it."""
        return it.at is not None and progress.until is not None and to_ms(it.at + _OVERLAP) < progress.until

    def _ask(self, most: int, found: Found) -> None:
        """Oldest first, as of two that contradict each other the later one holds; what is left stays missing."""
        here = self._known(it.guid for it in self._progress.missing)
        unanswered: list[GitHubError] = []
        while self._progress.missing:
            *others, it = self._progress.missing
            if it.guid not in here:
                if found.tried >= most or self._stopping.wait(_BETWEEN if found.tried else 0):
                    return
                found.tried += 1
                times, _ = self._progress.tries.get(it.guid, (0, 0))
                try:
                    self._github.send_again(it.id)
                except (NotFound, Rejected) as error:
                    log.warning("GitHub does not send a delivery again", delivery=it.guid, reason=str(error))
                    found.refused[it.guid] = str(error)
                    times = _MOST_TRIES
                except (Forbidden, Unavailable) as error:
                    unanswered.append(error)
                    if times + 1 < _MOST_TRIES:
                        # The others come before it.
                        others.insert(0, it)
                    else:
                        found.refused[it.guid] = "GitHub gave no answer, again and again"
                else:
                    unanswered.clear()
                    log.info("asked for a delivery that never arrived", delivery=it.guid, github_event=it.event)
                    found.asked[it.guid] = it
                    if it.event == "installation_repositories":
                        # Of several that contradict each other some may be lost for good: GitHub itself tells.
                        self._progress = replace(self._progress, covered_at=None)
                tries = self._progress.tries | {it.guid: (times + 1, to_ms(self._clock()))}
                self._progress = replace(self._progress, tries=tries)
            self._progress = replace(self._progress, missing=tuple(others))
            if len(unanswered) >= _PATIENCE:
                raise unanswered[-1]

    def _wait(self, found: Found) -> None:
        """Until what was asked for is there, or will not be; forgets what arrived, and what GitHub has forgotten."""
        until = time.monotonic() + self._arrives_within
        here = self._known(self._progress.tries)
        while not here >= found.asked.keys() and time.monotonic() < until and not self._stopping.wait(0.2):
            here = self._known(found.asked)
        found.arrived = len(here & found.asked.keys())
        old = to_ms(self._clock() - 3 * GITHUB_KEEPS)
        left = {guid: tried for guid, tried in self._progress.tries.items() if guid not in here and tried[1] > old}
        self._progress = replace(self._progress, tries=left)

    def _known(self, guids: Iterable[str]) -> set[str]:
        with self._database.read() as connection:
            return deliveries.known(connection, list(guids))

    def _keep(self) -> None:
        with self._database.write() as connection:
            catching_up.put(connection, self._progress, to_ms(self._clock()))


def _kept(sent: Sent) -> Missing:
    return Missing(sent.id, sent.guid, sent.event, sent.delivered_at, sent.status, sent.status_code)
