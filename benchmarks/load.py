"""Sends deliveries over kept-alive connections, one at a time on each, and times the answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop

CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Sent:
    """`started` and `ended` by the machine's monotonic clock, which all processes share; `waits` in seconds, sorted."""

    started: float
    ended: float
    waits: list[float]

    @property
    def p95(self) -> float:
        return self.waits[int(len(self.waits) * 0.95)]

    @property
    def rate(self) -> float:
        return len(self.waits) / (self.ended - self.started)


def send(ports: Sequence[int], requests: Sequence[bytes]) -> Sent:
    """All requests, in order, over CONNECTIONS connections, shared out to the ports; every answer must be a 2xx."""
    return uvloop.run(_send(ports, requests))


async def _send(ports: Sequence[int], requests: Sequence[bytes]) -> Sent:
    waits: list[float] = []
    queue = iter(requests)

    async def connection(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in queue:
            start = time.monotonic()
            writer.write(request)
            await _answer(reader)
            waits.append(time.monotonic() - start)
        writer.close()

    started = time.monotonic()
    await asyncio.gather(*(connection(ports[n % len(ports)]) for n in range(CONNECTIONS)))
    return Sent(started, time.monotonic(), sorted(waits))


async def _answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head[9:10] == b"2", head.decode()
    lowered = head.lower()
    if b"content-length:" in lowered:
        await reader.readexactly(int(lowered.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]))
    elif b"transfer-encoding: chunked" in lowered:
        while (size := int(await reader.readuntil(b"\r\n"), 16)) or not await reader.readexactly(2):
            await reader.readexactly(size + 2)
