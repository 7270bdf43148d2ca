"""Opened issues on PostgreSQL, by one process to four, beside an app on probot: what another process brings."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import peers
from benchmarks.rounds import Part, Row, compare
from benchmarks.service import (
    SAMPLED,
    WARM_UP,
    Issues,
    Round,
    Server,
    environment_for,
    play,
    running_probot,
    running_service,
    running_stub,
    scratch,
    shares,
)
from benchmarks.whereabouts import sampled

SIZES = (1, 2, 3, 4)
TITLE = "Opened issues on PostgreSQL, by one process to four"


def run(rounds: int, issues: int) -> Part:
    from tests.fakes.postgresql import INSTALLED, postgresql_server  # noqa: PLC0415 - needs SQLAlchemy

    if not INSTALLED:
        return Part(TITLE, [], ["not measured: PostgreSQL's programs are not installed"])
    fleets: dict[int, list[Round]] = {size: [] for size in SIZES}
    probot: list[Round] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=scratch())))
        stub = stack.enter_context(running_stub())
        # As safe as a server in use is.
        database = stack.enter_context(postgresql_server("fsync=on", "autovacuum=on"))
        postmaster = int((database.folder / "data/postmaster.pid").read_text().split()[0])
        environment = environment_for(folder, stub)
        source = Issues()

        @contextmanager
        def fleet(size: int, name: str) -> Iterator[Server]:
            database.create(name)
            address = {"DATABASE_URL": database.url(name, "psycopg")}
            with running_service(folder, environment | address, size) as server:
                play(server, stub, source, WARM_UP)
                yield server

        for number in range(rounds):
            for size in SIZES:
                with fleet(size, f"round_{number}_of_{size}") as server:
                    fleets[size].append(play(server, stub, source, issues, postmaster=postmaster))
            if not peers.absent():
                with running_probot(environment) as server:
                    play(server, stub, source, WARM_UP)
                    probot.append(play(server, stub, source, issues))
        with fleet(SIZES[-1], "sampled") as server:
            spent = sampled(server.processes[0].pid, SAMPLED, lambda: play(server, stub, source, issues))
    notes = [
        f"{rounds} rounds of {issues} issues, each on a new database with fsync; everything on this one machine",
        "each process takes webhooks and works; whoever stored a delivery need not be who works on it",
        *(f"cores kept busy, {size} of ours: {shares(done)}" for size, done in fleets.items()),
        *([f"cores kept busy, probot: {shares(probot)}"] if probot else []),
        f"where one of {SIZES[-1]} spends its time: {spent}",
    ]
    return Part(TITLE, [*_rows(fleets, probot)], notes)


def _rows(fleets: Mapping[int, Sequence[Round]], probot: Sequence[Round]) -> Iterator[Row]:
    against = "probot" if probot else ""
    for size, done in fleets.items():
        theirs = [one.completed for one in probot]
        yield compare(f"completed issues, processes: {size}", "/s", [one.completed for one in done], against, theirs)
    alone = [one.completed for one in fleets[SIZES[0]]]
    for size, done in list(fleets.items())[1:]:
        yield compare(f"{size} processes", "/s", [one.completed for one in done], "one", alone)
    for size, done in fleets.items():
        yield compare(f"processor time per issue, processes: {size}", "ms", [one.cost for one in done])
    yield Row(
        "labels or comments written twice", sum(one.counts["again"] for done in fleets.values() for one in done), ""
    )
