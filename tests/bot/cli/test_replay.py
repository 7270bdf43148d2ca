"""`triage replay`: plans shown without an account, deliveries stored for the service, dead letters tried again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.store import deliveries
from bot.store.database import Database
from bot.store.deliveries import NewDelivery
from tests.bot.cli.example import FORM, INCOMPLETE
from tests.fakes.github import FakeGitHub, key_pair, serve
from tests.fakes.process import OURS, served

Run = Callable[..., Result]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / ".github" / "ISSUE_TEMPLATE").mkdir(parents=True)
    (folder / ".github" / "ISSUE_TEMPLATE" / "bug.yml").write_text(FORM)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(*arguments: object, **env: str | None) -> Result:
        clean: dict[str, str | None] = dict.fromkeys(OURS)
        return CliRunner().invoke(
            app, ["replay", *map(str, arguments), "--data-dir", str(tmp_path / "data")], env=clean | env
        )

    return run


def payload(body: str = INCOMPLETE, action: str = "opened", **more: Any) -> dict[str, Any]:
    issue = {
        "number": 7,
        "title": "Crash",
        "body": body,
        "user": {"login": "alice", "type": "User"},
        "labels": [],
        "state": "open",
        "author_association": "NONE",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    repository = {"id": 5, "full_name": "octo-org/repo", "html_url": "https://github.com/octo-org/repo"}
    return {
        "action": action,
        "issue": issue,
        "repository": repository,
        "sender": {"login": "alice", "type": "User"},
    } | more


def written(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def database(tmp_path: Path) -> Database:
    found = Database(f"sqlite:///{tmp_path}/data/triage.db")
    found.migrate()
    return found


def test_a_dry_run_needs_no_account_and_shows_each_action_with_its_because(run: Run, checkout: Path, tmp_path: Path):
    file = written(tmp_path, "issues.opened.payload.json", payload())
    shown = run(file, "--dry-run", "--templates", checkout)
    assert shown.exit_code == 0, shown.output
    assert f"{file}: issues opened, octo-org/repo#7" in shown.output
    assert "1. add bug, needs-info, because: " in shown.output
    assert "2. ask in a comment, because: To be answered: Version (missing)." in shown.output
    assert "     | - **Version**" in shown.output
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "options", "content"),
    [
        ("issues.opened.payload.json", [], payload()),
        ("issues/opened.payload.json", [], payload()),
        ("issues.json", [], payload()),
        ("some.thing.json", ["--event", "issues"], payload()),
        ("wrapped.json", [], {"event": "issues", "payload": payload()}),
        ("wrapped.json", [], {"name": "issues", "payload": payload()}),
    ],
)
def test_the_event_is_found_by_option_wrapper_or_name(
    run: Run, checkout: Path, tmp_path: Path, name: str, options: list[str], content: object
):
    shown = run(written(tmp_path, name, content), *options, "--dry-run", "--templates", checkout)
    assert "issues opened, octo-org/repo#7" in shown.output


def test_a_complete_issue_leads_to_no_question(run: Run, checkout: Path, tmp_path: Path):
    file = written(tmp_path, "issues.opened.json", payload(INCOMPLETE.replace("_No response_", "2.1")))
    shown = run(file, "--dry-run", "--templates", checkout).output
    assert "Complete for bug.yml." in shown
    assert "ask in a comment" not in shown


def test_a_printout_is_read_and_without_github_no_release_is_known(run: Run, checkout: Path, tmp_path: Path):
    said = "fields: {bug.yml: {version: widget}}, labels: {os: {linux: tux}}, versions: {widget: {label: old}}"
    (checkout / ".github" / "triage.yml").write_text(f"printouts: {{widget doctor: {{{said}}}}}")
    file = written(tmp_path, "issues.opened.json", payload(f"{INCOMPLETE}\nwidget doctor 1\nos: Linux\nwidget: 1.0"))
    shown = run(file, "--dry-run", "--templates", checkout).output
    assert "1. add bug, tux, needs-triage, because: " in shown or "1. add bug, needs-triage, tux, because: " in shown
    assert "ask in a comment" not in shown


def test_a_command_in_a_comment_is_planned(run: Run, checkout: Path, tmp_path: Path):
    comment = {
        "id": 91,
        "body": "/label help-wanted",
        "user": {"login": "mona", "type": "User"},
        "author_association": "OWNER",
        "created_at": "2026-01-02T00:00:00Z",
    }
    file = written(tmp_path, "issue_comment.created.json", payload(action="created", comment=comment))
    shown = run(file, "--dry-run", "--templates", checkout).output
    assert "help-wanted" in shown
    assert "to comment 91" in shown


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ping.json", {"zen": "x"}),
        ("issues.deleted.json", payload(action="deleted")),
        ("star.created.json", {"action": "created"}),
    ],
)
def test_what_concerns_no_issue_says_so(run: Run, checkout: Path, tmp_path: Path, name: str, content: object):
    shown = run(written(tmp_path, name, content), "--dry-run", "--templates", checkout)
    assert shown.exit_code == 0
    assert "No issue is to be looked at" in shown.output


def test_a_broken_policy_is_told_and_the_default_one_used(run: Run, checkout: Path, tmp_path: Path):
    (checkout / ".github" / "triage.yml").write_text("enabeld: true\n")
    shown = run(written(tmp_path, "issues.opened.json", payload()), "--dry-run", "--templates", checkout)
    assert "triage.yml:1:1: error: enabeld" in shown.output
    assert "ask in a comment" in shown.output


@pytest.mark.parametrize(
    ("content", "said"),
    [("[]", "holds no JSON object"), ("{", "is not JSON"), ("{}", "does not say which event")],
)
def test_an_unusable_file_is_named(run: Run, checkout: Path, tmp_path: Path, content: str, said: str):
    file = tmp_path / "thing.json"
    file.write_text(content)
    shown = run(file, "--dry-run", "--templates", checkout)
    assert shown.exit_code == 2
    assert said in shown.output
    assert str(file) in shown.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name files or GUIDs"),
        (["x.json", "--failed"], "not both"),
        (["x.json", "--templates", "."], "--dry-run"),
        (["gone.json", "--dry-run", "--templates", "."], "cannot be read"),
        (["--failed"], "there is no database"),
        (["0b989ba4-242f"], "there is no database"),
    ],
)
def test_wrong_usage_is_explained(run: Run, tmp_path: Path, arguments: list[str], said: str):
    shown = run(*arguments)
    assert shown.exit_code == 2
    assert said in shown.output
    assert not (tmp_path / "data").exists()


def test_without_credentials_and_without_templates_it_says_what_is_needed(run: Run, tmp_path: Path):
    shown = run(written(tmp_path, "issues.opened.json", payload()), "--dry-run")
    assert shown.exit_code == 2
    assert "--templates DIR" in shown.output


def test_a_stored_delivery_is_found_by_its_guid(run: Run, checkout: Path, tmp_path: Path):
    (tmp_path / "data").mkdir()
    with database(tmp_path).write() as connection:
        body = json.dumps(payload()).encode()
        deliveries.add(connection, [NewDelivery("0b989ba4-242f", "issues", "repository:5", body, 1)])
        deliveries.add(connection, [NewDelivery("without-body", "issues", "repository:5", b"", 1)])
    shown = run("0b989ba4-242f", "--dry-run", "--templates", checkout)
    assert "0b989ba4-242f: issues opened, octo-org/repo#7" in shown.output
    assert "cleared away" in run("without-body", "--dry-run", "--templates", checkout).output
    assert "neither a file nor the GUID" in run("unknown", "--dry-run", "--templates", checkout).output


def test_dead_letters_are_listed_with_their_reasons_and_tried_again(run: Run, tmp_path: Path):
    (tmp_path / "data").mkdir()
    store = database(tmp_path)
    assert "There are no dead letters" in run("--failed").output
    with store.write() as connection:
        deliveries.add(connection, [NewDelivery("d-1", "issues", "repository:5", b"{}", 1_700_000_000_000)])
        found = deliveries.find(connection, "d-1")
        assert found
        deliveries.give_up(connection, [found.id], 2, "403 Resource not accessible")
    listed = run("--failed", "--dry-run").output
    assert "d-1  issues of 2023-11-14 22:13 UTC, after 1 attempt: 403 Resource not accessible" in listed
    with store.read() as connection:
        assert deliveries.count_dead(connection) == 1
    assert "1 to be tried again" in run("--failed").output
    with store.read() as connection:
        assert deliveries.count_dead(connection) == 0
        assert deliveries.count_undone(connection) == 1


def test_a_running_service_takes_up_what_is_replayed(run: Run, tmp_path: Path):
    fake = FakeGitHub()
    application = fake.add_app()
    fake.add_repository("octo-org/repo", {".github/ISSUE_TEMPLATE/bug.yml": FORM}, labels=["bug"])
    installation = fake.install(application, "octo-org")
    with serve(fake) as github:
        env = {
            "APP_ID": str(application.id),
            "PRIVATE_KEY": key_pair()[0],
            "WEBHOOK_SECRET": application.webhook_secret,
            "GITHUB_API_URL": github.url,
        }
        issue = fake.open_issue("octo-org/repo", "alice", "Crash", INCOMPLETE)
        content = payload(installation={"id": installation.id})
        content["issue"]["number"] = issue.number
        content["repository"]["id"] = fake.repository("octo-org/repo").id
        file = written(tmp_path, "issues.opened.json", content)
        with served(tmp_path, env):
            planned = run(file, "--dry-run", **env)
            assert "ask in a comment" in planned.output, planned.output
            assert not fake.comments_by(application, "octo-org/repo", issue)
            stored = run(file, **env)
            assert "stored as replay-" in stored.output
            deadline = time.monotonic() + 20
            while not fake.comments_by(application, "octo-org/repo", issue) and time.monotonic() < deadline:
                time.sleep(0.05)
            (comment,) = fake.comments_by(application, "octo-org/repo", issue)
            assert "Version" in comment.body
            again = run(file, "--dry-run", **env)
            assert "Nothing to do" in again.output
        fake.delete_issue("octo-org/repo", issue, by="alice")
        assert "does not know this issue" in run(file, "--dry-run", **env).output
        fake.faults.error(503, times=-1)
        assert "503" in run(file, "--dry-run", **env).output
