"""The way in for deliveries: a server that stores what GitHub sends, refuses it, or is not there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson

from bot.store import deliveries
from bot.store.database import Database
from bot.store.deliveries import NewDelivery
from bot.web.webhook import lane_of
from bot.work.pace import now_ms


class Door:
    """`status` is what is answered; below 300 it is stored first, and with `forgetful` not even then."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.status = 202
        self.refused: set[str] = set()
        """GUIDs that are answered 400."""
        self.stores = True
        self.knocks: list[str] = []
        """GUIDs, as they came."""
        self.url = ""

    def receive(self, guid: str, event: str, body: bytes) -> int:
        self.knocks.append(guid)
        if guid in self.refused:
            return 400
        if self.stores:
            with self.database.write() as connection:
                deliveries.add(connection, [NewDelivery(guid, event, lane_of(orjson.loads(body)), body, now_ms())])
        return self.status


@contextmanager
def door_of(database: Database) -> Iterator[Door]:
    door = Door(database)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = door.receive(self.headers["x-github-delivery"], self.headers["x-github-event"], body)
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    door.url = f"http://127.0.0.1:{server.server_port}/webhook"
    yield door
    server.shutdown()
    server.server_close()
