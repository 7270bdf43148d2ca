"""Whether all is well after a soak: what was stored, what stands on GitHub, and whether a calm look would change it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import sqlalchemy as sa

from bot.github.app import App
from bot.store import commands, deliveries, issues, repositories
from bot.store.database import Database
from bot.store.tables import deliveries as stored
from bot.store.tables import issues as issue_rows
from bot.store.tables import journal, workers
from bot.triage.plan import Remember
from bot.work import looks
from bot.work.contexts import Contexts, for_issue
from bot.work.mirror import Look
from tests.fakes.github import key_pair
from tests.soak.stories import Story
from tests.soak.town import Town


def undone(database: Database) -> int | None:
    """Deliveries not yet done, and issues to be looked at once more; None while the database is away."""
    again = sa.select(sa.func.count()).where(issue_rows.c.next_look_at.is_not(None))
    try:
        with database.read() as connection:
            return deliveries.count_undone(connection) + (connection.scalar(again) or 0)
    except sa.exc.SQLAlchemyError:
        return None


def waits(database: Database) -> list[float]:
    """Seconds from a delivery's coming in to its being done, of all, shortest first."""
    took = stored.c.finished_at - stored.c.received_at
    with database.read() as connection:
        return [each / 1000 for each in connection.scalars(sa.select(took).where(took.is_not(None)).order_by(took))]


def attempts(database: Database) -> tuple[int, int]:
    """How many failed of the delivery that took longest, and of any at most."""
    took = stored.c.finished_at - stored.c.received_at
    longest = sa.select(stored.c.attempts).where(took.is_not(None)).order_by(took.desc()).limit(1)
    with database.read() as connection:
        return connection.scalar(longest) or 0, connection.scalar(sa.select(sa.func.max(stored.c.attempts))) or 0


def take_overs(database: Database) -> int:
    with database.read() as connection:
        return int(connection.scalar(sa.select(sa.func.sum(workers.c.lapses))) or 0)


def interrupted(database: Database) -> int:
    """Actions whose outcome was lost at first."""
    with database.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).where(journal.c.state == "unknown")) or 0


def wrong(town: Town, stories: Iterable[Story], database: Database) -> Iterator[str]:
    """A line each; none where all is well."""
    yield from _in_the_database(town, database)
    for name, count in town.exceeded().items():
        yield f"GitHub's limit {name} was exceeded {count} times"
    for story in stories:
        for what in story.wrong():
            yield f"{story.name}: {what}"
    yield from _still_planned(town, database)


def _in_the_database(town: Town, database: Database) -> Iterator[str]:
    with database.read() as connection:
        known = set(connection.scalars(sa.select(stored.c.guid)))
        for letter in deliveries.dead(connection):
            yield f"dead letter {letter.guid} ({letter.event} of {letter.lane}): {letter.reason}"
        if count := deliveries.count_undone(connection):
            yield f"{count} deliveries are not done"
        open_ = connection.scalar(sa.select(sa.func.count()).where(journal.c.state == "intended"))
        if open_:
            yield f"{open_} actions in the journal were begun, and nobody found out what became of them"
    for guid in {one.guid for one in town.fake.hooks.deliveries} - known:
        yield f"delivery {guid} was never stored"


def _still_planned(town: Town, database: Database) -> Iterator[str]:
    """What the bot would do if it now looked at each issue once more, in peace and with all that it remembers."""
    github = App(town.app.id, key_pair()[0], api_url=town.github.url, budgets=None)
    contexts = Contexts(database, lambda: github.slug)
    now = datetime.now(UTC)
    for repository in town.repositories:
        numbers = list(repository.issues)
        with database.read() as connection:
            known = repositories.get(connection, repository.id)
            records = issues.load(connection, repository.id, numbers)
            waiting = commands.load_open(connection, repository.id, numbers)
        for number in numbers:
            name = f"{repository.full_name}#{number}"
            if known is None or known.installation_id is None or number not in records:
                yield f"{name} is unknown to the bot"
                continue
            installed = github.installation(known.installation_id)
            record = records[number]
            if record.intent:
                yield f"{name}: it is not known what became of {record.intent}"
            context = for_issue(contexts.of(known, installed, round(now.timestamp() * 1000)), known, record)
            planned = looks.plan(Look(record), waiting.get(number, []), context, installed, now)
            left = Counter(it.kind for it in planned.plan.actions if not isinstance(it, Remember))
            if left:
                yield f"{name}: a calm look would still {dict(left)}, since {planned.plan.verdict}"
