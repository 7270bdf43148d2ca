"""GitHub's JSON for issues, comments, people and repositories into our words; pure, and tolerant of what is absent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from bot.triage.issue import Actor, Change, Comment, Issue, Repository

EPOCH = datetime.fromtimestamp(0, UTC)
"""Stands for a time that a thin payload does not tell."""

GHOST = Actor("ghost")
"""Whom GitHub shows for a deleted account; its JSON says null."""

_NOTHING: Mapping[str, Any] = {}


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def items(value: object) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """The value if it is a string, else an empty one; without NULs, which PostgreSQL's texts cannot hold."""
    return value.replace("\0", "") if isinstance(value, str) else ""


def number(value: object) -> int | None:
    """The value if it is a whole number, else None (JSON's true is none)."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def moment(value: object) -> datetime | None:
    """An ISO time or, as in push payloads, seconds since 1970; always with UTC."""
    try:
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        seconds = number(value)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def actor(value: object, association: object = None) -> Actor:
    """Null is a deleted account; bots are told by their type or, in old payloads, by their login's ending."""
    if value is None:
        return GHOST
    data = mapping(value)
    login = text(data.get("login"))
    is_bot = text(data.get("type")) == "Bot" or login.endswith("[bot]")
    return Actor(login, is_bot=is_bot, association=text(association) or "NONE")


def repository(value: object, account_url: str = "") -> Repository | None:
    """None where it has no id or name. `account_url` is the owner's page, for payloads that name no page."""
    data = mapping(value)
    id_ = number(data.get("id"))
    owner, _, name = text(data.get("full_name")).partition("/")
    owner = owner or text(mapping(data.get("owner")).get("login"))
    name = name or text(data.get("name"))
    if id_ is None or not owner or not name:
        return None
    return Repository(
        id=id_,
        owner=owner,
        name=name,
        html_url=text(data.get("html_url")) or f"{account_url or 'https://github.com/' + owner}/{name}",
        default_branch=text(data.get("default_branch")) or text(data.get("master_branch")) or "main",
        is_public=data.get("private") is False,
    )


def issue(value: object, *, transferred_in: bool = False) -> Issue | None:
    """None where it has no number."""
    data = mapping(value)
    number_ = number(data.get("number"))
    if number_ is None:
        return None
    created = moment(data.get("created_at")) or EPOCH
    state: Literal["open", "closed"] = "closed" if data.get("state") == "closed" else "open"
    return Issue(
        number=number_,
        title=text(data.get("title")),
        body=text(data.get("body")),
        author=actor(data.get("user"), data.get("author_association")),
        created_at=created,
        updated_at=moment(data.get("updated_at")) or created,
        state=state,
        state_reason=text(data.get("state_reason")),
        labels=tuple(filter(None, map(label_name, items(data.get("labels"))))),
        type=text(mapping(data.get("type")).get("name")),
        locked=data.get("locked") is True,
        is_pull_request=isinstance(data.get("pull_request"), dict),
        transferred_in=transferred_in,
        closed_at=moment(data.get("closed_at")),
        closed_by=text(mapping(data.get("closed_by")).get("login")),
        milestone=text(mapping(data.get("milestone")).get("title")),
        assignees=tuple(filter(None, (text(mapping(one).get("login")) for one in items(data.get("assignees"))))),
        reactions=number(mapping(data.get("reactions")).get("total_count")) or 0,
    )


def label_name(value: object) -> str:
    """Labels come as objects, in some old payloads as bare names."""
    return text(value) or text(mapping(value).get("name"))


def change(value: object) -> Change | None:
    """None where an issue's event is about something else."""
    data = mapping(value)
    what, label = text(data.get("event")), label_name(data.get("label"))
    if what not in ({"labeled", "unlabeled"} if label else {"reopened", "closed"}):
        return None
    at = moment(data.get("created_at")) or EPOCH
    return Change(label, actor(data.get("actor")), added=what in {"labeled", "reopened"}, at=at)


def comment(value: object, app_id: int | None = None, app_login: str = "") -> Comment | None:
    """None where it has no id. `by_this_app` needs a bot as author and this app's id or login: text proves nothing."""
    data = mapping(value)
    id_ = number(data.get("id"))
    if id_ is None:
        return None
    author = actor(data.get("user"), data.get("author_association"))
    via = number(mapping(data.get("performed_via_github_app")).get("id"))
    by_this_app = author.is_bot and (
        (app_id is not None and via == app_id) or (bool(app_login) and author.login == app_login)
    )
    return Comment(
        id=id_,
        author=author,
        body=text(data.get("body")),
        created_at=moment(data.get("created_at")) or EPOCH,
        node_id=text(data.get("node_id")),
        by_this_app=by_this_app,
        updated_at=moment(data.get("updated_at")),
    )
