"""Refuses every connection and every name look-up that would leave this machine."""

from __future__ import annotations

import ipaddress
import sys

import pytest

LOCAL_NAMES = frozenset({"", "localhost", "localhost."})


def is_loopback(host: object) -> bool:
    if host is None:
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if text.lower() in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def guard(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: Python calls it before a socket does anything (also in libraries, and in their C code)."""
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        if isinstance(address, tuple) and not is_loopback(address[0]):
            pytest.fail(f"a test reached for the network: {event} {address[0]}")
    elif event == "socket.getaddrinfo" and not is_loopback(arguments[0]):
        pytest.fail(f"a test looked up a name: {arguments[0]!r}")


def pytest_configure() -> None:
    sys.addaudithook(guard)
