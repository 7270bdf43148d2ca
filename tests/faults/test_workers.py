"""Processes that share the work: webhooks here, work there, and `triage serve --workers` that keeps both going."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.bot.work.bench import FORM
from tests.fakes.github import FakeGitHub, Limits, Running, key_pair, serve
from tests.fakes.github.model import App
from tests.fakes.postgresql import INSTALLED, Server, postgresql_server
from tests.fakes.process import environment
from tests.fakes.setup import register
from tests.faults.service import ServiceProcess, free_port

SERVERS = ["postgresql"] if INSTALLED else []
REPOSITORIES = [f"octo-org/r{number}" for number in range(6)]
PATIENCE = 45.0
AGAIN = "a process ended and is started again"


@pytest.fixture(scope="module", params=SERVERS)
def server() -> Iterator[Server]:
    with postgresql_server() as running:
        yield running


@pytest.fixture
def url(server: Server) -> str:
    name = f"t{uuid4().hex}"
    server.create(name)
    return server.url(name)


@pytest.fixture
def github() -> Iterator[Running]:
    fake = FakeGitHub(Limits.off())
    for repo in REPOSITORIES:
        fake.add_repository(repo, {".github/ISSUE_TEMPLATE/bug.yml": FORM}, labels=["bug", "needs-info"])
    with serve(fake) as running:
        yield running


def wait_for(condition: Callable[[], object], seconds: float = PATIENCE) -> float:
    """How many seconds it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() < begun + seconds, "it did not come to pass"
        time.sleep(0.05)
    return time.monotonic() - begun


def asked(fake: FakeGitHub, app: App) -> list[int]:
    """How often each issue was asked for what is missing."""
    return [
        len(fake.comments_by(app, repo, number)) for repo in REPOSITORIES for number in fake.repository(repo).issues
    ]


def file_issues(fake: FakeGitHub, each: int) -> None:
    for number in range(each):
        for repo in REPOSITORIES:
            fake.open_issue(repo, "ann", f"Problem {number}", "It does not work.")


def lives(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


def test_what_one_process_takes_in_others_do_and_take_over_from_each_other(github: Running, url: str, tmp_path: Path):
    fake, port = github.fake, free_port()
    app = fake.add_app(webhook_url=f"http://127.0.0.1:{port}/webhook")
    web = ServiceProcess(github, app, tmp_path / "web", port, url, ["--web-only"])
    workers = [
        ServiceProcess(github, app, tmp_path / name, free_port(), url, ["--work-only"]) for name in ("one", "two")
    ]
    try:
        # Nobody has ever worked on this database, and yet it takes deliveries.
        web.start()
        fake.install(app, "octo-org")
        fake.hooks.wait()
        assert {one.status for one in fake.hooks.deliveries} == {"OK"}
        assert "triage_workers_alive 0.0" in metrics(port)
        for worker in workers:
            worker.start()
        fake.faults.hang(0.2, method="POST", path="/comments$", times=-1, when="after")
        file_issues(fake, 4)
        wait_for(lambda: sum(asked(fake, app)) >= 4)
        workers[0].kill()
        assert not all(asked(fake, app))
        assert wait_for(lambda: all(asked(fake, app))) < 30
        wait_for(lambda: "triage_deliveries_undone 0.0" in metrics(port))
        assert set(asked(fake, app)) == {1}
        assert "triage_workers_alive 1.0" in metrics(port)
        # Those who work have done it, and those who do not have not.
        assert "triage_actions_total{" not in metrics(port)
        assert 'triage_actions_total{kind="post_request",outcome="done"}' in metrics(workers[1].port)
        webhook = httpx.post(f"http://127.0.0.1:{workers[1].port}/webhook", content=b"{}")
        assert webhook.status_code == 404
        for process in (web, workers[1]):
            begun = time.monotonic()
            assert process.stop() == 0
            assert time.monotonic() - begun < 20
    finally:
        for process in (web, *workers):
            process.close()


def metrics(port: int) -> str:
    return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text


class Crew:
    """A running `triage serve --workers 2`."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log
        wait_for(lambda: self.log.count("onfigured") >= 3 or process.poll() is not None)

    @property
    def log(self) -> str:
        """What all of them say, on either stream."""
        return self._log.read_text()

    @property
    def address(self) -> str:
        """Where webhooks are taken."""
        found = re.search(r"^Listening on (http://\S+)$", self.log, re.MULTILINE)
        assert found, self.log
        return found[1]

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Those of the log that say this."""
        found = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        return [line for line in found if line["event"] == event]

    def pids(self) -> dict[str, int]:
        """By name, of those started last."""
        return {line["process"]: line["pid"] for line in self.lines("started")}


@contextmanager
def crew(folder: Path, env: dict[str, str], *arguments: str) -> Iterator[Crew]:
    command = [sys.executable, "-m", "bot", "serve", "--workers", "2", "--data-dir", str(folder / "data"), *arguments]
    log = folder / "serve.log"
    with (
        log.open("wb") as said,
        subprocess.Popen([*command, *([] if arguments else ["--port", "0"])], env=env, stdout=said, stderr=said) as it,
    ):
        try:
            yield Crew(it, log)
        finally:
            it.kill()


def settings(github: Running, url: str, app: App | None = None) -> dict[str, str]:
    known = {"APP_ID": str(app.id), "PRIVATE_KEY": key_pair()[0], "WEBHOOK_SECRET": app.webhook_secret} if app else {}
    return environment({"GITHUB_API_URL": github.url, "DATABASE_URL": url, **known})


def test_a_worker_that_is_killed_is_started_again_and_all_end_when_told_to(github: Running, url: str, tmp_path: Path):
    fake = github.fake
    app = fake.add_app()
    with crew(tmp_path, settings(github, url, app)) as it:
        assert set(it.pids()) == {"web", "worker-1", "worker-2"}
        app.webhook_url = f"{it.address}/webhook"
        fake.install(app, "octo-org")
        fake.hooks.wait()
        first = it.pids()["worker-1"]
        for times in (1, 2):
            os.kill(it.pids()["worker-1"], signal.SIGKILL)
            wait_for(lambda: len(it.lines("started")) == 3 + times)  # noqa: B023 called at once
        ended = [(line["process"], line["signal"], line["in_seconds"]) for line in it.lines(AGAIN)]
        assert ended == [("worker-1", 9, 0.5), ("worker-1", 9, 1.0)]
        again = it.pids()["worker-1"]
        assert again != first
        wait_for(lambda: again in {line["pid"] for line in it.lines("at work")})
        file_issues(fake, 1)
        wait_for(lambda: all(asked(fake, app)))
        assert set(asked(fake, app)) == {1}
        pids = list(it.pids().values())
        assert all(map(lives, pids))
        begun = time.monotonic()
        it.process.send_signal(signal.SIGINT)
        assert it.process.wait(25) == 0, it.log
        assert time.monotonic() - begun < 20
        assert not any(map(lives, pids))
        assert sorted(line["process"] for line in it.lines("stopped")) == ["web", "worker-1", "worker-2"]


def test_when_the_one_that_watches_is_killed_nobody_is_left(github: Running, url: str, tmp_path: Path):
    with crew(tmp_path, settings(github, url, github.fake.add_app())) as it:
        pids = list(it.pids().values())
        assert all(map(lives, pids))
        it.process.kill()
        assert wait_for(lambda: not any(map(lives, pids))) < 20
        # They had the time to leave their places.
        assert len(it.lines("stopped")) == 3


def test_where_one_cannot_start_none_stays(github: Running, url: str, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        env = settings(github, url, github.fake.add_app())
        with crew(tmp_path, env, "--port", str(taken)) as it:
            assert it.process.wait(PATIENCE) == 1
            assert f"Cannot listen on 127.0.0.1 port {taken}" in it.log
            assert [line["process"] for line in it.lines("a process could not start, for the reason above: stopping")]
            assert not any(map(lives, it.pids().values()))


def test_workers_wait_for_setup_and_then_begin_by_themselves(github: Running, url: str, tmp_path: Path):
    fake = github.fake
    with crew(tmp_path, settings(github, url)) as it:
        worker = re.search(r"Listening on (http://\S+) for health and metrics\nNot configured", it.log)
        assert worker
        assert httpx.get(f"{worker[1]}/healthz").status_code == 200
        assert httpx.get(f"{worker[1]}/readyz").status_code == 503
        assert httpx.get(f"{worker[1]}/setup").status_code == 404
        app, page, _ = register(fake, it.address, it.log)
        assert "The service is at work" in page
        fake.install(app, "octo-org")
        file_issues(fake, 1)
        wait_for(lambda: all(asked(fake, app)))
        wait_for(lambda: len(it.lines("at work")) == 2)
        # In the same processes: nobody had to be started again, and they still hear when the one that watches is gone.
        assert not it.lines(AGAIN)
        pids = list(it.pids().values())
        assert all(map(lives, pids))
        it.process.kill()
        assert wait_for(lambda: not any(map(lives, pids))) < 20
