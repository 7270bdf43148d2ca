"""Stands between a client and a tracking server, and misbehaves when told to."""

from __future__ import annotations

import base64
import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Fault = Literal["hang", "drop", "refuse"] | int
"""Take the request and never answer; let the server do it and lose its answer; refuse connections; answer a status."""


class Proxy:
    """Listens on `port` from its construction to `close`."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.hung = 0
        """Requests that got no answer so far."""
        self.requests: list[str] = []
        self.password: str | None = None
        """Without this one, for whatever user, it answers 401."""
        self._fault: Fault | None = None
        self._only = ""
        self._times = 0
        self._guard = threading.Lock()
        self._released = threading.Event()
        self._listener: ThreadingHTTPServer | None = None
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port: int = one.getsockname()[1]
        self._listen()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def misbehave(self, fault: Fault, *, only: str = "", times: int = 10**9) -> None:
        """From now on.

        Args:
            fault: how.
            only: with requests that have this in their path or body.
            times: with so many of those.
        """
        with self._guard:
            self._fault, self._only, self._times = fault, only, times
        if fault == "refuse":
            self._shut()

    def behave(self) -> None:
        with self._guard:
            self._fault = None
        self._released.set()
        self._released = threading.Event()
        if self._listener is None:
            self._listen()

    @contextmanager
    def misbehaving(self, fault: Fault, **how: Any) -> Iterator[None]:
        self.misbehave(fault, **how)
        try:
            yield
        finally:
            self.behave()

    def close(self) -> None:
        self._released.set()
        self._shut()

    def fault_for(self, path: str, body: bytes) -> Fault | None:
        with self._guard:
            self.requests.append(path)
            if self._fault is None or self._times <= 0 or (self._only.encode() not in path.encode() + body):
                return None
            self._times -= 1
            return self._fault

    def wait_unanswered(self) -> None:
        with self._guard:
            self.hung += 1
            released = self._released
        released.wait(100)
        with self._guard:
            self.hung -= 1

    def _listen(self) -> None:
        class Handler(_Handler):
            proxy = self

        self._listener = _Listener(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True).start()

    def _shut(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown()
            listener.server_close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    # In HTTP/1.0 a connection ends with its answer, so that none outlives a fault.

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy, fault = self.proxy, self.proxy.fault_for(self.path, body)
        if fault == "hang":
            proxy.wait_unanswered()
            return
        if proxy.password is not None and not self._authorized():
            fault = 401
        if isinstance(fault, int):
            self._answer(fault, [], b"not now")
            return
        upstream = http.client.HTTPConnection("127.0.0.1", proxy.upstream, timeout=60)
        headers = {key: value for key, value in self.headers.items() if key not in {"Host", "Authorization"}}
        upstream.request(self.command, self.path, body, headers)
        response = upstream.getresponse()
        content = response.read()
        upstream.close()
        if fault != "drop":
            kept = [(key, value) for key, value in response.getheaders() if key.lower() == "content-type"]
            self._answer(response.status, kept, content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815 - so it wants them

    def _authorized(self) -> bool:
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        return kind == "Basic" and base64.b64decode(given).decode().partition(":")[2] == self.proxy.password

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for key, value in (*headers, ("Content-Length", str(len(content)))):
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
        """Say nothing."""
