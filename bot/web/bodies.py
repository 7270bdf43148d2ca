"""Reads the bodies of requests: each within its size and time, all of them together within a bound of memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

SECONDS = 10.0
"""For one body. GitHub itself waits no longer for its answer."""
MOST_TOGETHER = 96 * 1024 * 1024
"""Of all bodies that are on their way. Shared out over the most connections there may be at once (`connection.py`),
that is 384 kB each, and news of an issue are hardly ever longer: no flood of large bodies shuts them out."""
_LONGEST_LENGTH = 20
"""Digits of a claimed length; Python refuses to read thousands of them, were they all zeros."""


class RefusedError(Exception):
    """A body that is not read to its end. The message is for whoever sent it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(eq=False, slots=True)
class _Reading:
    size: int = 0
    chunks: list[bytes] = field(default_factory=list)


class Bodies:
    """All that are being read by one process."""

    def __init__(self, *, seconds: float = SECONDS, most_together: int = MOST_TOGETHER) -> None:
        self._seconds, self._most_together = seconds, most_together
        self.together = 0
        """Bytes that are held of bodies on their way."""
        self._readings: set[_Reading] = set()

    async def read(self, request: Request, most: int) -> bytes:
        """The whole body, of at most so many bytes. Raises RefusedError.

        What the sender claims of the length is not believed, only obeyed early.
        """
        claimed = request.headers.get("content-length", "")
        if claimed.isdecimal() and (len(claimed) > _LONGEST_LENGTH or int(claimed) > most):
            raise _too_long(most)
        reading = _Reading()
        self._readings.add(reading)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._receive(request, reading, most)
        except TimeoutError:
            raise RefusedError(408, f"The body did not arrive within {self._seconds:g} seconds.") from None
        finally:
            self._let_go(reading)

    async def _receive(self, request: Request, reading: _Reading, most: int) -> bytes:
        more = True
        while more:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise RefusedError(400, "The connection ended before the body did.")
            if reading not in self._readings:
                raise RefusedError(503, "Too much arrives at once, and this was the most of it. Send it again later.")
            chunk = message.get("body", b"")
            if reading.size + len(chunk) > most:
                raise _too_long(most)
            self._keep(reading, chunk)
            more = message.get("more_body", False)
        return b"".join(reading.chunks)

    def _keep(self, reading: _Reading, chunk: bytes) -> None:
        reading.chunks.append(chunk)
        reading.size += len(chunk)
        self.together += len(chunk)
        while self.together > self._most_together:
            # Whoever takes the most room makes room. To refuse the newcomer would let few large bodies keep all out.
            self._let_go(max(self._readings, key=lambda one: one.size))

    def _let_go(self, reading: _Reading) -> None:
        if reading in self._readings:
            self._readings.remove(reading)
            self.together -= reading.size
            reading.chunks.clear()


def _too_long(most: int) -> RefusedError:
    return RefusedError(413, f"The body is longer than {most:,} bytes.")
