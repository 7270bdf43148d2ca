"""Kept-alive connections behind PyGithub, whose own transport costs three times as much a call."""

from __future__ import annotations

import contextlib
import http.client
import logging
import select
import socket
import ssl
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any, ClassVar
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httptools
from github.Requester import Requester

_KEPT_IDLE_FOR = 55.0
"""Seconds; below the minute after which GitHub and the usual proxies close a silent connection."""
_KEPT_PER_HOST = 16
_MOST_BYTES = 32 * 1024 * 1024
_PATIENCE = 3
"""An answer that trickles in may take this many timeouts."""
_UNHEARD = 4000
"""Milliseconds after which a write that the other side has not acknowledged is dropped: it must not arrive later."""
_REDIRECTS = frozenset({301, 302, 307, 308})

Origin = tuple[str, str, int]
"""Scheme, host and port: what a pooled connection may be used for."""


def always() -> None:
    """Nothing stands in the way."""


_permission: ContextVar[Callable[[], None]] = ContextVar("permission", default=always)


@contextlib.contextmanager
def only_if(permitted: Callable[[], None]) -> Iterator[None]:
    """Within this, `permitted` is asked right before a write's first byte is sent: what it raises comes through."""
    before = _permission.set(permitted)
    try:
        yield
    finally:
        _permission.reset(before)


class Lost(Exception):
    """No whole answer came. The request may have been carried out."""


class Redirected(Exception):
    """GitHub says that it is elsewhere; the caller decides whether to follow."""

    def __init__(self, location: str, status: int) -> None:
        super().__init__(location)
        self.location = location
        self.status = status


class _Closed(Exception):
    """The other side closed the connection before it answered; `sent` tells whether it had the whole request."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__()
        self.sent = sent


class Answer:
    """A response, filled by httptools' parser and read by PyGithub."""

    def __init__(self) -> None:
        self.status = 0
        self.complete = False
        self.keep = False
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._size = 0
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Takes what has come in; nothing means that no more will."""
        if data:
            self._size += len(data)
            self._parser.feed_data(data)
            if self._size > _MOST_BYTES:
                raise Lost("the answer is too long")
        elif self.status and not {"content-length", "transfer-encoding"} & {name for name, _ in self._headers}:
            self.complete = True
        elif self.status:
            raise Lost("the connection was closed within the answer")
        else:
            raise _Closed(sent=True)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200:
            self.status = status
        else:
            self._headers.clear()

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        if self.status:
            self.complete = True
            self.keep = self._parser.should_keep_alive()

    def header(self, name: str) -> str:
        return next((value for key, value in self._headers if key == name), "")

    def getheaders(self) -> list[tuple[str, str]]:
        return self._headers

    def read(self) -> str:
        return b"".join(self._body).decode("utf-8", "replace")


class _Connection:
    """One request of PyGithub's; the sockets below it are shared by all and outlive it."""

    scheme: ClassVar[str]
    default_port: ClassVar[int]
    idle: ClassVar[dict[Origin, deque[tuple[float, http.client.HTTPConnection]]]] = {}

    def __init__(self, host: str, port: int | None = None, timeout: float = 10, **_unused: object) -> None:
        self.host = host
        self._origin = (self.scheme, host, port or self.default_port)
        self._timeout = timeout
        self._verb = ""
        self._request = b""

    def request(self, verb: str, url: str, body: str | None, headers: dict[str, str], _stream: object = None) -> None:
        """Only remembered: PyGithub asks for the answer right after."""
        content = b"" if body is None else body.encode()
        _, host, port = self._origin
        name = f"[{host}]" if ":" in host else host
        lines = [f"{verb} {url} HTTP/1.1", f"Host: {name if port == self.default_port else f'{name}:{port}'}"]
        lines += [f"{key}: {value}" for key, value in headers.items()]
        if content or verb != "GET":
            lines.append(f"Content-Length: {len(content)}")
        head = "\r\n".join(lines)
        if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
            raise ValueError("a line break within a header")
        self._verb = verb
        self._request = f"{head}\r\n\r\n".encode("latin-1") + content

    def getresponse(self) -> Answer:
        """Sends the request; if a kept connection turns out closed, once more on a fresh one where that is safe."""
        line = self._kept()
        if line is not None:
            try:
                return self._exchange(line)
            except _Closed as closed:
                # A request that was not sent whole cannot have been carried out; reading twice does no harm.
                if closed.sent and self._verb != "GET":
                    raise Lost("the connection was closed before the answer") from None
        try:
            return self._exchange(self._fresh())
        except _Closed:
            raise Lost("the connection was closed before the answer") from None

    def close(self) -> None:
        """PyGithub closes its last connection when it makes the next: the sockets are not its own."""

    def _kept(self) -> http.client.HTTPConnection | None:
        lines = self.idle.get(self._origin)
        oldest = time.monotonic() - _KEPT_IDLE_FOR
        while lines:
            try:
                since, line = lines.pop()
            except IndexError:  # another thread took the last one
                return None
            # An idle connection that can be read was closed by the other side (or holds what nobody asked for).
            if since >= oldest and not _readable(line.sock):
                return line
            line.close()
        return None

    def _fresh(self) -> http.client.HTTPConnection:
        line = self._line()
        try:
            line.connect()
        except TimeoutError:
            raise Lost("no connection in time") from None
        except (OSError, http.client.HTTPException) as error:
            raise Lost(f"no connection: {error}") from None
        return line

    def _line(self) -> http.client.HTTPConnection:
        raise NotImplementedError

    def _exchange(self, line: http.client.HTTPConnection) -> Answer:
        answer = Answer()
        sent = False
        deadline = time.monotonic() + _PATIENCE * self._timeout
        try:
            line.sock.settimeout(self._timeout)
            if self._verb != "GET":
                _drop_what_is_not_heard(line.sock)
                # Not earlier: a connection may have been long in coming.
                _permission.get()()
            line.sock.sendall(self._request)
            sent = True
            while not answer.complete:
                line.sock.settimeout(max(min(self._timeout, deadline - time.monotonic()), 0.001))
                answer.feed(line.sock.recv(65536))
        except TimeoutError:
            raise Lost("no answer in time") from None
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            if answer.status:
                raise Lost("the connection was closed within the answer") from None
            raise _Closed(sent=sent) from None
        except (OSError, httptools.HttpParserError) as error:
            raise Lost(f"no usable answer: {type(error).__name__}") from None
        finally:
            if answer.complete and answer.keep:
                self._keep(line)
            else:
                line.close()
        # PyGithub would follow a 301 without its query, and sleep over a 202: neither may reach it.
        if answer.status in _REDIRECTS:
            raise Redirected(answer.header("location"), answer.status)
        if answer.status == http.client.ACCEPTED and self._verb == "GET":
            raise Lost("the answer is still being prepared")
        return answer

    def _keep(self, line: http.client.HTTPConnection) -> None:
        lines = self.idle.setdefault(self._origin, deque())
        lines.append((time.monotonic(), line))
        while len(lines) > _KEPT_PER_HOST:
            with contextlib.suppress(IndexError):
                lines.popleft()[1].close()


class PlainConnection(_Connection):
    """http, for a host on loopback."""

    scheme = "http"
    default_port = 80

    def _line(self) -> http.client.HTTPConnection:
        _, host, port = self._origin
        return http.client.HTTPConnection(host, port, timeout=self._timeout)


class SecureConnection(_Connection):
    """https; trusts what the machine trusts, and goes through the proxy that HTTPS_PROXY names."""

    scheme = "https"
    default_port = 443

    def _line(self) -> http.client.HTTPConnection:
        _, host, port = self._origin
        proxy = urlsplit(getproxies().get("https", ""))
        if not proxy.hostname or proxy_bypass(host):
            return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=trust())
        line = http.client.HTTPSConnection(proxy.hostname, proxy.port or 80, timeout=self._timeout, context=trust())
        line.set_tunnel(host, port, _proxy_credentials(proxy))
        return line


def _proxy_credentials(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


@cache
def trust() -> ssl.SSLContext:
    """Whom https believes. SSL_CERT_FILE and SSL_CERT_DIR add a company's own authority."""
    return ssl.create_default_context()


def _readable(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _drop_what_is_not_heard(sock: socket.socket) -> None:
    """Else the system goes on sending it for minutes, also after the connection was closed here."""
    if option := getattr(socket, "TCP_USER_TIMEOUT", None):  # Linux has it
        sock.setsockopt(socket.IPPROTO_TCP, option, _UNHEARD)


def install() -> None:
    """Makes every Requester built from now on use these connections. Its log would show tokens at DEBUG: silenced."""
    connections: tuple[Any, Any] = (PlainConnection, SecureConnection)
    Requester.injectConnectionClasses(*connections)
    silent = logging.getLogger(__name__ + ".pygithub")
    silent.disabled = True
    Requester.injectLogger(silent)


def close_idle() -> None:
    """Closes all connections that wait for use."""
    idle = PlainConnection.idle
    while idle:
        _, lines = idle.popitem()
        while lines:
            lines.pop()[1].close()
