"""What the forms of a report have in common: the words for suggestions, evidence, times and numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from bot.issuebash.numbers import Cohort, Completeness, Numbers, Response, Spread
from bot.issuebash.report import Report, Suggestion, Tier

SUGGESTIONS: Final[dict[Suggestion, str]] = {
    "ask_for_retest": "Ask for a retest on the latest release",
    "close_as_answered": "Close it as answered",
    "close_as_duplicate": "Close it as a duplicate",
    "close_as_fixed": "Check that it is fixed, and close it",
    "decide": "Decide, or say who will",
    "free_assignee": "Ask the assignee, or free it for others",
    "look_again": "Look again, and reopen or explain",
    "plan_or_decline": "Plan it or decline it, and say so",
    "point_to_answer": "Point to the answer",
    "remind_author": "Remind the author, or close it",
    "reply": "Reply",
    "see_what_is_left": "See what the fix left open",
}
TIERS: Final[dict[Tier, str]] = {"A": "a fact", "B": "two signals", "C": "a guess"}
"""What each tier of evidence is, in two words."""

_UNITS = ((365, "year"), (30, "month"), (7, "week"), (1, "day"))


def duration(time: timedelta) -> str:
    """As people say it: `3 weeks`, `5 hours`; rounded down, and in a smaller unit as long as a larger one is coarse."""
    days = time.days
    for size, name in _UNITS:
        if days >= (size if name == "day" else 2 * size):
            return _plural(days // size, name)
    hours, minutes = time.seconds // 3600, time.seconds // 60
    if hours:
        return _plural(hours, "hour")
    return _plural(minutes, "minute") if minutes else "less than a minute"


def _plural(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"


def counted(count: int, name: str) -> str:
    """`1 issue`, `1,234 issues`."""
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def percent(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)} %" if whole else "–"


def day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d")


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")


def median(response: Response) -> str:
    if not response.is_known:
        return "not known"
    if response.median is not None:
        return duration(response.median)
    return "not reached" if response.issues else "–"


def rate(response: Response) -> str:
    return "not known" if response.within is None else percent(response.within, response.eligible)


def completeness(found: Completeness) -> tuple[str, str]:
    """At filing, and after the ask."""
    return percent(found.at_filing, found.issues), percent(found.after_ask, found.asked)


def cohorts(report: Report) -> list[tuple[str, Cohort]]:
    """All issues, then before and after the bot, then each kind."""
    numbers = report.numbers
    found = [("All issues", numbers.overall)]
    since = f" ({day(numbers.bot_since)})" if numbers.bot_since else ""
    found += [("Before the bot" + since, numbers.before)] if numbers.before else []
    found += [("With the bot", numbers.after)] if numbers.after else []
    if len(numbers.kinds) > 1:
        found += [(kind or "from no template", cohort) for kind, cohort in numbers.kinds.items()]
    return found


def spreads(numbers: Numbers) -> list[tuple[str, Spread]]:
    """Of the open issues, those that are known."""
    found = (("Age", numbers.age), ("Time since a person last took part", numbers.idle))
    return [(name, spread) for name, spread in found if spread]


def repository(report: Report) -> str:
    """`owner/name`, or what an export that does not tell it is called."""
    return report.repository.full_name.strip("/")


def headline(report: Report) -> str:
    """One sentence each: what can be done in one sitting, by the sections that were asked for and are known."""
    by_rule = {section.rule: section.total for section in report.sections if not section.not_known}
    told = {
        "Probably to close": ("probably_fixed", "duplicates", "answered"),
        "To answer": ("our_turn", "easy_to_answer", "no_maintainer_reply"),
        "To nudge": ("waiting_on_author", "outdated", "zombie_assignee"),
        "To decide": ("needs_decision", "popular_and_old", "voices_after_close"),
    }
    counts = {name: [by_rule[rule] for rule in rules if rule in by_rule] for name, rules in told.items()}
    return " ".join(f"{name}: {sum(found):,}." for name, found in counts.items() if found)


def link(url: str) -> str:
    """An address that may be linked to, with nothing in it that ends a link early; empty where it is none.

    Addresses come from exports, too, and so from anybody: `javascript:` is one, and so is `x) | @everybody`.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return ""
    return quote(urlunsplit(parts), safe="%/:?#&=+,;!*~@", errors="replace")


def quiet_link(url: str) -> str:
    """An address that leads to the same page, and of which GitHub tells nobody; empty where it may not be linked to.

    GitHub notes a mention on every issue that a text links to. It does not for `redirect.github.com`, which it keeps
    for such lists. Other hosts have no such name, so their links stay as they are.
    """
    parts = urlsplit(link(url))
    quiet = parts.hostname in {"github.com", "www.github.com"}
    return urlunsplit(parts._replace(netloc="redirect.github.com") if quiet else parts)
