"""What the service does by the clock, as people run it: reports, posted once whatever happens, and sweeps."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.e2e.town import FORMS, OWNER, Home, Town, environment
from tests.fakes.github import Running
from tests.fakes.github.model import App, Issue
from tests.fakes.process import Served, served

WEEKLY = "report: {schedule: '0 6 * * 1'}\n"
GAPS = {"what": "It stops."}
TWO_DAYS = 2 * 86_400_000


@pytest.fixture
def app(github: Running) -> App:
    app = github.fake.add_app()
    github.fake.account(OWNER, "Organization")
    github.fake.install(app, OWNER)
    return app


def until(reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def make_due(folder: Path, chore: str = "report") -> None:
    """Turns the clock, for this alone."""
    (file,) = folder.glob("data/*.db")

    def moved() -> int:
        with sqlite3.connect(file, timeout=10) as connection:
            return connection.execute("UPDATE schedules SET next_at = 0 WHERE name = ?", [chore]).rowcount

    until(moved)


def has_swept(folder: Path) -> bool:
    """And come to its end: it is planned again in an hour."""
    (file,) = folder.glob("data/*.db")
    with sqlite3.connect(file, timeout=10) as connection:
        rows = connection.execute("SELECT next_at FROM schedules WHERE name = 'sweep'").fetchall()
    return any(abs(at / 1000 - time.time() - 3600) < 1800 for (at,) in rows)


def two_days_pass(folder: Path) -> None:
    """Since the App came, and since a sweep took anything up."""
    (file,) = folder.glob("data/*.db")
    with sqlite3.connect(file, timeout=10) as connection:
        connection.execute(
            "UPDATE repositories SET first_seen = first_seen - ?1, installed_at = installed_at - ?1", [TWO_DAYS]
        )
        connection.execute("UPDATE issues SET swept_at = swept_at - ?", [TWO_DAYS])


def settled(github: Running, app: App, service: Served) -> Home:
    app.webhook_url = f"{service.url}/webhook"
    town = Town(github, app, service)
    home = town.found({**FORMS, ".github/triage.yml": WEEKLY})
    issue = home.file(GAPS)
    home.asked(issue)
    return home


def reports(home: Home) -> list[Issue]:
    issues = home.town.running.fake.repository(home.name).issues.values()
    return [issue for issue in issues if issue.title.startswith("Issue-bash report:")]


def test_a_report_is_posted_on_schedule_and_has_a_page(github: Running, app: App, tmp_path: Path):
    with served(tmp_path, environment(github, app)) as service:
        home = settled(github, app, service)
        address = f"{service.url}/reports/{home.name}"
        assert httpx.get(address).status_code == 404
        make_due(tmp_path)
        until(lambda: reports(home))
        until(lambda: httpx.get(address).status_code == 200)
        shown = httpx.get(address)
        assert "<strong>1 open issue.</strong>" in shown.text
        assert "script" not in shown.headers["content-security-policy"]
        assert httpx.get(f"{service.url}/reports/{OWNER}/elsewhere").status_code == 404
        make_due(tmp_path)
        home.town.quiet()
        assert len(reports(home)) == 1, "twice in one slot"
        assert service.stop() == 0


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_while_it_is_posted_it_is_posted_once(github: Running, app: App, tmp_path: Path, moment: str):
    with served(tmp_path, environment(github, app)) as service:
        home = settled(github, app, service)
        home.town.quiet()
        fault = github.fake.faults.hang(30, method="POST", path=f"/repos/{home.name}/issues$", when=moment)
        make_due(tmp_path)
        until(lambda: fault.times == 0)
        until(lambda: moment == "before" or reports(home))
        os.kill(service.process.pid, signal.SIGKILL)
        service.process.wait()
        github.fake.faults.clear()
        assert len(reports(home)) == (moment == "after")
    with served(tmp_path, environment(github, app)) as service:
        app.webhook_url = f"{service.url}/webhook"
        home = Home(Town(github, app, service), home.name)
        until(lambda: httpx.get(f"{service.url}/reports/{home.name}").status_code == 200)
        assert len(reports(home)) == 1
        assert service.stop() == 0


def test_a_sweep_warns_of_a_long_silence_once(github: Running, tmp_path: Path):
    fake = github.fake
    present, month_ago = fake.clock, fake.clock() - 30 * 86_400
    fake.account(OWNER, "Organization")
    app = fake.add_app()
    with served(tmp_path, environment(github, app)) as service:
        app.webhook_url = f"{service.url}/webhook"
        home = Town(github, app, service).found({**FORMS, ".github/triage.yml": "stale: {days_until_stale: 14}\n"})
        fake.collaborator(home.name, "maya")
        fake.clock = lambda: month_ago
        quiet, waiting = (fake.open_issue(home.name, "ann", title, "Why?") for title in ("Answered", "Not answered"))
        fake.comment(home.name, quiet, "maya", "Does it still happen?")
        fake.clock = present
        fake.install(app, OWNER)
        until(lambda: has_swept(tmp_path))
        home.town.quiet()
        assert home.comments(quiet) == [], "not on the day on which the App came"
        two_days_pass(tmp_path)
        make_due(tmp_path, "sweep")
        until(lambda: home.comments(quiet))
        assert "stale" in home.labels(quiet)
        assert home.comments(waiting) == [], "the maintainers owe the word"
        two_days_pass(tmp_path)
        make_due(tmp_path, "sweep")
        home.town.quiet()
        assert len(home.comments(quiet)) == 1
        fake.comment(home.name, quiet, "ann", "It does.")
        until(lambda: "stale" not in home.labels(quiet))
        assert service.stop() == 0
