"""Webhook deliveries: is the signature right, and what does the payload say; pure, tolerant of thin payloads."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.github import payloads
from bot.triage.issue import Actor, Comment, Issue, Repository

_BRANCH = "refs/heads/"
_WHOLE_ISSUE = frozenset({"number", "title", "body", "user", "labels", "state", "created_at", "author_association"})
_MOST_COMMITS = 2048
"""A push payload lists no more commits than this; a full list may have been cut."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a webhook payload says, as far as the bot cares. Absent means that the payload does not say."""

    name: str
    """From `X-GitHub-Event`: issues, issue_comment, push …"""
    action: str = ""
    sender: Actor = payloads.GHOST
    installation_id: int | None = None
    repository: Repository | None = None
    issue: Issue | None = None
    issue_is_whole: bool = False
    """True when the payload carries the issue in full, so that it need not be read again."""
    comment: Comment | None = None
    label: str | None = None
    """The label added or taken away (issues), or created, edited or deleted (label)."""
    renamed_from: str = ""
    """A label's or repository's former name."""
    branch: str = ""
    """Pushed to; empty for tags."""
    paths: frozenset[str] | None = None
    """Touched by a push; None where the payload may not list all of them."""
    installed_at: datetime | None = None
    """When the App was installed in the account."""
    repositories_added: tuple[Repository, ...] = ()
    repositories_removed: tuple[Repository, ...] = ()


def signature_matches(secret: bytes, body: bytes, header: str | None) -> bool:
    """Compares `X-Hub-Signature-256` in constant time. An empty secret matches nothing."""
    if not secret or not header:
        return False
    expected = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), header.encode("utf-8", "replace"))


def parse_event(name: str, payload: Mapping[str, Any], app_id: int | None = None) -> Event:
    """Never raises on a JSON object. With `app_id`, comments of this very app are marked as such."""
    installation = payloads.mapping(payload.get("installation"))
    changes = payloads.mapping(payload.get("changes"))
    issue = payloads.issue(payload.get("issue"), transferred_in="old_issue" in changes)
    comment = payloads.comment(payload.get("comment"), app_id) if issue is not None else None
    label = payloads.label_name(payload.get("label"))
    added, removed = _repositories(name, payload)
    is_push = name == "push"
    ref = payloads.text(payload.get("ref"))
    return Event(
        name=name,
        action=payloads.text(payload.get("action")),
        sender=_sender(payload, issue, comment),
        installation_id=payloads.number(installation.get("id")),
        repository=payloads.repository(payload.get("repository")),
        issue=issue,
        issue_is_whole=payloads.mapping(payload.get("issue")).keys() >= _WHOLE_ISSUE,
        comment=comment,
        label=label or None,
        renamed_from=_former_name(changes),
        branch=ref.removeprefix(_BRANCH) if is_push and ref.startswith(_BRANCH) else "",
        paths=_paths(payload) if is_push else None,
        installed_at=payloads.moment(installation.get("created_at")),
        repositories_added=added,
        repositories_removed=removed,
    )


def _sender(payload: Mapping[str, Any], issue: Issue | None, comment: Comment | None) -> Actor:
    """The payload's sender has no association; where it is the commenter or the author, theirs is known."""
    sender = payloads.actor(payload.get("sender"))
    for known in (comment, issue):
        if known is not None and sender.login and known.author.login == sender.login:
            return known.author
    return sender


def _former_name(changes: Mapping[str, Any]) -> str:
    """Labels tell it as `changes.name`, repositories as `changes.repository.name`."""
    name = changes.get("name") or payloads.mapping(changes.get("repository")).get("name")
    return payloads.text(payloads.mapping(name).get("from"))


def _repositories(name: str, payload: Mapping[str, Any]) -> tuple[tuple[Repository, ...], tuple[Repository, ...]]:
    """Added and removed. Installing lists them as `repositories`, so does uninstalling."""
    account = payloads.mapping(payloads.mapping(payload.get("installation")).get("account"))
    url = payloads.text(account.get("html_url"))

    def listed(key: str) -> tuple[Repository, ...]:
        found = (payloads.repository(item, url) for item in payloads.items(payload.get(key)))
        return tuple(repository for repository in found if repository is not None)

    if name == "installation":
        return ((), listed("repositories")) if payload.get("action") == "deleted" else (listed("repositories"), ())
    return listed("repositories_added"), listed("repositories_removed")


def _paths(payload: Mapping[str, Any]) -> frozenset[str] | None:
    """Forced pushes and long ones do not list all that changed."""
    commits = payload.get("commits")
    if not isinstance(commits, list) or not commits or len(commits) >= _MOST_COMMITS or payload.get("forced") is True:
        return None
    found: set[str] = set()
    for commit in map(payloads.mapping, commits):
        lists = [commit.get(key) for key in ("added", "removed", "modified")]
        if not all(isinstance(names, list) for names in lists):
            return None
        found.update(name for names in lists for name in payloads.items(names) if isinstance(name, str))
    return frozenset(found)
