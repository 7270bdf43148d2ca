"""The JSON that GitHub writes for accounts, issues, comments and labels, in its REST answers and webhooks alike."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.fakes.github.model import CONTENTS, Account, App, Comment, Issue, Label, Reaction, Repository, TimelineItem

Json = dict[str, Any]


def stamp(when: float) -> str:
    """GitHub's times are whole seconds, UTC."""
    return datetime.fromtimestamp(int(when), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp_or_none(when: float | None) -> str | None:
    return None if when is None else stamp(when)


def node_id(prefix: str, number: int) -> str:
    return f"{prefix}_kwDO{base64.urlsafe_b64encode(number.to_bytes(9)).decode().rstrip('=')}"


GHOST = Account(10137, "ghost")
"""Whom GitHub shows in the web pages in place of a deleted account; its API says null."""


EVENTS = {
    "ClosedEvent": "closed",
    "LabeledEvent": "labeled",
    "ReopenedEvent": "reopened",
    "UnlabeledEvent": "unlabeled",
}
"""An item of the timeline -> REST's word for it, of those that REST tells of here."""


@dataclass(slots=True)
class Shapes:
    """Builds JSON under the addresses that this GitHub answers at."""

    api: str = "https://api.github.com"
    html: str = "https://github.com"

    def repository_url(self, repository: Repository) -> str:
        return f"{self.api}/repos/{repository.full_name}"

    def account(self, account: Account) -> Json:
        login = account.login
        url = f"{self.api}/users/{login.replace('[', '%5B').replace(']', '%5D')}"
        page = f"apps/{login.removesuffix('[bot]')}" if account.type == "Bot" else login
        return {
            "login": login,
            "id": account.id,
            "node_id": node_id({"Bot": "BOT", "Organization": "O"}.get(account.type, "U"), account.id),
            "avatar_url": f"https://avatars.githubusercontent.com/u/{account.id}?v=4",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self.html}/{page}",
            "followers_url": f"{url}/followers",
            "following_url": f"{url}/following{{/other_user}}",
            "gists_url": f"{url}/gists{{/gist_id}}",
            "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
            "subscriptions_url": f"{url}/subscriptions",
            "organizations_url": f"{url}/orgs",
            "repos_url": f"{url}/repos",
            "events_url": f"{url}/events{{/privacy}}",
            "received_events_url": f"{url}/received_events",
            "type": account.type,
            "user_view_type": "public",
            "site_admin": False,
        }

    def account_or_none(self, account: Account | None) -> Json | None:
        return None if account is None else self.account(account)

    def app(self, app: App) -> Json:
        return {
            "id": app.id,
            "client_id": app.client_id,
            "slug": app.slug,
            "node_id": node_id("A", app.id),
            "owner": self.account(app.owner),
            "name": app.name,
            "description": app.description,
            "external_url": app.external_url,
            "html_url": f"{self.html}/apps/{app.slug}",
            "created_at": stamp(app.created_at),
            "updated_at": stamp(app.created_at),
            "permissions": dict(app.permissions),
            "events": list(app.events),
        }

    def app_or_none(self, app: App | None) -> Json | None:
        return None if app is None else self.app(app)

    def label(self, repository: Repository, label: Label) -> Json:
        return {
            "id": label.id,
            "node_id": node_id("LA", label.id),
            "url": f"{self.repository_url(repository)}/labels/{label.name.replace(' ', '%20')}",
            "name": label.name,
            "color": label.color,
            "default": label.default,
            "description": label.description,
        }

    def reactions(self, owner_url: str, reactions: Iterable[Reaction]) -> Json:
        counts = dict.fromkeys(CONTENTS, 0)
        for reaction in reactions:
            counts[reaction.content] += 1
        return {"url": f"{owner_url}/reactions", "total_count": sum(counts.values()), **counts}

    def reaction(self, reaction: Reaction) -> Json:
        return {
            "id": reaction.id,
            "node_id": node_id("REA", reaction.id),
            "user": self.account(reaction.user),
            "content": reaction.content,
            "created_at": stamp(reaction.created_at),
        }

    def issue(self, repository: Repository, issue: Issue) -> Json:
        url = f"{self.repository_url(repository)}/issues/{issue.number}"
        assignees = [self.account(account) for account in issue.assignees]
        shape: Json = {
            "url": url,
            "repository_url": self.repository_url(repository),
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "html_url": self.issue_page(repository, issue),
            "id": issue.id,
            "node_id": node_id("PR" if issue.is_pull_request else "I", issue.id),
            "number": issue.number,
            "title": issue.title,
            "user": self.account_or_none(issue.author),
            "labels": [self.label(repository, label) for label in issue.labels],
            "state": issue.state,
            "locked": issue.locked,
            "assignee": assignees[0] if assignees else None,
            "assignees": assignees,
            "milestone": None,
            "comments": len(issue.comments),
            "created_at": stamp(issue.created_at),
            "updated_at": stamp(issue.updated_at),
            "closed_at": stamp_or_none(issue.closed_at),
            "author_association": repository.association_of(issue.author),
            "active_lock_reason": issue.lock_reason,
            "sub_issues_summary": {"total": 0, "completed": 0, "percent_completed": 0},
            "body": issue.body,
            "reactions": self.reactions(url, issue.reactions),
            "timeline_url": f"{url}/timeline",
            "performed_via_github_app": self.app_or_none(issue.app),
            "state_reason": issue.state_reason,
        }
        if issue.type:
            shape["type"] = self.issue_type(issue.type)
        if issue.is_pull_request:
            shape["draft"] = False
            shape["pull_request"] = self.pull_request_links(repository, issue)
        return shape

    def issue_page(self, repository: Repository, issue: Issue) -> str:
        kind = "pull" if issue.is_pull_request else "issues"
        return f"{self.html}/{repository.full_name}/{kind}/{issue.number}"

    def pull_request_links(self, repository: Repository, issue: Issue) -> Json:
        page = self.issue_page(repository, issue)
        return {
            "url": f"{self.repository_url(repository)}/pulls/{issue.number}",
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "merged_at": None,
        }

    def issue_type(self, name: str) -> Json:
        number = sum(name.encode())
        return {
            "id": number,
            "node_id": node_id("IT", number),
            "name": name,
            "description": None,
            "color": "red",
            "created_at": stamp(0),
            "updated_at": stamp(0),
            "is_enabled": True,
        }

    def event(self, repository: Repository, issue: Issue, number: int, item: TimelineItem) -> Json:
        """As REST tells of it; `number`: its place in the timeline."""
        id_ = 10_000 * issue.id + number
        shape = {
            "id": id_,
            "node_id": node_id("IE", id_),
            "url": f"{self.repository_url(repository)}/issues/events/{id_}",
            "actor": self.account_or_none(item.actor),
            "event": EVENTS[item.kind],
            "commit_id": None,
            "commit_url": None,
            "created_at": stamp(item.created_at),
            "performed_via_github_app": None,
        }
        if item.label:
            shape["label"] = {"name": item.label.name, "color": item.label.color}
        return shape

    def comment(self, repository: Repository, issue: Issue, comment: Comment) -> Json:
        url = f"{self.repository_url(repository)}/issues/comments/{comment.id}"
        return {
            "url": url,
            "html_url": f"{self.issue_page(repository, issue)}#issuecomment-{comment.id}",
            "issue_url": f"{self.repository_url(repository)}/issues/{issue.number}",
            "id": comment.id,
            "node_id": node_id("IC", comment.id),
            "user": self.account_or_none(comment.author),
            "created_at": stamp(comment.created_at),
            "updated_at": stamp(comment.updated_at),
            "body": comment.body,
            "author_association": repository.association_of(comment.author),
            "reactions": self.reactions(url, comment.reactions),
            "performed_via_github_app": self.app_or_none(comment.app),
        }
