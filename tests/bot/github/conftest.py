"""A scripted GitHub on loopback, and the App talking to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.github import transport
from bot.github.app import App, Installation
from bot.github.caches import MemoryCache
from bot.github.reader import Reader
from bot.triage.issue import Repository
from tests.bot.github.clock import Clock
from tests.bot.github.scripted import Reply, ScriptedServer

APP_ID = 7
INSTALLATION_ID = 42
TOKENS = f"POST /app/installations/{INSTALLATION_ID}/access_tokens"


@pytest.fixture(scope="session")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return pem.decode()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    server.on("GET /app", Reply({"id": APP_ID, "slug": "triage-bot", "name": "Triage bot"}))
    server.on(TOKENS, Reply({"token": "token-1", "expires_at": clock.stamp(3600)}, 201))
    yield server
    server.stop()


@pytest.fixture
def app(server: ScriptedServer, private_key: str, clock: Clock) -> Iterator[App]:
    app = App(APP_ID, private_key, api_url=server.url, timeout=1, clock=clock)
    yield app
    transport.close_idle()


@pytest.fixture
def installation(app: App) -> Installation:
    return app.installation(INSTALLATION_ID)


@pytest.fixture
def repo() -> Repository:
    return Repository(1, "octo", "hello", "https://github.com/octo/hello")


@pytest.fixture
def cache() -> MemoryCache:
    return MemoryCache()


@pytest.fixture
def reader(server: ScriptedServer, private_key: str, clock: Clock, cache: MemoryCache, app: App) -> Reader:
    """`app` closes the connections."""
    return App(7, private_key, api_url=server.url, timeout=1, clock=clock, cache=cache).installation(42).reader
