"""Clients that are slow, many or boundless, by raw sockets: each gives way, and an honest request is answered."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import ClassVar

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.web.bodies import Bodies, RefusedError
from bot.web.connection import Connection
from bot.web.server import configuration

PATIENCE = 20.0
"""Seconds to wait for what must come at once, on however busy a machine."""
TOGETHER = 2_000_000
MOST = 8
BIG = b"x" * 30_000_000
"""More than any system takes off our hands for a client that does not read."""


class Few(Connection):
    head_seconds: ClassVar[float] = 2 * PATIENCE
    answer_seconds: ClassVar[float] = 2 * PATIENCE
    most_connections: ClassVar[int] = MOST


class Impatient(Connection):
    head_seconds: ClassVar[float] = 0.4
    answer_seconds: ClassVar[float] = 0.6


class Town:
    """A server with a route of each kind."""

    def __init__(self, connection: type[Connection], seconds: float) -> None:
        self.asked = 0
        self.go_on = threading.Event()
        self.bodies = Bodies(seconds=seconds, most_together=TOGETHER)
        app = Starlette(
            routes=[
                Route("/", self._greet),
                Route("/big", self._big),
                Route("/long", self._long),
                Route("/body", self._body, methods=["POST"]),
            ]
        )
        config = configuration(app, connection)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self._listener]})

    async def _greet(self, _request: Request) -> Response:
        self.asked += 1
        return PlainTextResponse("well")

    async def _big(self, _request: Request) -> Response:
        self.asked += 1
        return PlainTextResponse(BIG)

    async def _long(self, _request: Request) -> Response:
        await asyncio.to_thread(self.go_on.wait)
        return PlainTextResponse("at last")

    async def _body(self, request: Request) -> Response:
        try:
            body = await self.bodies.read(request, TOGETHER)
        except RefusedError as error:
            return PlainTextResponse(str(error), error.status)
        return PlainTextResponse(f"{len(body)} bytes")

    def start(self) -> None:
        self._thread.start()
        wait_until(lambda: self.server.started)

    def stop(self) -> None:
        self.go_on.set()
        self.server.should_exit = True
        self._thread.join(PATIENCE)
        self._listener.close()
        assert not self._thread.is_alive()

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)

    def connect(self) -> socket.socket:
        return socket.create_connection(self._listener.getsockname(), timeout=PATIENCE)

    @contextmanager
    def client(self, sent: bytes = b"") -> Iterator[socket.socket]:
        with closing(self.connect()) as connection:
            connection.sendall(sent)
            yield connection


@contextmanager
def started(town: Town) -> Iterator[Town]:
    town.start()
    try:
        yield town
    finally:
        town.stop()


@pytest.fixture
def town() -> Iterator[Town]:
    with started(Town(Few, seconds=2 * PATIENCE)) as town:
        yield town


@pytest.fixture
def impatient() -> Iterator[Town]:
    with started(Town(Impatient, seconds=0.4)) as town:
        yield town


def wait_until(done: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < until
        time.sleep(0.01)


def rest_of(connection: socket.socket) -> bytes:
    """All that comes until the other side ends it; fails where it does not."""
    received = b""
    # Reset rather than ended: there was something of ours that it had not read.
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65536):
            received += chunk
    return received


def get(path: str = "/", *headers: str, then: str = "close") -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: bot", f"Connection: {then}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def post(length: int) -> bytes:
    return f"POST /body HTTP/1.1\r\nHost: bot\r\nContent-Length: {length}\r\n\r\n".encode()


def drip(connection: socket.socket, each: bytes) -> float:
    """Sends this again and again until it cannot any more; after how many seconds that was."""
    begun = time.monotonic()
    with contextlib.suppress(ConnectionError):
        while time.monotonic() - begun < PATIENCE:
            connection.sendall(each)
            time.sleep(0.02)
    return time.monotonic() - begun


def status(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


def test_a_connection_that_says_nothing_is_ended(impatient: Town):
    with impatient.client() as silent:
        assert rest_of(silent) == b""


def test_a_head_that_comes_byte_by_byte_is_not_waited_for(impatient: Town):
    with impatient.client(b"GET / HTTP/1.1\r\nX: ") as slow:
        assert drip(slow, b"x") < PATIENCE
    assert impatient.asked == 0


def test_neither_is_the_second_on_a_connection(impatient: Town):
    """The time that uvicorn itself has for a silent connection ends with the first byte."""
    with impatient.client(get(then="keep-alive")) as slow:
        assert status(slow.recv(1000)) == 200
        slow.sendall(b"G")
        assert rest_of(slow) == b""


def test_a_body_that_comes_byte_by_byte_is_answered_408(impatient: Town):
    answer = b""
    with impatient.client(post(1000)) as slow:
        slow.settimeout(0.02)
        begun = time.monotonic()
        while not answer and time.monotonic() - begun < PATIENCE:
            slow.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                answer = slow.recv(1000)
    assert status(answer) == 408


@pytest.mark.parametrize(
    "request_", [get(then="keep-alive"), post(10**9).replace(b"/body", b"/big")], ids=["empty lines", "a body"]
)
def test_what_is_sent_on_after_the_answer_has_an_end(impatient: Town, request_: bytes):
    with impatient.client(request_) as talker:
        assert drip(talker, b"\r\n") < PATIENCE


def test_an_answer_that_nobody_takes_has_an_end(impatient: Town):
    with impatient.client(get("/big")):
        wait_until(lambda: impatient.connections)
        wait_until(lambda: not impatient.connections)


def test_neither_do_answers_to_more_and_more_requests(impatient: Town):
    with impatient.client(get("/big", then="keep-alive")) as taker:
        wait_until(lambda: impatient.asked)
        taker.sendall(get("/big"))
        wait_until(lambda: impatient.asked == 2)
        wait_until(lambda: not impatient.connections)


@pytest.mark.parametrize(
    "head",
    [
        get("/", *(f"X-{number}: 1" for number in range(1000))),
        get("/", "X: " + "x" * 1_000_000),
        get("/", *(f"X-{number}: {'x' * 1000}" for number in range(90))),
        get("/" + "x" * 1_000_000),
        b"GET / HTTP/1.1\r\n" + b"x" * 1_000_000,
        b"\r\n" * 500_000,
    ],
    ids=["many", "one long", "long together", "a long address", "a long name", "empty lines"],
)
def test_headers_without_end_are_refused(town: Town, head: bytes):
    with town.client() as sender:
        # It may be ended before it took all.
        with contextlib.suppress(ConnectionError):
            sender.sendall(head)
        assert status(rest_of(sender)) == 431
    assert town.asked == 0


def test_trailers_without_end_are_refused(town: Town):
    chunked = b"POST /body HTTP/1.1\r\nHost: bot\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: "
    with town.client(chunked) as sender:
        with contextlib.suppress(ConnectionError):
            sender.sendall(b"x" * 1_000_000)
        assert status(rest_of(sender)) == 431


def test_a_body_may_come_in_small_chunks(town: Town):
    chunks = b"80\r\n" + b"x" * 128 + b"\r\n"
    body = chunks * 15_000 + b"0\r\nX-Trailer: 1\r\n\r\n"
    with town.client(b"POST /body HTTP/1.1\r\nHost: bot\r\nTransfer-Encoding: chunked\r\n\r\n" + body) as sender:
        assert b"1920000 bytes" in sender.recv(1000)


def test_what_is_usual_passes(town: Town):
    headers = [f"X-{number}: {'x' * 600}" for number in range(90)]
    with town.client(get("/", *headers)) as sender:
        assert rest_of(sender).endswith(b"well")


def test_on_one_connection_the_bounds_are_those_of_each_request(town: Town):
    with town.client() as sender:
        for _ in range(5):
            sender.sendall(get("/", *(f"X-{number}: {'x' * 1000}" for number in range(50)), then="keep-alive"))
            assert status(sender.recv(1000)) == 200


def test_a_few_requests_may_be_sent_ahead_but_not_thousands(town: Town):
    with town.client(get(then="keep-alive") * 5 + get()) as sender:
        assert rest_of(sender).count(b"well") == 6
    with town.client() as flood:
        with contextlib.suppress(ConnectionError):
            flood.sendall(get(then="keep-alive") * 5000)
        assert status(rest_of(flood)) == 400
    assert town.asked < 20


def test_of_too_many_connections_the_one_that_waited_longest_is_ended(town: Town):
    with contextlib.ExitStack() as stack:
        first, *others = [stack.enter_context(town.client()) for _ in range(MOST)]
        others += [stack.enter_context(town.client()) for _ in range(3 * MOST)]
        with town.client(get()) as honest:
            assert rest_of(honest).endswith(b"well")
        assert rest_of(first) == b""


def test_a_slow_body_makes_room_as_well(town: Town):
    with contextlib.ExitStack() as stack:
        for _ in range(3 * MOST):
            stack.enter_context(town.client(post(1000) + b"x"))
        with town.client(get()) as honest:
            assert rest_of(honest).endswith(b"well")


def test_what_is_worked_on_is_not_ended_for_others_and_what_is_too_much_is_told(town: Town):
    with contextlib.ExitStack() as stack:
        at_work = [stack.enter_context(town.client(get("/long"))) for _ in range(MOST)]
        wait_until(lambda: len(town.server.server_state.tasks) == MOST)
        with town.client(get()) as late:
            assert status(rest_of(late)) == 503
        town.go_on.set()
        assert all(rest_of(one).endswith(b"at last") for one in at_work)


def test_where_bodies_take_too_much_memory_together_the_largest_makes_room(town: Town):
    with town.client(post(TOGETHER)) as large, town.client(post(TOGETHER)) as larger:
        large.sendall(b"x" * (TOGETHER // 3))
        larger.sendall(b"x" * (TOGETHER // 2))
        wait_until(lambda: town.bodies.together > TOGETHER * 3 // 4)
        with town.client(post(TOGETHER // 3)) as small:
            small.sendall(b"x" * (TOGETHER // 3))
            assert b"bytes" in small.recv(1000)
        larger.sendall(b"x")
        assert status(larger.recv(1000)) == 503
        large.sendall(b"x" * (TOGETHER - TOGETHER // 3))
        assert b"bytes" in large.recv(1000)


def test_what_a_body_took_is_free_again_after_it(town: Town):
    for _ in range(5):
        with town.client(post(TOGETHER - 1) + b"x" * (TOGETHER - 1)) as sender:
            assert b"bytes" in sender.recv(1000)
        with town.client(post(TOGETHER) + b"x" * (TOGETHER - 1)):
            pass  # and gone before the end


def test_whoever_ends_a_connection_early_leaves_no_trace_in_the_log(town: Town, caplog: pytest.LogCaptureFixture):
    for sent in itertools.chain([b"", b"GET /", post(1000), post(1000) + b"x"]):
        with town.client(sent):
            wait_until(lambda: town.connections)
    wait_until(lambda: not town.connections)
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
