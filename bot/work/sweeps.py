"""The hourly sweep: brings the mirror up to date, and has the issues looked at whose silence has come to something."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.store import issues, journal, waiting
from bot.store.journal import Entry
from bot.store.times import to_ms
from bot.triage.lifecycle import lifecycle
from bot.triage.plan import Action, Remember
from bot.triage.waiting import least_days, track_of
from bot.work.fill import fill
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
    from bot.work.fill import Filled

log = structlog.get_logger(__name__)

_AGAIN_AFTER = timedelta(days=1)
"""An issue on which the look, with all that GitHub shows, came to another end than the mirror lets one think."""


@dataclass(frozen=True, slots=True)
class Due:
    """An issue on which something is to be done, as far as the mirror tells."""

    issue: Issue
    actions: tuple[Action, ...]
    section: Waiting
    """Of the policy: the one whose limit it counts for."""
    looked_at: int
    """Milliseconds; 0 for never."""


def sweep(chore: Chore) -> datetime | None:
    """Never writes to GitHub: the repository's lane does, once it has read the issue anew."""
    policy, repository = chore.context.policy, chore.known.repository
    with chore.database.read() as connection:
        if not waits(connection, repository.id, policy):
            return None
    filled = fill(
        chore.database,
        repository,
        chore.installed.threads,
        filing(chore.context.checker),
        clock=lambda: to_ms(chore.clock()),
    )
    chosen = Chosen(policy, to_ms(chore.now - _AGAIN_AFTER))
    with chore.database.read() as connection:
        for found in due(connection, chore.context, chore.now):
            if chore.stopping.is_set():
                return chore.now
            chosen.add(found)
    _take_up(chore, chosen, filled)
    return filled.again_at or chore.now + EVERY_HOUR


def due(connection: Connection, context: Context, now: datetime) -> Iterator[Due]:
    """All of them, by number; holds few at a time. Reads the mirror alone."""
    policy = context.policy
    least = least_days(policy)
    since = 0 if least is None else to_ms(now - timedelta(days=least))
    for quiet in waiting.quiet(connection, context.repository.id, policy.stale.label, since):
        actions = tuple(_actions(quiet, context, now))
        if actions:
            track = track_of(quiet.issue, quiet.history, policy)
            yield Due(quiet.issue, actions, track.section if track else policy.stale, quiet.looked_at)


def _actions(quiet: Quiet, context: Context, now: datetime) -> Iterator[Action]:
    planned = lifecycle(
        quiet.issue, quiet.history, context.policy, context.known_labels, context.wording, now, context.app_login
    )
    return (action for action in planned if not isinstance(action, Remember))


class Chosen:
    """As many as the policy lets one sweep take up: those that were not looked at for longest."""

    def __init__(self, policy: Policy, looked_before: int) -> None:
        self._looked_before = looked_before
        self._heaps: list[tuple[Waiting, list[tuple[int, int]]]] = [(policy.needs_info, []), (policy.stale, [])]
        self.left = 0
        """Due, and left for the next sweep."""

    def add(self, found: Due) -> None:
        if found.looked_at > self._looked_before:
            return
        for section, heap in self._heaps:
            if section is found.section:
                heapq.heappush(heap, (-found.looked_at, -found.issue.number))
                if len(heap) > section.limit_per_run:
                    heapq.heappop(heap)
                    self.left += 1

    @property
    def numbers(self) -> list[int]:
        return sorted(-number for _, heap in self._heaps for _, number in heap)


def _take_up(chore: Chore, chosen: Chosen, filled: Filled) -> None:
    numbers, at, repository = chosen.numbers, to_ms(chore.now), chore.known.repository
    partial = " ".join(_partial(chosen, filled))
    log.info("swept", due=len(numbers), left=chosen.left, read=filled.issues, points=filled.points, partial=partial)
    if not (numbers or partial):
        return
    with chore.database.write() as connection:
        issues.sweep_up(connection, repository.id, numbers, at)
        because = f"{_counted(len(numbers))} due by the policy, and looked at now."
        journal.write(connection, [Entry(repository.id, 0, "sweep", "noted", because=because, note=partial, at=at)])


def _partial(chosen: Chosen, filled: Filled) -> Iterable[str]:
    if filled.again_at is not None:
        yield (
            f"Partial: GitHub's limit stopped the reading after {filled.issues:,} issues; it goes on there at"
            f" {filled.again_at:%Y-%m-%d %H:%M} UTC."
        )
    if chosen.left:
        yield f"Partial: {_counted(chosen.left)} due besides, and left for the next sweeps."


def _counted(number: int) -> str:
    return "1 issue is" if number == 1 else f"{number:,} issues are"
