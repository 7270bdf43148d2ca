"""The chore that brings the mirror up to date for a bash: that may take long, and the lane has issues to see to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store import bashes, fills, lanes, schedules
from bot.store.schedules import READ
from bot.store.times import to_ms
from bot.work.reports import read

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.work.chores import Chore

_ATTEMPTS = 5
"""Half an hour of them."""


def read_ahead(chore: Chore) -> datetime | None:
    """Once; then it wakes the lane, which put it on."""
    repository, context = chore.known.repository, chore.context
    filled = read(
        chore.database, repository, chore.installed, context.checker, context.policy.report, clock=chore.clock
    )
    if filled.again_at is None:
        with chore.database.write() as connection:
            bashes.wake(connection, repository.id, to_ms(chore.now))
            lanes.wake_at(connection, lanes.of_repository(repository.id), to_ms(chore.now))
    return filled.again_at


def is_read(connection: Connection, repository_id: int, until: datetime) -> bool:
    """Whether all that changed before then is in the mirror."""
    complete_until = fills.get(connection, repository_id).complete_until
    return complete_until is not None and complete_until >= to_ms(until)


def have_read(connection: Connection, repository_id: int, now: int) -> bool:
    """Puts the chore on; False where it is on already, and keeps its time."""
    if schedules.next_at(connection, repository_id, READ) is not None:
        return False
    schedules.put(connection, repository_id, READ, now)
    return True


def is_refused(connection: Connection, repository_id: int) -> bool:
    """Whether it has failed again and again, so that what is known has to do."""
    return schedules.failures(connection, repository_id, READ) >= _ATTEMPTS
