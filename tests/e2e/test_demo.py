"""The demo plays to its end and says so."""

from __future__ import annotations

import signal
import subprocess
import sys
from itertools import dropwhile, islice

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
        try:
            told = dropwhile(lambda line: not line.startswith("Look at it"), demo.stdout)
            addresses = [line.split()[-1] for line in islice(told, 1, 5)]
            issues, bash, report, service = (httpx.get(address, timeout=10).text for address in addresses)
            demo.send_signal(signal.SIGINT)
            assert demo.wait(30) == 0
        finally:
            demo.kill()
    assert "[BUG] Last epoch is not logged" in issues
    assert "needs-triage" in issues
    assert "<h1>Issue bash of autolog-ml/autolog</h1>" in bash
    assert "Issue-bash report" in report
    assert "Engine</dt>" in service
