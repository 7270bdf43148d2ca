"""Connections: kept alive, shared, and repeated only where that cannot do a thing twice."""

from __future__ import annotations

import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.github.app import App, Installation
from bot.github.client import Client
from bot.github.errors import Fenced, Unavailable
from bot.github.quota import Quota
from bot.github.transport import PlainConnection, close_idle
from bot.triage.issue import Repository
from bot.triage.plan import PostRequest
from tests.bot.github.clock import Clock
from tests.bot.github.conftest import TOKENS
from tests.bot.github.scripted import Reply, ScriptedServer

ISSUE = "GET /repos/octo/hello/issues/1"
COMMENT = "POST /repos/octo/hello/issues/1/comments"
POST = PostRequest(because="it was asked for", body="Hello")
FOUND = Reply({"number": 1, "title": "Broken"})
CREATED = Reply({"id": 5, "node_id": "IC_5"}, 201)


def test_calls_share_one_connection(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(ISSUE, FOUND)
    for _ in range(5):
        installation.reader.issue(repo, 1)
    assert server.connections == 1


def test_threads_get_a_connection_each_and_never_each_others_answers(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    for number in range(1, 9):
        server.on(f"GET /repos/octo/hello/issues/{number}", Reply({"number": number, "title": f"Issue {number}"}))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda n: installation.reader.issue(repo, n % 8 + 1), range(400)))
    assert [issue.title for issue in found] == [f"Issue {n % 8 + 1}" for n in range(400)]
    assert server.connections <= 9


def test_a_connection_that_will_be_closed_is_not_kept(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    server.on(ISSUE, Reply({"number": 1}, headers={"Connection": "close"}), FOUND)
    for _ in range(3):
        installation.reader.issue(repo, 1)
    assert [asked.connection for asked in server.asked] == [1, 1, 2, 2]


def test_a_connection_closed_while_idle_is_replaced_even_for_a_write(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    server.on(ISSUE, Reply({"number": 1}, ending="close"))
    server.on(COMMENT, CREATED)
    installation.reader.issue(repo, 1)
    threading.Event().wait(0.1)  # until the other side has closed
    assert installation.writer.perform(repo, 1, POST).comment_id == 5
    assert server.lines().count(COMMENT) == 1


def test_a_read_whose_kept_connection_breaks_is_repeated(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    server.on(ISSUE, FOUND, Reply(ending="drop"), FOUND)
    installation.reader.issue(repo, 1)
    assert installation.reader.issue(repo, 1).title == "Broken"
    assert server.lines() == [ISSUE] * 3


def test_a_read_is_repeated_only_once(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(ISSUE, FOUND, Reply(ending="drop"))
    installation.reader.issue(repo, 1)
    with pytest.raises(Unavailable, match="closed before the answer"):
        installation.reader.issue(repo, 1)
    assert server.lines() == [ISSUE] * 3


def test_a_write_cut_off_while_it_is_sent_is_sent_again(server: ScriptedServer):
    """The other side cannot have acted on half a request."""
    server.on("POST /long", CREATED)
    client = Client(None, Quota(), api_url=server.url)
    client.call("GET", "/app")
    server.refuses_long = 1
    assert client.call("POST", "/long", {"body": "x" * 20_000_000}).status == 201
    assert server.refuses_long == 0
    assert server.lines() == ["POST /long"]
    close_idle()


@pytest.mark.parametrize("ending", ["drop", "cut", "reset"])
def test_a_comment_whose_answer_is_lost_is_not_written_again(
    server: ScriptedServer, installation: Installation, repo: Repository, ending: str
):
    server.on(ISSUE, FOUND)
    server.on(COMMENT, Reply({"id": 5, "body": "x" * 50}, 201, ending=ending))  # type: ignore[arg-type]
    installation.reader.issue(repo, 1)
    with pytest.raises(Unavailable):
        installation.writer.perform(repo, 1, POST)
    assert server.lines().count(COMMENT) == 1


def test_an_answer_that_does_not_come_ends_in_time(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    gate = threading.Event()
    server.on(COMMENT, Reply(CREATED.data, 201, gate=gate))
    with pytest.raises(Unavailable, match="in time"):
        installation.writer.perform(repo, 1, POST)
    gate.set()
    assert server.lines() == [COMMENT]


def test_an_answer_that_trickles_in_ends_in_time(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(ISSUE, Reply({"number": 1}, ending="trickle"))
    with pytest.raises(Unavailable, match="in time"):
        installation.reader.issue(repo, 1)


def test_a_host_that_is_not_there_is_unavailable(server: ScriptedServer, installation: Installation, repo: Repository):
    server.stop()
    with pytest.raises(Unavailable, match="no connection"):
        installation.reader.issue(repo, 1)


@pytest.mark.parametrize(
    "verbatim",
    [b"not HTTP at all", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n12345"],
    ids=["another protocol", "two lengths"],
)
def test_an_answer_that_is_not_http_is_unavailable(
    server: ScriptedServer, installation: Installation, repo: Repository, verbatim: bytes
):
    server.on(ISSUE, Reply(verbatim=verbatim))
    with pytest.raises(Unavailable, match="no usable answer"):
        installation.reader.issue(repo, 1)


def test_chunks_a_body_without_length_and_an_early_hint_are_understood(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    plain = b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"number":1}'
    chunked = b'b\r\n{"number":1\r\n1\r\n}\r\n0\r\n\r\n'
    server.on(
        ISSUE,
        Reply(raw=chunked, headers={"Transfer-Encoding": "chunked"}),
        Reply(raw=b'{"number":1}', headers={"Content-Length": ""}, ending="close"),
        Reply(verbatim=b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + plain),
        Reply({"number": 1}, headers={"Connection": "close"}, ending="close"),
    )
    assert [installation.reader.issue(repo, 1).number for _ in range(5)] == [1] * 5


def test_an_answer_beyond_all_measure_is_refused(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(ISSUE, Reply(raw=b" " * (33 * 1024 * 1024)))
    with pytest.raises(Unavailable, match="too long"):
        installation.reader.issue(repo, 1)


def test_an_answer_still_being_prepared_is_not_waited_for(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    server.on(ISSUE, Reply({}, 202))
    with pytest.raises(Unavailable, match="prepared"):
        installation.reader.issue(repo, 1)


def test_a_line_break_never_gets_into_a_header():
    with pytest.raises(ValueError, match="line break"):
        PlainConnection("127.0.0.1", 1).request("GET", "/", None, {"X": "a\r\nInjected: yes"})


def test_ipv6_and_ports_are_named_as_http_wants_it():
    connection = PlainConnection("::1", 8080)
    connection.request("GET", "/x", None, {})
    assert b"\r\nHost: [::1]:8080\r\n" in connection._request  # noqa: SLF001 - the bytes are what matters


def test_what_must_not_be_written_now_is_not_sent(
    server: ScriptedServer, private_key: str, clock: Clock, repo: Repository
):
    forbidden = False

    def permitted() -> None:
        if forbidden:
            raise Fenced("the work is others'", clock.at(5))

    installation = App(7, private_key, api_url=server.url, timeout=1, clock=clock, permitted=permitted).installation(42)
    server.on(ISSUE, FOUND)
    server.on(COMMENT, CREATED)
    installation.writer.perform(repo, 1, POST)
    forbidden = True
    with pytest.raises(Fenced, match="others'"):
        installation.writer.perform(repo, 1, POST)
    assert installation.reader.issue(repo, 1).title == "Broken"
    assert server.lines() == [COMMENT, ISSUE]
    close_idle()


def test_whether_it_may_be_written_is_asked_when_there_is_a_connection(
    server: ScriptedServer, private_key: str, clock: Clock, repo: Repository
):
    """Reaching the host, and getting a token, may have taken seconds."""
    asked = threading.Event()

    def permitted() -> None:
        asked.set()
        raise Fenced("the work is others'", clock.at(5))

    installation = App(7, private_key, api_url=server.url, timeout=1, clock=clock, permitted=permitted).installation(42)
    with pytest.raises(Fenced):
        installation.writer.perform(repo, 1, POST)
    assert [asked.line for asked in server.asked] == [TOKENS]
    server.stop()
    close_idle()
    asked.clear()
    with pytest.raises(Unavailable, match="no connection"):
        installation.writer.perform(repo, 1, POST)
    assert not asked.is_set()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not have the option")
def test_a_write_that_nobody_acknowledges_is_dropped_before_others_take_over_the_work(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    server.on(COMMENT, CREATED)
    installation.writer.perform(repo, 1, POST)
    ((_, line),) = next(iter(PlainConnection.idle.values()))
    assert line.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 4000
