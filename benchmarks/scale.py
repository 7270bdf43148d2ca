"""What a worker asks of PostgreSQL while the mirror grows from 10,000 issues to 1,000,000 in 10,000 repositories."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from statistics import median

import sqlalchemy as sa

from benchmarks.organisation import FIRST, Organisation
from benchmarks.rounds import Part, Row
from bot.forms.check import Checker
from bot.forms.load import load
from bot.github.events import Event
from bot.render import Renderer
from bot.store import deliveries, lanes, reports, repositories, schedules
from bot.store.database import Database
from bot.store.schedules import REPORT, SWEEP
from bot.store.tables import issues
from bot.triage.decide import Context
from bot.triage.issue import SHARED, Repository
from bot.triage.policy import Policy
from bot.triage.report_policy import ReportSection
from bot.work import landscape
from bot.work.engine import Engine
from bot.work.pace import now_ms
from bot.work.reports import Source, make
from bot.work.sweeps import due
from tests.fakes.postgresql import postgresql_server

SIZES = (100, 1_000, 10_000)
"""Repositories, each of a hundred issues on the mean."""
_CLEARED = (
    "DELETE FROM dbos.workflow_status",
    "UPDATE lanes SET queued = false WHERE queued",
    "UPDATE deliveries SET finished_at = received_at WHERE finished_at IS NULL",
)
_ROUNDS = 5
_MANY = 500
"""Lanes that are waited for."""
_ENOUGH = 20.0
"""Seconds, after which no further round is begun."""
_SERVER = ("shared_buffers=512MB", "work_mem=16MB", "fsync=on", "max_wal_size=4GB")


def run(sizes: tuple[int, ...] = SIZES) -> Part:
    rows: list[Row] = []
    with postgresql_server(*_SERVER) as server:
        database = Database(server.url())
        database.migrate()
        organisation = Organisation(database)
        for size in sizes:
            organisation.grow(size)
            told = f"{organisation.issues:,} issues"
            for what, seconds in (*_asked(organisation), *_run(organisation)):
                rows.append(Row(f"{told}: {what}", 1000 * seconds, "ms"))
        database.close()
    notes = [
        f"medians of {_ROUNDS}; PostgreSQL on this machine's disk, with one repository in a hundred of 1,000 issues",
        "from a delivery to its lane: until it is on disk, and from then until a worker has begun with it",
    ]
    return Part("What a worker asks of PostgreSQL, as an organisation grows", rows, notes)


def _asked(organisation: Organisation) -> Iterator[tuple[str, float]]:
    database, now = organisation.database, organisation.now
    hour = now + 60_000
    large, small = organisation.repository(0), organisation.repository(1)
    policy = Policy.model_validate({"stale": {"daysUntilStale": 60, "daysUntilClose": 7}})
    context = Context(large, Checker(load({})), policy, Renderer(policy), "triage")
    source = Source("a made-up repository", releases=organisation.community.releases)

    shared = replace(small, name=SHARED)
    push = Event("push", repository=shared, branch="main")

    def report(repository: Repository) -> Callable[[], float]:
        return lambda: _taken(lambda: make(database, repository, ReportSection(), source, organisation.community.now))

    def of_owner(connection: sa.Connection) -> None:
        landscape.changed(connection, push, shared, organisation.community.now, timedelta(days=90))

    def sweep(connection: sa.Connection) -> int:
        return sum(1 for _ in due(connection, context, organisation.community.now))

    yield "planning sweeps and reports", _timed(database, lambda it: schedules.take(it, hour, [SWEEP, REPORT]))
    yield "lanes that are due", _timed(database, lambda it: lanes.due(it, now))
    many = _timed(database, lambda it: lanes.due(it, now, looks=8), before=lambda it: _look_at_a_tenth(it, now))
    yield "lanes that are due, as a tenth of all issues is", many
    yield "lanes that seem lost", _timed(database, lambda it: lanes.lost(it, now))
    yield "what a lane begins with", _timed(database, lambda it: _begin(it, now))
    yield "sweep of 1,000 issues", _timed(database, sweep)
    yield "report on 1,000 issues", _middle(report(large))
    yield "report on 91 issues", _middle(report(small))
    yield "page of a report, by its name", _timed(database, lambda it: reports.get_public(it, "Octo-Org", "R00001"))
    yield "figures for /metrics", _timed(database, _figures)
    yield "push to the owner's .github", _timed(database, of_owner)


def _begin(connection: sa.Connection, now: int) -> None:
    name = lanes.of_repository(FIRST)
    lanes.begin(connection, name, now)
    deliveries.pending(connection, name, now, 64)
    repositories.get(connection, FIRST)


def _look_at_a_tenth(connection: sa.Connection, now: int) -> None:
    tenth = issues.c.request_comment_id.is_not(None)
    connection.execute(issues.update().where(tenth).values(next_look_at=now - 1))
    connection.execute(sa.text("ANALYZE issues"))


def _figures(connection: sa.Connection) -> None:
    deliveries.oldest_undone(connection)
    deliveries.count_undone(connection)
    deliveries.count_dead(connection)


def _timed(
    database: Database, ask: Callable[[sa.Connection], object], before: Callable[[sa.Connection], object] = bool
) -> float:
    """Seconds; nothing stays changed, not even of what is done `before`."""

    def once() -> float:
        with database.engine.connect() as connection:
            before(connection)
            taken = _taken(lambda: ask(connection))
            connection.rollback()
            return taken

    return _middle(once)


def _taken(ask: Callable[[], object]) -> float:
    start = time.perf_counter()
    ask()
    return time.perf_counter() - start


def _middle(once: Callable[[], float]) -> float:
    """Of some rounds; of fewer where they take long."""
    taken: list[float] = []
    while len(taken) < _ROUNDS and sum(taken) < _ENOUGH:
        taken.append(once())
    return median(taken)


@dataclass
class Runs:
    """Notes when each lane was begun."""

    database: Database
    begun: dict[str, float] = field(default_factory=dict)

    def run(self, lane: str) -> bool:
        self.begun[lane] = time.perf_counter()
        with self.database.write() as connection:
            lanes.begin(connection, lane, now_ms())
            found = deliveries.pending(connection, lane, now_ms(), 100)
            deliveries.finish(connection, [it.id for it in found], now_ms())
        return False

    def stop(self) -> None:
        """They are short."""


@contextmanager
def _engine(database: Database) -> Iterator[tuple[Engine, Runs]]:
    """With a database of its own: it closes it."""
    own = Database(database.url.render_as_string(hide_password=False))
    runs = Runs(own)
    engine = Engine(own, runs)
    engine.start()
    try:
        yield engine, runs
    finally:
        engine.stop()
        with database.write() as connection:
            # What was left waiting is not to be in the way of the next.
            for statement in _CLEARED:
                connection.execute(sa.text(statement))


def _run(organisation: Organisation) -> Iterator[tuple[str, float]]:
    with _engine(organisation.database) as (engine, runs):
        stored, waited = zip(*(_delivered(engine, runs, place) for place in range(20)), strict=True)
        yield "a delivery, until it is on disk", median(stored)
        yield "from there until its lane has begun", median(waited)
        names = [lanes.of_repository(FIRST + place) for place in range(organisation.size)]
        runs.begun.clear()
        start = time.perf_counter()
        asyncio.run(_deliver_all(engine, names))
        while len(runs.begun) < min(len(names), _MANY) and time.perf_counter() - start < _ENOUGH:
            time.sleep(0.01)
        each = (time.perf_counter() - start) / max(1, len(runs.begun))
        yield f"a delivery in each of {len(names):,} lanes: each of the first {_MANY:,}", each


def _delivered(engine: Engine, runs: Runs, place: int) -> tuple[float, float]:
    lane = lanes.of_repository(FIRST + place)
    start = time.perf_counter()
    asyncio.run(engine.accept(f"{lane}-{time.time_ns()}", "issues", lane, b"{}"))
    stored = time.perf_counter()
    while runs.begun.get(lane, 0.0) < start:
        time.sleep(0.001)
    return stored - start, runs.begun[lane] - stored


async def _deliver_all(engine: Engine, names: list[str]) -> None:
    await asyncio.gather(*(engine.accept(f"{name}-{time.time_ns()}", "issues", name, b"{}") for name in names))
