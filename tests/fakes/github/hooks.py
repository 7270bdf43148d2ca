"""Sends webhooks as GitHub does: signed, once, never again by itself; and out of order or twice when a test says so."""

from __future__ import annotations

import hashlib
import heapq
import hmac
import http.client
import itertools
import random
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import orjson

from tests.fakes.github.model import App, Delivery

TIMEOUT = 10.0
"""Seconds GitHub waits for an answer."""


def signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Hooks:
    """The queue of deliveries, the threads that send them, and the list that the App's settings page shows."""

    def __init__(self, senders: int = 1) -> None:
        self.deliveries: list[Delivery] = []
        self.watchers: list[Callable[[str, dict[str, Any]], None]] = []
        """Called with the event and the payload of each delivery made."""
        self._waiting: list[tuple[float, int, Delivery]] = []
        """A heap: when each is due, and the order of those due together."""
        self._turns = itertools.count()
        self._changed = threading.Condition()
        self._busy = 0
        self._held = False
        self._copies = 1
        self._delay = 0.0
        self._scattered, self._twice, self._chance = 0.0, 0.0, random.Random()
        self._stopped = False
        self._next_id = 1
        self._threads = [threading.Thread(target=self._send_all, daemon=True) for _ in range(senders)]

    # What a test may do to the traffic.

    def hold(self) -> None:
        """Keeps everything back until `release`."""
        with self._changed:
            self._held = True

    def release(self, order: Callable[[list[Delivery]], list[Delivery]] | None = None) -> None:
        """Sends what was held, in an order of the caller's."""
        with self._changed:
            if order:
                held = order([one for _, _, one in sorted(self._waiting)])
                self._waiting = [(0.0, next(self._turns), delivery) for delivery in held]
            self._held = False
            self._changed.notify_all()

    def shuffle(self, seed: int) -> None:
        """Releases what was held in a random order."""
        chance = random.Random(seed)
        self.release(lambda held: chance.sample(held, len(held)))

    def discard(self) -> int:
        """Loses what is held, as in an outage; how many."""
        with self._changed:
            lost = len(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        return lost

    def copies(self, count: int) -> None:
        """From now on each delivery is sent so often (same GUID)."""
        self._copies = count

    def delay(self, seconds: float) -> None:
        """From now on each delivery leaves so much later."""
        self._delay = seconds

    def scatter(self, seconds: float, twice: float, seed: int) -> None:
        """From now on each leaves at any moment within so many seconds, and this share of them leaves once more."""
        with self._changed:
            self._scattered, self._twice, self._chance = seconds, twice, random.Random(seed)

    def redeliver(self, delivery: Delivery) -> Delivery:
        """A person presses `Redeliver`: same GUID and body, a new entry in the list."""
        again = self._record(
            event=delivery.event,
            action=delivery.action,
            body=delivery.body,
            app=delivery.app,
            installation_id=delivery.installation_id,
            repository_id=delivery.repository_id,
            guid=delivery.guid,
            redelivery=True,
        )
        self._enqueue(again)
        return again

    def wait(self, seconds: float = 10.0) -> None:
        """Until everything has been sent and answered."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._waiting and not self._busy, seconds):
                raise TimeoutError(f"{len(self._waiting)} deliveries still wait, {self._busy} are under way")

    @property
    def idle(self) -> bool:
        """Everything has been sent and answered."""
        with self._changed:
            return not self._waiting and not self._busy

    @property
    def failed(self) -> list[Delivery]:
        return [one for one in self.deliveries if one.status not in {"OK", "pending"}]

    # What the fake itself does.

    def send(
        self,
        app: App,
        event: str,
        payload: dict[str, Any],
        *,
        installation_id: int | None,
        repository_id: int | None,
    ) -> Delivery:
        for watch in self.watchers:
            watch(event, payload)
        delivery = self._record(
            event=event,
            action=payload.get("action"),
            body=orjson.dumps(payload),
            app=app,
            installation_id=installation_id,
            repository_id=repository_id,
        )
        if app.webhook_url and app.webhook_active:
            for _ in range(self._copies):
                self._enqueue(delivery)
        return delivery

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=TIMEOUT + 1)

    def _record(self, *, guid: str = "", redelivery: bool = False, **known: Any) -> Delivery:
        with self._changed:
            number, self._next_id = self._next_id, self._next_id + 1
            delivery = Delivery(
                id=number,
                guid=guid or str(uuid.uuid1()),
                created_at=time.time(),
                redelivery=redelivery,
                **known,
            )
            self.deliveries.append(delivery)
        return delivery

    def _enqueue(self, delivery: Delivery) -> None:
        with self._changed:
            for _ in range(2 if self._chance.random() < self._twice else 1):
                due = time.monotonic() + self._delay + self._chance.uniform(0.0, self._scattered)
                heapq.heappush(self._waiting, (due, next(self._turns), delivery))
            self._changed.notify_all()

    def _next(self) -> Delivery | None:
        with self._changed:
            while not self._stopped:
                if self._waiting and not self._held:
                    left = self._waiting[0][0] - time.monotonic()
                    if left <= 0:
                        self._busy += 1
                        return heapq.heappop(self._waiting)[-1]
                    self._changed.wait(left)
                else:
                    self._changed.wait()
        return None

    def _send_all(self) -> None:
        connections: dict[str, http.client.HTTPConnection] = {}
        while delivery := self._next():
            try:
                self._send(delivery, connections)
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()
        for connection in connections.values():
            connection.close()

    def _send(self, delivery: Delivery, connections: dict[str, http.client.HTTPConnection]) -> None:
        url = urlsplit(delivery.app.webhook_url)
        delivery.request_headers = headers_of(delivery)
        delivery.delivered_at, started = time.time(), time.perf_counter()
        kept = connections.pop(url.netloc, None)
        for connection in filter(None, (kept, http.client.HTTPConnection(url.netloc, timeout=TIMEOUT))):
            try:
                connection.request("POST", url.path or "/", body=delivery.body, headers=delivery.request_headers)
                response = connection.getresponse()
                text = response.read()
            except TimeoutError:
                connection.close()
                delivery.status, delivery.status_code = "timed out", 504
            except (http.client.HTTPException, OSError):
                connection.close()
                if connection is kept:
                    continue  # the service closed an idle connection: not its fault
                delivery.status, delivery.status_code = "failed to connect to host", 502
            else:
                connections[url.netloc] = connection
                delivery.status_code = response.status
                delivery.status = "OK" if 200 <= response.status < 300 else response.reason or "error"
                delivery.response_headers = dict(response.getheaders())
                with suppress(UnicodeDecodeError):
                    delivery.response_body = text.decode()
            break
        delivery.duration = round(time.perf_counter() - started, 3)


def headers_of(delivery: Delivery) -> dict[str, str]:
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/fa4e000",
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Hook-ID": str(delivery.app.id + 400_000_000),
        "X-GitHub-Hook-Installation-Target-ID": str(delivery.app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature-256": signature(delivery.app.webhook_secret, delivery.body),
    }
