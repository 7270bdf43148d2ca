"""The Desk: what a rule may see beside the one issue that it is asked about; the same for a whole report."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from bot.issuebash.thread import EVERYTHING, Aspect, Thread
from bot.triage.issue import Actor, Repository
from bot.triage.release import Release
from bot.triage.report_policy import ReportSection


@dataclass(frozen=True, slots=True)
class Likeness:
    """Another issue that is like the one in hand."""

    number: int
    title: str
    url: str
    state: Literal["open", "closed"]
    answered: bool
    """A maintainer told something in it, and did not only ask or close it."""
    likeness: float
    """Of the titles, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the repository's documentation."""

    title: str
    url: str
    likeness: float = 0.0
    """Share of the issue's telling words that the page's headings hold, 0 to 1."""


class Similar(Protocol):
    """Finds what was said before; likest first."""

    def issues(self, thread: Thread, most: int) -> tuple[Likeness, ...]:
        """Other issues of the repository, open or closed; all whose likeness is a half or more may be among them."""
        ...

    def same_error(self, thread: Thread, signature: str, most: int) -> tuple[Likeness, ...]:
        """Other issues that show this error, however like their titles are."""
        ...

    def pages(self, thread: Thread, most: int) -> tuple[Page, ...]:
        """Pages of its documentation."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    repository: Repository
    settings: ReportSection
    now: datetime
    maintainers: frozenset[str] = frozenset()
    """Logins, lower case, that somewhere in the repository were seen as owner, member or collaborator."""
    releases: tuple[Release, ...] | None = None
    """Newest first; None where they are not known."""
    similar: Similar | None = None
    """None where nothing can be searched."""
    known: frozenset[Aspect] = field(default=EVERYTHING)
    """What the source of the threads tells."""

    def is_maintainer(self, actor: Actor) -> bool:
        return not actor.is_bot and (actor.is_maintainer or actor.login.lower() in self.maintainers)

    def age(self, at: datetime) -> timedelta:
        return self.now - at
