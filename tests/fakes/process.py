"""Runs the command line as people do: in a process of its own."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

OURS = (
    "APP_ID", "PRIVATE_KEY", "PRIVATE_KEY_PATH", "WEBHOOK_SECRET", "GITHUB_API_URL", "DATABASE_URL", "PORT",
    "LOG_LEVEL", "GITHUB_TOKEN", "TRIAGE_HOST", "TRIAGE_DATA_DIR", "TRIAGE_KEEP_BODIES_DAYS",
    "TRIAGE_KEEP_DELIVERIES_DAYS", "TRIAGE_KEEP_JOURNAL_DAYS", "TRIAGE_KEEP_RUNS_DAYS",
)  # fmt: skip


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's, without what would configure the bot."""
    return {name: value for name, value in os.environ.items() if name not in OURS} | dict(extra)


def triage(*arguments: str, env: Mapping[str, str] = {}, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        env=environment(env),
        input=stdin,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


class Served:
    """A running `triage serve`."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log
        self.said = self.url = ""
        self.wait_until_it_listens()

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait_until_it_listens(self) -> None:
        """Also once more, when it has started anew."""
        self.said = self._first_lines()
        found = re.search(r"Listening on (http://\S+)", self.said)
        assert found, self.said
        self.url = found[1]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(25)

    def _first_lines(self) -> str:
        """Until it says in which state it is."""
        assert self.process.stdout
        said = ""
        deadline = time.monotonic() + 90
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while "onfigured" not in said and time.monotonic() < deadline:
                if selector.select(1):
                    chunk = os.read(self.process.stdout.fileno(), 4096).decode()
                    if not chunk:
                        break
                    said += chunk
        return said


@contextmanager
def served(folder: Path, env: Mapping[str, str] = {}) -> Iterator[Served]:
    """`triage serve` on a free port with its data in `folder/data`; killed at the end if it still runs."""
    log = folder / "serve.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "bot", "serve", "--port", "0", "--data-dir", str(folder / "data")],
            env=environment(env),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            yield Served(process, log)
        finally:
            process.kill()
