"""The fake refuses, limits, fails and tells as GitHub does; its shapes are the contract tests' business."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.github import FakeGitHub, Limits, Running, git, key_pair, serve
from tests.fakes.github.model import App, Installation
from tests.fakes.github.scene import PERMISSIONS

REPO = "octo-org/demo"
ISSUE = f"/repos/{REPO}/issues/1"


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Client:
    """Asks with the installation's token, or another."""

    def __init__(self, running: Running) -> None:
        self.fake: FakeGitHub = running.fake
        self.app: App = self.fake.add_app()
        self.fake.add_repository(REPO, {"README.md": "Hi."})
        self.installation: Installation = self.fake.install(self.app, "octo-org")
        self.fake.open_issue(REPO, "alice", "It breaks", "How?")
        self.token = self.new_token()
        self._http = httpx.Client(base_url=running.url, timeout=5)

    def new_token(self, **permissions: str) -> str:
        return self.fake.new_token(self.installation, permissions or dict(PERMISSIONS)).value

    def __call__(self, method: str, path: str, token: str | None = None, **more: Any) -> httpx.Response:
        shown = self.token if token is None else token
        headers = {"authorization": f"Bearer {shown}"} if shown else {}
        return self._http.request(method, path, headers=headers, **more)

    def comment(self) -> httpx.Response:
        return self("POST", f"{ISSUE}/comments", json={"body": "Hello"})

    def close(self) -> None:
        self._http.close()


def asking(fake: FakeGitHub) -> Iterator[Client]:
    with serve(fake) as running:
        client = Client(running)
        yield client
        client.close()


@pytest.fixture
def ask() -> Iterator[Client]:
    yield from asking(FakeGitHub(Limits.off()))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limited(clock: Clock) -> Iterator[Client]:
    limits = Limits(primary=20, points_per_minute=50, content_per_minute=2, content_per_hour=3)
    yield from asking(FakeGitHub(limits, clock=clock))


def claims(app: App, **more: Any) -> dict[str, Any]:
    now = int(time.time())
    return {"iss": str(app.id), "iat": now - 10, "exp": now + 300, **more}


def test_an_app_proves_itself_with_its_key(ask: Client):
    good = jwt.encode(claims(ask.app), key_pair()[0], algorithm="RS256")
    assert ask("GET", "/app", good).json()["slug"] == "triage-bot"
    by_client = jwt.encode(claims(ask.app, iss=ask.app.client_id), key_pair()[0], algorithm="RS256")
    assert ask("GET", "/app", by_client).status_code == 200


def test_a_false_key_or_a_long_life_is_refused(ask: Client):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    now = int(time.time())
    for token in (
        jwt.encode(claims(ask.app), other, algorithm="RS256"),
        jwt.encode(claims(ask.app, exp=now - 100), key_pair()[0], algorithm="RS256"),
        jwt.encode(claims(ask.app, exp=now + 5000), key_pair()[0], algorithm="RS256"),
        jwt.encode(claims(ask.app, iss="1"), key_pair()[0], algorithm="RS256"),
        "a.b.c",
    ):
        assert ask("GET", "/app", token).status_code == 401


def test_permissions_are_enforced(ask: Client):
    reader = ask.new_token(issues="read", metadata="read")
    assert ask("GET", ISSUE, reader).status_code == 200
    refused = ask("POST", f"{ISSUE}/comments", reader, json={"body": "Hello"})
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
    assert ask("GET", f"/repos/{REPO}/contents/README.md", reader).status_code == 403
    assert ask("GET", ISSUE, "ghs_unknown").status_code == 401
    ask.fake.expire_tokens()
    assert ask("GET", ISSUE).json()["message"] == "Bad credentials"


def test_what_is_not_installed_can_be_read_where_public_and_not_written(ask: Client):
    ask.fake.add_repository("hubot-org/open", {"README.md": "Hi."})
    ask.fake.add_repository("hubot-org/closed", private=True)
    ask.fake.open_issue("hubot-org/open", "alice", "Hello")
    assert ask("GET", "/repos/hubot-org/open/contents/README.md").status_code == 200
    assert ask("POST", "/repos/hubot-org/open/issues/1/comments", json={"body": "Hi"}).status_code == 403
    assert ask("GET", "/repos/hubot-org/closed").status_code == 404
    assert ask("GET", ISSUE, "").status_code == 200


def test_a_label_that_nobody_made_is_made_in_passing(ask: Client):
    ask("POST", f"{ISSUE}/labels", json={"labels": ["new"]})
    assert ask.fake.repository(REPO).labels["new"].color == "ededed"


def test_the_hourly_budget_is_spent_and_comes_back(limited: Client, clock: Clock):
    answers = [limited("GET", ISSUE) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [403]
    assert "API rate limit exceeded" in answers[-1].json()["message"]
    assert answers[-1].headers["x-ratelimit-remaining"] == "0"
    clock.now = float(answers[-1].headers["x-ratelimit-reset"])
    assert limited("GET", ISSUE).status_code == 401  # the token has expired by then, too
    limited.token = limited.new_token()
    assert limited("GET", ISSUE).status_code == 200


def test_what_is_unchanged_costs_nothing(limited: Client):
    etag = limited("GET", ISSUE).headers["etag"]
    url = str(limited("GET", ISSUE).url)
    headers = {"authorization": f"Bearer {limited.token}", "if-none-match": etag}
    again = [httpx.get(url, headers=headers) for _ in range(30)]
    assert {(answer.status_code, answer.content) for answer in again} == {(304, b"")}
    assert again[-1].headers["x-ratelimit-used"] == "2"


def test_content_is_limited_by_the_minute_and_by_the_hour(limited: Client, clock: Clock):
    assert [limited.comment().status_code for _ in range(3)] == [201, 201, 403]
    clock.now += 61
    assert [limited.comment().status_code for _ in range(2)] == [201, 403]
    clock.now += 61
    refused = limited.comment()
    assert "secondary rate limit" in refused.json()["message"]
    assert 3000 < int(refused.headers["retry-after"]) <= 3600


def test_points_are_limited_by_the_minute(limited: Client):
    limited.fake.limits.primary = None
    writes = [limited("PUT", f"{ISSUE}/labels", json={"labels": []}) for _ in range(11)]
    assert [answer.status_code for answer in writes] == [200] * 10 + [403]
    assert "retry-after" in writes[-1].headers


@pytest.mark.parametrize(("when", "comments"), [("before", 0), ("after", 1)])
def test_a_fault_strikes_before_or_after_the_write(ask: Client, when: Any, comments: int):
    ask.fake.faults.error(502, method="POST", path="/comments$", when=when)
    assert ask.comment().status_code == 502
    assert len(ask.fake.repository(REPO).issues[1].comments) == comments
    assert ask.comment().status_code == 201


@pytest.mark.parametrize(("when", "comments"), [("before", 0), ("after", 1)])
def test_a_connection_can_be_cut(ask: Client, when: Any, comments: int):
    ask.fake.faults.drop(method="POST", path="/comments$", when=when)
    with pytest.raises(httpx.RemoteProtocolError):
        ask.comment()
    assert len(ask.fake.repository(REPO).issues[1].comments) == comments


def test_an_answer_can_hang_until_the_fault_is_cleared(ask: Client):
    ask.fake.faults.hang(60)
    threading.Timer(0.3, ask.fake.faults.clear).start()
    began = time.monotonic()
    assert ask("GET", ISSUE).status_code == 200
    assert 0.25 < time.monotonic() - began < 30


def test_reads_can_lag_behind(ask: Client):
    ask.fake.read_lag = 0.3
    ask("POST", f"{ISSUE}/labels", json={"labels": ["new"]})
    assert ask("GET", ISSUE).json()["labels"] == []
    time.sleep(0.35)
    assert [label["name"] for label in ask("GET", ISSUE).json()["labels"]] == ["new"]


Hook = tuple[str, list[tuple[str, str]], dict[str, int]]


def test_deliveries_can_be_held_doubled_and_reordered(ask: Client, hook: Hook):
    ask.app.webhook_url, taken, _ = hook
    hooks = ask.fake.hooks
    hooks.hold()
    hooks.copies(2)
    ask.fake.edit_issue(REPO, 1, title="Changed")
    ask.fake.comment(REPO, 1, "bob", "Me too")
    time.sleep(0.05)
    assert taken == []
    hooks.release(lambda held: held[::-1])
    hooks.wait()
    assert [event for event, _ in taken] == ["issue_comment", "issue_comment", "issues", "issues"]
    assert len({guid for _, guid in taken}) == 2


def test_a_failed_delivery_is_listed_and_not_repeated(ask: Client, hook: Hook):
    ask.app.webhook_url, taken, answer = hook
    answer["status"] = 500
    ask.fake.edit_issue(REPO, 1, title="Changed")
    ask.fake.hooks.wait()
    assert len(taken) == 1
    (failed,) = ask.fake.hooks.failed
    assert failed.status_code == 500
    answer["status"] = 202
    again = ask.fake.hooks.redeliver(failed)
    ask.fake.hooks.wait()
    assert (again.guid, again.status, again.redelivery) == (failed.guid, "OK", True)


def test_only_what_an_app_subscribed_to_and_is_installed_on_reaches_it(ask: Client, hook: Hook):
    ask.app.webhook_url, taken, _ = hook
    ask.app.events = ["issues"]
    ask.fake.comment(REPO, 1, "bob", "Me too")
    ask.fake.add_repository("hubot-org/other")
    ask.fake.open_issue("hubot-org/other", "alice", "Elsewhere")
    ask.fake.edit_issue(REPO, 1, title="Changed")
    ask.fake.hooks.wait()
    assert [event for event, _ in taken] == ["issues"]


def test_what_the_app_does_is_told_with_its_bot_as_the_sender(ask: Client):
    told: list[tuple[str, dict[str, Any]]] = []
    ask.fake.hooks.watchers.append(lambda event, payload: told.append((event, payload)))
    ask.comment()
    ((event, payload),) = told
    assert event == "issue_comment"
    assert payload["sender"]["login"] == payload["comment"]["user"]["login"] == "triage-bot[bot]"
    assert payload["comment"]["performed_via_github_app"]["id"] == ask.app.id


def test_git_names_things_as_git_does():
    files = {"README.md": b"Hi.", "a/b/c.txt": b"x", "a.txt": b"y"}
    assert git.blob_id(b"Hi.") == "11e3a48a6658226b5d04ba61c97de8a7a835208d"
    assert git.tree_id(git.directory(files)) == "e96716e192190ed4ba25b94774e6c610256a7539"
