"""Two releases on one PostgreSQL, each a process of its own: what only the newer one knows is left to it."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from dbos import DBOSClient, DBOSPortableJSONSerializer

from bot.store import deliveries, lanes, schedules
from bot.store.database import Database
from bot.store.deliveries import NewDelivery
from tests.fakes.postgresql import INSTALLED, postgresql_server
from tests.fakes.process import environment
from tests.fakes.release import ADDS, REVISION, ROOT, command, newer_release

SERVERS = ["postgresql"] if INSTALLED else []
NEW = "of a newer release"


def until(reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Process:
    """What it says, line by line."""

    def __init__(self, release: Path, url: str, *names: str) -> None:
        arguments = ("tests.bot.work.release_worker", url, *names)
        self.process = subprocess.Popen(
            command(*arguments), cwd=release, env=environment({}), stdout=subprocess.PIPE, text=True
        )
        self.said: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()
        until(lambda: "ready" in self.said)

    def _listen(self) -> None:
        assert self.process.stdout
        self.said.extend(line.strip() for line in self.process.stdout)


@contextmanager
def running(release: Path, url: str, *names: str) -> Iterator[Process]:
    one = Process(release, url, *names)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()
        if one.process.stdout:
            one.process.stdout.close()


@pytest.fixture(params=SERVERS)
def database() -> Iterator[Database]:
    with postgresql_server() as server:
        opened = Database(server.url())
        opened.migrate()
        yield opened
        opened.close()


def deliver(database: Database, guid: str) -> None:
    with database.write() as connection:
        deliveries.add(connection, [NewDelivery(guid, "issues", "repository:7", b"{}", 1)])
        lanes.mark_due(connection, "repository:7", 1)


def is_done(database: Database, guid: str) -> bool:
    with database.read() as connection:
        found = deliveries.pending(connection, "repository:7", 10**15, 10)
    return guid not in {it.guid for it in found}


def enqueue(database: Database, workflow: str, *arguments: object) -> None:
    """As a newer process does."""
    client = DBOSClient(
        system_database_engine=database.engine,
        serializer=DBOSPortableJSONSerializer(),
        application_name="community-triage-bot",
    )
    with database.write() as connection:
        client.enqueue_in_transaction(
            connection,
            {"workflow_name": workflow, "queue_name": "chores", "queue_partition_key": workflow},
            *arguments,
        )


def states(database: Database, workflow: str) -> list[str]:
    query = sa.text("SELECT status FROM dbos.workflow_status WHERE name = :name")
    with database.read() as connection:
        return list(connection.scalars(query, {"name": workflow}))


@pytest.mark.timeout(400)
def test_what_only_a_newer_release_knows_waits_for_it_and_all_else_goes_on(database: Database, tmp_path: Path):
    url = database.url.render_as_string(hide_password=False)
    newer = newer_release(tmp_path / "newer", ADDS)
    with ExitStack() as stack:
        old = stack.enter_context(running(ROOT, url, "clean"))
        with database.write() as connection:
            schedules.put(connection, schedules.OWN, NEW, 1)
            # One that a newer process had put into the queue already.
            schedules.put(connection, schedules.OWN, "another", 1)
            schedules.put(connection, schedules.OWN, "clean", 1)
        enqueue(database, "chore", "another", schedules.OWN)
        enqueue(database, "a workflow that is new", "x")
        until(lambda: "did clean" in old.said)
        until(lambda: "SUCCESS" in states(database, "chore"))
        until(lambda: states(database, "a workflow that is new") == ["PENDING"])
        deliver(database, "a")
        until(lambda: is_done(database, "a"))
        with database.read() as connection:
            assert schedules.next_at(connection, schedules.OWN, NEW) == 1, "nobody has taken it"
            assert schedules.next_at(connection, schedules.OWN, "another") is not None
        assert states(database, "a workflow that is new") in (["PENDING"], ["ENQUEUED"]), "it is neither done nor lost"

        new = stack.enter_context(running(newer, url, "clean", NEW, "another"))
        until(lambda: f"did {NEW}" in new.said)
        until(lambda: "did another" in new.said)
        with database.read() as connection:
            assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == REVISION
        deliver(database, "b")
        until(lambda: is_done(database, "b"))
        assert old.process.poll() is None
