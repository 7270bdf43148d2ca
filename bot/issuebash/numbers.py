"""The numbers of a report: what each issue contributes (Figures), and what comes of all of them (Numbers)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Figures:
    """One issue as the numbers see it."""

    number: int
    kind: str
    """The template's file name; empty where it came from none."""
    created_at: datetime
    closed_at: datetime | None
    by_bot: bool
    by_maintainer: bool
    last_human_at: datetime
    first_response_at: datetime | None = None
    """The first comment of a maintainer who is neither a bot nor the author."""
    transferred_in: bool = False
    closed_spells: tuple[tuple[datetime, datetime], ...] = ()
    """Closed at, reopened at: the earlier ones, where the issue was reopened."""
    missing: int | None = None
    """Fields that the body lacked as first seen; None where that is not known."""
    asked: bool = False
    """The bot asked for something."""
    completed: bool = False
    """What was asked for came."""


@dataclass(frozen=True, slots=True)
class Response:
    """How soon a cohort of issues got a maintainer's first response."""

    issues: int
    answered: int | None
    """None where the source does not tell who answered: then nothing else is known, either."""
    median: timedelta | None
    """By Kaplan and Meier, the unanswered censored; None: not reached, no issues, or not known."""
    within: int | None
    """Answered within seven days of filing; None where that is not known."""
    eligible: int
    """Filed more than seven days ago, answered or not: what `within` is counted out of."""
    curve: tuple[tuple[timedelta, float], ...] = ()
    """Time since filing, share still without a response; only at the points where it falls."""

    @property
    def is_known(self) -> bool:
        return self.answered is not None

    @property
    def rate(self) -> float | None:
        """Of responses within seven days, 0 to 1; None without eligible issues, and where it is not known."""
        return None if self.within is None or not self.eligible else self.within / self.eligible


@dataclass(frozen=True, slots=True)
class Completeness:
    issues: int
    """Those of which it is known."""
    at_filing: int
    asked: int
    after_ask: int
    """Of the asked ones: complete now."""


@dataclass(frozen=True, slots=True)
class Month:
    start: date
    opened: int
    closed: int
    reopened: int
    backlog: int
    """Open at its end (or now, for the present month)."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles over the open issues."""

    p50: timedelta
    p75: timedelta
    p90: timedelta
    most: timedelta


@dataclass(frozen=True, slots=True)
class Cohort:
    """All issues, those of one template kind, or those from before or after the bot came."""

    response: Response
    completeness: Completeness


@dataclass(frozen=True, slots=True)
class Numbers:
    overall: Cohort
    kinds: Mapping[str, Cohort] = field(default_factory=dict)
    """Template file name, or empty for free form -> its issues; largest first."""
    before: Cohort | None = None
    after: Cohort | None = None
    """Before and after the bot came; None where that day is not known, or one side holds no issue."""
    bot_since: datetime | None = None
    months: tuple[Month, ...] = ()
    """Oldest first, without gaps; the last is the present one."""
    age: Spread | None = None
    """None without open issues."""
    idle: Spread | None = None
    """Since a person last did something; None also where the source does not tell comments."""
    not_known: tuple[str, ...] = ()
    """Which numbers the source could not tell, a sentence each."""
