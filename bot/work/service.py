"""Puts the working parts together from the settings: the database, the App on GitHub, the lanes and the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.github.app import App
from bot.github.quota import Budgets
from bot.github.registration import Registration
from bot.store import deliveries, lanes
from bot.store.database import Database, StoreError
from bot.store.files import StoredFiles
from bot.store.places import place_at
from bot.store.schedules import POLICY, READ, REPORT, SWEEP
from bot.store.times import to_ms
from bot.work import catch_up, missed, retention
from bot.work.books import SharedBooks
from bot.work.chores import Chores, OwnWork, Work
from bot.work.contexts import Contexts
from bot.work.engine import Engine
from bot.work.front import Front
from bot.work.lanes import Lanes
from bot.work.lease import Lease
from bot.work.publishing import write_report
from bot.work.reading import read_ahead
from bot.work.schedules import follow_policy
from bot.work.sweeps import sweep

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from bot.credentials import Credentials
    from bot.settings import Settings

StartError = StoreError
"""Why the work cannot be taken up, for people."""


def start(settings: Settings, credentials: Credentials) -> Engine:
    """Opens the database and starts the engine. Raises StartError."""
    database = Database(settings.database_url)
    lease = Lease(place_at(database))
    github = App(
        credentials.app_id,
        credentials.private_key,
        api_url=settings.github_api_url,
        budgets=Budgets() if settings.github_content_limits else None,
        cache=StoredFiles(database),
        permitted=lease.check,
        books=lambda installation_id: SharedBooks(database, installation_id),
    )
    contexts = Contexts(database, lambda: github.slug)
    works: dict[str, Work] = {
        POLICY: follow_policy,
        READ: read_ahead,
        REPORT: write_report,
        SWEEP: sweep,
        missed.MISSED: missed.look_over,
    }
    registration = Registration(credentials.app_id, credentials.private_key, settings.github_api_url)
    own: dict[str, OwnWork] = {
        catch_up.CATCH_UP: catch_up.chore(registration, lambda id_: github.installation(id_).reader.covered()),
        retention.CLEAN: retention.cleaning(retention.Keep.of(settings)),
    }
    chores = Chores(database, github, contexts, works, own=own)
    engine = Engine(database, Lanes(database, github, contexts=contexts), chores=chores, lease=lease)
    engine.start()
    return engine


def start_front(settings: Settings, _credentials: Credentials) -> Front:
    """Opens the database for a process that leaves the work to others. Raises StartError."""
    front = Front(Database(settings.database_url))
    front.start()
    return front


def requeue_dead(database: Database, now: datetime, guids: Collection[str] | None = None) -> int:
    """Makes dead letters (all, or these) undone again; how many. A running service takes them up within a second."""
    with database.write() as connection:
        before = deliveries.count_dead(connection)
        for lane in deliveries.revive(connection, guids):
            lanes.mark_due(connection, lane, to_ms(now))
        return before - deliveries.count_dead(connection)
