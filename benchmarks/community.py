"""Made-up repositories of 1,000 to 100,000 issues: what a report gets right, what keeping up costs, time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import stale
from benchmarks.rounds import Part, Row
from bot.github import transport
from bot.github.app import App
from bot.github.threads import Budget, PullPage, ThreadPage
from bot.issuebash.thread import Thread
from bot.store.database import Database
from bot.triage.issue import Repository
from bot.work.fill import Filled, fill
from tests.fakes.community import Community
from tests.fakes.community.exports import write_lines
from tests.fakes.community.scores import REPOSITORY, report_on, scores, settle, table
from tests.fakes.community.stage import put_on
from tests.fakes.github import FakeGitHub, Limits, key_pair, serve
from tests.fakes.github.cost import cost

SIZES = (1_000, 10_000, 100_000)
_BY_HTTP = 10_000
"""The fake GitHub answers a hundred issues in a sixth of a second: larger ones take their pages from the generator."""
_NEWS = 20
"""Issues that change in an hour."""
_MEASURED = {"report": "open", "sweep": "due", "export": "read"}
"""What is measured, and what it counts."""
_ROOT = Path(__file__).parent.parent


def precision(size: int = 10_000) -> Part:
    """Of each section the share of rows that belong there, also by tier; and of those that belong the share found."""
    community = Community(size)
    with _mirror() as database:
        settle(database, community)
        found = scores(report_on(database, community), community.issues())
    shown = sum(one.shown.total() for one in found.values())
    right = sum(one.right.total() for one in found.values())
    return Part(
        f"Sections of the report, against the truth about {size:,} made-up issues",
        [Row(f"right, of {shown:,} rows", 100 * right / shown, "%")],
        table(found).splitlines(),
    )


def keeping_up(sizes: Sequence[int] = SIZES) -> Part:
    rows, notes = [], []
    for size in sizes:
        community = Community(size)
        first, hourly = _over_http(community) if size <= _BY_HTTP else _from_pages(community)
        theirs = stale.run((made.thread for made in community.issues()), community.now)
        for what, ours, want in (("a full pass", first, ">= 50"), ("an hour's news", hourly, ">= 1,000")):
            fewer = theirs.requests / ours.requests
            rows.append(
                Row(
                    f"{size:,} issues, {what}: requests",
                    ours.requests,
                    "",
                    "stale action",
                    theirs.requests,
                    fewer,
                    want,
                )
            )
        notes.append(
            f"{size:,} issues: {first.points:,} points to fill, {hourly.points} an hour, of 5,000 an hour; the stale"
            f" action lists {theirs.listed:,} open issues and pull requests, {theirs.labelled:,} of them labelled"
        )
    notes += [
        "times: how many times fewer requests ours are. A full pass of ours reads all issues, open and closed, with",
        "their comments, events and pull requests; that of the action goes through the open ones",
        "the stale action is not run: its requests are derived from its documented algorithm (benchmarks/stale.py),",
        f"in a run over all, where what is due after {stale.DAYS} days bears its label and is not closed",
        f"an hour's news: {_NEWS} issues changed; above {_BY_HTTP:,} issues the pages come without HTTP",
    ]
    return Part("Requests to keep up with a repository, beside the stale action's", rows, notes)


def time_and_memory(sizes: Sequence[int] = SIZES) -> Part:
    rows: list[Row] = []
    per_issue: dict[str, list[float]] = {what: [] for what in _MEASURED}
    for size in sizes:
        with _mirror() as database:
            settle(database, Community(size))
            write_lines(Community(size), Path(str(database.url.database)).with_name("export.jsonl"))
            database.close()
            for what, rates in per_issue.items():
                told = _measured(what, database, size)
                aimed_at = size == SIZES[-1] and what != "export"
                rates.append(told["seconds"] / size)
                subject = f"{size:,} issues: {what} ({told['found']:,.0f} {_MEASURED[what]})"
                rows.append(Row(f"{subject}, time", told["seconds"], "s", want="< 10" if aimed_at else ""))
                rows.append(Row(f"{subject}, peak memory", told["megabytes"], "MB", want="< 300" if aimed_at else ""))
    notes = [
        f"{what}: an issue takes {rates[-1] / rates[-2]:.2f} times as long in {sizes[-1]:,} as in {sizes[-2]:,}"
        for what, rates in per_issue.items()
    ]
    notes.append("export: the same report with `--from`, which first loads an export into a mirror of its own")
    return Part("Report and sweep over the mirror, each in a process of its own", rows, notes)


def _measured(what: str, database: Database, size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.measured", what, str(database.url), str(size)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=_ROOT)
    found: dict[str, float] = json.loads(done.stdout)
    return found


@contextmanager
def _mirror() -> Iterator[Database]:
    with TemporaryDirectory(prefix="triage-bench-") as folder:
        database = Database(f"sqlite:///{folder}/mirror.db")
        database.migrate()
        yield database
        database.close()


def _over_http(community: Community) -> tuple[Filled, Filled]:
    fake = FakeGitHub(Limits(graphql=1_000_000))
    made = put_on(fake, community)
    bot = fake.add_app()
    installed = fake.install(bot, made.owner.login)
    repository = Repository(made.id, made.owner.login, made.name, "")
    with serve(fake) as running, _mirror() as database:
        reader = App(bot.id, key_pair()[0], api_url=running.url).installation(installed.id).threads
        first = fill(database, repository, reader)
        for number in range(1, _NEWS + 1):
            fake.comment(made.full_name, number, "ann", "Any news?")
        hourly = fill(database, repository, reader)
        transport.close_idle()
    assert (first.issues, hourly.issues) == (community.size, _NEWS)
    return first, hourly


def _from_pages(community: Community) -> tuple[Filled, Filled]:
    with _mirror() as database:
        reader = _Pages(community)
        first, hourly = fill(database, REPOSITORY, reader), fill(database, REPOSITORY, reader)
    assert (first.issues, hourly.issues) == (community.size, _NEWS)
    return first, hourly


class _Pages:
    """What `fill` reads, straight from the generator; costs as the real queries do."""

    def __init__(self, community: Community) -> None:
        self._community = community
        self._threads: Iterator[Thread] = iter(())

    def page(self, _repo: Repository, *, size: int, after: str = "", since: datetime | None = None) -> ThreadPage:
        if not after:
            self._threads = (made.thread for made in self._community.issues())
        total = self._community.size if since is None else _NEWS
        start = int(after or 0)
        found = tuple(thread for _, thread in zip(range(min(size, total - start)), self._threads, strict=False))
        end = start + len(found)
        return ThreadPage(found, total, str(end), end < total, _budget("threads", size))

    def pulls(self, _repo: Repository, _after: str = "", _size: int = 50) -> PullPage:
        return PullPage((), "", more=False, budget=_budget("pulls", 50))


def _budget(query: str, size: int) -> Budget:
    text = (_ROOT / "bot" / "github" / "queries" / f"{query}.graphql").read_text(encoding="utf-8")
    return Budget(cost(text, {"size": size}), 1_000_000, datetime.now(UTC) + timedelta(hours=1))
