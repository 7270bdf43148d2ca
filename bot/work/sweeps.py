"""The hourly sweep: brings the mirror up to date, and has the issues looked at whose silence has come to something."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.github.errors import Unavailable
from bot.store import issues, journal, waiting
from bot.store.journal import Entry
from bot.store.times import from_ms, to_ms
from bot.triage.lifecycle import lifecycle
from bot.triage.plan import Action, PostNotice, Remember
from bot.triage.waiting import least_days, track_of
from bot.work.fill import Filled, fill
from bot.work.reports import filing
from bot.work.schedules import EVERY_HOUR, waits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

    from bot.store.waiting import Quiet
    from bot.triage.decide import Context
    from bot.triage.issue import Issue
    from bot.triage.lifecycle_policy import Waiting
    from bot.triage.policy import Policy
    from bot.work.chores import Chore

log = structlog.get_logger(__name__)

_FIRST_DAY = timedelta(days=1)
_AGAIN_AFTER = timedelta(days=1)
"""An issue on which the look, with all that GitHub shows, came to another end than the mirror lets one think."""


@dataclass(frozen=True, slots=True)
class Due:
    """An issue on which something is to be done, as far as the mirror tells."""

    issue: Issue
    actions: tuple[Action, ...]
    section: Waiting
    """Of the policy: the one whose limit it counts for."""
    swept_at: int
    """When a sweep last had it looked at, in milliseconds; 0 for never."""


def sweep(chore: Chore) -> datetime | None:
    """Never writes to GitHub: the repository's lane does, once it has read the issue anew."""
    policy, repository = chore.context.policy, chore.known.repository
    with chore.database.read() as connection:
        if not waits(connection, repository.id, policy):
            return None
    filled, trouble = _filled(chore)
    with chore.database.read() as connection:
        # A fill that a limit stopped comes again soon: to read on, not to take up more than an hour's.
        next_at = from_ms(waiting.last_sweep(connection, repository.id)) + EVERY_HOUR
        if to_ms(chore.now) < to_ms(next_at):
            return min(filled.again_at or next_at, next_at)
        chosen = Chosen(policy, to_ms(chore.now - _AGAIN_AFTER))
        for found in due(connection, chore.context, chore.now):
            if chore.stopping.is_set():
                return chore.now
            if not (_warns(found) and _is_new(chore)):
                chosen.add(found)
    _take_up(chore, chosen, filled, trouble)
    return filled.again_at or chore.now + EVERY_HOUR


def _filled(chore: Chore) -> tuple[Filled, str]:
    """Only what is told of issues, which is all that a sweep asks; with why the mirror may lag behind all the same."""
    threads, filed = chore.installed.threads, filing(chore.context.checker)
    try:
        done = fill(
            chore.database, chore.known.repository, threads, filed, pulls=False, clock=lambda: to_ms(chore.clock())
        )
    except Unavailable as error:
        log.warning("a sweep goes on with the mirror as it is", reason=str(error))
        return Filled(), f"Partial: GitHub did not answer ({error}), so later changes are not known yet."
    return done, ""


def _warns(found: Due) -> bool:
    return any(isinstance(action, PostNotice) for action in found.actions)


def _is_new(chore: Chore) -> bool:
    """Nobody is warned on the day on which the App came."""
    return to_ms(chore.now - _FIRST_DAY) < (chore.known.installed_at or chore.known.first_seen)


def due(connection: Connection, context: Context, now: datetime) -> Iterator[Due]:
    """All of them, by number; holds few at a time. Reads the mirror alone."""
    policy = context.policy
    least = least_days(policy)
    since = 0 if least is None else to_ms(now - timedelta(days=least))
    for quiet in waiting.quiet(connection, context.repository.id, policy.stale.label, since, policy.labels.needs_info):
        actions = tuple(_actions(quiet, context, now))
        if actions:
            track = track_of(quiet.issue, quiet.history, policy)
            yield Due(quiet.issue, actions, track.section if track else policy.stale, quiet.swept_at)


def _actions(quiet: Quiet, context: Context, now: datetime) -> Iterator[Action]:
    planned = lifecycle(
        quiet.issue, quiet.history, context.policy, context.known_labels, context.wording, now, context.app_login
    )
    return (action for action in planned if not isinstance(action, Remember))


class Chosen:
    """As many as the policy lets one sweep take up: those that wait for longest."""

    def __init__(self, policy: Policy, swept_before: int) -> None:
        self._swept_before = swept_before
        self._heaps: list[tuple[Waiting, list[tuple[int, int]]]] = [(policy.needs_info, []), (policy.stale, [])]
        self.left = 0
        """Due, and left for the next sweep."""

    def add(self, found: Due) -> None:
        if found.swept_at > self._swept_before:
            return
        for section, heap in self._heaps:
            if section is found.section:
                heapq.heappush(heap, (-found.swept_at, -found.issue.number))
                if len(heap) > section.limit_per_run:
                    heapq.heappop(heap)
                    self.left += 1

    @property
    def numbers(self) -> list[int]:
        return sorted(-number for _, heap in self._heaps for _, number in heap)


def _take_up(chore: Chore, chosen: Chosen, filled: Filled, trouble: str) -> None:
    numbers, at, repository = chosen.numbers, to_ms(chore.now), chore.known.repository
    partial = " ".join(_partial(chosen, filled, trouble))
    log.info("swept", due=len(numbers), left=chosen.left, read=filled.issues, points=filled.points, partial=partial)
    if not (numbers or partial):
        return
    with chore.database.write() as connection:
        issues.sweep_up(connection, repository.id, numbers, at)
        because = f"{_counted(len(numbers))} due by the policy, and looked at now."
        journal.write(connection, [Entry(repository.id, 0, "sweep", "noted", because=because, note=partial, at=at)])


def _partial(chosen: Chosen, filled: Filled, trouble: str) -> Iterable[str]:
    if trouble:
        yield trouble
    if filled.again_at is not None:
        yield (
            f"Partial: GitHub's limit stopped the reading after {filled.issues:,} issues; it goes on there at"
            f" {filled.again_at:%Y-%m-%d %H:%M} UTC."
        )
    if chosen.left:
        yield f"Partial: {_counted(chosen.left)} due besides, and left for the next sweeps."


def _counted(number: int) -> str:
    return "1 issue is" if number == 1 else f"{number:,} issues are"
