"""GitHub's JSON for the benchmark: webhook payloads as long as real ones, and the API's answers."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from datetime import UTC, datetime
from typing import Any

import orjson

from benchmarks.bodies import Sample

SECRET = "a secret for the benchmark"  # noqa: S105
OWNER = "octo-org"
INSTALLATION = 4711
WEB, API = "https://github.com", "https://api.github.com"
USER_LINKS = (
    "followers",
    "following",
    "gists",
    "starred",
    "subscriptions",
    "orgs",
    "repos",
    "events",
    "received_events",
)
REPOSITORY_LINKS = (
    *("forks", "keys", "collaborators", "teams", "hooks", "issue_events", "events", "assignees", "branches", "tags"),
    *("blobs", "git_tags", "git_refs", "trees", "statuses", "languages", "stargazers", "contributors", "subscribers"),
    *("subscription", "commits", "git_commits", "comments", "issue_comment", "contents", "compare", "merges"),
    *("archive", "downloads", "issues", "pulls", "milestones", "notifications", "labels", "releases", "deployments"),
)


def user(login: str, kind: str = "User") -> dict[str, Any]:
    links = {f"{name}_url": f"{API}/users/{login}/{name}" for name in USER_LINKS}
    number = int(hashlib.sha256(login.encode()).hexdigest()[:6], 16)
    about = {"login": login, "id": number, "node_id": f"U_{number}", "avatar_url": f"{WEB}/{login}.png", "type": kind}
    return {**about, "url": f"{API}/users/{login}", "html_url": f"{WEB}/{login}", **links, "site_admin": False}


def repository(name: str) -> dict[str, Any]:
    url = f"{API}/repos/{OWNER}/{name}"
    return {
        "id": 9000 + int(name.rpartition("-")[2]),
        "node_id": f"R_{name}",
        "name": name,
        "full_name": f"{OWNER}/{name}",
        "private": False,
        "visibility": "public",
        "owner": user(OWNER, "Organization"),
        "html_url": f"{WEB}/{OWNER}/{name}",
        "description": "A repository of the benchmark",
        "fork": False,
        "url": url,
        **{f"{link}_url": f"{url}/{link}{{/sha}}" for link in REPOSITORY_LINKS},
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "pushed_at": "2026-01-01T00:00:00Z",
        "default_branch": "main",
        "has_issues": True,
        "archived": False,
        "disabled": False,
        "open_issues_count": 12,
        "topics": ["machine-learning", "tracking"],
    }


def opened(number: int, repository_name: str, sample: Sample) -> bytes:
    """The body of an `issues.opened` webhook."""
    repo = repository(repository_name)
    url = f"{repo['url']}/issues/{number}"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    author = user(f"reporter-{number % 97}")
    reactions = dict.fromkeys(("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"), 0)
    issue = {
        "url": url,
        "repository_url": repo["url"],
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": f"{repo['html_url']}/issues/{number}",
        "id": 500_000_000 + number,
        "node_id": f"I_{number}",
        "number": number,
        "title": sample.title,
        "user": author,
        "labels": [],
        "state": "open",
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": 0,
        "created_at": now,
        "updated_at": now,
        "closed_at": None,
        "author_association": "NONE",
        "active_lock_reason": None,
        "body": sample.body,
        "reactions": {"url": f"{url}/reactions", "total_count": 0, **reactions},
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": None,
        "state_reason": None,
    }
    installation = {"id": INSTALLATION, "node_id": "MDIz"}
    return orjson.dumps(
        {"action": "opened", "issue": issue, "repository": repo, "sender": author, "installation": installation}
    )


def request(path: str, port: int, event: str, body: bytes) -> bytes:
    """The webhook as GitHub sends it, signed, ready for the wire."""
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: GitHub-Hookshot/0000000\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nX-GitHub-Delivery: {uuid.uuid4()}\r\n"
        f"X-GitHub-Event: {event}\r\nX-GitHub-Hook-ID: 1\r\nX-Hub-Signature-256: sha256={signature}\r\n\r\n"
    )
    return head.encode() + body
