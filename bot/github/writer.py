"""Carries out a Plan's actions, one by one; each may safely be carried out again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from bot.github import payloads
from bot.github.client import Client, Reply, path_of
from bot.github.errors import GitHubError, LimitReached, NotFound, Rejected, Unavailable
from bot.github.reader import Reader
from bot.triage.issue import Comment, Repository
from bot.triage.plan import (
    REQUEST_MARKER,
    Action,
    AddLabels,
    Close,
    CreateLabel,
    EditRequest,
    PostNotice,
    PostRequest,
    React,
    Remember,
    RemoveLabel,
    Reopen,
    RetractNotice,
)

LONGEST_COMMENT = 65_536
"""Characters."""
_NO_NAMES = frozenset({"", ".", ".."})
"""At the end of a path these mean the path itself: removing such a label would remove all."""
_SOON = timedelta(minutes=5)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an action. `changed` is False where it was so already."""

    changed: bool = True
    comment_id: int | None = None
    node_id: str = ""
    warning: str = ""
    """What could not be done beside the action itself; for the journal."""


class Writer:
    """Thread-safe. Raises GitHubError; after Unavailable a comment may be there: look by `find_request` first."""

    def __init__(self, client: Client, reader: Reader) -> None:
        self._client = client
        self._reader = reader

    def perform(self, repo: Repository, number: int, action: Action) -> Outcome:
        """Carries out one action on one issue."""
        outcome = Outcome()
        match action:
            case AddLabels():
                self._call("POST", repo, f"/issues/{number}/labels", {"labels": list(action.labels)})
            case PostRequest():
                outcome = self._post_comment(repo, number, action.body)
            case EditRequest():
                shown = "minimize_comment" if action.resolved else "unminimize_comment" if action.reopened else ""
                outcome = self._edit_comment(repo, action.comment_id, action.node_id, action.body, shown)
            case PostNotice():
                outcome = self._post_comment(repo, number, action.body)
            case RetractNotice():
                outcome = self._edit_comment(repo, action.comment_id, action.node_id, action.body, "minimize_comment")
            case RemoveLabel():
                outcome = self._remove_label(repo, number, action)
            case CreateLabel():
                outcome = self._create_label(repo, action)
            case React():
                outcome = self._react(repo, action)
            case Close():
                outcome = self._close(repo, number, action)
            case Reopen():
                self._call("PATCH", repo, f"/issues/{number}", {"state": "open"})
            case Remember():
                outcome = Outcome(changed=False)
            case _:
                raise TypeError(f"{action.kind}: no such action on GitHub")
        return outcome

    def find_request(self, repo: Repository, number: int) -> Comment | None:
        """The app's own first comment that carries the marker; nobody else's marker counts."""
        comments = self._reader.each_comment(repo, number)
        return next((found for found in comments if found.by_this_app and REQUEST_MARKER in found.body), None)

    def open_issue(self, repo: Repository, title: str, body: str, marker: str) -> int:
        """Opens an issue of the bot's own; one that is there already, with this marker, is taken instead. Its number.

        `marker` stands in `body`, and in no other issue's.
        """
        found = next((it for it in self._reader.own_issues(repo) if marker in it.body), None)
        if found is not None:
            return found.number
        reply = self._call("POST", repo, "/issues", {"title": title, "body": _fitting(body)}, content=True)
        number = payloads.number(payloads.mapping(reply.data).get("number"))
        if number is None:
            raise Unavailable("POST /issues: no issue in the answer", reply.status)
        return number

    def comment(self, repo: Repository, number: int, body: str, marker: str) -> int:
        """Writes a comment of the bot's own; one that is there already, with this marker, is taken instead. Its id."""
        comments = self._reader.each_comment(repo, number)
        found = next((it for it in comments if it.by_this_app and marker in it.body), None)
        if found is not None:
            return found.id
        return self._post_comment(repo, number, body).comment_id or 0

    def edit_comment(self, repo: Repository, comment_id: int, body: str) -> None:
        self._call("PATCH", repo, f"/issues/comments/{comment_id}", {"body": _fitting(body)}, content=True)

    def edit_issue(self, repo: Repository, number: int, body: str) -> None:
        """The text of an issue of the bot's own."""
        self._call("PATCH", repo, f"/issues/{number}", {"body": _fitting(body)}, content=True)

    def _create_label(self, repo: Repository, action: CreateLabel) -> Outcome:
        body = {"name": action.name, "color": action.color.lstrip("#"), "description": action.description}
        try:
            self._client.call("POST", f"{path_of(repo)}/labels", body, repo=repo, content=True)
        except Rejected as error:
            if "already_exists" not in error.codes:
                raise
            return Outcome(changed=False)
        finally:
            self._reader.labels_stale(repo)
        return Outcome()

    def _remove_label(self, repo: Repository, number: int, action: RemoveLabel) -> Outcome:
        if action.label in _NO_NAMES:
            return Outcome(changed=False, warning=f"a label called `{action.label}` cannot be named in a URL")
        try:
            self._call("DELETE", repo, f"/issues/{number}/labels/{quote(action.label, safe='')}")
        except NotFound:
            return Outcome(changed=False)
        return Outcome()

    def _close(self, repo: Repository, number: int, action: Close) -> Outcome:
        body = {"state": "closed", "state_reason": action.reason}
        reply = self._call("PATCH", repo, f"/issues/{number}", body)
        # Where a person was faster, it is theirs.
        closed_by = payloads.mapping(payloads.mapping(reply.data).get("closed_by"))
        return Outcome(changed=closed_by.get("type") in {None, "Bot"})

    def _post_comment(self, repo: Repository, number: int, body: str) -> Outcome:
        path = f"/issues/{number}/comments"
        reply = self._call("POST", repo, path, {"body": _fitting(body)}, content=True)
        data = payloads.mapping(reply.data)
        id_ = payloads.number(data.get("id"))
        if id_ is None:
            raise Unavailable(f"POST {path}: no comment in the answer", reply.status)
        return Outcome(comment_id=id_, node_id=payloads.text(data.get("node_id")))

    def _edit_comment(self, repo: Repository, comment_id: int, node_id: str, body: str, shown: str) -> Outcome:
        path = f"/issues/comments/{comment_id}"
        data = payloads.mapping(self._call("PATCH", repo, path, {"body": _fitting(body)}).data)
        node_id = payloads.text(data.get("node_id")) or node_id
        warning = self._show(node_id, shown) if shown else ""
        return Outcome(comment_id=comment_id, node_id=node_id, warning=warning)

    def _show(self, node_id: str, query: str) -> str:
        """Left out where it cannot be done soon: the comment's own words already say that it is settled."""
        try:
            self._client.graphql(_query(query), {"id": node_id})
        except Unavailable:
            raise
        except GitHubError as error:
            if isinstance(error, LimitReached) and error.until < datetime.now(UTC) + _SOON:
                raise
            _log.warning("%s left out: %s", query, error)
            return f"{query} left out: {error}"
        return ""

    def _react(self, repo: Repository, action: React) -> Outcome:
        path = f"/issues/comments/{action.comment_id}/reactions"
        try:
            reply = self._call("POST", repo, path, {"content": action.content}, content=True)
        except NotFound:
            return Outcome(changed=False)
        return Outcome(changed=reply.status == 201)

    def _call(
        self, verb: str, repo: Repository, path: str, body: Mapping[str, Any] | None = None, *, content: bool = False
    ) -> Reply:
        return self._client.call(verb, path_of(repo) + path, body, repo=repo, content=content)


def _fitting(body: str) -> str:
    if len(body) > LONGEST_COMMENT:
        raise ValueError(f"a comment of {len(body)} characters: GitHub takes {LONGEST_COMMENT}")
    return body


@cache
def _query(name: str) -> str:
    return (files("bot.github") / "queries" / f"{name}.graphql").read_text(encoding="utf-8")
