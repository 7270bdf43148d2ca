"""Runs the fake GitHub on a loopback port, in a thread of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tests.fakes.github.asgi import Exchange, Service
from tests.fakes.github.fake import FakeGitHub


class Protocol(HttpToolsProtocol):
    """Hands the connection to the app, so that a fault can cut it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["fake.transport"] = self.transport  # type: ignore[typeddict-unknown-key]


class Running:
    """A fake GitHub that listens; `url` is what GITHUB_API_URL should be."""

    def __init__(self, fake: FakeGitHub, service: Service, url: str) -> None:
        self.fake, self.service, self.url = fake, service, url
        self.exchanges: list[Exchange] = []
        service.watchers.append(self.exchanges.append)

    def requests(self, method: str = "", ending: str = "") -> list[Exchange]:
        """The exchanges of that method (all for none) whose path ends so."""
        return [one for one in self.exchanges if method in {"", one.method} and one.path.endswith(ending)]


@contextmanager
def serve(fake: FakeGitHub, *, port: int = 0, app: Any = None) -> Iterator[Running]:
    """Listens until the block ends; webhooks go out from now on. `app` wraps the service where a page is wanted too."""
    service = Service(fake)
    listener = socket.create_server(("127.0.0.1", port))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    fake.shapes.api = url
    config = uvicorn.Config(
        app(service) if app else service,
        http=Protocol,
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the fake GitHub did not start")
        time.sleep(0.005)
    fake.hooks.start()
    try:
        yield Running(fake, service, url)
    finally:
        fake.hooks.stop()
        fake.faults.clear()
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
