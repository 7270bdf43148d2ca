"""`triage report --from`: an export in, a report out, and plain words when that cannot be."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app as commands
from bot.github import transport
from tests.bot.cli.conftest import Triage
from tests.bot.github.test_exports import GH, REST
from tests.fakes.github import FakeGitHub, Limits, Running, key_pair, serve
from tests.fakes.github.model import Issue
from tests.fakes.process import environment

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
    assert "Source: issues.json, 2 issues, newest change 2026-02-02; it does not tell which" in done.stdout


def test_what_the_export_leaves_open_is_said_with_its_name(triage: Triage, export: Path):
    long_ones = {"comments": GH["comments"][:1] * 100, "state": "CLOSED"}
    export.write_text(json.dumps([GH, GH | {"number": 8} | long_ones]))
    shown = triage("report", "--from", export).stdout
    assert shown[shown.index("Source: ") : shown.index(" Made ")].split("; ") == [
        "Source: issues.json, 2 issues, newest change 2026-02-02",
        "it does not tell which issues are locked or have open sub-issues, so none was left out for that",
        "it does not tell which comments are by bots, so only well-known ones were taken for such",
        "of 1 with 100 comments or more it tells the first 100 alone",
        "of 1 closed one the last change stands for the closing.",
    ]


def test_an_export_without_labels_is_partial(triage: Triage, export: Path):
    export.write_text(json.dumps([{key: value for key, value in GH.items() if key not in {"labels", "milestone"}}]))
    shown = triage("report", "--from", export).stdout
    assert "**This report is partial.** The export does not tell labels" in shown
    assert "it does not tell which issues are in a milestone, are locked or have open sub-issues" in shown


def test_an_export_comes_by_standard_input(export: Path):
    done = CliRunner().invoke(commands, ["report", "--from", "-"], input=gzip.compress(export.read_bytes()))
    assert "Source: standard input, 2 issues" in done.stdout


def test_a_report_is_utf_8_whatever_the_console_is(export: Path):
    export.write_text(json.dumps([GH | {"isPinned": False, "milestone": None, "comments": [], "title": "Größe 🎉"}]))
    for form, end in (("md", "\n"), ("csv", "\r\n")):
        command = [sys.executable, "-m", "bot", "report", "--from", str(export), "--format", form]
        done = subprocess.run(command, env=environment({"PYTHONIOENCODING": "ascii"}), capture_output=True, check=True)
        assert "Größe 🎉" in done.stdout.decode()
        assert b"\r\r" not in done.stdout
        assert done.stdout.decode().endswith(end)


def test_what_the_export_lacks_is_said(triage: Triage, export: Path):
    export.write_text(json.dumps([REST | {"state": "open", "closed_at": None}]))
    done = triage("report", "--from", export)
    assert "Not known. The source does not tell comments." in done.stdout
    assert "so most sections are not known. More tells: gh issue list --state all" in done.stderr


@pytest.mark.parametrize(
    ("form", "begins"),
    [("html", "<!doctype html>"), ("csv", '\ufeff"Section",'), ("json", '{"version":1'), ("md", "<!--")],
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


def reports(widgets: Running) -> list[Issue]:
    issues = widgets.fake.repository("octo/widgets").issues.values()
    return [one for one in issues if one.title.startswith("Issue-bash report:")]


def test_a_report_is_posted_once_a_day_and_brought_up_to_date(triage: Triage, widgets: Running, app: dict[str, str]):
    first = triage("report", "--repo", "octo/widgets", "--post", **app)
    assert (first.exit_code, first.stdout) == (0, "https://github.com/octo/widgets/issues/4\n"), first.stderr
    widgets.fake.open_issue("octo/widgets", "cleo", "One more")
    again = triage("report", "--repo", "octo/widgets", "--post", **app)
    assert again.stdout == first.stdout
    (posted,) = reports(widgets)
    assert "**3 open issues** in octo/widgets" in (posted.body or "")
    assert posted.comments == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_post_that_broke_off_and_is_tried_again_comes_once(
    triage: Triage, widgets: Running, app: dict[str, str], when: str
):
    fault = widgets.fake.faults.error(method="POST", path="/repos/octo/widgets/issues$", when=when)
    broken = triage("report", "--repo", "octo/widgets", "--post", **app)
    assert broken.exit_code == 2, broken.stderr
    assert fault.times == 0
    assert triage("report", "--repo", "octo/widgets", "--post", **app).exit_code == 0
    assert len(reports(widgets)) == 1


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("dry_run: true", "has `dry_run: true`"),
        ("enabled: false", "has `enabled: false`"),
        ("dry_run: maybe", "cannot be read"),
    ],
)
def test_nothing_is_posted_against_the_policy(
    triage: Triage, widgets: Running, app: dict[str, str], tmp_path: Path, policy: str, said: str
):
    widgets.fake.push("octo/widgets", {".github/triage.yml": policy})
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "triage.yml").write_text("{}")
    for more in ((), ("--templates", tmp_path)):
        done = triage("report", "--repo", "octo/widgets", "--post", *more, **app)
        assert (done.exit_code, done.stdout) == (2, "")
        assert said in done.stderr
    assert reports(widgets) == []


def test_half_a_report_is_not_posted(triage: Triage, widgets: Running, app: dict[str, str]):
    widgets.fake.faults.graphql_limit(reset_in=3600, times=-1)
    done = triage("report", "--repo", "octo/widgets", "--post", **app)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "nothing was posted" in done.stderr
    assert "lets it go on at" in done.stderr
    assert reports(widgets) == []


@pytest.mark.parametrize("part", [("--section", "answered"), ("--limit", "3")])
def test_a_part_of_a_report_is_not_posted(triage: Triage, widgets: Running, app: dict[str, str], part: tuple[str, str]):
    done = triage("report", "--repo", "octo/widgets", "--post", *part, **app)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "leave out --section and --limit" in done.stderr
    assert reports(widgets) == []


@pytest.mark.parametrize("given", [("--from", "issues.json"), ("--repo", "octo/widgets")])
def test_posting_needs_the_app_and_a_repository(triage: Triage, widgets: Running, given: tuple[str, str]):
    known = {"GITHUB_TOKEN": widgets.fake.personal_token("maya"), "GITHUB_API_URL": widgets.url}
    done = triage("report", *given, "--post", **known)
    assert done.exit_code == 2
    assert "--post" in done.stderr
