"""Threads for the tests of the rules: short to write, with people whose roles are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.issuebash.desk import Desk, Likeness, Page
from bot.issuebash.report import Hit
from bot.issuebash.rules import RULES
from bot.issuebash.thread import PullRequest, Thread, TimelineEvent
from bot.triage.issue import Actor, Comment, Issue, Repository
from bot.triage.release import Release
from bot.triage.report_policy import ReportSection

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
REPOSITORY = Repository(1, "octo", "widgets", "https://github.com/octo/widgets")
ANN = Actor("ann")
BEN = Actor("ben")
CARL = Actor("carl")
MAYA = Actor("maya", association="MEMBER")
NICO = Actor("nico", association="OWNER")
CI_BOT = Actor("ci[bot]", is_bot=True)
US = Actor("triage[bot]", is_bot=True)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def says(who: Actor, body: str, days: float) -> Comment:
    """A comment, so many days ago."""
    return Comment(int(days * 1000) + 1, who, body, ago(days), by_this_app=who is US)


def does(kind: Any, who: Actor, days: float, subject: str = "") -> TimelineEvent:
    return TimelineEvent(kind, ago(days), who, subject)


def pull(number: int = 50, days: float = 10, **more: Any) -> PullRequest:
    """Merged so many days ago, unless said otherwise."""
    values: dict[str, Any] = {
        "repository": "octo/widgets",
        "title": "Change the saving of widgets",
        "url": f"https://github.com/octo/widgets/pull/{number}",
        "state": "merged",
        "author": NICO,
        "linked_at": ago(days + 1),
        "merged_at": ago(days),
    }
    return PullRequest(number=number, **(values | more))


def thread(*comments: Comment, number: int = 7, days: float = 100, **more: Any) -> Thread:
    """Filed by ann so many days ago. What is no field of Thread is one of Issue."""
    own = {"events", "links", "open_sub_issues", "pinned", "comments_total", "known"}
    issue: dict[str, Any] = {
        "title": "Saving a widget crashes",
        "body": "It crashes when I save.",
        "author": ANN,
        "created_at": ago(days),
        "updated_at": ago(0),
    } | {key: value for key, value in more.items() if key not in own}
    rest = {"comments_total": len(comments)} | {key: value for key, value in more.items() if key in own}
    ordered = tuple(sorted(comments, key=lambda one: one.created_at))
    url = f"https://github.com/octo/widgets/issues/{number}"
    return Thread(issue=Issue(number=number, comments=ordered, **issue), url=url, **rest)


RELEASES = tuple(
    Release(tag, ago(days), url=f"https://github.com/octo/widgets/releases/tag/{tag}")
    for tag, days in (("v3.1.0", 20), ("v3.0.0", 60), ("v2.9.0", 150), ("v2.8.1", 300), ("v2.7.0", 500))
)


class Found:
    """A `Similar` that always finds the same. `shown`: the error of all those issues."""

    def __init__(self, issues: tuple[Likeness, ...] = (), pages: tuple[Page, ...] = (), shown: str = "") -> None:
        self._issues, self._pages, self._shown = issues, pages, shown

    def issues(self, _thread: Thread, most: int) -> tuple[Likeness, ...]:
        return self._issues[:most]

    def same_error(self, _thread: Thread, signature: str, most: int) -> tuple[Likeness, ...]:
        return self._issues[:most] if signature == self._shown else ()

    def pages(self, _thread: Thread, most: int) -> tuple[Page, ...]:
        return self._pages[:most]


def like(number: int = 3, likeness: float = 0.8, **more: Any) -> Likeness:
    values: dict[str, Any] = {"title": "Saving crashes", "url": "", "state": "open", "answered": True} | more
    return Likeness(number=number, likeness=likeness, **values)


def desk(**more: Any) -> Desk:
    values: dict[str, Any] = {"releases": RELEASES, "similar": Found(), "maintainers": frozenset({"maya", "nico"})}
    settings = ReportSection.model_validate(more.pop("settings", {}))
    return Desk(REPOSITORY, settings, NOW, **(values | more))


def ask(rule: str, found: Thread, **more: Any) -> Hit | None:
    return next(one for one in RULES if one.id == rule).find(found, desk(**more))


def hit(rule: str, found: Thread, **more: Any) -> Hit:
    answer = ask(rule, found, **more)
    assert answer is not None
    assert answer.rule == rule
    assert answer.facts
    return answer


def tier(rule: str, found: Thread, **more: Any) -> str:
    """Empty where the rule has nothing to say."""
    answer = ask(rule, found, **more)
    return "" if answer is None else answer.tier
