"""Fuzzes every target under every engine, one after the other, and says what was found; `make fuzz`."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.docs.reading import ROOT
from tests.fuzz.engines import ENGINES, targets

FOLDER = ROOT / ".fuzz"
SERVICE = "service"
_EXECUTED = re.compile(r"(?:stat::number_of_executed_units: +|^ +)(\d+)(?:$| generated)", re.MULTILINE)
_FOUND = ("crash-*", "timeout-*", "oom-*", "leak-*")


def main() -> int:
    """0 where nothing was found, 1 where something was."""
    names = [*targets(), SERVICE]
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(names)}; all unless given")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each target and engine (default: 10)")
    parser.add_argument("--engine", choices=[*ENGINES, "schemathesis"], help="this one alone")
    parser.add_argument("--input", type=Path, help="run the target once, on this file")
    chosen = parser.parse_args()
    if unknown := set(chosen.targets) - set(names):
        parser.error(f"there is no target {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if chosen.input:
        for name in chosen.targets:
            targets()[name].examine(chosen.input.read_bytes())
        return 0
    failed = 0
    for name, engine, command in _runs(chosen.targets or names, chosen.minutes):
        if chosen.engine in {None, engine}:
            failed += not _run(name, engine, command)
    return int(failed > 0)


def _runs(names: list[str], minutes: float) -> Iterator[tuple[str, str, list[str]]]:
    seconds = str(minutes * 60)
    for name in names:
        folder = FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        if name == SERVICE:
            yield name, "schemathesis", ["tests.fuzz.service", seconds]
        else:
            for engine in ENGINES:
                yield name, engine, ["tests.fuzz.engines", engine, name, seconds, str(folder)]


def _run(name: str, engine: str, command: list[str]) -> bool:
    """Prints a line; whether all held."""
    log = FOLDER / name / f"{engine}.log"
    begun, started = time.monotonic(), time.time()
    with log.open("w") as output:
        done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, stdout=output, stderr=output, check=False)
    said = log.read_text(encoding="utf-8", errors="replace")
    counts = [int(count) for count in _EXECUTED.findall(said)]
    minutes = (time.monotonic() - begun) / 60
    result = "nothing found" if done.returncode == 0 else f"FAILED, see {log.relative_to(ROOT)}"
    print(f"{name:10} {engine:13} {minutes:5.1f} min {sum(counts):10,} runs  {result}", flush=True)
    for pattern in _FOUND:
        for path in sorted((FOLDER / name).glob(pattern)):
            if path.stat().st_mtime >= started:
                print(f"    make fuzz ARGS='{name} --input {path.relative_to(ROOT)}'")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
