"""The lanes in one process against the fake GitHub: a test hands over deliveries and runs lanes when it likes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from bot.github.app import App
from bot.github.quota import Budgets
from bot.github.writer import Outcome, Writer
from bot.store import deliveries, issues, journal, lanes, schedules
from bot.store.database import Database
from bot.store.deliveries import DeadLetter, NewDelivery
from bot.store.issues import Record
from bot.store.journal import Entry
from bot.store.schedules import READ
from bot.triage.issue import Comment as TriageComment
from bot.triage.issue import Repository
from bot.triage.plan import Action
from bot.web.webhook import lane_of
from bot.work.books import SharedBooks
from bot.work.chores import Chores
from bot.work.contexts import Contexts
from bot.work.lanes import Lanes
from bot.work.pace import Pace
from bot.work.reading import read_ahead
from tests.fakes.github import FakeGitHub, Limits, key_pair, serve
from tests.fakes.github.asgi import Exchange
from tests.fakes.github.model import Comment, Delivery, Issue

REPO = "octo-org/demo"
FORM = """
name: Bug report
description: Something is broken
labels: [bug]
body:
  - {type: input, id: version, attributes: {label: Version}, validations: {required: true}}
  - {type: textarea, id: problem, attributes: {label: What happened}, validations: {required: true}}
"""
INCOMPLETE = "### Version\n\n_No response_\n\n### What happened\n\nIt fell over at once, and loudly.\n"
COMPLETE = INCOMPLETE.replace("_No response_", "1.2.3")
PACE = Pace(first_wait=0.02, longest_wait=0.05, attempts=3, attempts_unavailable=6, lag=0.0)


class Bench:
    """One repository with one form."""

    def __init__(self, fake: FakeGitHub, exchanges: list[Exchange], url: str, folder: Path) -> None:
        self.fake, self.exchanges, self._url, self._folder = fake, exchanges, url, folder
        self.app = fake.add_app()
        fake.add_repository(REPO, {".github/ISSUE_TEMPLATE/bug.yml": FORM}, labels=["bug", "needs-info", "extra"])
        self.installation = fake.install(self.app, "octo-org", at=fake.clock() - 3600)
        self.budgets: Budgets | None = None
        self._taken = 0
        self.new_database()

    def now(self) -> int:
        return round(self.fake.clock() * 1000)

    def new_database(self) -> None:
        """As after a loss of the data directory."""
        self.database = Database(f"sqlite:///{self._folder / uuid4().hex}.db")
        self.database.migrate()
        self.restart()

    def restart(self, pace: Pace = PACE) -> None:
        """A new process on the same database."""
        clock = self.fake.clock
        self.pace = replace(pace, clock=clock)
        self.github = App(
            self.app.id,
            key_pair()[0],
            api_url=self._url,
            budgets=self.budgets,
            timeout=2,
            clock=clock,
            books=lambda installation_id: SharedBooks(self.database, installation_id, clock),
        )
        self.lanes = Lanes(self.database, self.github, self.pace)
        contexts = Contexts(self.database, lambda: self.github.slug)
        self._chores = Chores(self.database, self.github, contexts, {READ: read_ahead}, self.pace)

    @property
    def repository_id(self) -> int:
        return self.fake.repository(REPO).id

    def waiting(self) -> list[Delivery]:
        """What GitHub would send now."""
        found = self.fake.hooks.deliveries[self._taken :]
        self._taken += len(found)
        return found

    def hand_over(self, some: list[Delivery], *, guid: str = "") -> set[str]:
        """Stores these; their lanes."""
        now = self.now()
        new = [NewDelivery(guid or it.guid, it.event, lane_of(orjson.loads(it.body)), it.body, now) for it in some]
        with self.database.write() as connection:
            deliveries.add(connection, new)
            lanes.mark_queued(connection, {it.lane for it in new}, now)
        return {it.lane for it in new}

    def once(self) -> None:
        """Hands over what waits and runs its lanes one time."""
        for lane in sorted(self.hand_over(self.waiting())):
            self.lanes.run(lane)

    def settle(self, seconds: float = 30.0) -> None:
        """Until nothing is left to do: also what the bot's own writes bring."""
        until = time.monotonic() + seconds
        self.once()
        while time.monotonic() < until:
            with self.database.read() as connection:
                due = lanes.due(connection, self.now())
                due += lanes.lost(connection, 10**15)
                left = deliveries.count_undone(connection)
            for lane in due:
                self.lanes.run(lane)
            due += [READ] if self.read_ahead() else []
            if not due and not left and len(self.fake.hooks.deliveries) == self._taken:
                return
            self.once()
            time.sleep(0.005)
        raise AssertionError(f"not settled: {self.dead()}")

    def read_ahead(self) -> bool:
        """Brings the mirror up to date, where a bash asks for it; whether one did."""
        with self.database.read() as connection:
            at = schedules.next_at(connection, self.repository_id, READ)
        if at is None or at > self.now():
            return False
        self._chores.run(self.repository_id, READ)
        return True

    # What a test looks at.

    def open(self, body: str = INCOMPLETE, **more: Any) -> Issue:
        return self.fake.open_issue(REPO, "ann", "It broke", body, **more)

    def requests(self, issue: Issue) -> list[Comment]:
        return self.fake.comments_by(self.app, REPO, issue)

    def labels(self, issue: Issue) -> set[str]:
        return set(self.fake.labels_of(REPO, issue))

    def calls(self, method: str = "", ending: str = "") -> list[str]:
        """Since the last `forget_calls`."""
        return [
            f"{it.method} {it.path}" for it in self.exchanges if method in {"", it.method} and it.path.endswith(ending)
        ]

    def forget_calls(self) -> None:
        self.exchanges.clear()

    def journal(self, issue: Issue | None = None) -> list[Entry]:
        with self.database.read() as connection:
            if issue is None:
                return journal.latest(connection)
            return journal.latest(connection, repository_id=self.repository_id, number=issue.number)

    def record(self, issue: Issue) -> Record:
        with self.database.read() as connection:
            return issues.load(connection, self.repository_id, [issue.number])[issue.number]

    def dead(self) -> list[DeadLetter]:
        with self.database.read() as connection:
            return deliveries.dead(connection)

    def undone(self) -> int:
        with self.database.read() as connection:
            return deliveries.count_undone(connection)


@contextmanager
def bench(folder: Path, clock: Callable[[], float] = time.time) -> Iterator[Bench]:
    fake = FakeGitHub(Limits.off(), clock=clock)
    with serve(fake) as running:
        yield Bench(fake, running.exchanges, running.url, folder)


class PowerCut(BaseException):
    """Nothing in the program may stop this one."""


class CutWriter:
    """The App's own writer, until the power is cut: the comment is there, and nobody hears of it."""

    def __init__(self, writer: Writer, kind: str) -> None:
        self._writer, self._kind = writer, kind
        self.written: list[str] = []

    def perform(self, repo: Repository, number: int, action: Action) -> Outcome:
        outcome = self._writer.perform(repo, number, action)
        self.written.append(action.kind)
        if action.kind == self._kind:
            raise PowerCut
        return outcome

    def find_request(self, repo: Repository, number: int) -> TriageComment | None:
        return self._writer.find_request(repo, number)


class CutApp:
    """The App with such a writer."""

    def __init__(self, app: App, installation_id: int, kind: str = "post_request") -> None:
        self.id, self.slug, self.installation_of = app.id, app.slug, app.installation_of
        installed = app.installation(installation_id)
        self.reader, self.threads, self.writer = installed.reader, installed.threads, CutWriter(installed.writer, kind)

    def installation(self, installation_id: int) -> CutApp:  # noqa: ARG002 the one there is
        return self


def again(delivery: Delivery, **changed: Any) -> Delivery:
    """The same delivery under a new GUID, as from a second hook."""
    return replace(delivery, guid=str(uuid4()), **changed)
