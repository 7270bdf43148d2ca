"""What every test lives under: no network but loopback, and a GitHub that is held to its word."""

from __future__ import annotations

import os
import sqlite3  # noqa: F401 - before TensorFlow, whose own SQLite, without full-text search, takes its place later
import sys
from collections.abc import Generator, Iterator
from typing import Any

import coverage
import pytest
from hypothesis import HealthCheck, settings

from tests.contract import promises
from tests.fakes.github import FakeGitHub, Running, serve

pytest_plugins = ["tests.plugins.loopback_only"]

# How long an example takes tells more of how busy the machine is than of the code. In CI a change is judged by the same
# examples each time; new ones are found by people, who can look into them.
settings.register_profile(
    "unhurried",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("unhurried")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Keeps coverage at work: an interrupt that a test brings about may strike within its tracing, and end that."""
    tracing = sys.gettrace()
    result = yield
    if tracing is not None and sys.gettrace() is None:
        sys.settrace(tracing)
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes down at once what a worker has covered: one that takes over ten seconds to end is killed."""
    covered = coverage.Coverage.current()
    if covered is not None and hasattr(session.config, "workerinput"):
        covered.stop()
        covered.save()


@pytest.fixture
def github() -> Iterator[Running]:
    """A fake GitHub that listens; at the end all that passed is held against GitHub's own descriptions."""
    fake = FakeGitHub()
    payloads: list[tuple[str, dict[str, Any]]] = []
    fake.hooks.watchers.append(lambda event, payload: payloads.append((event, payload)))
    with serve(fake) as running:
        yield running
    if promises.available():
        broken = promises.broken(running, payloads)
        if broken:
            pytest.fail("not as GitHub describes it:\n" + "\n".join(broken), pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not promises.available():
        terminalreporter.write_line(f"Nothing was checked against GitHub's descriptions: {promises.HINT}.")
