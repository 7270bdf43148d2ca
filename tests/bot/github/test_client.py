"""Calls: redirects, an expired token, errors in our words, and no secret in any of them."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator

import pytest
from github.Auth import Token

from bot.github.app import App, Installation
from bot.github.client import Client
from bot.github.errors import Forbidden, GitHubError, NotFound, Rejected, Unavailable
from bot.github.quota import Quota
from bot.triage.issue import Repository
from bot.triage.plan import AddLabels
from tests.bot.github.clock import Clock
from tests.bot.github.scripted import Reply, ScriptedServer

ISSUE = "GET /repos/octo/hello/issues/1"
LABELS = "POST /repos/octo/hello/issues/1/labels"
BUG = AddLabels(because="it says so", labels=("bug",))
SECRET = "a-token-nobody-may-see"


@pytest.fixture
def client(server: ScriptedServer, app: App) -> Client:
    """`app` closes the connections."""
    return Client(Token(SECRET), Quota(), api_url=server.url, timeout=1)


@pytest.fixture
def elsewhere() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.stop()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_renamed_repository_is_followed_with_token_verb_and_body(
    server: ScriptedServer, installation: Installation, repo: Repository, status: int
):
    server.on(LABELS, Reply({}, status, {"Location": f"{server.url}/repositories/1/issues/1/labels"}))
    server.on("POST /repositories/1/issues/1/labels", Reply([{"name": "bug"}]))
    installation.writer.perform(repo, 1, BUG)
    before, after = server.asked[-2:]
    assert after.body == before.body == {"labels": ["bug"]}
    assert after.headers["authorization"] == before.headers["authorization"] == "Bearer token-1"


def test_a_redirect_keeps_its_query_and_may_be_relative(server: ScriptedServer, client: Client):
    server.on("GET /old", Reply({}, 301, {"Location": "/new?page=2"}))
    server.on("GET /new", Reply([1]))
    assert client.call("GET", "/old?page=2").data == [1]
    assert server.lines() == ["GET /old?page=2", "GET /new?page=2"]


def test_another_host_gets_no_request_and_no_token(server: ScriptedServer, client: Client, elsewhere: ScriptedServer):
    server.on("GET /old", Reply({}, 302, {"Location": f"{elsewhere.url}/new"}))
    with pytest.raises(Rejected, match="another host"):
        client.call("GET", "/old")
    assert elsewhere.asked == []


def test_another_scheme_on_the_same_host_is_another_host(server: ScriptedServer, client: Client):
    server.on("GET /old", Reply({}, 302, {"Location": server.url.replace("http:", "https:") + "/new"}))
    with pytest.raises(Rejected, match="another host"):
        client.call("GET", "/old")


def test_the_same_host_in_other_words_is_the_same_host(server: ScriptedServer, app: App):
    client = Client(None, Quota(), api_url=server.url.replace("127.0.0.1", "localhost"), timeout=1)
    server.on("GET /old", Reply({}, 302, {"Location": server.url.replace("127.0.0.1", "LOCALHOST") + "/new"}))
    server.on("GET /new", Reply([1]))
    assert client.call("GET", "/old").data == [1]


def test_redirects_in_a_circle_end(server: ScriptedServer, client: Client):
    server.on("GET /old", Reply({}, 301, {"Location": "/old"}))
    with pytest.raises(Rejected, match="redirected in a circle or to nowhere"):
        client.call("GET", "/old")
    assert len(server.asked) == 4


def test_a_redirect_to_nowhere_is_refused(server: ScriptedServer, client: Client):
    server.on("GET /old", Reply({}, 301))
    with pytest.raises(Rejected, match="redirected in a circle or to nowhere"):
        client.call("GET", "/old")


def test_an_issue_transferred_to_another_repository_is_gone(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    server.on(ISSUE, Reply({}, 301, {"Location": f"{server.url}/repositories/99/issues/1"}))
    with pytest.raises(NotFound, match="another repository"):
        installation.reader.issue(repo, 1)


def test_a_host_with_a_path_is_asked_below_it(server: ScriptedServer, app: App):
    client = Client(Token(SECRET), Quota(), api_url=f"{server.url}/api/v3/", timeout=1)
    server.on("GET /api/v3/app", Reply({"slug": "here"}))
    server.on("GET /api/v3/old", Reply({}, 302, {"Location": f"{server.url}/api/v3/repositories/1"}))
    server.on("GET /api/v3/repositories/1", Reply({"id": 1}, headers={"Link": f'<{server.url}/api/v3/x>; rel="next"'}))
    server.on("POST /api/graphql", Reply({"data": {"node": 1}}))
    assert client.call("GET", "/app").data == {"slug": "here"}
    assert client.call("GET", "/old").data == {"id": 1}
    assert client.graphql("query { node }", {}) == {"node": 1}


def test_pages_are_followed_to_the_last(server: ScriptedServer, client: Client):
    server.on(
        "GET /things",
        Reply([1, 2], headers={"Link": f'<{server.url}/things?page=2>; rel="next", <{server.url}/x>; rel="last"'}),
        Reply([3], headers={"Link": f'<{server.url}/things?page=1>; rel="prev"'}),
    )
    assert list(client.pages("/things?state=all")) == [[1, 2], [3]]
    assert server.lines() == ["GET /things?per_page=100&state=all", "GET /things?page=2"]


@pytest.mark.parametrize(
    ("last", "read", "others"),
    [(1, [[1]], []), (2, [[1], [2]], [2]), (3, [[1], [2], [3]], [2, 3]), (900, [[2], [3], [4]], [898, 899, 900])],
)
def test_of_a_long_listing_only_the_last_pages_are_read(
    server: ScriptedServer, client: Client, last: int, read: list[list[int]], others: list[int]
):
    pages = f'<{server.url}/x?per_page=100&page=2>; rel="next", <{server.url}/x?page={last}&per_page=100>; rel="last"'
    first = Reply([1], headers={"Link": pages} if last > 1 else {})
    server.on("GET /things", first, Reply([2]), Reply([3]), Reply([4]))
    assert list(client.last_pages("/things", 3)) == read
    assert server.lines() == [f"GET /things?{page}per_page=100" for page in ("", *(f"page={it}&" for it in others))]


def test_a_refused_token_is_renewed_once(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(LABELS, Reply({"message": "Bad credentials"}, 401), Reply([]))
    installation.writer.perform(repo, 1, BUG)
    assert server.lines() == [LABELS, LABELS]


def test_a_new_token_that_github_does_not_know_everywhere_yet_is_given_time(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    server.on(LABELS, Reply({"message": "Bad credentials"}, 401))
    with pytest.raises(Unavailable, match="Bad credentials"):
        installation.writer.perform(repo, 1, BUG)
    assert server.lines() == [LABELS, LABELS]


def test_rights_that_github_does_not_know_everywhere_yet_are_given_time(
    server: ScriptedServer, installation: Installation, repo: Repository, clock: Clock
):
    server.on(LABELS, Reply({"message": "Resource not accessible by integration"}, 403))
    with pytest.raises(Unavailable, match="not accessible"):
        installation.writer.perform(repo, 1, BUG)
    clock.now += 60
    with pytest.raises(Forbidden, match="not accessible"):
        installation.writer.perform(repo, 1, BUG)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Rejected),
        (403, Forbidden),
        (404, NotFound),
        (409, Rejected),
        (410, NotFound),
        (422, Rejected),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
    ],
)
def test_statuses_become_errors_that_say_what_to_do(
    server: ScriptedServer, client: Client, status: int, error: type[GitHubError]
):
    server.on("GET /x", Reply({"message": "Because of <this>."}, status))
    with pytest.raises(error, match=rf"^GET /x: {status} Because of <this>\.$") as caught:
        client.call("GET", "/x")
    assert caught.value.status == status
    assert len(server.asked) == 1


def test_an_error_page_of_a_proxy_is_understood_by_its_status(server: ScriptedServer, client: Client):
    server.on("GET /x", Reply(raw=b"<html>Bad gateway</html>", status=502))
    with pytest.raises(Unavailable, match=r"^GET /x: 502$"):
        client.call("GET", "/x")


def test_a_write_answered_by_no_json_may_have_happened(server: ScriptedServer, client: Client):
    server.on("POST /x", Reply(raw=b"<html>Log in to the hotel's network</html>"))
    with pytest.raises(Unavailable, match="no JSON"):
        client.call("POST", "/x", {})


@pytest.mark.parametrize("data", [{"message": 5}, ["a"], "text", None, {"message": "x", "errors": "all"}])
def test_errors_in_odd_shapes_are_errors_all_the_same(server: ScriptedServer, client: Client, data: object):
    server.on("GET /x", Reply(data, 422))
    with pytest.raises(Rejected):
        client.call("GET", "/x")


@pytest.mark.parametrize(
    ("kind", "error"), [("NOT_FOUND", NotFound), ("FORBIDDEN", Forbidden), ("SOMETHING", Rejected), (None, Rejected)]
)
def test_graphql_errors_become_ours(server: ScriptedServer, client: Client, kind: str, error: type[GitHubError]):
    server.on("POST /graphql", Reply({"data": None, "errors": [{"type": kind, "message": "No."}]}))
    with pytest.raises(error, match=r"^GraphQL: .*No\.$"):
        client.graphql("query { x }", {"id": 1})


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Something went wrong while executing your query. This may be the result of a timeout."},
        {"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."},
    ],
)
def test_a_query_too_heavy_for_graphql_may_be_asked_again(
    server: ScriptedServer, client: Client, error: dict[str, str]
):
    server.on("POST /graphql", Reply({"data": {"repository": None}, "errors": [error]}))
    with pytest.raises(Unavailable):
        client.graphql("query { x }", {"id": 1})


def test_no_secret_is_in_an_error_or_a_log(
    server: ScriptedServer, client: Client, caplog: pytest.LogCaptureFixture, installation: Installation
):
    caplog.set_level(logging.DEBUG)
    server.on("GET /x", Reply(ending="drop"))
    server.on("GET /y", Reply({"message": "No"}, 403))
    server.on("GET /z", Reply({}, 301, {"Location": "https://example.invalid/"}))
    server.on(ISSUE, Reply({"message": "Bad credentials"}, 401))
    said = ""
    for path in ("/x", "/y", "/z"):
        with pytest.raises(GitHubError) as caught:
            client.call("GET", path)
        said += "".join(traceback.format_exception(caught.value))
    with pytest.raises(Unavailable):
        installation.reader.issue(Repository(1, "octo", "hello", ""), 1)
    said += caplog.text
    assert SECRET not in said
    assert "token-1" not in said


def test_the_code_that_makes_an_app_is_not_named(server: ScriptedServer, client: Client):
    with pytest.raises(NotFound, match=r"POST /app-manifests/…/conversions: 404"):
        client.call("POST", "/app-manifests/0123456789abcdef/conversions")
