"""Every operation that the fake GitHub offers, asked and answered as GitHub describes it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from tests.contract.openapi import api
from tests.contract.promises import check_exchange
from tests.fakes.github import FakeGitHub, Running, key_pair, serve
from tests.fakes.github.routing import routes

REPO = "/repos/octo-org/demo"


class Client:
    """Asks as the app and as its installation, and checks each exchange."""

    def __init__(self, running: Running) -> None:
        fake = running.fake
        self.running, self.fake = running, fake
        self.app = fake.add_app(webhook_url="http://127.0.0.1:9/webhook")  # nobody listens there
        fake.add_repository("octo-org/demo", {".github/ISSUE_TEMPLATE/bug.yml": "name: Bug", "README.md": "Hi."})
        fake.create_label("octo-org/demo", "bug", "d73a4a", "Something is broken")
        fake.collaborator("octo-org/demo", "mona", "maintain")
        self.installation = fake.install(self.app, "octo-org")
        self.issue = fake.open_issue("octo-org/demo", "alice", "It breaks", "How?", labels=["bug"], issue_type="Bug")
        self.comment = fake.comment("octo-org/demo", self.issue, "bob", "Me too.")
        now = int(time.time())
        claims = {"iss": str(self.app.id), "iat": now - 30, "exp": now + 500}
        self.json_web_token = jwt.encode(claims, key_pair()[0], algorithm="RS256")
        permissions = {"issues": "write", "contents": "read", "metadata": "read"}
        self.token = fake.new_token(self.installation, permissions).value
        self._http = httpx.Client(base_url=running.url, timeout=5)

    def __call__(self, method: str, path: str, status: int = 200, *, as_app: bool = False, **more: Any) -> Any:
        token = self.json_web_token if as_app else self.token
        headers = {"authorization": f"Bearer {token}", **more.pop("headers", {})}
        answer = self._http.request(method, path, headers=headers, **more)
        assert answer.status_code == status, answer.text
        assert check_exchange(self.running.exchanges[-1]) == []
        return answer.json() if answer.content else None

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def ask() -> Iterator[Client]:
    with serve(FakeGitHub()) as running:
        client = Client(running)
        yield client
        client.close()


def test_github_describes_every_route_of_the_fake():
    unknown = [
        f"{route.method} {route.template}"
        for route in routes.all
        if route.template != "/graphql" and not api().describes(route.method, route.template.replace("*}", "}"))
    ]
    assert unknown == []


def test_the_app_itself(ask: Client):
    ask.fake.ping(ask.app)
    ask("GET", "/app", as_app=True)
    ask("GET", "/app/installations", as_app=True)
    ask("GET", f"/app/installations/{ask.installation.id}", as_app=True)
    ask("GET", "/app/installations/999999", 404, as_app=True)
    ask("GET", f"{REPO}/installation", as_app=True)
    ask("GET", "/orgs/octo-org/installation", as_app=True)
    ask("GET", "/users/octo-org/installation", as_app=True)
    ask("GET", "/app/hook/config", as_app=True)
    ask("PATCH", "/app/hook/config", as_app=True, json={"url": "https://example.com/webhook"})
    ask("GET", "/app", 401)


def test_installation_tokens(ask: Client):
    url = f"/app/installations/{ask.installation.id}/access_tokens"
    whole = ask("POST", url, 201, as_app=True)
    assert whole["permissions"] == {"issues": "write", "contents": "read", "metadata": "read", "pull_requests": "read"}
    ask("POST", url, 201, as_app=True, json={"permissions": {"issues": "read"}, "repositories": ["demo"]})
    ask("POST", url, 422, as_app=True, json={"permissions": {"administration": "write"}})
    ask("POST", url, 422, as_app=True, json={"repositories": ["other"]})
    ask("GET", "/installation/repositories")
    ask("GET", "/rate_limit")


def test_the_manifest_is_converted_once(ask: Client):
    code = ask.fake.offer_manifest(
        {
            "name": "My triage",
            "url": "https://example.com",
            "hook_attributes": {"url": "https://example.com/webhook"},
            "default_permissions": {"issues": "write"},
            "default_events": ["issues"],
        }
    )
    made = ask("POST", f"/app-manifests/{code}/conversions", 201)
    assert made["pem"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert made["slug"] == "my-triage"
    ask("POST", f"/app-manifests/{code}/conversions", 404)


def test_deliveries_are_listed(ask: Client):
    ask.fake.ping(ask.app)
    ask.fake.hooks.wait()
    listed = ask("GET", "/app/hook/deliveries", as_app=True)[0]
    assert (listed["event"], listed["status_code"]) == ("ping", 502)
    ask("GET", f"/app/hook/deliveries/{listed['id']}", as_app=True)
    ask("POST", f"/app/hook/deliveries/{listed['id']}/attempts", 202, as_app=True)
    ask.fake.hooks.wait()
    again = ask("GET", "/app/hook/deliveries", as_app=True)[0]
    assert (again["guid"], again["redelivery"]) == (listed["guid"], True)


def test_files(ask: Client):
    ask("GET", REPO)
    listed = ask("GET", f"{REPO}/contents/.github/ISSUE_TEMPLATE", params={"ref": "main"})
    assert [entry["name"] for entry in listed] == ["bug.yml"]
    ask("GET", f"{REPO}/contents/")
    ask("GET", f"{REPO}/contents/README.md")
    ask("GET", f"{REPO}/contents/none", 404)
    tree = ask("GET", f"{REPO}/git/trees/main", params={"recursive": "1"})
    ask("GET", f"{REPO}/git/trees/{tree['sha']}")
    blob = next(entry["sha"] for entry in tree["tree"] if entry["path"] == "README.md")
    ask("GET", f"{REPO}/git/blobs/{blob}")
    ask("GET", f"{REPO}/git/ref/heads/main")
    ask("GET", f"{REPO}/git/trees/nowhere", 404)


def test_releases(ask: Client):
    assert ask("GET", f"{REPO}/releases") == []
    ask.fake.release("octo-org/demo", "v1.0")
    ask.fake.release("octo-org/demo", "v1.1rc1", is_prerelease=True)
    ask.fake.release("octo-org/demo", "v2.0", is_draft=True)
    listed = ask("GET", f"{REPO}/releases", params={"per_page": 100})
    assert [(one["tag_name"], one["prerelease"]) for one in listed] == [("v1.1rc1", True), ("v1.0", False)]


def test_people(ask: Client):
    assert ask("GET", f"{REPO}/collaborators/mona/permission")["role_name"] == "maintain"
    assert ask("GET", f"{REPO}/collaborators/alice/permission")["permission"] == "read"
    ask("GET", f"{REPO}/collaborators/mona", 204)
    ask("GET", f"{REPO}/collaborators/alice", 404)
    ask("GET", f"{REPO}/assignees")
    ask("GET", "/users/mona")
    ask("GET", "/users/nobody-of-that-name", 404)


def test_issues(ask: Client):
    ask("GET", f"{REPO}/issues", params={"state": "all", "sort": "updated", "direction": "asc", "per_page": 5})
    made = ask("POST", f"{REPO}/issues", 201, json={"title": "Another", "body": "Text", "labels": ["bug"]})
    url = f"{REPO}/issues/{made['number']}"
    ask("GET", url)
    ask("PATCH", url, json={"body": "More text", "state": "closed", "state_reason": "not_planned"})
    ask("PATCH", url, json={"state": "open"})
    ask("PUT", f"{url}/lock", 204, json={"lock_reason": "resolved"})
    ask("POST", f"{url}/comments", 403, json={"body": "Too late"})
    ask("DELETE", f"{url}/lock", 204)
    ask("GET", f"{REPO}/issues/99", 404)
    ask("POST", f"{REPO}/issues", 422, json={"title": ""})
    ask.fake.delete_issue("octo-org/demo", made["number"], by="octo-org")
    ask("GET", url, 410)


def test_comments_and_reactions(ask: Client):
    url = f"{REPO}/issues/{ask.issue.number}"
    ask("GET", f"{url}/comments", params={"per_page": 100, "since": "2020-01-01T00:00:00Z"})
    made = ask("POST", f"{url}/comments", 201, json={"body": "Thank you."})
    assert made["user"]["login"] == "triage-bot[bot]"
    ask("GET", f"{REPO}/issues/comments")
    ask("GET", f"{REPO}/issues/comments/{made['id']}")
    ask("PATCH", f"{REPO}/issues/comments/{made['id']}", json={"body": "Thanks."})
    ask("POST", f"{url}/comments", 422, json={"body": "x" * 65_537})
    ask("POST", f"{REPO}/issues/comments/{ask.comment.id}/reactions", 201, json={"content": "+1"})
    ask("POST", f"{REPO}/issues/comments/{ask.comment.id}/reactions", 200, json={"content": "+1"})
    ask("GET", f"{REPO}/issues/comments/{ask.comment.id}/reactions")
    ask("POST", f"{url}/reactions", 201, json={"content": "eyes"})
    ask("GET", f"{url}/reactions")
    ask("DELETE", f"{REPO}/issues/comments/{made['id']}", 204)
    ask("GET", f"{REPO}/issues/comments/{made['id']}", 404)


def test_labels(ask: Client):
    url = f"{REPO}/issues/{ask.issue.number}/labels"
    ask("GET", url)
    ask("POST", url, json={"labels": ["needs-info"]})
    ask("DELETE", f"{url}/NEEDS-INFO")
    ask("DELETE", f"{url}/needs-info", 404)
    ask("PUT", url, json={"labels": ["bug", "docs"]})
    ask("POST", f"{REPO}/labels", 201, json={"name": "help wanted", "color": "008672", "description": "Please"})
    ask("POST", f"{REPO}/labels", 422, json={"name": "Help Wanted"})
    ask("GET", f"{REPO}/issues/{ask.issue.number}/events")
    ask("GET", f"{REPO}/labels", params={"per_page": 100})
    ask("GET", f"{REPO}/labels/help%20wanted")
    ask("PATCH", f"{REPO}/labels/help%20wanted", json={"new_name": "help", "color": "ffffff"})
    ask("DELETE", f"{REPO}/labels/help", 204)
    ask("GET", f"{REPO}/labels/help", 404)


def test_a_renamed_repository_redirects(ask: Client):
    ask.fake.rename("octo-org/demo", "renamed")
    moved = ask("GET", f"{REPO}/issues/{ask.issue.number}", 301)
    ask("GET", moved["url"].removeprefix(ask.running.url))
    ask("POST", f"{REPO}/issues/{ask.issue.number}/comments", 307, json={"body": "Hello."})


def test_a_transferred_issue_redirects(ask: Client):
    ask.fake.add_repository("octo-org/other")
    ask.fake.transfer_issue("octo-org/demo", ask.issue, "octo-org/other", by="octo-org")
    moved = ask("GET", f"{REPO}/issues/{ask.issue.number}", 301)
    assert ask("GET", moved["url"].removeprefix(ask.running.url))["title"] == "It breaks"


def test_what_is_known_already_is_not_sent_again(ask: Client):
    ask("GET", f"{REPO}/issues/{ask.issue.number}")
    before = ask.running.exchanges[-1].headers
    ask("GET", f"{REPO}/issues/{ask.issue.number}", 304, headers={"if-none-match": before["etag"]})
    after = ask.running.exchanges[-1].headers
    assert after["x-ratelimit-remaining"] == before["x-ratelimit-remaining"]


MINIMIZE = """
mutation ($id: ID!) {
  minimizeComment(input: {subjectId: $id, classifier: RESOLVED}) { minimizedComment { isMinimized minimizedReason } }
}
"""
READ = """
query ($id: ID!, $after: String) {
  viewer { login }
  rateLimit { cost remaining resetAt }
  node(id: $id) { __typename ... on IssueComment { body author { login } isMinimized } }
  repository(owner: "octo-org", name: "demo") {
    issue(number: 1) { title comments(first: 10) { nodes { body } totalCount } }
    issues(first: 1, after: $after, states: [OPEN]) {
      nodes { number labels(first: 5) { nodes { name } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""


def test_graphql(ask: Client):
    node = ask.fake.node_id(ask.comment)
    done = ask("POST", "/graphql", json={"query": MINIMIZE, "variables": {"id": node}})
    assert done["data"]["minimizeComment"]["minimizedComment"] == {"isMinimized": True, "minimizedReason": "resolved"}
    read = ask("POST", "/graphql", json={"query": READ, "variables": {"id": node}})["data"]
    assert read["node"] == {
        "__typename": "IssueComment",
        "body": "Me too.",
        "author": {"login": "bob"},
        "isMinimized": True,
    }
    assert read["repository"]["issues"]["nodes"] == [{"number": 1, "labels": {"nodes": [{"name": "bug"}]}}]
    refused = ask("POST", "/graphql", json={"query": MINIMIZE, "variables": {"id": "IC_none"}})
    assert refused["errors"][0]["type"] == "NOT_FOUND"
