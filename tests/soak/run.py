"""One soak from its start to its figures: the town, the service, what people do, and the weather over all of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bot.store.database import Database
from tests.fakes.github.model import Delivery
from tests.fakes.github.weather import Chance, Weather, clear_up, set_in
from tests.fakes.postgresql import postgresql_server
from tests.fakes.relay import Relay, relay
from tests.faults.service import ServiceProcess, free_port
from tests.soak import evidence, verdict
from tests.soak.mishaps import Mishaps, Supervisor, wait_for
from tests.soak.stories import Story, opened
from tests.soak.town import Town, town

MOST_WAITING = 1500
"""Deliveries that the service has not done yet, at which people pause: nobody is served by a queue of hours."""
AT_ONCE = 3
"""Stories under way, for each repository."""
RENAMED = 0.05
"""Of the repositories."""
STILL = 5.0
"""Seconds of rest after which it counts as such."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    deliveries: int = 20_000
    repositories: int = 500
    installations: int = 100
    workers: int = 4
    database: Literal["postgresql", "sqlite"] = "postgresql"
    kills: int = 10
    """Of each worker."""
    restarts: int = 2
    """Of PostgreSQL, without its having been told."""
    freezes: int = 1
    """Of each worker."""
    longest_freeze: float = 45.0
    """Seconds."""
    cuts: int = 1
    """Of the first worker's line to PostgreSQL."""
    cut_for: float = 60.0
    """Seconds."""
    rate: float = 200.0
    """Deeds of people a second, at most."""
    patience: float = 1800.0
    """Seconds, after the last deed, until all must be at rest."""
    seed: int = 0
    weather: Weather = field(default_factory=Weather)


@dataclass
class Soak:
    """A run, and what there is to say of it."""

    size: Size
    town: Town
    database: Database
    supervisor: Supervisor
    mishaps: Mishaps
    chance: random.Random
    folder: Path
    tell: Callable[[str], None]
    stories: list[Story] = field(default_factory=list)
    weather: Chance | None = None
    seconds: float = 0.0
    redelivered: int = 0
    wrong: list[str] = field(default_factory=list)
    _asked_at: float = 0.0
    _has_room: bool = True

    @property
    def sent(self) -> int:
        return len(self.town.fake.hooks.deliveries)

    def play(self) -> None:
        self.supervisor.start()
        self.town.install()
        self.weather = set_in(self.town.fake, self.size.weather, self.size.seed)
        begun = time.monotonic()
        self._people()
        self.mishaps.until(1.0)
        self.mishaps.end()
        if not self._rest():
            self.wrong.append(f"not at rest {self.size.patience:.0f} s after the last deed")
        self.seconds = time.monotonic() - begun
        self._come_to_an_end()
        self.wrong += verdict.wrong(self.town, self.stories, self.database)
        for story in self.stories:
            if about := [line for line in self.wrong if line.startswith(f"{story.name}:")]:
                evidence.write(self.folder, self.town, story, about, self.database)

    def _people(self) -> None:
        under_way: list[Story] = []
        told, first = 0.0, self.sent
        while (done := (self.sent - first) / self.size.deliveries) < 1:
            self.mishaps.until(done)
            if time.monotonic() > told + 10:
                told = time.monotonic()
                waiting = verdict.undone(self.database)
                self.tell(f"{self.sent} deliveries sent, {waiting} not done, {dict(self.mishaps.happened)}")
            if not self._may_go_on():
                time.sleep(0.5)
                continue
            if len(under_way) < AT_ONCE * self.size.repositories and self.chance.random() < 0.5:
                under_way.append(opened(self.town, self.chance, len(self.stories)))
                self.stories.append(under_way[-1])
            elif under_way:
                story = self.chance.choice(under_way)
                if story.left:
                    story.go_on(self.chance)
                else:
                    under_way.remove(story)
            time.sleep(1 / self.size.rate)

    def _may_go_on(self) -> bool:
        """Asked for each deed, and looked up now and then."""
        if time.monotonic() > self._asked_at + 1:
            waiting = verdict.undone(self.database)
            self._has_room = waiting is not None and waiting < MOST_WAITING
            self._asked_at = time.monotonic()
        return self._has_room

    def _rest(self) -> bool:
        until, told = time.monotonic() + self.size.patience, 0.0
        while time.monotonic() < until:
            self._redeliver()
            if self._is_quiet() and not wait_for(lambda: not self._is_quiet(), STILL):
                return True
            if time.monotonic() > told + 10:
                told = time.monotonic()
                self.tell(f"coming to rest: {verdict.undone(self.database)} deliveries are not done")
            time.sleep(0.5)
        return False

    def _is_quiet(self) -> bool:
        return self.town.fake.hooks.idle and not self._failed() and verdict.undone(self.database) == 0

    def _failed(self) -> list[Delivery]:
        sent = self.town.fake.hooks.deliveries
        arrived = {one.guid for one in sent if one.status in {"OK", "pending"}}
        return list({one.guid: one for one in sent if one.guid not in arrived}.values())

    def _redeliver(self) -> None:
        """What nobody took: GitHub never sends it again by itself, so that an operator has to ask for it."""
        for one in self._failed():
            self.town.fake.hooks.redeliver(one)
            self.redelivered += 1

    def _come_to_an_end(self) -> None:
        clear_up(self.town.fake)
        self.supervisor.leave()
        for worker in self.supervisor.workers:
            if (code := worker.stop()) != 0:
                self.wrong.append(f"a worker ended by {code} when it was told to stop, see {worker.log}")


@contextmanager
def soak(size: Size, folder: Path, tell: Callable[[str], None]) -> Iterator[Soak]:
    """Everything that a run takes; ended and cleared away in any case, but for the logs in `folder`."""
    chance = random.Random(size.seed)
    with ExitStack() as stack:
        ports = [free_port() for _ in range(size.workers)]
        balancer = stack.enter_context(relay(*(("127.0.0.1", port) for port in ports)))
        url = f"http://127.0.0.1:{balancer.port}/webhook"
        place = stack.enter_context(town(size.repositories, size.installations, url, size.seed))
        mishaps = Mishaps(chance)
        urls = _databases(size, folder, mishaps, stack)
        workers = [
            ServiceProcess(place.github, place.app, folder / f"worker-{at}", port, urls[at], content_limits=True)
            for at, port in enumerate(ports)
        ]
        for worker in workers:
            stack.callback(worker.close)
            mishaps.kill(worker, size.kills)
            mishaps.freeze(worker, size.freezes, size.longest_freeze)
        mishaps.other("renamed", lambda: place.rename_one(chance), round(RENAMED * size.repositories))
        supervisor = Supervisor(workers)
        stack.callback(supervisor.leave)
        stack.callback(mishaps.break_off)
        database = Database(urls[-1])
        stack.callback(database.close)
        yield Soak(size, place, database, supervisor, mishaps, chance, folder, tell)


def _databases(size: Size, folder: Path, mishaps: Mishaps, stack: ExitStack) -> list[str]:
    """Each worker's address of the one database; the first one's line can be cut."""
    if size.database == "sqlite":
        return [f"sqlite:///{folder / 'triage.db'}"] * size.workers
    server = stack.enter_context(postgresql_server("autovacuum=on"))
    line: Relay = stack.enter_context(relay(server.socket))
    mishaps.restart(server, size.restarts)
    mishaps.cut(line, size.cuts, size.cut_for)
    cut = f"postgresql+psycopg://postgres@127.0.0.1:{line.port}/postgres"
    return [cut if at == 0 and size.workers > 1 else server.url() for at in range(size.workers)] + [server.url()]
