"""`triage report --from`: an export in, a report out, and plain words when that cannot be."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.github import transport
from tests.bot.cli.conftest import Triage
from tests.bot.github.test_exports import GH, REST
from tests.fakes.github import FakeGitHub, Limits, Running, key_pair, serve

FORM = """
name: Bug report
description: Something is broken
body:
  - type: textarea
    attributes: {label: What happened}
    validations: {required: true}
  - type: input
    attributes: {label: Version}
    validations: {required: true}
"""


FILES = {
    ".github/ISSUE_TEMPLATE/bug.yml": FORM,
    "docs/proxy.md": "# Install behind a corporate proxy\n\nSet it.\n",
}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "issues.json"
    asked: dict[str, Any] = GH | {"milestone": None, "isPinned": False}
    path.write_text(json.dumps([asked, asked | {"number": 9, "comments": [], "title": "Nobody | answers"}]))
    return path


def test_an_export_becomes_a_report(triage: Triage, export: Path):
    done = triage("report", "--from", export)
    assert done.exit_code == 0
    assert "**2 open issues** in octo/widgets" in done.stdout
    assert "### No maintainer reply" in done.stdout
    assert "Nobody \\| answers" in done.stdout
    assert "Source: issues.json, 2 issues, newest change 2026-02-02." in done.stdout


def test_what_the_export_lacks_is_said(triage: Triage, export: Path):
    export.write_text(json.dumps([REST | {"state": "open", "closed_at": None}]))
    assert "Not known. The source does not tell comments." in triage("report", "--from", export).stdout


@pytest.mark.parametrize(
    ("form", "begins"),
    [("html", "<!doctype html>"), ("csv", "\ufeffSection,"), ("json", '{"version":1'), ("md", "<!--")],
)
def test_every_form_can_be_written_to_a_file(triage: Triage, export: Path, tmp_path: Path, form: str, begins: str):
    target = tmp_path / "out" / "report"
    target.parent.mkdir()
    done = triage("report", "--from", export, "--format", form, "--output", target)
    assert (done.exit_code, done.stdout) == (0, "")
    assert target.read_text(encoding="utf-8").startswith(begins)
    assert [path.name for path in target.parent.iterdir()] == ["report"]


def test_sections_rows_and_templates_can_be_chosen(triage: Triage, export: Path, tmp_path: Path):
    folder = tmp_path / "checkout" / ".github" / "ISSUE_TEMPLATE"
    folder.mkdir(parents=True)
    (folder / "bug.yml").write_text(FORM)
    body = "### What happened\n\nIt crashed.\n\n### Version\n\n_No response_\n"
    export.write_text(json.dumps([GH | {"number": number, "body": body, "comments": [], "milestone": None,
                                        "isPinned": False} for number in (1, 2, 3)]))  # fmt: skip
    done = triage(
        "report", "--from", export, "--section", "no_maintainer_reply", "--limit", "1", "--format", "json",
        "--templates", tmp_path / "checkout",
    )  # fmt: skip
    report = json.loads(done.stdout)["report"]
    (section,) = report["sections"]
    assert (section["total"], len(section["rows"])) == (3, 1)
    assert report["numbers"]["kinds"]["bug.yml"]["completeness"]["issues"] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "nowhere.json"), "nowhere.json cannot be read"),
        (("--from", "x.json", "--section", "anwered"), "did you mean answered?"),
        (("--from", "x.json", "--section", "zzz"), "there are probably_fixed, "),
        (("--from", "x.json", "--templates", "nowhere"), "nowhere does not exist"),
    ],
)
def test_what_cannot_be_done_is_said_plainly(triage: Triage, arguments: tuple[str, ...], said: str):
    done = triage("report", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_a_place_that_cannot_be_written_is_named(triage: Triage, export: Path, tmp_path: Path):
    done = triage("report", "--from", export, "--output", tmp_path / "nowhere" / "r.md")
    assert done.exit_code == 2
    assert "cannot be written: No such file" in done.stderr


def test_records_left_out_are_told(triage: Triage, export: Path):
    export.write_text(json.dumps([GH, *({} for _ in range(30))]))
    done = triage("report", "--from", export)
    assert done.exit_code == 0
    assert "issues.json, record 2: no issue" in done.stderr
    assert "… and 10 more records left out." in done.stderr


# From GitHub.


@pytest.fixture
def widgets() -> Iterator[Running]:
    fake = FakeGitHub(Limits.off())
    fake.add_repository("octo/widgets", FILES, labels=["bug"])
    fake.collaborator("octo/widgets", "maya", "write")
    fake.add_repository("octo/empty")
    long_ago = time.time() - 30 * 86400
    issue = fake.open_issue("octo/widgets", "ann", "It | broke", "### What happened\n\nx\n", created_at=long_ago)
    pull = fake.open_pull_request("octo/widgets", "nico", "Fix it")
    fake.mention("octo/widgets", issue, pull, closing=True)
    fake.merge("octo/widgets", pull, by="maya", base="next")
    fake.open_issue("octo/widgets", "ben", "How do I install behind a corporate proxy?", created_at=long_ago)
    with serve(fake) as running:
        yield running
        transport.close_idle()


def test_a_repository_is_read_and_reported_on(triage: Triage, widgets: Running):
    token = widgets.fake.personal_token("maya")
    known = {"GITHUB_TOKEN": token, "GITHUB_API_URL": widgets.url}
    done = triage("report", "--repo", "octo/widgets", **known)
    assert done.exit_code == 0, done.stderr
    assert "### Probably fixed" in done.stdout
    assert "It \\| broke" in done.stdout
    assert "The docs have a page on it: Install behind a corporate proxy" in done.stdout
    assert "2 issues read in 1 requests, 6 points, " in done.stderr
    again = triage("report", "--repo", "octo/widgets", "--format", "json", **known)
    assert json.loads(again.stdout)["report"]["open_issues"] == 2


def test_an_empty_repository_has_an_empty_report(triage: Triage, widgets: Running):
    token = widgets.fake.personal_token("maya")
    done = triage("report", "--repo", "octo/empty", GITHUB_TOKEN=token, GITHUB_API_URL=widgets.url)
    assert done.exit_code == 0
    assert "**0 open issues**" in done.stdout


def test_without_a_token_it_says_how_to_get_on(triage: Triage, widgets: Running):
    done = triage("report", "--repo", "octo/widgets", GITHUB_API_URL=widgets.url)
    assert done.exit_code == 2
    assert "set GITHUB_TOKEN, or give --from FILE" in done.stderr


def test_a_repository_that_is_not_there_is_named(triage: Triage, widgets: Running):
    token = widgets.fake.personal_token("maya")
    done = triage("report", "--repo", "octo/nowhere", GITHUB_TOKEN=token, GITHUB_API_URL=widgets.url)
    assert done.exit_code == 2
    assert "octo/nowhere was not found" in done.stderr


def test_one_source_is_to_be_named(triage: Triage):
    assert "either --repo OWNER/NAME or --from FILE" in triage("report").stderr


# Posting.


@pytest.fixture
def app(widgets: Running) -> dict[str, str]:
    app = widgets.fake.add_app()
    widgets.fake.install(app, "octo")
    return {
        "GITHUB_API_URL": widgets.url,
        "APP_ID": str(app.id),
        "PRIVATE_KEY": key_pair()[0],
        "WEBHOOK_SECRET": app.webhook_secret,
    }


def test_a_posted_report_replaces_the_one_before(triage: Triage, widgets: Running, app: dict[str, str]):
    first = triage("report", "--repo", "octo/widgets", "--post", **app)
    assert (first.exit_code, first.stdout) == (0, "https://github.com/octo/widgets/issues/4\n"), first.stderr
    assert triage("report", "--repo", "octo/widgets", "--post", **app).stdout.endswith("/issues/5\n")
    issues = widgets.fake.repository("octo/widgets").issues
    assert "**2 open issues** in octo/widgets" in (issues[4].body or "")
    assert (issues[4].state, issues[5].state) == ("closed", "open")
    assert issues[4].comments[-1].body.endswith("The next report is #5.")
    assert "**2 open issues** in octo/widgets" in (issues[5].body or "")


@pytest.mark.parametrize("given", [("--from", "issues.json"), ("--repo", "octo/widgets")])
def test_posting_needs_the_app_and_a_repository(triage: Triage, widgets: Running, given: tuple[str, str]):
    known = {"GITHUB_TOKEN": widgets.fake.personal_token("maya"), "GITHUB_API_URL": widgets.url}
    done = triage("report", *given, "--post", **known)
    assert done.exit_code == 2
    assert "--post" in done.stderr
