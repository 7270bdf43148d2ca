"""Plays the demo: `python -m tests.demo [--keep]`."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.demo.screen import Screen
from tests.demo.stage import REPO, Stage, stage
from tests.demo.stories import STORIES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="stay up afterwards, with a page to look at")
    options = parser.parse_args()
    screen, started = Screen(), time.monotonic()
    screen.console.print("A GitHub made up on this machine and the real service: no account, no network.", style="dim")
    with tempfile.TemporaryDirectory(prefix="triage-demo-") as folder, stage(Path(folder), screen) as played:
        play(played)
        passed = summary(played, time.monotonic() - started)
        if not passed:
            screen.console.print("The service's log ends so:", style="bold")
            screen.console.print("\n".join(played.service.log.splitlines()[-15:]), markup=False)
        if options.keep:
            issues = played.repository.issues.values()
            bash = next(it.number for it in issues if it.title.startswith("Issue bash of"))
            screen.console.print("Look at it (Ctrl-C ends it):", style="bold")
            for what, address in (
                ("the issues", f"{played.fake.shapes.api}/"),
                ("the bash", f"{played.service.url}/bash/{REPO}/{bash}"),
                ("the report", f"{played.service.url}/reports/{REPO}"),
                ("the service", f"{played.service.url}/"),
            ):
                screen.console.print(f"  {what:12} {address}")
            with suppress(KeyboardInterrupt):
                threading.Event().wait()
    return 0 if passed else 1


def play(played: Stage) -> None:
    for number, story in enumerate(STORIES, 1):
        played.screen.story(number, str(story.__doc__).rstrip("."))
        story(played)
    played.screen.story(len(STORIES) + 1, "Afterwards")
    played.settle()


def summary(played: Stage, seconds: float) -> bool:
    """What happened, in a few lines; whether it is what should have."""
    console, failures = played.screen.console, played.failures
    console.print()
    issues = played.repository.issues.values()
    comments = sum(len(played.comments(issue)) for issue in issues)
    console.print(
        f"{len(issues)} issues, {len(played.fake.hooks.deliveries)} deliveries, {comments} comments by the bot, "
        f"{seconds:.0f} seconds."
    )
    if failures:
        console.print(f"{len(failures)} things went otherwise than they should:", style="bold red")
        for failure in failures:
            played.screen.bad(failure)
        return False
    console.print(f"All {played.checks} checks passed.", style="bold green")
    return True


if __name__ == "__main__":
    # Told to end in any way, it takes the service with it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Stopped before the end.")
