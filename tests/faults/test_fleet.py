"""Two services on one PostgreSQL, with the real times: what one leaves in the middle of its work, the other does."""

from __future__ import annotations

import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.github import FakeGitHub, serve
from tests.fakes.github.model import App
from tests.fakes.postgresql import INSTALLED, postgresql_server
from tests.faults.service import ServiceProcess, fake_with, free_port

SERVERS = ["postgresql"] if INSTALLED else []
REPOSITORIES = [f"octo-org/r{number}" for number in range(10)]
ISSUES = 6
"""Of each."""


class Pair:
    """The victim only works; the survivor takes the deliveries, too."""

    def __init__(self, fake: FakeGitHub, app: App, victim: ServiceProcess, survivor: ServiceProcess) -> None:
        self.fake, self.app, self.victim, self.survivor = fake, app, victim, survivor

    def asked(self) -> list[int]:
        """How often each issue was asked for what is missing."""
        return [
            len(self.fake.comments_by(self.app, repo, number))
            for repo in REPOSITORIES
            for number in self.fake.repository(repo).issues
        ]

    def wait_for(self, condition: Callable[[], object], seconds: float) -> float:
        """How many seconds it took."""
        begun = time.monotonic()
        while not condition():
            assert time.monotonic() < begun + seconds, self.survivor.log.read_text()[-4000:]
            time.sleep(0.05)
        return time.monotonic() - begun

    def in_the_middle(self) -> None:
        """Until some is done, and much is not."""
        for number in range(ISSUES):
            for repo in REPOSITORIES:
                self.fake.open_issue(repo, "ann", f"Problem {number}", "It does not work.")
        self.wait_for(lambda: sum(self.asked()) >= 8, 30)

    def asked_in_each(self) -> list[set[str]]:
        """One more issue in each repository, and the labels that it gets."""
        opened = [(repo, self.fake.open_issue(repo, "ann", "Problem", "It does not work.")) for repo in REPOSITORIES]
        self.wait_for(lambda: all(self.fake.comments_by(self.app, *one) for one in opened), 30)
        self.wait_for(self.is_quiet, 30)
        return [set(self.fake.labels_of(*one)) for one in opened]

    def is_quiet(self) -> bool:
        """All that GitHub has to tell was told and taken in."""
        self.fake.hooks.wait(30)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.survivor.port}/metrics", timeout=5) as answer:
            return "triage_deliveries_undone 0.0" in answer.read().decode()


@pytest.fixture(params=SERVERS)
def pair(tmp_path: Path) -> Iterator[Pair]:
    port = free_port()
    fake, app = fake_with(REPOSITORIES, f"http://127.0.0.1:{port}/webhook")
    with serve(fake) as github, postgresql_server() as server:
        survivor = ServiceProcess(github, app, tmp_path / "survivor", port, server.url())
        victim = ServiceProcess(github, app, tmp_path / "victim", free_port(), server.url())
        try:
            survivor.start()
            victim.start()
            fake.install(app, "octo-org")
            fake.hooks.wait()
            fake.faults.hang(0.2, method="POST", path="/comments$", times=-1, when="after")
            yield Pair(fake, app, victim, survivor)
        finally:
            victim.close()
            survivor.close()


def test_the_work_of_a_killed_service_is_on_again_within_thirty_seconds(pair: Pair):
    pair.in_the_middle()
    pair.victim.kill()
    assert not all(pair.asked())
    assert pair.wait_for(lambda: all(pair.asked()), 60) < 30
    time.sleep(1.0)
    assert set(pair.asked()) == {1}


def test_a_frozen_service_writes_nothing_when_it_wakes_and_starts_anew(pair: Pair):
    pair.in_the_middle()
    pair.victim.signal(signal.SIGSTOP)
    assert pair.wait_for(lambda: all(pair.asked()), 60) < 30
    pair.victim.signal(signal.SIGCONT)
    pair.wait_for(lambda: "others have taken over" in pair.victim.log.read_text(), 10)
    time.sleep(1.0)
    pair.victim.wait_until_ready()
    assert set(pair.asked()) == {1}
    assert pair.victim.stop() == 0


def test_a_policy_that_was_pushed_holds_in_every_process(pair: Pair):
    # Often enough that both have all the repositories' files in memory.
    for _ in range(4):
        assert pair.asked_in_each() == [{"needs-info"}] * len(REPOSITORIES)
    for repo in REPOSITORIES:
        pair.fake.push(repo, {".github/triage.yml": "labels: {needs_info: waiting}"})
    pair.wait_for(pair.is_quiet, 30)
    # Each by whoever is quicker to take the lane.
    assert pair.asked_in_each() == [{"waiting"}] * len(REPOSITORIES)
