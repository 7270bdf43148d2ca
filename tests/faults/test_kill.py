"""Kill -9 at any moment: after a restart every issue is triaged, and nothing was written twice."""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.bot.work.bench import COMPLETE, INCOMPLETE
from tests.fakes.github import FakeGitHub, Running, serve
from tests.fakes.github.model import App
from tests.faults.service import ServiceProcess, fake_with, free_port, redeliver_failed

REPOSITORIES = ("octo-org/one", "octo-org/two")


class Scene:
    """A fake GitHub with two repositories, and the service that looks after them."""

    def __init__(self, fake: FakeGitHub, app: App, github: Running, service: ServiceProcess) -> None:
        self.fake, self.app, self.github, self.service = fake, app, github, service

    def requests_on(self, repo: str, number: int) -> int:
        return len(self.fake.comments_by(self.app, repo, number))

    @property
    def comments(self) -> int:
        return len(self.github.requests("POST", "/comments"))

    def has_comments(self, count: int) -> bool:
        return self.comments >= count

    def all_triaged(self) -> bool:
        return all(
            self.requests_on(repo, number) and "needs-info" in self.fake.labels_of(repo, number)
            for repo in REPOSITORIES
            for number in self.fake.repository(repo).issues
        )

    def was_interrupted(self) -> bool:
        """Whether a kill fell between an intent and its outcome, which is what this is about."""
        with sqlite3.connect(self.service.data_dir / "triage.db") as database:
            lost: int = database.execute("SELECT count(*) FROM journal WHERE state = 'unknown'").fetchone()[0]
        return lost > 0

    def wait_for(self, condition: Callable[[], bool], seconds: float = 40.0) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, self.service.log.read_text()[-4000:]
            time.sleep(0.05)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    port = free_port()
    fake, app = fake_with(REPOSITORIES, f"http://127.0.0.1:{port}/webhook")
    with serve(fake) as github:
        service = ServiceProcess(github, app, tmp_path, port)
        try:
            service.start()
            fake.install(app, "octo-org")
            fake.hooks.wait()
            yield Scene(fake, app, github, service)
        finally:
            service.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_issue_is_triaged_once_however_often_the_service_is_killed(scene: Scene, seed: int):
    chance = random.Random(seed)
    # Comments are there a moment before their answers, so that many a kill falls in between.
    scene.fake.faults.hang(0.02, method="POST", path="/comments$", times=-1, when="after")
    for sudden in (True, False, True, False):
        before = scene.comments
        for count in range(chance.randint(10, 25)):
            scene.fake.open_issue(chance.choice(REPOSITORIES), "ann", f"Problem {count}", "It does not work.")
        if sudden:
            scene.wait_for(partial(scene.has_comments, before + chance.randint(2, 5)))
        else:
            time.sleep(chance.uniform(0.0, 1.5))
        scene.service.kill()
        scene.service.start()
    redeliver_failed(scene.fake)

    scene.wait_for(scene.all_triaged)
    # Long enough for a second comment, were one on its way.
    time.sleep(1.0)
    counts = Counter(
        scene.requests_on(repo, number) for repo in REPOSITORIES for number in scene.fake.repository(repo).issues
    )
    assert set(counts) == {1}
    assert scene.was_interrupted()
    assert all(
        len(scene.fake.labels_of(repo, number)) == len(set(scene.fake.labels_of(repo, number)))
        for repo in REPOSITORIES
        for number in scene.fake.repository(repo).issues
    )


def test_what_is_supplied_while_the_service_dies_is_seen_and_the_ask_taken_back(scene: Scene):
    chance = random.Random(11)
    repo = REPOSITORIES[0]
    issues = [scene.fake.open_issue(repo, "ann", f"Problem {count}", INCOMPLETE) for count in range(12)]
    scene.fake.faults.hang(0.02, path="/issues/", times=-1, when="after")
    for count in range(3):
        scene.wait_for(partial(scene.has_comments, 3 * count + 1))
        for issue in issues[4 * count : 4 * count + 4]:
            if chance.random() < 0.5:
                scene.fake.edit_issue(repo, issue, body=COMPLETE)
            else:
                scene.fake.comment(repo, issue, "ann", "### Version\n\n1.2.3\n")
        time.sleep(chance.uniform(0.0, 0.3))
        scene.service.kill()
        scene.service.start()
    redeliver_failed(scene.fake)

    scene.wait_for(lambda: not any("needs-info" in scene.fake.labels_of(repo, issue) for issue in issues))
    time.sleep(1.0)
    assert all(scene.requests_on(repo, issue.number) <= 1 for issue in issues)
    assert all(set(scene.fake.labels_of(repo, issue)) == {"bug"} for issue in issues)
