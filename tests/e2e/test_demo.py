"""The demo plays to its end and says so."""

from __future__ import annotations

import signal
import subprocess
import sys

import httpx


def test_the_demo_plays_to_its_end():
    command = [sys.executable, "-m", "tests.demo"]
    played = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert played.returncode == 0, played.stdout[-3000:] + played.stderr
    assert "checks passed" in played.stdout


def test_it_can_be_kept_and_looked_at():
    command = [sys.executable, "-m", "tests.demo", "--keep"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout
        address = next(line.split()[3] for line in demo.stdout if line.startswith("Look at it:"))
        page = httpx.get(address, timeout=10).text
        demo.send_signal(signal.SIGINT)
        assert demo.wait(30) == 0
    assert "[BUG] Last epoch is not logged" in page
    assert "needs-triage" in page
