"""Opened issues, from the webhook to label and comment: the service against an app on probot, on one stub of GitHub."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks import peers, shapes
from benchmarks.bodies import Sample, form_set, samples
from benchmarks.load import CONNECTIONS, Sent, send
from benchmarks.rounds import Part, Row, compare
from benchmarks.whereabouts import sampled

ROOT = Path(__file__).parent.parent
REPOSITORIES = 8
WARM_UP = 400
WANT = ">= 0.6, aim 1.0"
SAMPLED = 5.0
"""Seconds of looking where the time goes."""
PATIENCE = 60.0
"""Seconds until a round that does not end is given up."""
COMMENT = "Thank you! Two things are missing before somebody can look at this.\n\n- **Version**\n- **Page**\n" * 4
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A service under test: its processes, and where each takes webhooks."""

    name: str
    processes: Sequence[subprocess.Popen[bytes]]
    ports: Sequence[int]
    path: str


@dataclass(frozen=True, slots=True)
class Round:
    """One burst of deliveries, until the last of its issues has its label and its comment."""

    sent: Sent
    completed: float
    """Issues per second, from the first delivery sent to the last issue completed."""
    counts: Mapping[str, Any]
    shares: Mapping[str, float]
    """Process -> cores it kept busy, on the mean."""
    cost: float
    """Milliseconds of processor time that the service spent per issue."""


class Stub:
    """The stub's process, and what it counted."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self._client = httpx.Client(base_url=self.url)

    def reset(self, awaited: int) -> None:
        self._client.get(f"/_stub/reset/{awaited}")

    def counts(self) -> dict[str, Any]:
        counts: dict[str, Any] = self._client.get("/_stub/state").json()
        return counts

    def wait(self, patience: float = PATIENCE) -> dict[str, Any]:
        """The counts once all awaited issues are completed."""
        end = time.monotonic() + patience
        while not (counts := self.counts())["done_at"]:
            assert time.monotonic() < end, f"not done after {patience:.0f} s: {counts}"
            time.sleep(0.05)
        return counts


class Issues:
    """Never the same issue twice."""

    def __init__(self) -> None:
        self._number = 0
        self._samples = samples(1_000_000, form_set(), complete=False)

    def requests(self, server: Server, count: int) -> list[bytes]:
        """Signed deliveries of so many newly opened issues, each with one required answer missing."""
        return [self._request(server, sample) for sample in islice(self._samples, count)]

    def _request(self, server: Server, sample: Sample) -> bytes:
        self._number += 1
        body = shapes.opened(self._number, f"bench-{self._number % REPOSITORIES}", sample)
        return shapes.request(server.path, server.ports[0], "issues", body)


def run(rounds: int, issues: int) -> Part:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=scratch())))
        stub = stack.enter_context(running_stub())
        environment = environment_for(folder, stub)
        servers = [stack.enter_context(running_service(folder / "data", environment))]
        if not peers.absent():
            servers.append(stack.enter_context(running_probot(environment)))
        source = Issues()
        for server in servers:
            play(server, stub, source, WARM_UP)
        results: dict[str, list[Round]] = {server.name: [] for server in servers}
        for _ in range(rounds):
            for server in servers:
                results[server.name].append(play(server, stub, source, issues))
        spent = sampled(servers[0].processes[0].pid, SAMPLED, lambda: play(servers[0], stub, source, issues))
    ours, theirs = results["triage serve"], results.get("probot", [])
    rows = [
        _compared("completed issues (labels and comment)", "/s", ours, theirs, lambda it: it.completed, WANT),
        _compared("deliveries answered", "/s", ours, theirs, lambda it: it.sent.rate),
        _compared("ack p95", "ms", ours, theirs, lambda it: 1000 * it.sent.p95),
        _compared("processor time per issue", "ms", ours, theirs, lambda it: it.cost),
        *_requests_per_issue(ours, issues),
    ]
    notes = [
        f"{rounds} rounds of {issues} issues of {REPOSITORIES} repositories, over {CONNECTIONS} kept-alive connections",
        "ours recognises, checks and decides; when it answers, all is safe on disk (SQLite, WAL, synchronous=FULL)",
        "the limits it keeps to by itself are off (GITHUB_CONTENT_LIMITS=false), as are probot's",
        "probot adds two labels and a fixed comment before it answers; a crash loses what is under way",
        *(f"cores kept busy, {name}: {shares(done)}" for name, done in results.items() if done),
        f"where triage serve spends its time: {spent}",
    ]
    return Part("Opened issues, from the webhook to label and comment", rows, notes)


def play(server: Server, stub: Stub, source: Issues, count: int, *, postmaster: int | None = None) -> Round:
    """`postmaster`: the process number of a PostgreSQL whose share is of interest."""
    requests = source.requests(server, count)
    stub.reset(count)

    def clocks() -> dict[str, float]:
        return {
            server.name: sum(_cpu(process.pid) for process in server.processes),
            **({"PostgreSQL": _cpu_of_family(postmaster)} if postmaster else {}),
            "stub": _cpu(stub.process.pid),
            "sender": _cpu(os.getpid()),
        }

    before = clocks()
    start = time.monotonic()
    sent = send(server.ports, requests)
    counts = stub.wait()
    shares = {name: (after - before[name]) / (time.monotonic() - start) for name, after in clocks().items()}
    time.sleep(0.3)  # for writes that should not have come, and the server's own tidying
    cost = 1000 * (clocks()[server.name] - before[server.name]) / count
    return Round(sent, count / (counts["done_at"] - sent.started), stub.counts(), shares, cost)


@contextmanager
def running_stub() -> Iterator[Stub]:
    with _running([sys.executable, "-m", "benchmarks.stub"], dict(os.environ), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield Stub(process, int(process.stdout.readline()))


@contextmanager
def running_service(data: Path, environment: Mapping[str, str], processes: int = 1) -> Iterator[Server]:
    """So many processes, which PostgreSQL allows; each takes webhooks at a port of its own."""
    with ExitStack() as stack:
        started, ports = [], []
        for _ in range(processes):
            port = _free_port()
            command = [sys.executable, "-m", "bot", "serve", "--port", str(port), "--data-dir", str(data)]
            started.append(stack.enter_context(_running(command, environment, stdout=subprocess.DEVNULL)))
            _await_answer(f"http://127.0.0.1:{port}/readyz", started[-1])
            ports.append(port)
        yield Server("triage serve", started, ports, "/webhook")


@contextmanager
def running_probot(environment: Mapping[str, str]) -> Iterator[Server]:
    port = _free_port()
    command = ["node", str(peers.FOLDER / "probot.js")]
    with _running(command, {**environment, "PORT": str(port), "NODE_ENV": "production"}) as process:
        _await_answer(f"http://127.0.0.1:{port}/", process)
        yield Server("probot", [process], [port], "/api/github/webhooks")


def environment_for(folder: Path, stub: Stub) -> dict[str, str]:
    """The same App for both services; limits are off, as on a server of one's own that has none."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(pem)
    (folder / "comment.md").write_text(COMMENT)
    return {
        **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}},
        "APP_ID": "77",
        "PRIVATE_KEY_PATH": str(folder / "key.pem"),
        "WEBHOOK_SECRET": shapes.SECRET,
        "GITHUB_API_URL": stub.url,
        "GITHUB_CONTENT_LIMITS": "false",
        "LOG_LEVEL": "warning",
        "COMMENT_PATH": str(folder / "comment.md"),
    }


@contextmanager
def _running(
    command: list[str], environment: Mapping[str, str], stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=stdout)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _compared(
    what: str, unit: str, ours: list[Round], theirs: list[Round], figure: Callable[[Round], float], want: str = ""
) -> Row:
    return compare(what, unit, [*map(figure, ours)], "probot" if theirs else "", [*map(figure, theirs)], want)


def _requests_per_issue(done: list[Round], issues: int) -> list[Row]:
    """Of all measured rounds, when templates, labels and token are known."""
    total: dict[str, int] = {}
    for one in done:
        for route, count in one.counts["routes"].items():
            total[route] = total.get(route, 0) + count
    reads = sum(count for route, count in total.items() if route.startswith("GET"))
    writes = sum(total.values()) - reads
    again = sum(one.counts["again"] for one in done)
    return [
        Row("GitHub writes per issue", writes / issues / len(done), "", want="<= 2"),
        Row("GitHub reads per issue", reads / issues / len(done), "", want="0"),
        Row("labels or comments written twice", again, "", want="0"),
    ]


def shares(done: list[Round]) -> str:
    return ", ".join(f"{name} {median(r.shares[name] for r in done):.2f}" for name in done[0].shares)


def _cpu(pid: int) -> float:
    """Seconds that a process has spent on a core, of all its threads."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


def _cpu_of_family(pid: int) -> float:
    """The same with its children, also those that have ended."""
    family = [fields for other in Path("/proc").glob("[0-9]*") if (fields := _stat(int(other.name)))[1:2] == [str(pid)]]
    ended = _stat(pid)[13:15]
    return _cpu(pid) + sum(map(int, chain(ended, *(fields[11:13] for fields in family)))) / TICKS


def _stat(pid: int) -> list[str]:
    """From the state on, the third field of proc(5); nothing of a process that has just ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while True:
        assert process.poll() is None, f"{process.args!r} ended with {process.returncode}"
        try:
            if httpx.get(url).status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < end, f"{url} does not answer"
        time.sleep(0.1)


def scratch() -> Path:
    """On the disk of the checkout: a file system in memory would make durability free."""
    folder = ROOT / ".benchmarks"
    folder.mkdir(exist_ok=True)
    return folder
