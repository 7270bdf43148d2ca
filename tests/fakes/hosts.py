"""Hosts with addresses of their own on one machine: network namespaces of Linux, and links that can be cut."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.fakes.programs import program

_PROGRAM = program("ip")


class NoHostsError(Exception):
    """Why there can be none here."""


@dataclass(frozen=True)
class Host:
    """One of the hosts. `within` starts a program there."""

    name: str
    addresses: dict[str, str]
    """By network."""

    @property
    def within(self) -> tuple[str, ...]:
        return (str(_PROGRAM), "netns", "exec", self.name)

    def cut(self, network: str) -> None:
        """Its link to this network, without a word to either side."""
        _ip("link", "set", "dev", _outer(self.name, network), "down")

    def mend(self, network: str) -> None:
        _ip("link", "set", "dev", _outer(self.name, network), "up")


def _ip(*arguments: str) -> None:
    done = subprocess.run([str(_PROGRAM), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoHostsError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def _outer(host: str, network: str) -> str:
    return f"{host}{network}"


@contextmanager
def hosts(names: tuple[str, ...], networks: dict[str, str]) -> Iterator[list[Host]]:
    """`networks`: name to the first three numbers of its addresses, of which this machine itself has the first.

    Names of hosts and networks are a letter or two, as Linux has it. Raises NoHostsError.
    """
    if sys.platform != "linux" or _PROGRAM is None or os.geteuid() != 0:
        raise NoHostsError("hosts on one machine take Linux, its program `ip`, and root")
    mark = f"t{os.getpid() % 100_000}"
    with ExitStack() as stack:
        for network, start in networks.items():
            bridge = f"{mark}{network}"
            _ip("link", "add", bridge, "type", "bridge")
            stack.callback(_ip, "link", "del", bridge)
            _ip("address", "add", f"{start}.1/24", "dev", bridge)
            _ip("link", "set", "dev", bridge, "up")
        made = []
        for number, name in enumerate(names, start=2):
            host = Host(f"{mark}{name}", {network: f"{start}.{number}" for network, start in networks.items()})
            _ip("netns", "add", host.name)
            stack.callback(_ip, "netns", "del", host.name)
            _ip("-n", host.name, "link", "set", "dev", "lo", "up")
            for network, address in host.addresses.items():
                outer = _outer(host.name, network)
                _ip("link", "add", outer, "type", "veth", "peer", "name", network, "netns", host.name)
                _ip("link", "set", "dev", outer, "master", f"{mark}{network}", "up")
                _ip("-n", host.name, "address", "add", f"{address}/24", "dev", network)
                _ip("-n", host.name, "link", "set", "dev", network, "up")
            made.append(host)
        yield made
