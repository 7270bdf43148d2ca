"""Has the lanes look at issues of which news were lost for good: GitHub keeps no delivery that long, or none came.

What changed is asked of GitHub's own list of issues. A look compares what is with what should be, so that it does not
matter which news were lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import structlog

from bot.store import issues, repositories, schedules
from bot.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from bot.issuebash.thread import Thread
    from bot.store.repositories import Known
    from bot.work.chores import Chore

log = structlog.get_logger(__name__)

MISSED = "missed"
"""The chore that looks over a repository after an outage that was too long; done once."""
_SIZE = 50
_UNDER_WAY = 600_000
"""Milliseconds for which the delivery of a change may still be on its way."""


def plan(connection: Connection, since: int, now: int) -> None:
    """Has all repositories looked over for what changed from then on (both in milliseconds)."""
    for known in repositories.every(connection):
        id_ = known.repository.id
        # One that was planned before and has not come to its end may have more to look over.
        begun = orjson.loads(schedules.state(connection, id_, MISSED) or b"{}").get("since", since)
        schedules.put(connection, id_, MISSED, now)
        schedules.note(connection, id_, MISSED, orjson.dumps({"since": min(begun, since)}).decode())


def look_over(chore: Chore) -> None:
    """One repository; where a limit stops it, it goes on with the same page."""
    repository = chore.known.repository
    with chore.database.read() as connection:
        state = orjson.loads(schedules.state(connection, repository.id, MISSED) or b"{}")
    since, cursor = state.get("since", chore.known.first_seen), state.get("cursor", "")
    more, asked = True, 0
    while more:
        page = chore.installed.threads.page(repository, size=_SIZE, after=cursor, since=from_ms(since))
        cursor, more = page.cursor, page.more
        with chore.database.write() as connection:
            asked += have_looked_at(connection, chore.known, page.threads, to_ms(chore.now))
            note = orjson.dumps({"since": since, "cursor": cursor}).decode()
            schedules.note(connection, repository.id, MISSED, note)
    log.info("looked over for news that were lost", issues=asked)


def have_looked_at(
    connection: Connection, known: Known, threads: Collection[Thread], now: int, *, all_news: bool = True
) -> int:
    """Has the lane look at those of these of which GitHub shows what no delivery told; how many.

    That is what was opened since the App came, and what changed of an issue that the bot has had to do with; without
    `all_news` only where it waits for an answer.
    """
    repository = known.repository
    numbers = [it.number for it in threads]
    heard = issues.heard_until(connection, repository.id, numbers)
    waiting = heard.keys() if all_news else issues.with_open_request(connection, repository.id, numbers)
    since = known.first_seen if known.installed_at is None else known.installed_at
    found: dict[bool, list[int]] = {True: [], False: []}
    for it in threads:
        at = to_ms(it.issue.updated_at)
        ours = it.issue.state == "open" and to_ms(it.issue.created_at) >= since
        if (it.number in waiting and heard[it.number] < at) if it.number in heard else ours:
            found[at > now - _UNDER_WAY].append(it.number)
    issues.look_at_all(connection, repository.id, found[False], now)
    issues.look_at_all(connection, repository.id, found[True], now + _UNDER_WAY)
    return len(found[False]) + len(found[True])
