"""Makes a report of a mirror, or sweeps it, in this process alone, and prints the time and the most memory it took."""

from __future__ import annotations

import json
import resource
import sys
import time

from bot.forms.check import Checker
from bot.forms.load import load
from bot.render import Renderer
from bot.store.database import Database
from bot.triage.decide import Context
from bot.triage.policy import Policy
from bot.triage.report_policy import ReportSection
from bot.work.sweeps import Chosen, due
from tests.fakes.community import Community
from tests.fakes.community.scores import REPOSITORY, report_on


def report(database: Database, community: Community) -> int:
    """The open issues that it was about."""
    return report_on(database, community, ReportSection()).open_issues


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
    found = {"report": report, "sweep": sweep}[what](database, community)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(json.dumps({"seconds": seconds, "megabytes": peak, "found": found}))


if __name__ == "__main__":
    main()
