"""Runs the parts, prints the tables and writes `.benchmarks/latest.json`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import community, corpus, fleet, growth, memory, micro, parsing, peers, scale, service, store, training
from benchmarks.rounds import Part, as_json, print_part

PARTS: dict[str, Callable[[], Part]] = {
    "parsing": lambda: parsing.run(rounds=7, seconds=0.6),
    "service": lambda: service.run(rounds=5, issues=3000),
    "fleet": lambda: fleet.run(rounds=3, issues=2000),
    "corpus": corpus.run,
    "micro": micro.run,
    "precision": community.precision,
    "requests": community.keeping_up,
    "mirror": community.time_and_memory,
    "training": lambda: training.run(rounds=12),
    "store": lambda: store.run(rounds=7),
}
LONG: dict[str, Callable[[], Part]] = {
    "growth": lambda: growth.run(rounds=7),
    "memory": lambda: memory.run(repositories=10_000),
    "scale": scale.run,
}
"""Minutes and gigabytes: only if they are named."""
RESULT = Path(__file__).parent.parent / ".benchmarks" / "latest.json"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed and accuracy.")
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help=f"of {', '.join(PARTS)}; all of these by default; and {', '.join(LONG)}",
    )
    known = PARTS | LONG
    names = parser.parse_args().parts or list(PARTS)
    if unknown := set(names) - set(known):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    start = time.monotonic()
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"
    print(f"{machine}; medians of interleaved rounds")
    if missing := peers.absent():
        print(missing)
    parts = []
    for name in names:
        part = known[name]()
        print_part(part)
        parts.append(part)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"machine": machine, **as_json(parts)}, indent=1) + "\n")
    print(f"\n{time.monotonic() - start:.0f} s; also written to .benchmarks/{RESULT.name}")


if __name__ == "__main__":
    main()
