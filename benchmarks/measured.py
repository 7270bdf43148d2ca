"""Makes a report of a mirror or an export, or sweeps a mirror, alone in its process; prints time and peak memory."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.forms.check import Checker
from bot.forms.load import load
from bot.render import Renderer
from bot.store.database import Database
from bot.triage.decide import Context
from bot.triage.policy import Policy
from bot.triage.report_policy import ReportSection
from bot.work import exported
from bot.work.sweeps import Chosen, due
from tests.fakes.community import Community
from tests.fakes.community.scores import REPOSITORY, report_on


def report(database: Database, community: Community) -> int:
    """The open issues that it was about."""
    return report_on(database, community, ReportSection()).open_issues


def export(database: Database, community: Community) -> int:
    """The issues read from an export in JSON lines, which lies beside the database, and reported on."""
    path = Path(str(database.url.database)).with_name("export.jsonl")
    with TemporaryDirectory(prefix="triage-bench-") as folder:
        _, read = exported.report_on(path, Path(folder), None, ReportSection(), community.now)
    return read.read


def sweep(database: Database, community: Community) -> int:
    """The issues on which something is due."""
    policy = Policy.model_validate({"stale": {"daysUntilStale": 60, "daysUntilClose": 7}})
    context = Context(REPOSITORY, Checker(load({})), policy, Renderer(policy), "triage")
    chosen, found = Chosen(policy, 0), 0
    with database.read() as connection:
        for one in due(connection, context, community.now):
            chosen.add(one)
            found += 1
    return found


def main() -> None:
    what, url, size = sys.argv[1:]
    database, community = Database(url), Community(int(size))
    start = time.perf_counter()
    found = {"report": report, "sweep": sweep, "export": export}[what](database, community)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "megabytes": _peak(), "found": found}))


def _peak() -> float:
    """Of this program alone: what Linux tells by getrusage may be the memory of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split(maxsplit=1)[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


if __name__ == "__main__":
    main()
