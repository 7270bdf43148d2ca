"""What `/bash start` asks for, and the Bash that a Report makes."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from bot.issuebash.event import Bash, Item, batched
from bot.issuebash.report import Report
from bot.triage.report_policy import BashSection

MOST_ITEMS = 200
"""More is no sitting."""
_HOURS = re.compile(r"(\d{1,2})h?")


@dataclass(frozen=True, slots=True)
class Wish:
    hours: int
    sections: tuple[str, ...] = ()
    """Ids of rules; all where empty."""
    batch: int = 10


def read_wish(arguments: Sequence[str], settings: BashSection, rules: Collection[str]) -> Wish | None:
    """From the words after `/bash start`, lower case; None where one of them is not understood."""
    words = list(arguments)
    hours, batch, sections = settings.hours, settings.batch, list[str]()
    if words and (found := _HOURS.fullmatch(words[0])):
        hours, words = int(found[1]), words[1:]
    while words:
        option, *words = words
        if option == "--batch" and words and words[0].isascii() and words[0].isdigit():
            batch, words = int(words[0][:4]), words[1:]
        elif option == "--sections" and words and words[0] in rules:
            while words and words[0] in rules:
                sections.append(words.pop(0))
        else:
            return None
    fits = 1 <= hours <= 72 and 1 <= batch <= 50
    return Wish(hours, tuple(dict.fromkeys(sections)), batch) if fits else None


def begin(report: Report, wish: Wish, settings: BashSection, by: str, now: datetime) -> Bash:
    """Freezes the report's rows, best first; what is past the most stays for the next one."""
    rows = (
        Item(row.number, row.title, row.url, section.rule, row.hit.suggestion, 0)
        for section in report.sections
        for row in section.rows
    )
    return Bash(
        started_by=by,
        started_at=now,
        ends_at=now + timedelta(hours=wish.hours),
        lease=timedelta(minutes=settings.lease_minutes),
        items=batched(islice(rows, MOST_ITEMS), wish.batch),
        titles=tuple((section.rule, section.title) for section in report.sections if section.rows),
        open_before=report.open_issues,
    )
