"""A client's connection: how long its request may be on its way, how much of it may be no body, and who makes room."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain\r\nconnection: close\r\n\r\n"
    b"The headers are too many or too long.\n"
)


class _RefusedError(Exception):
    """Stops the parser; uvicorn then answers 400, or what this class has it answer."""


class Connection(HttpToolsProtocol):
    """uvicorn's, which by itself waits for ever and takes headers without end.

    It is about requests that are not whole yet, and answers that nobody takes. While a whole request is worked on,
    nothing here interferes.
    """

    # Of the class, so that a test can be less patient.
    head_seconds: ClassVar[float] = 10
    """From the connection, or from a head's first byte, until all headers are there."""
    answer_seconds: ClassVar[float] = 30
    """For a client to take an answer, and to end what it sends in spite of it."""
    most_connections: ClassVar[int] = 256
    """Far below the number of files that a process may have open, since the database needs some as well."""
    most_headers: ClassVar[int] = 100
    most_head: ClassVar[int] = 64 * 1024
    """Bytes. GitHub sends about 1 kB in 15 headers."""
    most_ahead: ClassVar[int] = 8
    """Requests sent before the one in hand was answered. Thousands fit into a packet, and each costs kilobytes."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.waits_since: float | None = None
        """When it began to wait for the rest of a request; None while a whole one is worked on."""
        self._request_due: asyncio.TimerHandle | None = None
        self._answer_due: asyncio.TimerHandle | None = None
        self._head = self._headers = 0
        self._body = 0
        self._framing = 0
        """Bytes of the request that are no body: its head, the sizes of chunks, trailers."""
        self._too_large = self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_request(self.head_seconds)
        if len(self.connections) > self.most_connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        _cancel(self._request_due)
        _cancel(self._answer_due)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return  # passed over, so that the answer arrives before the connection ends
        self._framing += len(data)
        super().data_received(data)
        # The parser keeps what it has of a header or trailer until the rest comes, and says nothing of it until then.
        grown = self._framing > self.most_head + self._body // 16
        if grown and not self._too_large and not self.transport.is_closing():
            self._refuse()

    def on_message_begin(self) -> None:
        self._await_request(self.head_seconds)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers += 1
        self._count_head(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= self.most_ahead:
            raise _RefusedError
        # From here on the app minds the time: it answers, or reads the body within bounds (`bodies.py`).
        _cancel(self._request_due)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        self._framing -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head = self._headers = self._body = self._framing = 0
        if not self.cycle.response_complete:
            self.waits_since = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        # Also where it is closing: that alone does not end it while the client takes nothing. One that is kept open
        # and silent ends sooner, by uvicorn's own time.
        self._await_request(self.answer_seconds)
        super().on_response_complete()

    def pause_writing(self) -> None:
        self._answer_due = self.loop.call_later(self.answer_seconds, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        _cancel(self._answer_due)
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn where the parser stopped."""
        if self._too_large:
            self._refuse()
        else:
            super().send_400_response(msg)

    def _await_request(self, seconds: float) -> None:
        self.waits_since = self.loop.time()
        _cancel(self._request_due)
        self._request_due = self.loop.call_later(seconds, self.transport.abort)

    def _count_head(self, size: int) -> None:
        self._head += size
        if self._head > self.most_head or self._headers > self.most_headers:
            self._too_large = True
            raise _RefusedError

    def _refuse(self) -> None:
        self._refused = True
        if self.cycle is not None:
            # A body whose trailers have no end: the app is to stop reading it, and to send nothing more.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(_TOO_LARGE)
        self.transport.write_eof()
        self._await_request(self.head_seconds)

    def _make_room(self) -> None:
        """Ends the connection whose request has been on its way for longest; an honest one takes a moment."""
        waiting = [
            (one.waits_since, one)
            for one in self.connections
            if isinstance(one, Connection) and one is not self and one.waits_since is not None
        ]
        if waiting:
            _, longest = min(waiting, key=lambda pair: pair[0])
            self.connections.discard(longest)
            longest.transport.abort()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
