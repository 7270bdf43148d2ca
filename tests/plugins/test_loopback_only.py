"""The guard itself: what it lets through and what it stops."""

from __future__ import annotations

import socket

import pytest

from tests.plugins.loopback_only import is_loopback


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.10", "::1", "::1%lo", "localhost", "LOCALHOST", b"localhost", "", None]
)
def test_this_machine_is_let_through(host: str | bytes | None):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "192.0.2.1", "2001:db8::1", "github.com", b"api.github.com"])
def test_any_other_is_not(host: str | bytes):
    assert not is_loopback(host)


def test_a_connection_to_another_machine_fails_the_test():
    with (
        socket.socket() as outside,
        pytest.raises(pytest.fail.Exception, match=r"reached for the network.*192\.0\.2\.1"),
    ):
        outside.connect(("192.0.2.1", 80))


def test_a_name_look_up_fails_the_test():
    with pytest.raises(pytest.fail.Exception, match="looked up a name"):
        socket.getaddrinfo("triage.example", 443)


def test_a_connection_on_this_machine_works():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
