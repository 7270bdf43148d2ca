"""Runs the service for long under all that GitHub, the machine and the network may do to it; `make soak`."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from tests.fakes.hosts import NoHostsError
from tests.soak import hosts, verdict
from tests.soak.run import Size, Soak, soak

MOST_SHOWN = 200
OPTIONS = {
    "deliveries": "from GitHub, also those that the bot's own doings bring",
    "repositories": "",
    "installations": "accounts that have them, each with limits of its own",
    "workers": "",
    "kills": "kill -9 of each worker",
    "restarts": "of PostgreSQL, as in a power cut",
    "freezes": "of each worker",
    "cuts": "of the first worker's line to PostgreSQL",
    "cut-for": "seconds",
    "patience": "seconds after the last deed until all must be at rest",
    "seed": "of what people do, and of the weather",
}


def main() -> int:
    """0 where all was well, 1 where something was not."""
    defaults = {one.name: getattr(Size(), one.name) for one in fields(Size)}
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--hosts", action="store_true", help="instead, cut one of several hosts off from the database")
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    for name, text in OPTIONS.items():
        default = defaults[name.replace("-", "_")]
        parser.add_argument(
            f"--{name}", type=type(default), help=" ".join(filter(None, (text, f"(default: {default})")))
        )
    given = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    folder = Path(tempfile.mkdtemp(prefix="triage-soak-"))
    print(f"The workers' logs are in {folder}, and what is known of an issue that ends wrong.", flush=True)
    begun = time.monotonic()

    def tell(line: str) -> None:
        print(f"{time.monotonic() - begun:6.0f} s  {line}", flush=True)

    wrong = cut_off(folder, tell) if given.pop("hosts") else soaked(given, folder, tell)
    print(f"{'violations':22} {len(wrong)}")
    for line in wrong[:MOST_SHOWN]:
        print(f"    {line}")
    return 1 if wrong else 0


def cut_off(folder: Path, tell: Callable[[str], None]) -> list[str]:
    try:
        return hosts.run(folder, tell)
    except NoHostsError as error:
        print(f"Left out: {error}.")
        return []


def soaked(given: dict[str, Any], folder: Path, tell: Callable[[str], None]) -> list[str]:
    if given["database"] == "sqlite":
        given["workers"] = 1
    given.setdefault("installations", max(1, min(100, given.get("repositories", 500) // 5)))
    size = Size(**given)
    print(f"The seed is {size.seed}.", flush=True)
    with soak(size, folder, tell) as run:
        run.play()
        report(run)
        return run.wrong


def report(run: Soak) -> None:
    took, (tried, most) = verdict.waits(run.database), verdict.attempts(run.database)
    hooks = run.town.fake.hooks
    rows = {
        "database": f"{run.size.database}, {run.size.workers} workers",
        "duration": f"{run.seconds:.0f} s",
        "deliveries": f"{len({one.guid for one in hooks.deliveries})}, of them done {len(took)}:"
        f" {len(took) / run.seconds:.1f} a second",
        "issues": f"{len(run.stories)} in {len(run.town.repositories)} repositories of {len(run.town.owners)} accounts",
        "happened": counts(run.mishaps.happened),
        "ends": counts({f"by {code}": count for code, count in run.supervisor.ends.items()}),
        "take-overs": str(verdict.take_overs(run.database)),
        "interrupted": f"{verdict.interrupted(run.database)} actions whose outcome was lost at first",
        "asked for again": f"{run.redelivered} deliveries that nobody took",
        "from delivery to done": f"median {statistics.median(took):.1f} s, 99 of 100 within"
        f" {took[int(0.99 * len(took))]:.0f} s, longest {took[-1]:.0f} s",
        "failed attempts": f"{tried} of the longest, {most} at most",
        "weather": counts(run.weather.struck if run.weather else {}),
        "answers": counts({str(status): count for status, count in run.town.answered.items()}),
        "limits exceeded": counts(run.town.exceeded()) or "never",
    }
    print()
    for name, text in rows.items():
        print(f"{name:22} {text}")
    print(f"{'requests':22} {sum(run.town.asked.values())}")
    for name, count in run.town.asked.most_common():
        print(f"{'':22} {count:7}  {name}")


def counts(of: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(of.items()))


if __name__ == "__main__":
    sys.exit(main())
