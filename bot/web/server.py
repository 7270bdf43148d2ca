"""Runs the site under uvicorn: says where it listens, and ends within 20 seconds of being told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import structlog
import uvicorn

from bot.credentials import prepare_data_dir
from bot.settings import Settings
from bot.web.app import Site, create_app
from bot.web.connection import Connection
from bot.web.service import Start

if TYPE_CHECKING:
    from starlette.types import ASGIApp

log = structlog.get_logger(__name__)

STOP_SECONDS = 18
"""After this the process ends, whatever hangs: all that matters is on disk already."""


def run(settings: Settings, start: Start, announce: Callable[[str], None], *, inner: bool = False) -> bool:
    """Serves until SIGTERM or SIGINT; True when the process is to start anew, as `Site.anew` says.

    `inner`: health and figures only. Raises OSError where it cannot listen, and whatever `start` raises.
    """
    prepare_data_dir(settings.data_dir)
    with closing(_listen(settings.host, settings.port)) as listener:
        app, site = create_app(settings, start, inner=inner)
        port = listener.getsockname()[1]
        config = configuration(app, Connection)
        server = _Server(config, lambda: announce(_announcement(site, settings, port)), site.anew)
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_serve(server, site, listener))
        return site.anew.is_set() and not server.should_exit


def start_anew() -> NoReturn:
    """The same program with the same arguments, in this process's stead: nobody needs to watch over it."""
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 its own arguments


def configuration(app: ASGIApp, connection: type[Connection]) -> uvicorn.Config:
    """How uvicorn is to serve."""
    return uvicorn.Config(
        app,
        http=connection,
        loop="auto",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # Reached only where so many whole requests are worked on: of others, one makes room.
        limit_concurrency=connection.most_connections + 1,
        timeout_graceful_shutdown=8,
    )


async def _serve(server: _Server, site: Site, listener: socket.socket) -> None:
    # Not by uvicorn's lifespan: that turns what is wrong with the start into a stack trace and exit code 3.
    await site.open()
    try:
        await server.serve(sockets=[listener])
    finally:
        await site.close()
        log.info("stopped")


class _Server(uvicorn.Server):
    """uvicorn's, but ends with exit code 0 when told to stop, ends to start anew, and ends for certain."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None], anew: threading.Event) -> None:
        super().__init__(config)
        self._tell_started = started
        self._anew = anew

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell_started()

    async def on_tick(self, counter: int) -> bool:
        if self._anew.is_set() and not self.should_exit:
            _end_within(STOP_SECONDS, start_anew)
            return True
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Left in place afterwards, so that a second signal does not cut the closing short."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # No log here: the signal may have come while a line was being written.
        if not self.should_exit:
            _end_within(STOP_SECONDS, _end_for_certain)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        log.info("stopping")
        await super().shutdown(sockets)


def _end_within(seconds: float, end: Callable[[], None]) -> None:
    last_resort = threading.Timer(seconds, end)
    last_resort.daemon = True
    last_resort.start()


def _end_for_certain() -> None:
    log.error("something did not end in time and is cut off; the next start takes up its work", seconds=STOP_SECONDS)
    os._exit(1)


def _announcement(site: Site, settings: Settings, port: int) -> str:
    anywhere = settings.host in {"0.0.0.0", "::"}  # noqa: S104
    named = f"[{settings.host}]" if ":" in settings.host else settings.host
    here = f"http://{'localhost' if anywhere else named}:{port}"
    first = f"Listening on http://{named}:{port}"
    if site.inner:
        waiting = (
            "Not configured: no GitHub App is registered yet. Work begins once the setup page has left its keys in"
            f"\n{settings.data_dir}. On another host, set APP_ID, PRIVATE_KEY and WEBHOOK_SECRET, and start again."
        )
        return f"{first} for health and metrics\n{'Configured: at work.' if site.service else waiting}"
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
