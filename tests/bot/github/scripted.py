"""A loopback HTTP server that says what its script says, down to the socket: closes, hangs and trickles on demand."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, Literal

Ending = Literal["keep", "close", "drop", "cut", "reset", "trickle"]
"""keep: stays open; close: closes in silence after the answer; drop: no answer at all; cut: half an answer;
reset: half an answer and a hard end; trickle: byte by byte until nobody listens."""


@dataclass(frozen=True)
class Reply:
    data: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """Instead of `data` as JSON."""
    verbatim: bytes = b""
    """Instead of everything else."""
    ending: Ending = "keep"
    etag: str = ""
    """Whoever shows it is told that nothing has changed."""
    gate: threading.Event | None = None
    """The answer waits for it."""


@dataclass(frozen=True)
class Asked:
    verb: str
    target: str
    headers: dict[str, str]
    raw: bytes
    connection: int

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def line(self) -> str:
        return f"{self.verb} {self.target}"

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


class ScriptedServer:
    """Answers by `VERB /path` (the query is not looked at); the last reply of a line goes on for ever."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._listener = socket.create_server((host, 0))
        # Little is taken in ahead, so that a long request can be cut off while it is being sent.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        self.asked: list[Asked] = []
        self.connections = 0
        self.refuses_long = 0
        """So many requests over 100,000 bytes are cut off while they are still being sent."""
        self._script: dict[str, list[Reply]] = defaultdict(list)
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def on(self, line: str, *replies: Reply) -> None:
        """Replaces the script of that line."""
        with self._lock:
            self._script[line] = list(replies)

    def lines(self) -> list[str]:
        """What was asked so far, without the App's own affairs."""
        return [asked.line for asked in self.asked if not asked.path.startswith("/app")]

    def stop(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def wrap(self, connection: socket.socket) -> socket.socket:
        return connection

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True)
                self._threads.append(thread)
            thread.start()

    def _serve(self, accepted: socket.socket, number: int) -> None:
        try:
            with self.wrap(accepted) as connection, connection.makefile("rb") as file:
                while (head := _head(file)) is not None:
                    first, headers = head
                    length = int(headers.get("content-length", 0))
                    if length > 100_000 and self.refuses_long > 0:
                        self.refuses_long -= 1
                        return
                    asked = Asked(first[0], first[1], headers, file.read(length), number)
                    with self._lock:
                        self.asked.append(asked)
                        script = self._script.get(f"{asked.verb} {asked.path}", [])
                        reply = (script.pop(0) if len(script) > 1 else script[0]) if script else Reply(status=404)
                    if reply.etag and headers.get("if-none-match") == reply.etag:
                        reply = Reply(status=304, headers={"ETag": reply.etag})
                    if not self._answer(connection, reply):
                        return
        except OSError:
            return
        finally:
            with self._lock:
                self._open.remove(accepted)

    @staticmethod
    def _answer(connection: socket.socket, reply: Reply) -> bool:
        if reply.gate is not None:
            reply.gate.wait(10)
        if reply.ending == "drop":
            return False
        if reply.verbatim:
            connection.sendall(reply.verbatim)
            return True
        body = reply.raw if reply.raw is not None else b"" if reply.data is None else json.dumps(reply.data).encode()
        headers = {"Content-Type": "application/json"} | dict(reply.headers)
        if not {"Content-Length", "Transfer-Encoding"} & headers.keys() and reply.status not in {204, 304}:
            headers["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
        answer = f"HTTP/1.1 {reply.status} Whatever\r\n{head}\r\n".encode() + body
        if reply.ending in {"cut", "reset"}:
            connection.sendall(answer[:-10])
            if reply.ending == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                threading.Event().wait(0.2)  # until the half has been read
            return False
        if reply.ending == "trickle":
            waiting = threading.Event()
            for position in range(len(answer)):
                connection.sendall(answer[position : position + 1])
                waiting.wait(0.2)
        connection.sendall(answer)
        return reply.ending == "keep"


def _head(file: IO[bytes]) -> tuple[list[str], dict[str, str]] | None:
    first = file.readline().decode().split()
    if not first:
        return None
    headers: dict[str, str] = {}
    while line := file.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return first, headers
