"""Kept-alive connections behind PyGithub, whose own transport costs three times as much a call."""

from __future__ import annotations

import contextlib
import http.client
import logging
import select
import socket
import ssl
import time
from collections import defaultdict, deque
from functools import cache
from typing import Any, ClassVar

from github.Requester import Requester

_KEPT_IDLE_FOR = 55.0
"""Seconds; below the minute after which GitHub and the usual proxies close a silent connection."""
_KEPT_PER_HOST = 16
_MOST_BYTES = 32 * 1024 * 1024
_REDIRECTS = frozenset({301, 302, 307, 308})

Origin = tuple[str, str, int]
"""Scheme, host and port: what a pooled connection may be used for."""


class Lost(Exception):
    """No whole answer came. The request may have been carried out."""


class Redirected(Exception):
    """GitHub says that it is elsewhere; the caller decides whether to follow."""

    def __init__(self, location: str, status: int) -> None:
        super().__init__(location)
        self.location = location
        self.status = status


class Answer:
    """A response read to its end, as PyGithub expects it."""

    __slots__ = ("_body", "_headers", "status")

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self._headers = headers
        self._body = body

    def getheaders(self) -> list[tuple[str, str]]:
        return self._headers

    def read(self) -> str:
        return self._body.decode("utf-8", "replace")


class _Connection:
    """One request of PyGithub's; the sockets below are shared by all and outlive it."""

    scheme: ClassVar[str]
    default_port: ClassVar[int]
    _idle: ClassVar[defaultdict[Origin, deque[tuple[float, http.client.HTTPConnection]]]] = defaultdict(deque)

    def __init__(self, host: str, port: int | None = None, timeout: float | None = None, **_unused: object) -> None:
        self.host = host
        self._origin = (self.scheme, host, port or self.default_port)
        self._timeout = timeout
        self._request: tuple[str, str, bytes | None, dict[str, str]] = ("", "", None, {})

    def request(self, verb: str, url: str, body: str | None, headers: dict[str, str], stream: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyGithub's signature
        """Only remembered: PyGithub asks for the answer right after."""
        self._request = (verb, url, None if body is None else body.encode(), headers)

    def getresponse(self) -> Answer:
        """Sends the request. On a kept-alive connection that turns out closed, once more on a fresh one where safe."""
        verb = self._request[0]
        line = self._kept()
        if line is not None:
            try:
                return self._exchange(line, *self._request)
            except _Closed as closed:
                # A request that was not sent whole cannot have been carried out; reading twice does no harm.
                if closed.sent and verb != "GET":
                    raise Lost("the connection was closed before the answer") from None
        try:
            return self._exchange(self._fresh(), *self._request)
        except _Closed:
            raise Lost("the connection was closed before the answer") from None

    def close(self) -> None:
        """PyGithub closes its last connection when it makes the next, perhaps in another thread: nothing to do."""

    @classmethod
    def close_idle(cls) -> None:
        """Closes all connections that wait for use."""
        while cls._idle:
            _, lines = cls._idle.popitem()
            while lines:
                lines.pop()[1].close()

    def _kept(self) -> http.client.HTTPConnection | None:
        lines = self._idle[self._origin]
        oldest = time.monotonic() - _KEPT_IDLE_FOR
        while True:
            try:
                since, line = lines.pop()
            except IndexError:
                return None
            # An idle connection that can be read was closed by the other side (or holds what nobody asked for).
            if since >= oldest and not _readable(line.sock):
                line.sock.settimeout(self._timeout)
                return line
            line.close()

    def _fresh(self) -> http.client.HTTPConnection:
        raise NotImplementedError

    def _exchange(
        self, line: http.client.HTTPConnection, verb: str, url: str, body: bytes | None, headers: dict[str, str]
    ) -> Answer:
        sent = False
        keep = False
        try:
            line.request(verb, url, body, headers)
            sent = True
            response = line.getresponse()
            content = response.read(_MOST_BYTES + 1)
            if len(content) > _MOST_BYTES:
                raise Lost("the answer is too long")
            keep = not response.will_close
            answer = Answer(response.status, response.getheaders(), content)
        except TimeoutError:
            raise Lost("no answer in time") from None
        except (http.client.RemoteDisconnected, ConnectionError) as error:
            raise _Closed(sent) from error
        except (http.client.HTTPException, OSError) as error:
            raise Lost(f"no usable answer: {type(error).__name__}") from None
        finally:
            if keep:
                self._keep(line)
            else:
                line.close()
        self._see_to_redirect(verb, answer)
        return answer

    def _keep(self, line: http.client.HTTPConnection) -> None:
        lines = self._idle[self._origin]
        lines.append((time.monotonic(), line))
        while len(lines) > _KEPT_PER_HOST:
            with contextlib.suppress(IndexError):
                lines.popleft()[1].close()

    @staticmethod
    def _see_to_redirect(verb: str, answer: Answer) -> None:
        """PyGithub follows a 301 without its query, and would sleep over a 202: neither may reach it."""
        if answer.status in _REDIRECTS:
            location = next((value for name, value in answer.getheaders() if name.lower() == "location"), "")
            raise Redirected(location, answer.status)
        if answer.status == http.client.ACCEPTED and verb == "GET":
            raise Lost("the answer is still being prepared")


class _Closed(Exception):
    """The other side closed the connection before it answered."""

    def __init__(self, sent: bool) -> None:  # noqa: FBT001 - the only fact it carries
        super().__init__()
        self.sent = sent


class PlainConnection(_Connection):
    """http, for a host on loopback."""

    scheme = "http"
    default_port = 80

    def _fresh(self) -> http.client.HTTPConnection:
        _, host, port = self._origin
        return http.client.HTTPConnection(host, port, timeout=self._timeout)


class SecureConnection(_Connection):
    """https; trusts what the machine trusts (SSL_CERT_FILE and SSL_CERT_DIR are honoured)."""

    scheme = "https"
    default_port = 443

    def _fresh(self) -> http.client.HTTPConnection:
        _, host, port = self._origin
        return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=_trust())


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _readable(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def install() -> None:
    """Makes every Requester built from now on use these connections. Its log would show tokens at DEBUG: silenced."""
    connections: tuple[Any, Any] = (PlainConnection, SecureConnection)
    Requester.injectConnectionClasses(*connections)
    silent = logging.getLogger(__name__ + ".pygithub")
    silent.disabled = True
    Requester.injectLogger(silent)
