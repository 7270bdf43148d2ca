"""`triage journal`: what was done, when and why, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.store import journal, repositories
from bot.store.database import Database
from bot.store.journal import Entry
from bot.triage.issue import Repository
from tests.fakes.process import OURS

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(*arguments: object) -> Result:
        clean: dict[str, str | None] = dict.fromkeys(OURS)
        return CliRunner().invoke(
            app, ["journal", *map(str, arguments), "--data-dir", str(tmp_path / "data")], env=clean
        )

    return run


@pytest.fixture
def _written(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    database = Database(f"sqlite:///{tmp_path / 'data' / 'triage.db'}")
    database.migrate()
    with database.write() as connection:
        repositories.see(connection, Repository(5, "octo-org", "Demo", "https://github.test/octo-org/Demo"), 1, 0)
        journal.write(
            connection,
            [
                Entry(5, 7, "add_labels", "done", "From the template bug.yml.", "bug", "guid-1", "", 1_000),
                Entry(
                    5, 8, "post_request", "failed", "To be answered: Version.", "", "guid-2", "GitHub said 403", 2_000
                ),
                Entry(5, 0, "policy_broken", "noted", "", "", "", "labels: unknown key", 3_000),
                Entry(6, 1, "react", "done", "/triage by ada", "11", "guid-3", "", 4_000),
            ],
        )
    database.close()


@pytest.mark.usefixtures("_written")
def test_each_line_tells_what_was_done_and_why_the_latest_last(run: Run):
    assert run().stdout.splitlines() == [
        "1970-01-01T00:00:01Z  octo-org/Demo#7  done  add_labels bug: From the template bug.yml.",
        "1970-01-01T00:00:02Z  octo-org/Demo#8  failed  post_request: To be answered: Version.; GitHub said 403",
        "1970-01-01T00:00:03Z  octo-org/Demo  noted  policy_broken: labels: unknown key",
        "1970-01-01T00:00:04Z  6#1  done  react 11: /triage by ada",
    ]


@pytest.mark.usefixtures("_written")
def test_a_repository_and_an_issue_narrow_it_whatever_their_case(run: Run):
    assert [line.split("  ")[1] for line in run("--repo", "Octo-Org/demo").stdout.splitlines()] == [
        "octo-org/Demo#7",
        "octo-org/Demo#8",
        "octo-org/Demo",
    ]
    assert len(run("--repo", "octo-org/demo", "--issue", 8).stdout.splitlines()) == 1
    assert "6#1" in run("--last", 1).stdout
    nothing = run("--repo", "octo-org/demo", "--issue", 99)
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "nothing in the journal" in nothing.stderr


@pytest.mark.usefixtures("_written")
def test_programs_get_one_object_a_line(run: Run):
    first, *_, last = [json.loads(line) for line in run("--format", "json").stdout.splitlines()]
    assert first == {
        "at": "1970-01-01T00:00:01Z",
        "repository": "octo-org/Demo",
        "issue": 7,
        "action": "add_labels",
        "state": "done",
        "detail": "bug",
        "because": "From the template bug.yml.",
        "note": "",
        "delivery": "guid-1",
    }
    assert last["repository"] == "6"


@pytest.mark.usefixtures("_written")
def test_an_unknown_repository_is_named(run: Run):
    result = run("--repo", "octo-org/other")
    assert result.exit_code == 2
    assert "octo-org/other" in result.stderr


def test_an_issue_without_its_repository_is_refused(run: Run):
    assert "--issue goes with --repo" in run("--issue", 3).stderr


def test_without_a_database_it_says_where_it_looked(run: Run, tmp_path: Path):
    result = run()
    assert result.exit_code == 2
    assert str(tmp_path / "data" / "triage.db") in result.stderr
