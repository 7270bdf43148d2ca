"""Actions become calls: as few as can be, safe to repeat, with every name quoted."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar

import pytest

from bot.github.app import Installation
from bot.github.errors import Forbidden, GitHubError, LimitReached, NotFound, Rejected, Unavailable
from bot.triage.issue import Repository
from bot.triage.plan import (
    REQUEST_MARKER,
    Action,
    AddLabels,
    Close,
    CreateLabel,
    EditRequest,
    PostRequest,
    React,
    Remember,
    RemoveLabel,
    Reopen,
)
from tests.bot.github.conftest import APP_ID
from tests.bot.github.scripted import Reply, ScriptedServer

WHY = "a test says so"
HELLO = "/repos/octo/hello"
EDIT = EditRequest(because=WHY, comment_id=5, node_id="IC_old", body="Thanks", resolved=True)


def test_a_new_issue_costs_two_writes_and_no_read(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(f"POST {HELLO}/issues/1/labels", Reply([]))
    server.on(f"POST {HELLO}/issues/1/comments", Reply({"id": 5, "node_id": "IC_5"}, 201))
    installation.writer.perform(repo, 1, AddLabels(because=WHY, labels=("bug", "area: tür")))
    outcome = installation.writer.perform(repo, 1, PostRequest(because=WHY, body=f"{REQUEST_MARKER} Ünïcode 🎉"))
    assert (outcome.comment_id, outcome.node_id) == (5, "IC_5")
    assert server.lines() == [f"POST {HELLO}/issues/1/labels", f"POST {HELLO}/issues/1/comments"]
    labels, comment = server.asked[-2:]
    assert labels.body == {"labels": ["bug", "area: tür"]}
    assert comment.body == {"body": f"{REQUEST_MARKER} Ünïcode 🎉"}


@pytest.mark.parametrize(
    ("label", "quoted"),
    [
        ("bug", "bug"),
        ("kind/bug", "kind%2Fbug"),
        ("good first issue", "good%20first%20issue"),
        ("100%?#&+", "100%25%3F%23%26%2B"),
        ("🐛 bug", "%F0%9F%90%9B%20bug"),
        ("...", "..."),
    ],
)
def test_a_label_is_removed_whatever_its_name(
    server: ScriptedServer, installation: Installation, repo: Repository, label: str, quoted: str
):
    server.on(f"DELETE {HELLO}/issues/1/labels/{quoted}", Reply([]))
    assert installation.writer.perform(repo, 1, RemoveLabel(because=WHY, label=label)).changed
    assert server.lines() == [f"DELETE {HELLO}/issues/1/labels/{quoted}"]


@pytest.mark.parametrize("label", ["", ".", ".."])
def test_a_label_that_would_name_all_labels_is_left_alone(
    server: ScriptedServer, installation: Installation, repo: Repository, label: str
):
    outcome = installation.writer.perform(repo, 1, RemoveLabel(because=WHY, label=label))
    assert outcome.warning
    assert server.asked == []


def test_a_label_that_is_not_there_is_removed_already(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    outcome = installation.writer.perform(repo, 1, RemoveLabel(because=WHY, label="bug"))
    assert not outcome.changed


def test_a_label_is_created_with_its_looks(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(f"POST {HELLO}/labels", Reply({}, 201))
    action = CreateLabel(because=WHY, name="needs-info", color="#D93F0B", description="Waits for its author")
    assert installation.writer.perform(repo, 1, action).changed
    assert server.asked[-1].body == {
        "name": "needs-info",
        "color": "D93F0B",
        "description": "Waits for its author",
    }


def test_a_label_that_exists_is_created_already(server: ScriptedServer, installation: Installation, repo: Repository):
    errors = [{"resource": "Label", "code": "already_exists", "field": "name"}]
    server.on(f"POST {HELLO}/labels", Reply({"message": "Validation Failed", "errors": errors}, 422))
    outcome = installation.writer.perform(repo, 1, CreateLabel(because=WHY, name="bug", color="d73a4a"))
    assert not outcome.changed


def test_a_label_that_github_does_not_like_is_rejected(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    errors = [{"resource": "Label", "code": "invalid", "field": "color"}]
    server.on(f"POST {HELLO}/labels", Reply({"message": "Validation Failed", "errors": errors}, 422))
    with pytest.raises(Rejected, match="Validation Failed"):
        installation.writer.perform(repo, 1, CreateLabel(because=WHY, name="bug", color="red"))


def test_a_created_label_is_known_from_then_on(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(f"GET {HELLO}/labels", Reply([{"name": "bug"}]), Reply([{"name": "bug"}, {"name": "Needs-Info"}]))
    server.on(f"POST {HELLO}/labels", Reply({}, 201))
    assert installation.reader.labels(repo) == {"bug": "bug"}
    installation.writer.perform(repo, 1, CreateLabel(because=WHY, name="Needs-Info", color="d93f0b"))
    assert installation.reader.labels(repo) == {"bug": "bug", "needs-info": "Needs-Info"}


def test_an_edit_resolves_and_minimises(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(f"PATCH {HELLO}/issues/comments/5", Reply({"id": 5, "node_id": "IC_5"}))
    server.on("POST /graphql", Reply({"data": {"minimizeComment": {"minimizedComment": {"isMinimized": True}}}}))
    outcome = installation.writer.perform(repo, 1, EDIT)
    assert (outcome.comment_id, outcome.node_id, outcome.warning) == (5, "IC_5", "")
    edit, minimise = server.asked[-2:]
    assert edit.body == {"body": "Thanks"}
    assert "minimizeComment" in minimise.body["query"]
    assert minimise.body["variables"] == {"id": "IC_5"}


def test_a_request_that_asks_again_is_shown_again(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(f"PATCH {HELLO}/issues/comments/5", Reply({"id": 5}))
    server.on("POST /graphql", Reply({"data": {}}))
    again = EditRequest(because=WHY, comment_id=5, node_id="IC_old", body="Please", reopened=True)
    assert installation.writer.perform(repo, 1, again).node_id == "IC_old"
    assert "unminimizeComment" in server.asked[-1].body["query"]
    assert server.asked[-1].body["variables"] == {"id": "IC_old"}


def test_an_edit_alone_needs_no_graphql(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(f"PATCH {HELLO}/issues/comments/5", Reply({"id": 5}))
    installation.writer.perform(repo, 1, EditRequest(because=WHY, comment_id=5, node_id="", body="Less"))
    assert server.lines() == [f"PATCH {HELLO}/issues/comments/5"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"message": "Not Found"}, 404),
        Reply({"data": None, "errors": [{"type": "FORBIDDEN", "message": "Resource not accessible"}]}),
        Reply({"message": "secondary rate limit"}, 403, {"Retry-After": "600"}),
    ],
    ids=["no GraphQL here", "not allowed", "limited for long"],
)
def test_minimising_is_left_out_where_it_cannot_be_done_soon(
    server: ScriptedServer,
    installation: Installation,
    repo: Repository,
    reply: Reply,
    caplog: pytest.LogCaptureFixture,
):
    server.on(f"PATCH {HELLO}/issues/comments/5", Reply({"id": 5, "node_id": "IC_5"}))
    server.on("POST /graphql", reply)
    with caplog.at_level(logging.WARNING):
        outcome = installation.writer.perform(repo, 1, EDIT)
    assert outcome.changed
    assert "minimize_comment" in outcome.warning
    assert "minimize_comment" in caplog.text


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply({"message": "secondary rate limit"}, 403, {"Retry-After": "60"}), LimitReached),
        (Reply(raw=b"<html>", status=502), Unavailable),
        (Reply(ending="drop"), Unavailable),
    ],
    ids=["limited", "down", "lost"],
)
def test_else_the_whole_edit_is_done_again_later(
    server: ScriptedServer, installation: Installation, repo: Repository, reply: Reply, error: type[GitHubError]
):
    server.on(f"PATCH {HELLO}/issues/comments/5", Reply({"id": 5, "node_id": "IC_5"}))
    server.on("POST /graphql", reply)
    with pytest.raises(error):
        installation.writer.perform(repo, 1, EDIT)


def test_an_edit_of_a_deleted_comment_says_so(server: ScriptedServer, installation: Installation, repo: Repository):
    with pytest.raises(NotFound):
        installation.writer.perform(repo, 1, EDIT)
    assert server.lines() == [f"PATCH {HELLO}/issues/comments/5"]


@pytest.mark.parametrize(("status", "changed"), [(201, True), (200, False), (404, False)])
def test_a_reaction_is_given_once_and_not_to_a_deleted_comment(
    server: ScriptedServer, installation: Installation, repo: Repository, status: int, changed: bool
):
    server.on(f"POST {HELLO}/issues/comments/5/reactions", Reply({"id": 1}, status))
    action = React(because=WHY, comment_id=5, content="+1")
    assert installation.writer.perform(repo, 1, action).changed is changed
    assert server.asked[-1].body == {"content": "+1"}


@pytest.mark.parametrize(
    ("action", "body"),
    [
        (Close(because=WHY), {"state": "closed", "state_reason": "not_planned"}),
        (Close(because=WHY, reason="completed"), {"state": "closed", "state_reason": "completed"}),
        (Reopen(because=WHY), {"state": "open"}),
    ],
)
def test_closing_gives_its_reason_and_reopening_needs_none(
    server: ScriptedServer, installation: Installation, repo: Repository, action: Action, body: dict[str, str]
):
    server.on(f"PATCH {HELLO}/issues/1", Reply({"number": 1}))
    installation.writer.perform(repo, 1, action)
    assert server.asked[-1].body == body


def test_remembering_is_none_of_githubs_business(server: ScriptedServer, installation: Installation, repo: Repository):
    assert not installation.writer.perform(repo, 1, Remember(because=WHY, skipped=True)).changed
    assert server.asked == []


def test_an_action_that_nobody_knows_is_a_mistake_in_the_program(installation: Installation, repo: Repository):
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Sing(Action):
        kind: ClassVar[str] = "sing"

    with pytest.raises(TypeError, match="sing"):
        installation.writer.perform(repo, 1, Sing(because=WHY))


@pytest.mark.parametrize(
    "action",
    [
        PostRequest(because=WHY, body="x" * 65_537),
        EditRequest(because=WHY, comment_id=5, node_id="", body="x" * 65_537),
    ],
)
def test_a_comment_longer_than_github_takes_is_a_mistake_in_the_program(
    server: ScriptedServer, installation: Installation, repo: Repository, action: Action
):
    with pytest.raises(ValueError, match="65536"):
        installation.writer.perform(repo, 1, action)
    assert server.asked == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply({"message": "Bad gateway"}, 502), Unavailable),
        (Reply({}, 201), Unavailable),
        (Reply(ending="drop"), Unavailable),
        (Reply({"message": "Unable to create comment because issue is locked."}, 403), Forbidden),
        (Reply({"message": "This issue was deleted"}, 410), NotFound),
    ],
    ids=["5xx", "no comment in the answer", "lost", "locked", "deleted"],
)
def test_a_comment_is_sent_once_whatever_becomes_of_it(
    server: ScriptedServer, installation: Installation, repo: Repository, reply: Reply, error: type[GitHubError]
):
    server.on(f"POST {HELLO}/issues/1/comments", reply)
    with pytest.raises(error):
        installation.writer.perform(repo, 1, PostRequest(because=WHY, body="Hello"))
    assert server.lines() == [f"POST {HELLO}/issues/1/comments"]


def remark(id_: int, login: str, body: str, *, app: int | None = None, kind: str = "Bot") -> dict[str, object]:
    return {
        "id": id_,
        "user": {"login": login, "type": kind},
        "body": body,
        "created_at": "2026-01-01T00:00:00Z",
        "performed_via_github_app": app and {"id": app},
    }


def test_the_request_is_found_only_in_the_apps_own_words(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    comments = [
        remark(1, "mallory", REQUEST_MARKER, kind="User"),
        remark(2, "mallory", REQUEST_MARKER, kind="User", app=APP_ID),
        remark(3, "other-bot[bot]", REQUEST_MARKER, app=99),
        remark(4, "triage-bot[bot]", "no marker", app=APP_ID),
        remark(5, "triage-bot[bot]", f"{REQUEST_MARKER}\nfirst", app=APP_ID),
        remark(6, "triage-bot[bot]", f"{REQUEST_MARKER}\nsecond", app=APP_ID),
    ]
    server.on(f"GET {HELLO}/issues/1/comments", Reply(comments))
    found = installation.writer.find_request(repo, 1)
    assert found is not None
    assert found.id == 5


def test_the_request_is_found_by_login_where_the_host_names_no_app(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    server.on(f"GET {HELLO}/issues/1/comments", Reply([remark(5, "triage-bot[bot]", REQUEST_MARKER)]))
    assert installation.writer.find_request(repo, 1) is not None


def test_no_more_pages_are_read_than_needed(server: ScriptedServer, installation: Installation, repo: Repository):
    more = {"Link": f'<{server.url}{HELLO}/issues/1/comments?page=2>; rel="next"'}
    server.on(f"GET {HELLO}/issues/1/comments", Reply([remark(5, "triage-bot[bot]", REQUEST_MARKER)], headers=more))
    assert installation.writer.find_request(repo, 1) is not None
    assert len(server.lines()) == 1


def test_without_a_request_all_pages_are_read(server: ScriptedServer, installation: Installation, repo: Repository):
    more = {"Link": f'<{server.url}{HELLO}/issues/1/comments?page=2>; rel="next"'}
    server.on(
        f"GET {HELLO}/issues/1/comments", Reply([remark(1, "someone", "hi")], headers=more), Reply([{"id": "odd"}])
    )
    assert installation.writer.find_request(repo, 1) is None
    assert len(server.lines()) == 2
