"""Exports of issues: every form there is, broken ones, and what each leaves untold."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bot.github.exports import Export, ExportError, threads
from bot.issuebash.thread import Thread

GH: dict[str, Any] = {
    "number": 7,
    "title": "Crash",
    "body": "It crashes.",
    "author": {"login": "ann", "is_bot": False},
    "createdAt": "2026-01-02T03:04:05Z",
    "updatedAt": "2026-02-02T03:04:05Z",
    "closedAt": None,
    "state": "OPEN",
    "stateReason": "",
    "labels": [{"name": "bug"}],
    "assignees": [{"login": "nico"}],
    "milestone": {"title": "3.0"},
    "reactionGroups": [
        {"content": "HEART", "users": {"totalCount": 2}},
        {"content": "EYES", "users": {"totalCount": 1}},
    ],
    "isPinned": True,
    "url": "https://github.com/octo/widgets/issues/7",
    "comments": [
        {
            "author": {"login": "app/ci", "is_bot": True},
            "authorAssociation": "NONE",
            "body": "beep",
            "createdAt": "2026-01-05T00:00:00Z",
            "url": "https://github.com/octo/widgets/issues/7#issuecomment-22",
        },
        {
            "author": {"login": "maya"},
            "authorAssociation": "MEMBER",
            "body": "Which version?",
            "createdAt": "2026-01-03T00:00:00Z",
            "url": "https://github.com/octo/widgets/issues/7#issuecomment-11",
        },
    ],
}
REST: dict[str, Any] = {
    "number": 8,
    "title": "Wish",
    "body": None,
    "user": {"login": "ben", "type": "User"},
    "author_association": "NONE",
    "created_at": "2026-01-02T03:04:05Z",
    "updated_at": "2026-02-02T03:04:05Z",
    "closed_at": "2026-02-02T03:04:05Z",
    "state": "closed",
    "state_reason": "not_planned",
    "labels": [],
    "assignees": [],
    "milestone": None,
    "comments": 4,
    "reactions": {"total_count": 3},
    "sub_issues_summary": {"total": 3, "completed": 1},
    "html_url": "https://github.com/octo/widgets/issues/8",
    "url": "https://api.github.com/repos/octo/widgets/issues/8",
}


def read(folder: Path, content: str | bytes, name: str = "issues.json") -> tuple[list[Thread], Export]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    export = Export(name)
    return list(threads(path, export)), export


def test_what_gh_lists_is_read_in_full(tmp_path: Path):
    (found,), export = read(tmp_path, json.dumps([GH]))
    issue = found.issue
    assert (issue.number, issue.state, issue.author.login, issue.milestone) == (7, "open", "ann", "3.0")
    assert (issue.reactions, issue.assignees, found.pinned, found.comments_total) == (3, ("nico",), True, 2)
    assert [(one.id, one.author.login, one.author.is_bot) for one in issue.comments] == [
        (11, "maya", False),
        (22, "ci[bot]", True),
    ]
    assert issue.comments[0].author.is_maintainer
    assert found.url == "https://github.com/octo/widgets/issues/7"
    assert export.repository == "octo/widgets"
    assert set(export.known or ()) == {"assignees", "associations", "comments", "milestone", "pinned", "reactions"}


def test_what_rest_lists_tells_no_comments(tmp_path: Path):
    (found,), export = read(tmp_path, json.dumps([REST]))
    issue = found.issue
    assert (issue.state, issue.state_reason, issue.body, issue.reactions) == ("closed", "not_planned", "", 3)
    assert (found.open_sub_issues, found.comments_total) == (2, 4)
    assert found.url == "https://github.com/octo/widgets/issues/8"
    assert set(export.known or ()) == {"assignees", "associations", "milestone", "reactions", "sub_issues"}


def test_an_issue_without_comments_tells_that_it_has_none(tmp_path: Path):
    _, export = read(tmp_path, json.dumps([REST | {"comments": 0}]))
    assert export.known is not None
    assert "comments" in export.known


def test_only_what_every_issue_tells_is_known(tmp_path: Path):
    bare = {key: GH[key] for key in ("number", "title", "createdAt", "state", "comments")} | {"number": 9}
    _, export = read(tmp_path, json.dumps([GH, bare]))
    assert set(export.known or ()) == {"associations", "comments"}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([GH, REST]),
        json.dumps([GH]) + json.dumps([REST]),
        json.dumps([GH]) + "\n" + json.dumps([REST]),
        json.dumps(GH) + "\n\n" + json.dumps(REST) + "\n",
        "\n  " + json.dumps([GH, REST]),
    ],
    ids=["array", "arrays-run-together", "arrays-on-lines", "lines", "blank-start"],
)
def test_every_form_gives_the_same_issues(tmp_path: Path, content: str):
    for packed in (content.encode(), gzip.compress(content.encode())):
        found, _ = read(tmp_path, packed)
        assert [one.number for one in found] == [7, 8]


def test_pull_requests_are_passed_over(tmp_path: Path):
    found, export = read(tmp_path, json.dumps([GH, REST | {"pull_request": {}}]))
    assert ([one.number for one in found], export.left_out) == ([7], 0)


def test_records_that_are_no_issues_are_told_and_left_out(tmp_path: Path):
    lines = [json.dumps(GH), "{broken", json.dumps({"number": 3}), json.dumps({"number": 4, "title": "x"}), "17"]
    found, export = read(tmp_path, "\n".join(lines), "issues.jsonl")
    assert [one.number for one in found] == [7]
    assert export.left_out == 4
    assert export.problems == [
        "issues.jsonl, line 2: no issue: it has no number or no title",
        "issues.jsonl, line 3: no issue: it has no number or no title",
        "issues.jsonl, line 4: issue 4 does not tell when it was filed (created_at or createdAt)",
        "issues.jsonl, line 5: no issue: it has no number or no title",
    ]


def test_of_very_many_problems_the_first_are_told(tmp_path: Path):
    _, export = read(tmp_path, json.dumps([GH, *({} for _ in range(99))]))
    assert (export.left_out, len(export.problems)) == (99, 20)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no issue"),
        (b"[]", "holds no issue"),
        (b'{"message": "Not Found"}', "no number or no title"),
        (b"hello", "neither a JSON array nor a JSON object a line"),
        (b"[1, 2", "is no JSON that is understood"),
        (gzip.compress(b"[]")[:12], "cannot be read"),
    ],
)
def test_another_kind_of_file_is_refused_in_plain_words(tmp_path: Path, content: bytes, said: str):
    with pytest.raises(ExportError, match=said):
        read(tmp_path, content)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(ExportError, match=r"nowhere\.json cannot be read: No such file"):
        list(threads(tmp_path / "nowhere.json", Export("nowhere.json")))


def test_a_comment_without_a_time_or_an_address_does_no_harm(tmp_path: Path):
    comments = [{"body": "x"}, {"author": None, "body": "y", "createdAt": "2026-01-03T00:00:00Z", "id": "IC_x"}]
    (found,), _ = read(tmp_path, json.dumps([GH | {"comments": comments}]))
    assert [(one.id, one.author.login, one.body) for one in found.issue.comments] == [(0, "ghost", "y")]
