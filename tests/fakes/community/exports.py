"""Writes a made-up repository as people export theirs: `gh issue list --json …`, or a JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from bot.triage.issue import Actor
from tests.fakes.community.community import Community
from tests.fakes.community.draft import Made


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
        "author": _author(issue.author),
        "createdAt": issue.created_at,
        "updatedAt": issue.updated_at.replace(microsecond=0),
        "closedAt": None if issue.closed_at is None else issue.closed_at.replace(microsecond=0),
        "state": issue.state.upper(),
        "stateReason": issue.state_reason.upper(),
        "labels": [{"name": name} for name in issue.labels],
        "assignees": [{"login": login} for login in issue.assignees],
        "milestone": {"title": issue.milestone} if issue.milestone else None,
        "isPinned": thread.pinned,
        "reactionGroups": [{"content": "THUMBS_UP", "users": {"totalCount": issue.reactions}}],
        "comments": [
            {
                "author": _author(one.author),
                "authorAssociation": one.author.association,
                "body": one.body,
                "createdAt": one.created_at,
                "url": f"{thread.url}#issuecomment-{one.id}",
            }
            for one in issue.comments
        ],
        "url": thread.url,
    }


def _author(actor: Actor) -> dict[str, Any]:
    return {
        "login": f"app/{actor.login.removesuffix('[bot]')}" if actor.is_bot else actor.login,
        "is_bot": actor.is_bot,
    }
