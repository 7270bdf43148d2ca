"""The real service under a flood: it keeps to its memory, and an honest request is answered."""

from __future__ import annotations

import contextlib
import re
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bot.web.webhook import MOST_BYTES
from tests.fakes.github import key_pair
from tests.fakes.github.hooks import signature
from tests.fakes.process import Served, served

SECRET = "the secret of the hook"
MEGABYTE = 1024 * 1024


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path, {"APP_ID": "7", "PRIVATE_KEY": key_pair()[0], "WEBHOOK_SECRET": SECRET}) as service:
        yield service
        assert service.stop() == 0
        assert "Traceback" not in service.log


def deliver(service: Served, guid: str) -> int:
    body = b'{"zen": "Keep it logically awesome."}'
    headers = {"X-GitHub-Event": "ping", "X-GitHub-Delivery": guid, "X-Hub-Signature-256": signature(SECRET, body)}
    return httpx.post(f"{service.url}/webhook", content=body, headers=headers, timeout=10).status_code


@pytest.mark.skipif(sys.platform != "linux", reason="where the system tells of a process's memory")
def test_many_large_bodies_without_a_signature_leave_memory_for_work(service: Served):
    body = b"x" * MOST_BYTES

    def send(_: int) -> int:
        return httpx.post(f"{service.url}/webhook", content=body, timeout=60).status_code

    with ThreadPoolExecutor(20) as crowd:
        answers = crowd.map(send, range(20))
        assert [deliver(service, f"in between {number}") for number in range(5)] == [202] * 5
        assert set(answers) <= {401, 408, 503}
    told = Path(f"/proc/{service.process.pid}/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+) kB", told)
    assert peak
    assert int(peak[1]) * 1024 < 300 * MEGABYTE


def test_among_hundreds_of_silent_connections_a_request_is_answered(service: Served):
    address = urlsplit(service.url)
    assert address.hostname
    assert address.port
    with contextlib.ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=20))
            for _ in range(300)
        ]
        assert deliver(service, "among them") == 202
        # The first made room at once, and the last is not waited for long, either.
        for one in (silent[0], silent[-1]):
            with contextlib.suppress(ConnectionResetError):
                assert one.recv(1) == b""
