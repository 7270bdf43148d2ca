"""The real service as its own process, which a test may kill, against a fake GitHub on loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.error import URLError

from tests.bot.work.bench import FORM
from tests.fakes.github import FakeGitHub, Limits, Running, key_pair
from tests.fakes.github.model import App

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class ServiceProcess:
    """`triage serve` with its own data directory; may be started again after a kill."""

    def __init__(
        self,
        github: Running,
        app: App,
        data_dir: Path,
        port: int,
        database_url: str = "",
        arguments: Sequence[str] = (),
        *,
        content_limits: bool = False,
        host: str = "127.0.0.1",
        within: Sequence[str] = (),
    ) -> None:
        """`database_url` where several share one; else the file in its own directory. `arguments` beside the usual.

        `within`: what starts it.
        """
        data_dir.mkdir(exist_ok=True)
        self._arguments = arguments
        key = data_dir / "key.pem"
        key.write_text(key_pair()[0])
        self.host, self.port = host, port
        self._within = within
        self.data_dir = data_dir
        self._environment = {
            **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}},
            "GITHUB_API_URL": github.url,
            "APP_ID": str(app.id),
            "PRIVATE_KEY_PATH": str(key),
            "WEBHOOK_SECRET": app.webhook_secret,
            "GITHUB_CONTENT_LIMITS": str(content_limits).lower(),
            "LOG_LEVEL": "warning",
        }
        if database_url:
            self._environment["DATABASE_URL"] = database_url
        self._process: subprocess.Popen[bytes] | None = None
        self.log = data_dir / "service.log"

    def start(self) -> None:
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Without a look at what becomes of it."""
        usual = ["--host", self.host, "--port", str(self.port), "--data-dir", str(self.data_dir)]
        command = [*self._within, sys.executable, "-m", "bot", "serve", *usual, *self._arguments]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)

    @property
    def ended(self) -> int | None:
        """By which exit code; None while it runs."""
        assert self._process is not None
        return self._process.poll()

    def kill(self) -> None:
        """As a power cut would: no handler runs."""
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(20)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def wait_until_ready(self) -> None:
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            assert self._process is not None
            assert self._process.poll() is None, self.log.read_text()
            try:
                with urllib.request.urlopen(f"http://{self.host}:{self.port}/readyz", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        raise AssertionError(f"not ready within {READY_SECONDS} s: {self.log.read_text()}")


def fake_with(repositories: Iterable[str], webhook_url: str) -> tuple[FakeGitHub, App]:
    """One account's, each with one form; the App is not installed yet."""
    fake = FakeGitHub(Limits.off())
    app = fake.add_app(webhook_url=webhook_url)
    for repo in repositories:
        fake.add_repository(repo, {".github/ISSUE_TEMPLATE/bug.yml": FORM}, labels=["bug", "needs-info", "waiting"])
    return fake, app


def redeliver_failed(fake: FakeGitHub) -> None:
    """What an operator does after an outage: GitHub itself never sends a failed delivery again."""
    fake.hooks.wait(60)
    delivered = {one.guid for one in fake.hooks.deliveries if one.status == "OK"}
    again = {one.guid: one for one in fake.hooks.deliveries if one.guid not in delivered}
    for one in again.values():
        fake.hooks.redeliver(one)
    fake.hooks.wait(60)
