"""A report with a bit of everything, hostile titles among it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.issuebash.compose import compose
from bot.issuebash.numbers import Figures
from bot.issuebash.report import Report
from bot.issuebash.statistics import numbers
from bot.issuebash.thread import EVERYTHING, Thread
from tests.bot.issuebash.making import ANN, BEN, CARL, MAYA, NOW, ago, desk, does, pull, says, thread

HOSTILE = "Pipes | break @maya's table <!-- hi --> `x` #12\r\n=HYPERLINK(1)"


def threads() -> list[Thread]:
    return [
        thread(links=(pull(will_close=True, title="Fix #7 | by @nico"),), reactions=4, number=7),
        thread(says(BEN, "Still happens.", 2), links=(pull(will_close=True),), number=8, author=MAYA),
        thread(says(MAYA, "Could you share it?", 20), number=9, title=HOSTILE, labels=("bug", "needs-info")),
        thread(says(MAYA, "Use `fit`.", 20), says(ANN, "That solved it, thanks.", 19), number=10),
        thread(says(MAYA, "Duplicate of #3", 5), number=11),
        thread(says(BEN, "Same here.", 3), number=12, title="=1+1"),
        thread(number=13, labels=("rfc",), author=MAYA, events=(does("labeled", MAYA, 9, "rfc"),)),
        thread(number=14, pinned=True),
        thread(number=15, author=MAYA),
    ]


def figures() -> list[Figures]:
    found = []
    for number in range(1, 40):
        filed = ago(400 - 10 * number)
        found.append(
            Figures(
                number=number,
                kind="bug_report.yml" if number % 2 else "",
                created_at=filed,
                closed_at=filed + timedelta(days=30) if number % 3 == 0 else None,
                by_bot=False,
                by_maintainer=number % 7 == 0,
                last_human_at=filed,
                first_response_at=filed + timedelta(days=number % 9) if number % 4 else None,
                missing=number % 3,
                asked=number % 3 == 2,
                completed=number % 6 == 2,
            )
        )
    return found


def report(*, limit: int = 20, more: int = 0) -> Report:
    """With so many more issues without a reply."""
    closed = thread(says(BEN, "Hm.", 9), says(CARL, "Hm.", 8), number=5, state="closed", closed_at=ago(30))
    found = [*threads(), *(thread(number=100 + at, title=f"Something is amiss {at}") for at in range(more))]
    known = desk(settings={"limit": limit}, known=EVERYTHING - {"sub_issues"}, releases=None)
    made = compose(found, (closed,), numbers(figures(), NOW, ago(200)), known, source="a test")
    return replace(made, at=NOW)
