"""`triage simulate`: what would have been done on past issues, and that nothing is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bot.cli.conftest import Triage
from tests.fakes.github import Running, key_pair

FORM = """\
name: Bug report
description: Something is wrong
labels: [bug]
body:
- type: input
  attributes: {label: Version}
  validations: {required: true}
- type: textarea
  attributes: {label: What happened}
  validations: {required: true}
"""
COMPLETE = "### Version\n\n2.1\n\n### What happened\n\nIt broke\n"
INCOMPLETE = COMPLETE.replace("2.1", "_No response_")


@pytest.fixture
def past(github: Running) -> Running:
    """A repository with a complete, an incomplete and a free-form issue, the second closed."""
    fake = github.fake
    fake.add_repository("octo-org/repo", {".github/ISSUE_TEMPLATE/bug.yml": FORM}, labels=["bug"])
    fake.open_issue("octo-org/repo", "alice", "Complete", COMPLETE)
    fake.close("octo-org/repo", fake.open_issue("octo-org/repo", "bob", "[Incomplete]", INCOMPLETE))
    fake.open_issue("octo-org/repo", "carol", "Free \x1b[31mform", "It does not work.")
    return github


def wrote_nothing(github: Running) -> bool:
    tokens = "/access_tokens"
    return all(one.method == "GET" or one.path.endswith(tokens) for one in github.exchanges)


def test_a_table_shows_each_issue_with_its_because(triage: Triage, past: Running):
    shown = triage("simulate", "--repo", "octo-org/repo", GITHUB_API_URL=past.url)
    assert shown.exit_code == 0, shown.output
    lines = {line.split("│")[1].strip(): line for line in shown.output.splitlines() if "│ " in line and "#" in line}
    assert "bug.yml" in lines["#1"]
    assert "Complete for bug.yml." in lines["#1"]
    assert "To be answered: Version (missing)." in lines["#2"]
    assert "follows none" in lines["#3"]
    assert "3 issues: 2 would have been asked for something, 3 labelled" in shown.output
    assert "Nothing was changed" in shown.output
    assert wrote_nothing(past)


def test_json_is_for_machines(triage: Triage, past: Running):
    shown = triage("simulate", "--repo", "octo-org/repo", "--format", "json", GITHUB_API_URL=past.url)
    document = json.loads(shown.stdout)
    assert document["repository"] == "octo-org/repo"
    assert document["summary"] == {"issues": 3, "asked": 2, "labelled": 3, "untouched": 0}
    newest, incomplete, complete = document["issues"]
    assert (newest["template"], complete["template"]) == (None, "bug.yml")
    assert incomplete["verdict"] == "To be answered: Version (missing)."
    assert {action["kind"] for action in incomplete["actions"]} >= {"add_labels", "post_request"}
    assert all(action["because"] for issue in document["issues"] for action in issue["actions"])


def test_only_the_newest_are_looked_at(triage: Triage, past: Running):
    shown = triage("simulate", "--repo", "octo-org/repo", "--last", 1, "--format", "json", GITHUB_API_URL=past.url)
    assert [issue["number"] for issue in json.loads(shown.stdout)["issues"]] == [3]


def test_another_policy_can_be_tried_from_a_checkout(triage: Triage, past: Running, tmp_path: Path):
    (tmp_path / ".github" / "ISSUE_TEMPLATE").mkdir(parents=True)
    (tmp_path / ".github" / "ISSUE_TEMPLATE" / "bug.yml").write_text(FORM)
    (tmp_path / ".github" / "triage.yml").write_text("request: {free_form: false}\n")
    shown = triage(
        *("simulate", "--repo", "octo-org/repo", "--format", "json", "--templates", tmp_path), GITHUB_API_URL=past.url
    )
    assert json.loads(shown.stdout)["summary"]["asked"] == 1


def test_printouts_are_read_and_compared_with_what_was_released_then(triage: Triage, past: Running, tmp_path: Path):
    (tmp_path / ".github" / "ISSUE_TEMPLATE").mkdir(parents=True)
    (tmp_path / ".github" / "ISSUE_TEMPLATE" / "bug.yml").write_text(FORM)
    said = "{fields: {bug.yml: {version: widget}}, versions: {widget: {label: old}}}"
    (tmp_path / ".github" / "triage.yml").write_text(
        f"labels: {{create: {{old: {{}}}}}}\nprintouts: {{widget doctor: {said}}}"
    )
    past.fake.release("octo-org/repo", "v1.1")
    past.fake.open_issue("octo-org/repo", "dora", "Printed", f"{INCOMPLETE}\n> widget doctor 1\n> widget: 1.0\n")
    options = ("--repo", "octo-org/repo", "--format", "json", "--templates", tmp_path)
    (issue, *_) = json.loads(triage("simulate", *options, GITHUB_API_URL=past.url).stdout)["issues"]
    assert issue["verdict"] == "Complete for bug.yml."
    assert "old" in next(it["labels"] for it in issue["actions"] if it["kind"] == "add_labels")
    assert len(past.requests("GET", "/releases")) == 1
    past.fake.faults.error(500, path="/releases", times=-1)
    (issue, *_) = json.loads(triage("simulate", *options, GITHUB_API_URL=past.url).stdout)["issues"]
    assert "old" not in next(it["labels"] for it in issue["actions"] if it["kind"] == "add_labels")


def test_the_apps_credentials_reach_private_repositories(triage: Triage, past: Running):
    application = past.fake.add_app()
    past.fake.install(application, "octo-org")
    past.fake.change_repository("octo-org/repo", "privatized")
    env = {
        "GITHUB_API_URL": past.url,
        "APP_ID": str(application.id),
        "PRIVATE_KEY": key_pair()[0],
        "WEBHOOK_SECRET": application.webhook_secret,
    }
    shown = triage("simulate", "--repo", "octo-org/repo", **env)
    assert "3 issues" in shown.output, shown.output
    assert wrote_nothing(past)


def test_a_persons_token_is_used_where_it_is_set(triage: Triage, past: Running):
    token = "ghp_" + "a" * 36
    shown = triage("simulate", "--repo", "octo-org/repo", GITHUB_API_URL=past.url, GITHUB_TOKEN=token)
    assert shown.exit_code == 2
    assert "401" in shown.output
    assert token not in shown.output


def test_where_the_app_is_not_installed_what_is_public_is_read(triage: Triage, past: Running):
    application = past.fake.add_app()
    env = {"APP_ID": str(application.id), "PRIVATE_KEY": key_pair()[0], "WEBHOOK_SECRET": "a secret"}
    assert "3 issues" in triage("simulate", "--repo", "octo-org/repo", GITHUB_API_URL=past.url, **env).output


def test_an_unknown_repository_is_explained(triage: Triage, past: Running):
    shown = triage("simulate", "--repo", "octo-org/nothing", GITHUB_API_URL=past.url)
    assert shown.exit_code == 2
    assert "octo-org/nothing was not found" in shown.output
    assert "GITHUB_TOKEN" in shown.output


def test_a_limit_is_explained(triage: Triage, past: Running):
    past.fake.faults.primary_limit(times=-1)
    shown = triage("simulate", "--repo", "octo-org/repo", GITHUB_API_URL=past.url)
    assert shown.exit_code == 2
    assert "60 requests an hour" in shown.output


@pytest.mark.parametrize("name", ["octo-org", "octo-org/repo/issues", "/repo"])
def test_a_name_that_is_none_is_refused(triage: Triage, name: str):
    shown = triage("simulate", "--repo", name)
    assert shown.exit_code == 2
    assert "OWNER/NAME" in shown.output


def test_a_broken_policy_is_told(triage: Triage, past: Running):
    past.fake.push("octo-org/repo", {".github/triage.yml": "enabeld: false\n"})
    shown = triage("simulate", "--repo", "octo-org/repo", GITHUB_API_URL=past.url)
    assert "triage.yml:1:1: error: enabeld" in shown.output
    assert "3 issues" in shown.output
