"""What a process takes of memory as the repositories that it serves become many, each with templates of its own."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from benchmarks import shapes
from benchmarks.bodies import Sample, form_set, samples
from benchmarks.load import send
from benchmarks.rounds import Part, Row
from benchmarks.service import Server, environment_for, running_service, running_stub, scratch

_STEP = 500
_PATIENCE = 600.0
_WANT = "< 300"


def run(repositories: int) -> Part:
    """One issue in each of so many, and then one more in the first ones, which are not in memory any more."""
    rows = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=scratch())))
        stub = stack.enter_context(running_stub())
        server = stack.enter_context(running_service(folder / "data", environment_for(folder, stub)))
        rows.append(Row("before the first", resident(server.processes[0].pid), "MB", want=_WANT))
        source = samples(1_000_000, form_set(), complete=False)
        for number, title, start in _steps(repositories):
            stub.reset(_STEP)
            send(server.ports, list(_requests(server, source, number, start)))
            stub.wait(_PATIENCE)
            rows.append(Row(title, resident(server.processes[0].pid), "MB", want=_WANT))
    notes = [
        "the resident set of `triage serve`, with web and work in one process, after one issue in each repository",
        "five forms and a policy each, all of them different",
    ]
    return Part("Memory of a process that serves many repositories", rows, notes)


def _steps(repositories: int) -> Iterator[tuple[int, str, int]]:
    """The issue's number, what to call it, and the first of the repositories."""
    for start in range(0, repositories, _STEP):
        yield 1, f"{start + _STEP:,} repositories", start
    yield 2, "the first of them again", 0


def _requests(server: Server, source: Iterator[Sample], number: int, start: int) -> Iterator[bytes]:
    for repository, sample in enumerate(islice(source, _STEP), start):
        body = shapes.opened(number, f"own-{repository}", sample)
        yield shapes.request(server.path, server.ports[0], "issues", body)


def resident(pid: int) -> float:
    """Megabytes."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    assert found
    return int(found[1]) / 1024
