"""Exports of issues: every form there is, broken ones, and what each leaves untold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.github.exports import Export, threads
from bot.issuebash.thread import EVERYTHING, Thread

GH: dict[str, Any] = {
    "assignees": [{"id": "MDQ6VXNlcjE=", "login": "nico", "name": "Nico", "databaseId": 1}],
    "author": {"id": "MDQ6VXNlcjI=", "is_bot": False, "login": "ann", "name": "Ann"},
    "body": "It crashes.",
    "closedAt": None,
    "comments": [
        {
            "id": "IC_kwDOABII585cZZbz",
            "author": {"login": "github-actions"},
            "authorAssociation": "NONE",
            "body": "beep",
            "createdAt": "2026-01-05T00:00:00Z",
            "includesCreatedEdit": False,
            "isMinimized": False,
            "minimizedReason": "",
            "reactionGroups": [],
            "url": "https://github.com/octo/widgets/issues/7#issuecomment-22",
            "viewerDidAuthor": False,
        },
        {
            "id": "IC_kwDOABII585cZZbm",
            "author": {"login": "maya"},
            "authorAssociation": "MEMBER",
            "body": "Which version?",
            "createdAt": "2026-01-03T00:00:00Z",
            "includesCreatedEdit": False,
            "isMinimized": False,
            "minimizedReason": "",
            "reactionGroups": [],
            "url": "https://github.com/octo/widgets/issues/7#issuecomment-11",
            "viewerDidAuthor": False,
        },
    ],
    "createdAt": "2026-01-02T03:04:05Z",
    "isPinned": True,
    "labels": [{"id": "LA_kwDOABII58", "name": "bug", "description": "", "color": "d73a4a"}],
    "milestone": {"number": 4, "title": "3.0", "description": "", "dueOn": None},
    "number": 7,
    "reactionGroups": [
        {"content": "HEART", "users": {"totalCount": 2}},
        {"content": "EYES", "users": {"totalCount": 1}},
    ],
    "state": "OPEN",
    "stateReason": "",
    "title": "Crash",
    "updatedAt": "2026-02-02T03:04:05Z",
    "url": "https://github.com/octo/widgets/issues/7",
}
"""As `gh issue list --json …` prints it."""
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
    "locked": False,
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
        (22, "github-actions[bot]", True),
    ]
    assert issue.comments[0].author.is_maintainer
    assert found.url == "https://github.com/octo/widgets/issues/7"
    assert export.repository == "octo/widgets"
    assert export.known == EVERYTHING - {"events", "links", "locked", "sub_issues"}
    assert not export.tells_bots


def test_what_rest_lists_tells_no_comments(tmp_path: Path):
    (found,), export = read(tmp_path, json.dumps([REST]))
    issue = found.issue
    assert (issue.state, issue.state_reason, issue.body, issue.reactions) == ("closed", "not_planned", "", 3)
    assert (found.open_sub_issues, found.comments_total) == (2, 4)
    assert found.url == "https://github.com/octo/widgets/issues/8"
    assert export.known == EVERYTHING - {"comments", "events", "links", "pinned"}
    assert export.tells_bots


def test_an_issue_without_comments_tells_that_it_has_none(tmp_path: Path):
    _, export = read(tmp_path, json.dumps([REST | {"comments": 0}]))
    assert export.known is not None
    assert "comments" in export.known


def test_only_what_every_issue_tells_is_known(tmp_path: Path):
    bare = {key: GH[key] for key in ("number", "title", "createdAt", "state", "comments")} | {"number": 9}
    _, export = read(tmp_path, json.dumps([GH, bare]))
    assert set(export.known or ()) == {"associations", "comments"}


# Bots.


def comment(login: str, **more: object) -> dict[str, Any]:
    return {**GH["comments"][1], "author": {"login": login} | more}


@pytest.mark.parametrize("login", ["dependabot", "CLAassistant", "k8s-ci-robot", "our-bot", "ci[bot]", "app/ci"])
def test_bots_are_known_by_their_names_where_nothing_marks_them(tmp_path: Path, login: str):
    (found,), _ = read(tmp_path, json.dumps([GH | {"comments": [comment(login)]}]))
    assert found.issue.comments[0].author.is_bot


@pytest.mark.parametrize(
    "marked",
    [
        {"author": {"is_bot": True, "login": "app/our-helper"}},
        {"author": {"is_bot": True, "login": "our-helper"}},
        {"author": {"login": "Our-Helper[bot]"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("end", ["", "\n"], ids=["array", "lines"])
def test_who_is_marked_as_a_bot_anywhere_is_one_everywhere(tmp_path: Path, marked: dict[str, Any], end: str):
    records = [GH | {"comments": [comment("our-helper")]}, GH | {"number": 9} | marked]
    found, _ = read(tmp_path, end.join(map(json.dumps, records)) if end else json.dumps(records))
    assert found[0].issue.comments[0].author.login == "our-helper[bot]"
    assert found[1].issue.author.is_bot


def test_nobody_is_made_a_bot_by_what_people_write(tmp_path: Path):
    body = 'My export has {"login": "app/ann"} and "login": "maya[bot]".'
    (found,), _ = read(tmp_path, json.dumps([GH | {"body": body, "comments": [comment("maya")]}]))
    assert not found.issue.author.is_bot
    assert not found.issue.comments[0].author.is_bot


def test_who_is_told_to_be_a_person_is_one(tmp_path: Path):
    told = [comment("sam-bot", type="User"), comment("kim-bot", is_bot=False)]
    (found,), export = read(tmp_path, json.dumps([GH | {"comments": told}]))
    assert not any(one.author.is_bot for one in found.issue.comments)
    assert export.tells_bots


# What is missing.


def has_gap(thread: Thread) -> bool:
    return thread.comments_total > len(thread.issue.comments)


@pytest.mark.parametrize(("count", "total"), [(99, 99), (100, 101), (101, 101)])
def test_of_a_hundred_comments_nobody_knows_whether_they_are_all(tmp_path: Path, count: int, total: int):
    (found,), export = read(tmp_path, json.dumps([GH | {"comments": GH["comments"][:1] * count}]))
    assert found.comments_total == total
    assert has_gap(found) == ("comments" not in found.known) == (export.cut == 1) == (count == 100)
    assert "comments" in (export.known or ())


def without(record: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in keys}


def test_nobody_guesses_whether_an_issue_is_open(tmp_path: Path):
    records = [without(GH, "state"), GH | {"number": 8, "state": "MERGED"}, without(GH, "state") | {"closed": False}]
    (found,), export = read(tmp_path, json.dumps(records))
    assert found.issue.state == "open"
    assert export.problems == [
        f"issues.json, record {place}: issue {number} does not tell whether it is open (state)"
        for place, number in ((1, 7), (2, 8))
    ]


def test_a_closing_without_a_time_was_no_later_than_the_last_change(tmp_path: Path):
    closed = without(GH, "closedAt") | {"state": "CLOSED"}
    (found,), export = read(tmp_path, json.dumps([closed, without(closed, "updatedAt")]))
    assert found.issue.closed_at == found.issue.updated_at == datetime(2026, 2, 2, 3, 4, 5, tzinfo=UTC)
    assert export.closed_by_change == 1
    assert export.problems == [
        "issues.json, record 2: issue 7 does not tell when it was closed (closed_at or closedAt)"
    ]


def test_what_keeps_issues_out_and_is_not_told_is_known_as_such(tmp_path: Path):
    _, export = read(tmp_path, json.dumps([without(GH, "labels", "milestone", "isPinned")]))
    assert not {"labels", "milestone", "pinned", "locked", "sub_issues"} & (export.known or EVERYTHING)


# One bad record.


@pytest.mark.parametrize(
    ("key", "value"),
    [("comments", "many"), ("comments", None), ("labels", "bug"), ("labels", None), ("milestone", "3.0"),
     ("isPinned", "yes"), ("body", 7), ("author", "ann")],
)  # fmt: skip
def test_one_bad_record_switches_nothing_off(tmp_path: Path, key: str, value: object):
    found, export = read(tmp_path, json.dumps([GH, GH | {"number": 9, key: value}]))
    assert [one.number for one in found] == [7]
    assert {"comments", "labels"} <= (export.known or frozenset())
    said = f"issues.json, record 2: issue 9 has something else in `{key}` than an export has there"
    assert export.problems == [said]


@pytest.mark.parametrize("number", [0, -1, 2**63, 7.5, "7", True, None])
def test_what_cannot_be_an_issues_number_is_none(tmp_path: Path, number: object):
    found, export = read(tmp_path, json.dumps([GH, GH | {"number": number}]))
    assert ([one.number for one in found], export.left_out) == ([7], 1)


def test_one_bad_comment_is_told_and_switches_nothing_off(tmp_path: Path):
    comments = [None, "x", without(GH["comments"][0], "createdAt"), *GH["comments"]]
    (found,), export = read(tmp_path, json.dumps([GH | {"comments": comments}]))
    assert len(found.issue.comments) == 2
    assert has_gap(found)
    assert {"comments", "associations"} <= (export.known or frozenset())
    assert export.problems[0] == ("issues.json, record 1, comment 1: no comment: it does not tell when it was written")
    assert export.left_out == 3


def test_issues_of_another_repository_replace_none_of_the_first(tmp_path: Path):
    other = GH | {"title": "Another", "url": "https://github.com/octo/gadgets/issues/7"}
    same = GH | {"number": 8, "url": "https://github.com/Octo/Widgets/issues/8"}
    found, export = read(tmp_path, json.dumps([GH, other, same]))
    assert [one.issue.title for one in found] == ["Crash", "Crash"]
    (said,) = export.problems
    assert said.endswith("issue 7 is of https://github.com/octo/gadgets, and those before are of " + export.page)


# Addresses.


@pytest.mark.parametrize(
    ("told", "page"),
    [
        ("https://api.github.com/repos/octo/widgets/issues/7", "https://github.com/octo/widgets"),
        ("https://git.example.com/api/v3/repos/octo/widgets/issues/7", "https://git.example.com/octo/widgets"),
        ("https://api.octo.ghe.com/repos/octo/widgets/issues/7", "https://octo.ghe.com/octo/widgets"),
        ("https://git.example.com:8443/octo/widgets/issues/7", "https://git.example.com:8443/octo/widgets"),
    ],
)
def test_the_page_of_an_issue_is_found(tmp_path: Path, told: str, page: str):
    records = [GH | {"url": told}, without(GH, "url") | {"number": 9}]
    found, export = read(tmp_path, json.dumps(records))
    assert [one.url for one in found] == [f"{page}/issues/7", f"{page}/issues/9"]
    assert (export.page, export.repository) == (page, "octo/widgets")


@pytest.mark.parametrize(
    "told", ["javascript:alert(1)//o/r/issues/7", "https://x/o/r/issues/7) | @maya", 'https://x"/o/r/issues/7', ""]
)
def test_what_is_no_address_of_an_issue_is_no_address(tmp_path: Path, told: str):
    (found,), export = read(tmp_path, json.dumps([GH | {"url": told}]))
    assert (found.url, export.repository) == ("", "")


def test_a_repository_may_be_called_pull(tmp_path: Path):
    records = [GH | {"url": "https://github.com/pull/pull/issues/7", "pull_request": None},
               GH | {"number": 8, "url": "https://github.com/pull/pull/pull/8"}]  # fmt: skip
    found, _ = read(tmp_path, json.dumps(records))
    assert [one.number for one in found] == [7]


# What is no export.


def test_pull_requests_are_passed_over(tmp_path: Path):
    found, export = read(tmp_path, json.dumps([GH, REST | {"pull_request": {}}]))
    assert ([one.number for one in found], export.left_out) == ([7], 0)


def test_records_that_are_no_issues_are_told_and_left_out(tmp_path: Path):
    lines = [json.dumps(GH), "{broken", json.dumps({"number": 3}), json.dumps({"number": 4, "title": "x"}), "17"]
    found, export = read(tmp_path, "\n".join(lines), "issues.jsonl")
    assert [one.number for one in found] == [7]
    assert export.left_out == 4
    assert export.problems == [
        "issues.jsonl, line 2: no JSON: unexpected character, expected a string key (column 2)",
        "issues.jsonl, line 3: no issue: it has no number or no title",
        "issues.jsonl, line 4: issue 4 does not tell when it was filed (created_at or createdAt)",
        "issues.jsonl, line 5: no issue: it has no number or no title",
    ]


def test_of_very_many_problems_the_first_are_told(tmp_path: Path):
    _, export = read(tmp_path, json.dumps([GH, *({} for _ in range(99))]))
    assert (export.left_out, len(export.problems)) == (99, 20)


def test_a_comment_without_an_address_does_no_harm(tmp_path: Path):
    comments = [{"author": None, "body": "y", "createdAt": "2026-01-03T00:00:00Z", "id": "IC_x"}]
    (found,), _ = read(tmp_path, json.dumps([GH | {"comments": comments}]))
    assert [(one.id, one.author.login, one.body) for one in found.issue.comments] == [(0, "ghost", "y")]
