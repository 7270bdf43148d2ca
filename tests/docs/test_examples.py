"""What the docs tell a reader to type can be typed, and does what they say."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from bot.cli import app
from bot.forms.load import load
from docs.generate import example_comment
from tests.docs.reading import DOCS, ROOT, Block, blocks, documents, text_of

TUTORIAL = DOCS / "tutorial/first-triaged-issue.md"
COMMANDS = sorted({command for page in documents() for block in blocks(page) for command in block.commands})
MAKE = [command for command in COMMANDS if command.startswith("make ")]
TRIAGE = [command for command in COMMANDS if re.match(r"([A-Z_]+=\S* )*(\S*/)?triage ", command)]
TARGETS = frozenset(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def triage(*arguments: str, given: str = "", folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments], input=given, capture_output=True, text=True, cwd=folder, check=False
    )


def test_the_docs_show_commands():
    assert {"make demo", "make serve", "make test", "make lint"} <= set(MAKE)
    assert len(TRIAGE) > 5


@pytest.mark.parametrize("command", MAKE)
def test_every_make_target_in_the_docs_is_there(command: str):
    assert shlex.split(command)[1] in TARGETS


@pytest.mark.parametrize("command", TRIAGE)
def test_every_triage_command_in_the_docs_is_understood(command: str):
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    words = [
        word for word in shlex.split(command.partition("|")[0].partition("<")[0]) if not re.match(r"[A-Z_]+=", word)
    ]
    name, arguments = words[1], words[2:]
    if name.startswith("-"):
        return
    assert name in group.commands
    known = {
        option for parameter in group.commands[name].params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert {word.partition("=")[0] for word in arguments if word.startswith("--")} <= known | {"--help"}


FORMS = [
    block
    for page in documents()
    for block in blocks(page)
    if block.language == "yaml" and block.text.startswith("name: ")
]


@pytest.mark.parametrize("block", FORMS, ids=lambda block: block.page.stem)
def test_every_form_shown_in_the_docs_is_in_order(block: Block):
    found = load({".github/ISSUE_TEMPLATE/bug_report.yml": block.text.encode()})
    assert len(found.templates) == 1
    assert not found.problems


def test_the_readme_shows_a_real_comment_with_its_reasons():
    assert "Version" in example_comment()
    assert "Steps to reproduce" in example_comment()
    assert "Operating system" not in example_comment()
    assert example_comment() in text_of(ROOT / "README.md")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder that the tutorial's reader has made."""
    folder = tmp_path / ".github/ISSUE_TEMPLATE"
    folder.mkdir(parents=True)
    (form,) = [block for block in blocks(TUTORIAL) if block.language == "yaml"]
    (body,) = [block for block in blocks(TUTORIAL) if block.language == "markdown"]
    (folder / "bug_report.yml").write_text(form.text, encoding="utf-8")
    (tmp_path / "body.md").write_text(body.text, encoding="utf-8")
    return tmp_path


def test_the_tutorials_form_is_in_order(project: Path):
    assert triage("lint", str(project)).returncode == 0


def test_the_tutorials_dot_is_no_version_and_its_empty_log_is_no_gap(project: Path):
    answer = triage("check", "--templates", str(project), "--format", "json", str(project / "body.md"))
    result = json.loads(answer.stdout)
    assert result["template"] == "bug_report.yml"
    assert {field["field"]: field["status"] for field in result["fields"] if field["required"]} == {
        "version": "placeholder",
        "problem": "answered",
    }
    assert result["complete"] is False


def test_the_tutorials_mended_body_is_complete(project: Path):
    body = (project / "body.md").read_text(encoding="utf-8").replace("\n.\n", "\n1.4.2\n")
    answer = triage("check", "--templates", str(project), "--format", "json", "-", given=body)
    assert json.loads(answer.stdout)["complete"] is True


def test_the_readmes_checks_run(project: Path):
    line = json.dumps({"id": 1, "title": "", "body": (project / "body.md").read_text(encoding="utf-8"), "labels": []})
    one = triage("check", "--templates", ".github/ISSUE_TEMPLATE", "body.md", folder=project)
    many = triage("check", "--templates", ".", "--jsonl", given=line + "\n", folder=project)
    assert one.returncode == many.returncode == 0, one.stderr + many.stderr
    assert "Version" in one.stdout
    assert json.loads(many.stdout)["template"] == "bug_report.yml"


def test_the_issue_forms_of_this_repository_are_in_order():
    answer = triage("lint", str(ROOT))
    assert answer.returncode == 0, answer.stdout + answer.stderr
