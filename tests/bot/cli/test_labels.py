"""`triage labels`: what is there, what is missing, and that only what the policy allows is created."""

from __future__ import annotations

import pytest

from tests.bot.cli.conftest import Triage
from tests.fakes.github import Running, key_pair

FORM = """\
name: Bug report
description: Something is wrong
labels: [bug, crash]
body:
- type: input
  attributes: {label: Version}
"""
POLICY = """\
labels:
  needs_info: Waiting
  create:
    Waiting: {color: "d4c5f9"}
    area-docs: {color: "#0075ca", description: Documentation}
  answers:
    bug.yml:
      version:
        "1": area-docs
        "2": old
printouts:
  widget doctor:
    labels:
      os: {linux: [linux, area-docs]}
    versions:
      widget: {label: old-version}
"""


@pytest.fixture
def env(github: Running) -> dict[str, str]:
    fake = github.fake
    files = {".github/ISSUE_TEMPLATE/bug.yml": FORM, ".github/triage.yml": POLICY}
    fake.add_repository("octo-org/repo", files, labels=["Bug"])
    app = fake.add_app()
    fake.install(app, "octo-org")
    return {
        "GITHUB_API_URL": github.url,
        "APP_ID": str(app.id),
        "PRIVATE_KEY": key_pair()[0],
        "WEBHOOK_SECRET": app.webhook_secret,
    }


def told(output: str) -> dict[str, str]:
    lines = [line.rsplit(maxsplit=1) for line in output.splitlines()]
    return {label: state for state, label in lines}


def test_it_tells_which_labels_are_there_missing_or_left_out(triage: Triage, env: dict[str, str], github: Running):
    shown = triage("labels", "--repo", "octo-org/repo", **env)
    assert shown.exit_code == 0, shown.output
    assert told(shown.output) == {
        "Waiting": "missing",
        "needs-triage": "left out",
        "area-docs": "missing",
        "bug": "there",
        "crash": "left out",
        "old": "left out",
        "linux": "left out",
        "old-version": "left out",
    }
    assert not github.requests("POST", "/labels")


def test_applying_creates_only_what_the_policy_allows_and_only_once(
    triage: Triage, env: dict[str, str], github: Running
):
    for expected in ("created", "there"):
        shown = told(triage("labels", "--repo", "octo-org/repo", "--apply", **env).output)
        assert (shown["Waiting"], shown["area-docs"], shown["crash"]) == (expected, expected, "left out")
    labels = github.fake.repository("octo-org/repo").labels
    assert {label.name for label in labels.values()} == {"Bug", "Waiting", "area-docs"}
    assert len(github.requests("POST", "/labels")) == 2


def test_applying_needs_the_app(triage: Triage, env: dict[str, str]):
    shown = triage("labels", "--repo", "octo-org/repo", "--apply", GITHUB_API_URL=env["GITHUB_API_URL"])
    assert shown.exit_code == 2
    assert "acts as the App" in shown.output


def test_where_the_app_is_not_installed_it_says_so(triage: Triage, env: dict[str, str], github: Running):
    github.fake.add_repository("other-org/repo", {})
    shown = triage("labels", "--repo", "other-org/repo", "--apply", **env)
    assert shown.exit_code == 2
    assert "was not found" in shown.output


def test_a_broken_policy_is_told(triage: Triage, env: dict[str, str], github: Running):
    github.fake.push("octo-org/repo", {".github/triage.yml": "label: x\n"})
    shown = triage("labels", "--repo", "octo-org/repo", **env)
    assert "triage.yml:1:1: error: label" in shown.output
