"""Fixtures of the fakes' own tests."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[str, str]], dict[str, int]]]:
    """An endpoint, the (event, GUID) of all it took, and the status it answers."""
    taken: list[tuple[str, str]] = []
    answer = {"status": 202}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            taken.append((self.headers["x-github-event"], self.headers["x-github-delivery"]))
            self.send_response(answer["status"])
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/webhook", taken, answer
        server.shutdown()
