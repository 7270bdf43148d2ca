"""Runs the site under uvicorn: says where it listens, and ends within 20 seconds of being told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import FrameType

import structlog
import uvicorn

from bot.credentials import prepare_data_dir
from bot.settings import Settings
from bot.web.app import Site, create_app
from bot.web.service import Start

log = structlog.get_logger(__name__)

STOP_SECONDS = 18
"""After this the process ends, whatever hangs: all that matters is on disk already."""


def run(settings: Settings, start: Start, announce: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT. Raises OSError where it cannot listen, and whatever `start` raises."""
    prepare_data_dir(settings.data_dir)
    with closing(_listen(settings.host, settings.port)) as listener:
        app, site = create_app(settings, start)
        text = _announcement(site, settings.host, listener.getsockname()[1])
        config = uvicorn.Config(
            app,
            http="httptools",
            loop="auto",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=8,
        )
        server = _Server(config, lambda: announce(text))
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_serve(server, site, listener))


async def _serve(server: _Server, site: Site, listener: socket.socket) -> None:
    # Not by uvicorn's lifespan: that turns what is wrong with the start into a stack trace and exit code 3.
    await site.open()
    try:
        await server.serve(sockets=[listener])
    finally:
        await site.close()
        log.info("stopped")


class _Server(uvicorn.Server):
    """uvicorn's, but ends with exit code 0 when told to stop, and ends for certain."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell_started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Left in place afterwards, so that a second signal does not cut the closing short."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # No log here: the signal may have come while a line was being written.
        if not self.should_exit:
            last_resort = threading.Timer(STOP_SECONDS, _end_for_certain)
            last_resort.daemon = True
            last_resort.start()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        log.info("stopping")
        await super().shutdown(sockets)


def _end_for_certain() -> None:
    log.error("something did not end in time and is cut off; the next start takes up its work", seconds=STOP_SECONDS)
    os._exit(1)


def _announcement(site: Site, host: str, port: int) -> str:
    anywhere = host in {"0.0.0.0", "::"}  # noqa: S104
    named = f"[{host}]" if ":" in host else host
    here = f"http://{'localhost' if anywhere else named}:{port}"
    first = f"Listening on http://{named}:{port}"
    if site.setup is None:
        return f"{first}\nConfigured: deliveries are taken at /webhook."
    return (
        f"{first}\nNot configured: no GitHub App is registered yet, so deliveries are refused. To register one, open\n"
        f"  {here}/setup?code={site.setup.code}\n"
        f"or /setup at the public address, with the one-time code {site.setup.code}"
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except socket.gaierror as error:
        raise OSError(f"{host} is no address of this machine ({error.strerror}): give another by --host.") from None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise OSError(
            f"Cannot listen on {host} port {port} ({error.strerror}): stop what uses it, or give --host or --port."
        ) from None
    return listener
