"""Stands for the running bot behind the web, and for the browser in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.credentials import Credentials
from bot.settings import Settings
from bot.web.app import create_app
from bot.web.service import Start
from bot.work.intake import Stored


def new_key(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | None = None) -> str:
    """A key in PEM as GitHub makes them, or this one."""
    key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind = PrivateFormat.TraditionalOpenSSL if isinstance(key, rsa.RSAPrivateKey) else PrivateFormat.PKCS8
    return key.private_bytes(Encoding.PEM, kind, NoEncryption()).decode()


class FakeService:
    """Takes every delivery and says that all is well, unless told otherwise."""

    def __init__(self) -> None:
        self.accepted: list[tuple[str, str, str, bytes]] = []
        self.wrong: dict[str, str] = {"database": "", "engine": ""}
        self.broken = False
        self.stopped = False
        self.started_with: Credentials | None = None
        self.lose: Callable[[], None] | None = None
        """What it was given to call."""
        self.boards: dict[tuple[str, str, int], dict[str, Any]] = {}
        self.reports: dict[tuple[str, str], bytes] = {}

    def start(self, _settings: Settings, credentials: Credentials) -> FakeService:
        self.started_with = credentials
        return self

    async def accept(self, guid: str, event: str, lane: str, body: bytes) -> Stored:
        self.accepted.append((guid, event, lane, body))
        return "stored"

    def checks(self) -> Mapping[str, str]:
        if self.broken:
            raise RuntimeError("no database")
        return self.wrong

    def figures(self) -> Mapping[str, float]:
        return {"deliveries_undone": 3.0}

    def budget_left(self) -> Mapping[tuple[int, str], float]:
        return {(7, "content_hour"): 0.25, (7, "core"): 1.0}

    def board(self, owner: str, name: str, number: int) -> dict[str, Any] | None:
        return self.boards.get((owner, name, number))

    def report(self, owner: str, name: str) -> bytes | None:
        return self.reports.get((owner, name))

    def when_lost(self, tell: Callable[[], None]) -> None:
        self.lose = tell

    def stop(self) -> None:
        self.stopped = True


class Browser:
    """Asks the app as a browser at this address would."""

    def __init__(
        self, settings: Settings, start: Start, address: str = "https://triage.example.com", *, inner: bool = False
    ) -> None:
        self.app, self.site = create_app(settings, start, inner=inner)
        self._address = address
        asyncio.run(self.site.open())

    def get(self, path: str) -> httpx.Response:
        return self.ask("GET", path)

    def post(self, path: str, **what: Any) -> httpx.Response:
        return self.ask("POST", path, **what)

    def ask(self, method: str, path: str, **what: Any) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url=self._address) as client:
                return await client.request(method, path, **what)

        return asyncio.run(once())

    def close(self) -> None:
        asyncio.run(self.site.close())
