"""`triage simulate --lifecycle`: what falls due now, from an export or from GitHub, and that nothing is done."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.store import issues, threads
from bot.store.database import Database
from bot.store.issues import Record
from tests.bot.cli.conftest import Triage
from tests.fakes.github import Running, changes, key_pair

REPO = "octo-org/repo"
POLICY = "stale: {days_until_stale: 60, days_until_close: 7, limit_per_run: 2}\n"


def export(path: Path, days: list[int], *, author: str = "ann", **more: object) -> Path:
    """Issues that a maintainer answered so many days ago."""
    lines = []
    for number, ago in enumerate(days, start=1):
        at = (datetime.now(UTC) - timedelta(days=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
        comment = {"author": {"login": "mia"}, "authorAssociation": "MEMBER", "body": "Which one?", "createdAt": at}
        issue = {
            "number": number,
            "title": f"Broken [{number}] \x1b[31m",
            "body": "It broke",
            "author": {"login": author},
            "createdAt": at,
            "updatedAt": at,
            "state": "OPEN",
            "labels": [],
            "comments": [comment],
            "url": f"https://github.com/{REPO}/issues/{number}",
        }
        lines.append(json.dumps(issue | more))
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "checkout/.github").mkdir(parents=True)
    (tmp_path / "checkout/.github/triage.yml").write_text(POLICY)
    return tmp_path / "checkout"


def test_an_export_shows_what_falls_due_and_why(triage: Triage, tmp_path: Path, checkout: Path):
    file = export(tmp_path / "issues.jsonl", [70, 10, 90, 61, 100])
    shown = triage("simulate", "--lifecycle", "--from", file, "--templates", checkout, "--last", 3)
    assert shown.exit_code == 0, shown.output
    assert "warn" in shown.output
    assert "Nobody has said anything since" in shown.output.replace("\n", " ")
    assert "#2" not in shown.output
    assert "… and 1 more" in shown.output
    assert "4 would be warned. By the policy's limit, that is done in 2 hourly sweeps." in shown.output
    assert "\x1b[31m" not in shown.output


def test_json_is_for_machines(triage: Triage, tmp_path: Path, checkout: Path):
    file = export(tmp_path / "issues.jsonl", [70, 10])
    shown = triage("simulate", "--lifecycle", "--from", file, "--templates", checkout, "--format", "json")
    document = json.loads(shown.stdout)
    assert (document["summary"], document["sweeps"]) == ({"warned": 1}, 1)
    assert [action["kind"] for action in document["issues"][0]["actions"]] == ["add_labels", "post_notice"]
    assert all(action["because"] for action in document["issues"][0]["actions"])


def test_where_nothing_is_due_it_says_so(triage: Triage, tmp_path: Path, checkout: Path):
    file = export(tmp_path / "issues.jsonl", [1])
    shown = triage("simulate", "--lifecycle", "--from", file, "--templates", checkout)
    assert shown.output == "Nothing is due. Nothing was changed.\n"


def test_github_is_asked_and_nothing_is_written(triage: Triage, github: Running, tmp_path: Path):
    fake = github.fake
    fake.add_repository(REPO, {".github/triage.yml": POLICY})
    fake.collaborator(REPO, "mia", "write")
    fake.clock = lambda: datetime.now(UTC).timestamp() - 100 * 86_400
    issue = fake.open_issue(REPO, "ann", "Broken")
    fake.comment(REPO, issue, "mia", "Which one?")
    fake.clock = lambda: datetime.now(UTC).timestamp()
    env = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": fake.personal_token("mia"), "TRIAGE_DATA_DIR": str(tmp_path)}
    shown = triage("simulate", "--lifecycle", "--repo", REPO, **env)
    assert shown.exit_code == 0, shown.output
    assert "1 would be warned" in shown.output
    assert {it.method for it in github.exchanges} <= {"GET", "POST"}
    assert {it.path for it in github.exchanges if it.method == "POST"} == {"/graphql"}
    assert not (tmp_path / "triage.db").exists()


def test_with_a_persons_token_the_bots_own_words_and_what_it_remembers_are_known(
    triage: Triage, github: Running, tmp_path: Path
):
    fake = github.fake
    app = fake.add_app()
    repository = fake.add_repository(REPO, {".github/triage.yml": POLICY})
    fake.collaborator(REPO, "mia", "write")
    fake.clock = lambda: datetime.now(UTC).timestamp() - 100 * 86_400
    warned, skipped = (fake.open_issue(REPO, "ann", "Broken") for _ in range(2))
    for issue in (warned, skipped):
        fake.comment(REPO, issue, "mia", "Which one?")
    fake.clock = lambda: datetime.now(UTC).timestamp() - 9 * 86_400
    day = (datetime.now(UTC) - timedelta(days=2)).date()
    with fake.lock:
        body = f"<!-- community-triage-bot:notice stale {day} -->\nStill?"
        changes.add_comment(fake, repository, warned, changes.By(app.bot, app), body)
    fake.clock = lambda: datetime.now(UTC).timestamp()
    database = Database(f"sqlite:///{tmp_path / 'data/triage.db'}")
    database.migrate()
    with database.write() as connection:
        issues.save(connection, [Record(repository.id, skipped.number, skipped=True)])
    env = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": fake.personal_token("mia")}
    env |= {"APP_ID": str(app.id), "PRIVATE_KEY": key_pair()[0], "WEBHOOK_SECRET": "a secret"}
    shown = triage("simulate", "--lifecycle", "--repo", REPO, **env)
    assert "1 would be closed. " in shown.output, shown.output
    with database.read() as connection:
        assert threads.count(connection, repository.id) == 0
    database.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give --repo OWNER/NAME"),
        (("--lifecycle",), "give --repo OWNER/NAME"),
        (("--from", "x.json"), "give --repo OWNER/NAME"),
        (("--lifecycle", "--from", "x.json", "--repo", REPO), "give --repo OWNER/NAME"),
        (("--lifecycle", "--from", "x.json", "--templates", "CHECKOUT"), "x.json cannot be read"),
        (("--lifecycle", "--from", "FILE"), "the policy neither reminds nor warns anybody"),
        (("--lifecycle", "--from", "BARE", "--templates", "CHECKOUT"), "does not tell the comments"),
        (("--lifecycle", "--repo", REPO), "set GITHUB_TOKEN, or give --from FILE"),
    ],
)
def test_what_cannot_be_shown_is_said(
    triage: Triage, tmp_path: Path, checkout: Path, arguments: tuple[str, ...], said: str
):
    bare = tmp_path / "bare.jsonl"
    bare.write_text(json.dumps({"number": 1, "title": "x", "createdAt": "2030-01-01T00:00:00Z", "state": "OPEN"}))
    places = {"FILE": export(tmp_path / "issues.jsonl", [1]), "BARE": bare, "CHECKOUT": checkout}
    env = {"TRIAGE_DATA_DIR": str(tmp_path / "data")}
    shown = triage("simulate", *(places.get(it, it) for it in arguments), **env)
    assert shown.exit_code == 2, shown.output
    assert said in " ".join(shown.output.split())
