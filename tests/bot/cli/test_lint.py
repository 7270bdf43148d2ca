from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from tests.bot.cli.conftest import Triage

FORM = """\
name: Bug report
description: Something does not work
body:
  - type: input
    id: version
    attributes:
      label: Version
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / ".github/ISSUE_TEMPLATE"
    folder.mkdir(parents=True)
    (folder / "bug.yml").write_text(FORM, encoding="utf-8")
    return tmp_path


def lint(root: Path) -> Result:
    return CliRunner().invoke(app, ["lint", str(root)])


def policy(root: Path, text: str) -> None:
    (root / ".github/triage.yml").write_text(text, encoding="utf-8")


def test_what_is_in_order_is_passed_in_a_word(root: Path):
    policy(root, "fields: {bug.yml: {version: {version: true}}}")
    result = lint(root)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr == "1 template, 0 errors, 0 warnings.\n"


def test_a_checkout_without_a_policy_is_in_order(root: Path):
    assert lint(root).exit_code == 0


@pytest.mark.parametrize("name", [".github/triage.yaml", "triage.yml", "triage.yaml"])
def test_a_file_that_only_looks_like_the_policy_is_warned_of(root: Path, name: str):
    (root / name).write_text("enabled: false\n", encoding="utf-8")
    result = lint(root)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{root / name}:0:0: warning: The bot does not read this file")
    policy(root, "enabled: false")
    assert lint(root).stdout == ""


def test_a_broken_template_is_named_with_its_place(root: Path):
    file = root / ".github/ISSUE_TEMPLATE/broken.yml"
    file.write_text(FORM.replace("body:", "body: []\nbdy:"), encoding="utf-8")
    result = lint(root)
    assert result.exit_code == 1
    assert f"{file}:3:7: error: " in result.stdout


def test_every_mistake_of_a_policy_is_named_with_its_place(root: Path):
    policy(root, "lables: {}\nrequest: {deadline_days: 0}\n")
    result = lint(root)
    file = root / ".github/triage.yml"
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{file}:1:1: error: lables: there is no such key; did you mean `labels`?",
        f"{file}:2:26: error: request.deadline_days: must be at least 1.",
    ]
    assert result.stderr == "1 template, 2 errors, 0 warnings.\n"


def test_a_name_that_leads_nowhere_is_only_a_warning(root: Path):
    policy(root, "fields: {bug.yml: {vresion: {version: true}}}")
    result = lint(root)
    assert result.exit_code == 0
    assert "1:20: warning: No field has the id or label `vresion`; did you mean `version`?" in result.stdout
    assert "0 errors, 1 warning." in result.stderr


def test_a_wording_that_cannot_be_used_is_an_error(root: Path):
    policy(root, "request:\n  wording:\n    resolved: '{{ nobody }}'\n")
    result = lint(root)
    assert result.exit_code == 1
    assert "3:5: error: This wording cannot be used" in result.stdout


def test_a_folder_that_is_not_there_cannot_be_checked(tmp_path: Path):
    result = lint(tmp_path / "nowhere")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "does not exist" in result.stderr


def test_a_policy_that_cannot_be_read_is_no_checked_policy(root: Path):
    (root / ".github/triage.yml").mkdir()
    result = lint(root)
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


def test_a_folder_of_templates_alone_may_be_checked(root: Path):
    result = lint(root / ".github/ISSUE_TEMPLATE")
    assert result.exit_code == 0
    assert "1 template," in result.stderr


def test_another_tools_configuration_becomes_a_policy(triage: Triage, tmp_path: Path):
    file = tmp_path / "stale.yml"
    file.write_text("daysUntilStale: 180\ndaysUntilClose: 14\nmarkComment: |\n  Anybody here?\n  Really?\nsweep: 3\n")
    done = triage("lint", "--import-stale", file)
    assert done.exit_code == 0
    assert [line.partition(" warning: ")[2].partition(":")[0] for line in done.stderr.splitlines()] == [
        "markComment",
        "sweep",
    ]
    assert f"{file}:6:1: warning: sweep: It has no place in the policy.\n" in done.stderr
    assert done.stdout == (
        "stale:\n  days_until_stale: 180\n  days_until_close: 14\n  label: wontfix\n"
        "  mark_comment: |\n    Anybody here?\n    Really?\n\n"
        "    {% if day %}It stays open until the end of {{ day }}, and longer if anybody answers.{% endif %}\n"
    )
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "triage.yml").write_text(done.stdout)
    assert triage("lint", tmp_path).exit_code == 0


def test_a_file_that_is_no_such_configuration_is_refused(triage: Triage, tmp_path: Path):
    missing = triage("lint", "--import-stale", tmp_path / "none.yml")
    assert (missing.exit_code, "cannot be read" in missing.stderr) == (2, True)
    (tmp_path / "ci.yml").write_text("jobs: {}\n")
    other = triage("lint", "--import-stale", tmp_path / "ci.yml")
    assert (other.exit_code, "has no step of actions/stale" in other.stderr) == (2, True)
