"""Writes a made-up repository as people export theirs: what `gh issue list --json …` gives, or that a line each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from bot.triage.issue import Actor, Comment
from tests.fakes.community.community import Community
from tests.fakes.community.draft import Made

_MOST_COMMENTS = 100


def write_gh(community: Community, path: Path) -> None:
    """One array."""
    with path.open("wb") as file:
        for place, record in enumerate(_records(community)):
            file.write(b"," if place else b"[")
            file.write(record)
        file.write(b"]\n")


def write_lines(community: Community, path: Path) -> None:
    with path.open("wb") as file:
        file.writelines(record + b"\n" for record in _records(community))


def _records(community: Community) -> Iterator[bytes]:
    return (orjson.dumps(_record(made), option=orjson.OPT_UTC_Z) for made in community.issues())


def _record(made: Made) -> dict[str, Any]:
    thread, issue = made.thread, made.thread.issue
    return {
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "author": {"id": "U_kgDOA", "is_bot": issue.author.is_bot, "login": _login(issue.author), "name": ""},
        "createdAt": issue.created_at,
        "updatedAt": issue.updated_at.replace(microsecond=0),
        "closedAt": None if issue.closed_at is None else issue.closed_at.replace(microsecond=0),
        "state": issue.state.upper(),
        "stateReason": issue.state_reason.upper(),
        "labels": [{"id": "LA_kwDOA", "name": name, "description": "", "color": "ededed"} for name in issue.labels],
        "assignees": [{"id": "U_kgDOA", "login": login, "name": ""} for login in issue.assignees],
        "milestone": {"number": 1, "title": issue.milestone, "description": "", "dueOn": None}
        if issue.milestone
        else None,
        "isPinned": thread.pinned,
        "reactionGroups": [{"content": "THUMBS_UP", "users": {"totalCount": issue.reactions}}],
        "comments": [_comment(one, thread.url) for one in issue.comments[:_MOST_COMMENTS]],
        "url": thread.url,
    }


def _comment(comment: Comment, url: str) -> dict[str, Any]:
    """Whether a bot wrote it is not told here, and its login lacks what tells it elsewhere."""
    return {
        "id": f"IC_kwDO{comment.id:x}",
        "author": {"login": comment.author.login.removesuffix("[bot]")},
        "authorAssociation": comment.author.association,
        "body": comment.body,
        "createdAt": comment.created_at,
        "includesCreatedEdit": False,
        "isMinimized": False,
        "minimizedReason": "",
        "reactionGroups": [],
        "url": f"{url}#issuecomment-{comment.id}",
        "viewerDidAuthor": False,
    }


def _login(author: Actor) -> str:
    return f"app/{author.login.removesuffix('[bot]')}" if author.is_bot else author.login
