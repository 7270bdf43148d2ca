"""Webhook payloads: believed only when signed, understood whether new, old or thin."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.events import parse_event, signature_matches
from bot.github.payloads import EPOCH
from bot.triage.issue import Actor

SECRET = b"It's a Secret to Everybody"
REPOSITORY = {
    "id": 1,
    "name": "hello",
    "full_name": "octo/hello",
    "html_url": "https://github.com/octo/hello",
    "default_branch": "trunk",
}
ISSUE = {
    "number": 3,
    "title": "Broken",
    "body": "It broke",
    "user": {"login": "ann", "type": "User"},
    "author_association": "NONE",
    "labels": [{"name": "bug"}, {"name": "Help wanted"}],
    "state": "open",
    "created_at": "2026-01-02T03:04:05Z",
    "updated_at": "2026-01-02T04:04:05+01:00",
}
COMMENT = {
    "id": 9,
    "node_id": "IC_9",
    "user": {"login": "bob", "type": "User"},
    "author_association": "MEMBER",
    "body": "/triage",
    "created_at": "2026-01-03T00:00:00Z",
}


def sign(body: bytes, secret: bytes = SECRET) -> str:
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def test_the_example_of_githubs_documentation_is_accepted():
    header = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signature_matches(SECRET, b"Hello, World!", header)


def test_what_postgresql_cannot_hold_is_dropped_from_a_text():
    issue = parse_event("issues", {"issue": ISSUE | {"title": "Bro\0ken", "body": "\0"}, "action": "opened"}).issue
    assert issue
    assert (issue.title, issue.body) == ("Broken", "")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        sign(b"another body"),
        sign(b"body", b"another secret"),
        sign(b"body").removeprefix("sha256="),
        sign(b"body").upper(),
        sign(b"body") + " ",
        sign(b"body")[:-1],
        "sha1=" + hmac.new(SECRET, b"body", hashlib.sha1).hexdigest(),
        "sha256=\udcff",
        "sha256=ü",
    ],
)
def test_any_other_signature_is_refused(header: str | None):
    assert signature_matches(SECRET, b"body", sign(b"body"))
    assert not signature_matches(SECRET, b"body", header)


def test_an_empty_secret_signs_nothing():
    assert not signature_matches(b"", b"body", sign(b"body", b""))


def test_an_opened_issue_is_read_whole():
    event = parse_event(
        "issues",
        {
            "action": "opened",
            "issue": {**ISSUE, "type": {"name": "Bug"}, "locked": True, "state_reason": "reopened"},
            "repository": REPOSITORY,
            "installation": {"id": 42},
            "sender": {"login": "ann", "type": "User"},
        },
    )
    assert (event.name, event.action, event.installation_id) == ("issues", "opened", 42)
    assert event.repository is not None
    assert (event.repository.full_name, event.repository.default_branch) == ("octo/hello", "trunk")
    issue = event.issue
    assert issue is not None
    assert event.issue_is_whole
    assert (issue.number, issue.title, issue.body, issue.author) == (3, "Broken", "It broke", Actor("ann"))
    assert (issue.labels, issue.type, issue.locked) == (("bug", "Help wanted"), "Bug", True)
    assert (issue.state, issue.state_reason) == ("open", "reopened")
    assert issue.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert issue.updated_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert not issue.is_pull_request
    assert not issue.transferred_in


def test_nulls_are_an_empty_body_and_a_deleted_account():
    event = parse_event("issues", {"issue": {**ISSUE, "body": None, "user": None, "type": None}, "sender": None})
    assert event.issue is not None
    assert (event.issue.body, event.issue.author.login, event.issue.type) == ("", "ghost", "")
    assert event.issue_is_whole
    assert event.sender.login == "ghost"


@pytest.mark.parametrize("absent", ["body", "user", "labels", "title", "created_at", "author_association", "state"])
def test_an_issue_that_lacks_something_must_be_read_again(absent: str):
    event = parse_event("issues", {"issue": {key: value for key, value in ISSUE.items() if key != absent}})
    assert event.issue is not None
    assert not event.issue_is_whole


def test_a_thin_issue_has_harmless_values():
    event = parse_event("issues", {"issue": {"number": 3}})
    assert event.issue is not None
    assert (event.issue.title, event.issue.labels, event.issue.created_at) == ("", (), EPOCH)
    assert event.repository is None


def test_labels_may_be_bare_names():
    event = parse_event("issues", {"issue": {"number": 3, "labels": ["bug", {"name": ""}, None, {"name": "ui"}]}})
    assert event.issue is not None
    assert event.issue.labels == ("bug", "ui")


def test_a_pull_request_is_told_from_an_issue():
    event = parse_event("issue_comment", {"issue": {**ISSUE, "pull_request": {"url": "x"}}, "comment": COMMENT})
    assert event.issue is not None
    assert event.issue.is_pull_request


def test_an_issue_that_was_transferred_here_says_so():
    payload = {"action": "opened", "issue": ISSUE, "changes": {"old_issue": {"number": 1}, "old_repository": {}}}
    event = parse_event("issues", payload)
    assert event.issue is not None
    assert event.issue.transferred_in


def test_a_comment_and_who_sent_it():
    event = parse_event("issue_comment", {"issue": ISSUE, "comment": COMMENT, "sender": {"login": "bob"}})
    assert event.comment is not None
    assert (event.comment.id, event.comment.node_id, event.comment.body) == (9, "IC_9", "/triage")
    assert event.comment.created_at == datetime(2026, 1, 3, tzinfo=UTC)
    assert event.sender.is_maintainer


def test_the_sender_is_not_taken_for_the_author():
    event = parse_event("issues", {"issue": {**ISSUE, "author_association": "OWNER"}, "sender": {"login": "eve"}})
    assert event.sender == Actor("eve")


def test_a_commit_comment_is_none_of_an_issue():
    assert parse_event("commit_comment", {"comment": COMMENT}).comment is None


@pytest.mark.parametrize(
    ("user", "via", "ours"),
    [
        ({"login": "bot[bot]", "type": "Bot"}, {"id": 7}, True),
        ({"login": "bot[bot]", "type": "Bot"}, {"id": 8}, False),
        ({"login": "bot[bot]", "type": "Bot"}, None, False),
        ({"login": "eve", "type": "User"}, {"id": 7}, False),
    ],
)
def test_a_comment_is_ours_only_if_this_app_wrote_it_as_itself(user: object, via: object, ours: bool):
    comment = {**COMMENT, "user": user, "performed_via_github_app": via}
    event = parse_event("issue_comment", {"issue": ISSUE, "comment": comment}, app_id=7)
    assert event.comment is not None
    assert event.comment.by_this_app is ours
    unknown = parse_event("issue_comment", {"issue": ISSUE, "comment": comment})
    assert unknown.comment is not None
    assert not unknown.comment.by_this_app


@pytest.mark.parametrize(
    ("user", "is_bot"),
    [
        ({"login": "x", "type": "Bot"}, True),
        ({"login": "x[bot]"}, True),
        ({"login": "x", "type": "User"}, False),
        ({"login": "x"}, False),
    ],
)
def test_bots_are_recognised_in_old_payloads_too(user: object, is_bot: bool):
    assert parse_event("issues", {"sender": user}).sender.is_bot is is_bot


def test_an_edited_label_tells_its_former_name():
    renamed = parse_event(
        "label", {"action": "edited", "label": {"name": "new"}, "changes": {"name": {"from": "old"}, "color": {}}}
    )
    assert (renamed.label, renamed.renamed_from) == ("new", "old")


def test_a_renamed_repository_tells_its_former_name():
    changes = {"repository": {"name": {"from": "old"}}}
    event = parse_event("repository", {"action": "renamed", "repository": REPOSITORY, "changes": changes})
    assert event.renamed_from == "old"


def push(**more: Any) -> dict[str, Any]:
    commits = [
        {"added": ["a.md"], "removed": [], "modified": [".github/triage.yml"]},
        {"added": [], "removed": ["b.md"], "modified": []},
    ]
    return {"ref": "refs/heads/feature/x", "commits": commits, "repository": REPOSITORY, **more}


def test_a_push_tells_its_branch_and_what_it_touched():
    event = parse_event("push", push())
    assert event.branch == "feature/x"
    assert event.paths == frozenset({"a.md", "b.md", ".github/triage.yml"})


@pytest.mark.parametrize(
    "more",
    [
        {"forced": True},
        {"commits": []},
        {"commits": None},
        {"commits": [{"id": "thin"}]},
        {"commits": [{"added": [], "removed": [], "modified": []}] * 2048},
    ],
    ids=["forced", "no commits", "null", "without lists", "perhaps cut"],
)
def test_a_push_that_may_hide_something_tells_no_paths(more: dict[str, Any]):
    assert parse_event("push", push(**more)).paths is None


def test_a_tag_is_no_branch():
    assert parse_event("push", push(ref="refs/tags/main")).branch == ""


def test_an_old_push_names_its_repository_in_old_ways():
    old = {"id": 1, "name": "hello", "owner": {"login": "octo"}, "master_branch": "master", "created_at": 1}
    event = parse_event("push", push(repository=old))
    assert event.repository is not None
    assert (event.repository.full_name, event.repository.default_branch) == ("octo/hello", "master")


def test_installing_and_uninstalling_list_repositories():
    brief = {"id": 5, "name": "tools", "full_name": "octo/tools", "private": False}
    installation = {"id": 42, "app_id": 7, "account": {"html_url": "https://ghe.example/octo"}}
    payload = {"action": "created", "installation": installation, "repositories": [brief, {"id": None}]}
    created = parse_event("installation", payload)
    assert [repository.html_url for repository in created.repositories_added] == ["https://ghe.example/octo/tools"]
    deleted = parse_event("installation", {**payload, "action": "deleted"})
    assert (deleted.repositories_added, len(deleted.repositories_removed)) == ((), 1)
    more = {"installation": {"id": 42}, "repositories_added": [brief], "repositories_removed": [brief]}
    changed = parse_event("installation_repositories", more)
    assert changed.repositories_added == changed.repositories_removed
    assert changed.repositories_added[0].html_url == "https://github.com/octo/tools"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    *("action", "issue", "comment", "repository", "repositories", "installation", "sender", "changes", "commits"),
    *("label", "ref", "id", "number", "name", "full_name", "user", "labels", "created_at", "from", "added"),
)


@given(
    st.sampled_from(["issues", "issue_comment", "push", "installation", "ping", ""]),
    st.dictionaries(
        st.sampled_from(KEYS), JSON | st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6), max_size=10
    ),
)
def test_no_json_object_is_too_odd(name: str, payload: dict[str, Any]):
    assert parse_event(name, payload).name == name


@pytest.mark.parametrize(
    ("told", "understood"),
    [
        ("2026-01-02T03:04:05.678Z", datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (1767323045, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("yesterday", EPOCH),
        (10**30, EPOCH),
        (True, EPOCH),
        (None, EPOCH),
        ("0001-01-01T00:00:00+23:00", EPOCH),
    ],
)
def test_times_are_understood_or_left_out(told: object, understood: datetime):
    event = parse_event("issues", {"issue": {"number": 1, "created_at": told}})
    assert event.issue is not None
    assert event.issue.created_at == understood
