"""A relay of connections, as a network or a balancer between two parties, that a test can cut."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

Target = str | tuple[str, int]
"""A socket's path, or host and port."""

UNHEARD = 15.0
"""Seconds of a cut after which both ends give a connection up, as the bot asks of its own system and of PostgreSQL."""


class Relay:
    """Listens on a port. A new connection goes to the next target that takes it."""

    def __init__(self, targets: Sequence[Target], host: str = "127.0.0.1", port: int = 0) -> None:
        self.host, self.port = host, port
        self._targets = targets
        self._turns = itertools.count()
        self._whole = asyncio.Event()
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._loop = asyncio.new_event_loop()
        self._giving_up: asyncio.TimerHandle | None = None

    def cut(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._loop.call_soon_threadsafe(self._cut)

    def mend(self) -> None:
        self._loop.call_soon_threadsafe(self._mend)

    def _cut(self) -> None:
        self._whole.clear()
        self._giving_up = self._loop.call_later(UNHEARD, self._give_up)

    def _mend(self) -> None:
        if self._giving_up:
            self._giving_up.cancel()
        self._whole.set()

    def _give_up(self) -> None:
        for pair in list(self._pairs):
            for writer in pair:
                writer.transport.abort()

    def run(self, started: threading.Event, ended: asyncio.Event) -> None:
        """Until `ended`, which is to be set in its own loop (`end`)."""
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(started, ended))

    def end(self, ended: asyncio.Event) -> None:
        self._loop.call_soon_threadsafe(ended.set)

    async def _serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        self._whole.set()
        server = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await ended.wait()
        server.close()
        self._give_up()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._whole.wait()
        there = await self._connected()
        if there is None:
            writer.transport.abort()
            return
        pair = (writer, there[1])
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._pass_on(reader, there[1]), self._pass_on(there[0], writer))
        finally:
            self._pairs.discard(pair)
            for one in pair:
                one.transport.abort()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        first = next(self._turns)
        for number in range(len(self._targets)):
            target = self._targets[(first + number) % len(self._targets)]
            with suppress(OSError):
                if isinstance(target, str):
                    return await asyncio.open_unix_connection(target)
                return await asyncio.open_connection(*target)
        return None

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()
            await self._whole.wait()
            writer.transport.close()


@contextmanager
def relay(*targets: Target, host: str = "127.0.0.1", port: int = 0) -> Iterator[Relay]:
    """To these, in turn."""
    made = Relay(targets, host, port)
    started, ended = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=made.run, args=(started, ended), name="relay", daemon=True)
    thread.start()
    started.wait()
    try:
        yield made
    finally:
        made.end(ended)
        thread.join()


if __name__ == "__main__":
    # `python -m tests.fakes.relay PORT HOST PORT`: from this host's loopback to another host.
    here, there, its = sys.argv[1:]
    with relay((there, int(its)), port=int(here)):
        threading.Event().wait()
