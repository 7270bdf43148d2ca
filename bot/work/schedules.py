"""Looks into a repository's policy for what is to be done there by the clock, and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from croniter import croniter

from bot.store import issues, schedules, waiting
from bot.store.schedules import POLICY, REPORT, SWEEP
from bot.store.times import to_ms
from bot.triage.waiting import least_days
from bot.work.pace import PACE

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.triage.policy import Policy
    from bot.work.chores import Chore

EVERY_HOUR = timedelta(hours=1)
_LOOKED_INTO_EVERY = timedelta(days=1)
"""Should the push that changed the policy have got lost."""


def follow_policy(chore: Chore) -> datetime:
    """Begins and ends the other chores as the policy says."""
    policy, repository_id, now = chore.context.policy, chore.known.repository.id, to_ms(chore.now)
    with chore.database.write() as connection:
        if schedules.state(connection, repository_id, POLICY) == schedules.GIVEN_BACK:
            issues.look_again_at_open_requests(connection, [repository_id], now, to_ms(chore.now - PACE.recent))
            schedules.note(connection, repository_id, POLICY, "")
        reports, sweeps = policy.report.schedule, waits(connection, repository_id, policy)
        wanted = {
            REPORT: following(reports, chore.now) if reports and policy.enabled else None,
            SWEEP: chore.now if sweeps and policy.enabled else None,
        }
        for name, at in wanted.items():
            if at is None:
                schedules.drop(connection, repository_id, name)
                continue
            planned = schedules.next_at(connection, repository_id, name)
            # A cron line may have been moved; a sweep that is planned already keeps its time.
            if planned is None or (name == REPORT and planned > now):
                schedules.put(connection, repository_id, name, to_ms(at))
    return chore.now + _LOOKED_INTO_EVERY


def waits(connection: Connection, repository_id: int, policy: Policy) -> bool:
    """Whether the lifecycle has anything to do: by the policy, or in taking back what an earlier one began."""
    return least_days(policy) is not None or waiting.any_noticed(connection, repository_id)


def following(schedule: str, now: datetime) -> datetime:
    """The next time of a cron line, in UTC."""
    found: datetime = croniter(schedule, now).get_next(datetime)
    return found
