"""Processes that are killed, that end without waiting, and several at once."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from pathlib import Path

from autolog.delivery.journal import folders
from tests.autolog.faults.conftest import Served
from tests.autolog.stage import program_environment

LOGS_AND = """
    import sys
    from autolog.options import Options
    from autolog.runs import open_run

    def log(name, count):
        run = open_run(Options(run_name=name), default_name="test")
        for step in range(count):
            run.metric("loss", step / 3, step)
        return run
"""


def started(source: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(LOGS_AND) + textwrap.dedent(source)],
        env=program_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def spooled(folder: Path, steps: int) -> bool:
    """Whether so many points have been written down."""
    return sum(path.read_text().count('["loss",') for path in folder.rglob("*.jsonl")) >= steps


def test_what_a_killed_process_had_logged_is_delivered_by_sync(served: Served):
    with served.proxy.misbehaving("refuse"):
        process = started("log('killed', 500)\nsys.stdin.read()")
        try:
            until = time.monotonic() + 90
            while not spooled(served.spool, 500):
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < until
                time.sleep(0.1)
        finally:
            process.kill()
            process.communicate()
    assert len(folders()) == 1
    command = [sys.executable, "-m", "autolog", "sync"]
    done = subprocess.run(command, env=program_environment(), capture_output=True, text=True, timeout=90, check=False)
    assert (done.returncode, folders()) == (0, []), done.stderr
    assert "500 values delivered" in done.stdout
    run = served.run()
    assert (run.name, run.status, run.all_steps) == ("killed", "RUNNING", {"loss": list(range(500))})


def test_processes_that_end_without_waiting_have_delivered_all_of_it(served: Served):
    processes = {
        "at its end": started("log('at its end', 700)"),
        "by an error": started("log('by an error', 700)\nraise SystemExit('no more')"),
    }
    for name, process in processes.items():
        _, errors = process.communicate(timeout=110)
        assert process.returncode == (0 if name == "at its end" else 1), errors
        assert "autolog" not in errors
    assert {run.name: run.all_steps for run in served.runs()} == {
        name: {"loss": list(range(700))} for name in processes
    }
    assert folders() == []
