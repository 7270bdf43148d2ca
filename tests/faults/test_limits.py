"""Three processes on one PostgreSQL against a GitHub that counts: together they never ask for more than it allows."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from bot.store import deliveries, lanes
from bot.store.database import Database
from bot.store.deliveries import NewDelivery
from bot.web.webhook import lane_of
from bot.work import books
from tests.bot.work.bench import FORM
from tests.fakes.github import FakeGitHub, Limits, Running, key_pair, serve
from tests.fakes.github.model import App, Delivery
from tests.fakes.postgresql import INSTALLED, postgresql_server
from tests.faults import sharer

SERVERS = ["postgresql"] if INSTALLED else []
ROOT = Path(__file__).parents[2]
OLD = [f"octo-org/old{number}" for number in range(6)]
FRESH = "octo-org/fresh"
BACKLOG = 30
FIVE_MINUTES = 300_000


class Town:
    """Deliveries are put into the database by the test, some of them as if they had lain there for minutes."""

    def __init__(self, fake: FakeGitHub, running: Running, app: App, database: Database) -> None:
        self.fake, self.running, self.app, self.database = fake, running, app, database
        self._taken = len(fake.hooks.deliveries)

    def open(self, repo: str) -> None:
        self.fake.open_issue(repo, "ann", "It broke", "It does not work.")

    def hand_over(self, *, age: int = 0) -> None:
        """What the fake has sent since; `age` in milliseconds."""
        new: list[Delivery] = self.fake.hooks.deliveries[self._taken :]
        self._taken += len(new)
        now = round(time.time() * 1000)
        stored = [NewDelivery(it.guid, it.event, lane_of(orjson.loads(it.body)), it.body, now - age) for it in new]
        with self.database.write() as connection:
            deliveries.add(connection, stored)
            for lane in {it.lane for it in stored}:
                lanes.mark_due(connection, lane, now)

    def asked(self, *repos: str) -> list[int]:
        """How often each issue was asked for what is missing."""
        return [
            len(self.fake.comments_by(self.app, repo, number))
            for repo in repos
            for number in self.fake.repository(repo).issues
        ]

    def refused(self) -> Counter[str]:
        return Counter(f"{it.status} {it.method}" for it in self.running.exchanges if it.status in {403, 429})


@pytest.fixture(params=SERVERS)
def town(tmp_path: Path) -> Iterator[Town]:
    key = tmp_path / "key.pem"
    key.write_text(key_pair()[0])
    limits = Limits(
        content_per_minute=sharer.CONTENT, content_per_hour=1000, points_per_minute=300, minute=sharer.MINUTE
    )
    fake = FakeGitHub(limits)
    app = fake.add_app()
    for repo in (*OLD, FRESH):
        fake.add_repository(repo, {".github/ISSUE_TEMPLATE/bug.yml": FORM}, labels=["bug", "needs-info"])
    with serve(fake) as running, postgresql_server() as server:
        database = Database(server.url())
        database.migrate()
        fake.install(app, "octo-org", at=time.time() - 3600)
        command = [sys.executable, "-m", "tests.faults.sharer", server.url(), running.url, str(app.id), str(key)]
        workers = [subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(3)]
        try:
            for one in workers:
                assert one.stdout
                assert one.stdout.readline() == b"ready\n"
            yield Town(fake, running, app, database)
        finally:
            for one in workers:
                # Told to stop by the end of what it reads.
                one.communicate(timeout=30)
            database.close()


def wait_until(condition: Callable[[], object], seconds: float = 100) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.timeout(400)
def test_a_burst_on_many_processes_is_smoothed_and_fresh_issues_go_before_a_backlog(town: Town):
    town.hand_over()
    for number in range(BACKLOG):
        town.open(OLD[number % len(OLD)])
    town.hand_over(age=FIVE_MINUTES)
    # All that the background may have.
    wait_until(lambda: sum(town.asked(*OLD)) >= 9)
    for _ in range(2):
        town.open(FRESH)
    town.hand_over()
    wait_until(lambda: all(town.asked(FRESH)))
    left = town.asked(*OLD).count(0)
    assert left >= BACKLOG // 4
    (here,) = town.fake.installations
    assert books.left(town.database)[here, "content_minute"] < 0.5
    wait_until(lambda: all(town.asked(*OLD)))
    with town.database.read() as connection:
        assert deliveries.count_dead(connection) == 0
    assert set(town.asked(*OLD, FRESH)) == {1}
    assert town.refused() == Counter()
