"""The App: who it is, and tokens with no more rights than needed, renewed early and once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bot.github.app import App, Installation
from bot.github.errors import NotFound, Suspended, Unavailable
from bot.triage.issue import Repository
from tests.bot.github.clock import Clock
from tests.bot.github.conftest import APP_ID, TOKENS
from tests.bot.github.scripted import Reply, ScriptedServer

ISSUE = "GET /repos/octo/hello/issues/1"


@pytest.fixture(autouse=True)
def _an_issue(server: ScriptedServer) -> None:
    server.on(ISSUE, Reply({"number": 1}))


def tokens_asked(server: ScriptedServer) -> int:
    return sum(asked.line == TOKENS for asked in server.asked)


def tokens_used(server: ScriptedServer) -> list[str]:
    return [asked.headers["authorization"] for asked in server.asked if asked.line == ISSUE]


def test_a_token_is_asked_with_exactly_three_rights_and_a_signed_proof(
    server: ScriptedServer, installation: Installation, repo: Repository, private_key: str
):
    installation.reader.issue(repo, 1)
    asked = server.asked[0]
    assert asked.line == TOKENS
    assert asked.body == {"permissions": {"issues": "write", "contents": "read", "metadata": "read"}}
    kind, _, proof = asked.headers["authorization"].partition(" ")
    public_key = load_pem_private_key(private_key.encode(), None).public_key()
    claims = jwt.decode(proof, public_key, ["RS256"])  # type: ignore[arg-type]
    assert (kind, claims["iss"]) == ("Bearer", str(APP_ID))
    assert claims["exp"] - claims["iat"] <= 600


def test_an_installation_costs_no_call_until_it_is_used(server: ScriptedServer, app: App):
    assert app.installation(1) is app.installation(1)
    assert app.installation(1) is not app.installation(2)
    assert server.asked == []


def test_a_token_is_used_until_shortly_before_its_end(
    server: ScriptedServer, installation: Installation, repo: Repository, clock: Clock
):
    server.on(
        TOKENS,
        Reply({"token": "first", "expires_at": clock.stamp(3600)}, 201),
        Reply({"token": "second", "expires_at": clock.stamp(7200)}, 201),
    )
    for seconds in (0, 3200, 300):
        clock.now += seconds
        installation.reader.issue(repo, 1)
    assert tokens_used(server) == ["Bearer first", "Bearer first", "Bearer second"]


def test_many_threads_ask_for_one_token(server: ScriptedServer, installation: Installation, repo: Repository):
    gate = threading.Event()
    token = Reply({"token": "only", "expires_at": "2999-01-01T00:00:00Z"}, 201, gate=gate)
    server.on(TOKENS, token)
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(installation.reader.issue, repo, 1) for _ in range(8)]
        threading.Event().wait(0.1)
        gate.set()
        assert [call.result().number for call in calls] == [1] * 8
    assert tokens_asked(server) == 1


def test_many_threads_with_a_refused_token_ask_for_one_new(
    server: ScriptedServer, installation: Installation, repo: Repository, clock: Clock
):
    installation.reader.issue(repo, 1)
    server.on(TOKENS, Reply({"token": "new", "expires_at": clock.stamp(3600)}, 201))
    gate = threading.Event()
    server.on(ISSUE, *[Reply({"message": "Bad credentials"}, 401, gate=gate)] * 8, Reply({"number": 1}))
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(installation.reader.issue, repo, 1) for _ in range(8)]
        while len(tokens_used(server)) < 9:
            threading.Event().wait(0.01)
        gate.set()
        assert [call.result().number for call in calls] == [1] * 8
    assert tokens_asked(server) == 2
    assert tokens_used(server).count("Bearer new") == 8


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply({"message": "Not Found"}, 404), NotFound),
        (Reply({"message": "This installation has been suspended"}, 403), Suspended),
        (Reply({"message": "A JSON web token could not be decoded"}, 401), Unavailable),
        (Reply({"message": "Oops"}, 502), Unavailable),
        (Reply({"expires_at": "2999-01-01T00:00:00Z"}, 201), Unavailable),
        (Reply({"token": "x", "expires_at": "soon"}, 201), Unavailable),
    ],
    ids=["uninstalled", "suspended", "wrong key", "down", "no token", "no end"],
)
def test_without_a_token_the_call_fails_as_the_asking_did(
    server: ScriptedServer, installation: Installation, repo: Repository, reply: Reply, error: type[Exception]
):
    server.on(TOKENS, reply)
    with pytest.raises(error):
        installation.reader.issue(repo, 1)
    assert tokens_used(server) == []


def test_the_app_tells_who_it_is(server: ScriptedServer, app: App):
    server.on(
        "GET /app",
        Reply(
            {
                "id": 7,
                "slug": "triage-bot",
                "name": "Triage bot",
                "html_url": "https://github.com/apps/triage-bot",
                "owner": {"login": "octo", "type": "User"},
                "permissions": {"issues": "write"},
                "events": ["issues"],
            }
        ),
    )
    found = app.metadata()
    assert (found.slug, found.name) == ("triage-bot", "Triage bot")
    assert (found.permissions, found.events) == ({"issues": "write"}, ("issues",))


def test_the_slug_is_asked_for_once(server: ScriptedServer, app: App):
    assert [app.slug, app.slug] == ["triage-bot"] * 2
    assert len(server.asked) == 1


def test_a_repositorys_installation_is_found_by_name(server: ScriptedServer, app: App):
    server.on("GET /repos/octo/hello/installation", Reply({"id": 42}))
    assert app.installation_of("octo", "hello") is app.installation(42)


def test_a_repository_without_the_app_has_none(server: ScriptedServer, app: App):
    with pytest.raises(NotFound):
        app.installation_of("octo", "hello")


def test_an_installation_without_an_id_is_no_answer(server: ScriptedServer, app: App):
    server.on("GET /repos/octo/hello/installation", Reply({}))
    with pytest.raises(Unavailable):
        app.installation_of("octo", "hello")
