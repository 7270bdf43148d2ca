"""One of several processes that share GitHub's limits: python -m tests.faults.sharer DATABASE GITHUB APP KEY."""

from __future__ import annotations

import sys
from pathlib import Path

import structlog

from bot.github.app import App
from bot.github.quota import Budgets
from bot.store.database import Database
from bot.store.places import place_at
from bot.work.books import SharedBooks
from bot.work.engine import Engine
from bot.work.lanes import Lanes
from bot.work.lease import Lease

MINUTE = 4.0
"""Seconds that stand for GitHub's minute, so that the test is over soon."""
CONTENT = 12
BUDGETS = Budgets(
    content_per_minute=CONTENT,
    content_per_hour=1000,
    rest_points_per_minute=300,
    # A loaded machine may be slow to send.
    minute=MINUTE + 1,
)


def main() -> None:
    url, github_url, app_id, key = sys.argv[1:]
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    database = Database(url)
    lease = Lease(place_at(database))
    github = App(
        int(app_id),
        Path(key).read_text(),
        api_url=github_url,
        budgets=BUDGETS,
        permitted=lease.check,
        books=lambda installation_id: SharedBooks(database, installation_id),
    )
    engine = Engine(database, Lanes(database, github), lease=lease)
    engine.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    engine.stop()


if __name__ == "__main__":
    main()
