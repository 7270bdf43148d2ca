"""Works out the numbers of a report from what each issue contributes, in one pass over them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bot.issuebash.numbers import Cohort, Completeness, Figures, Month, Numbers, Response, Spread
from bot.issuebash.survival import median, survival
from bot.issuebash.thread import EVERYTHING, Aspect

_RESPONSES: frozenset[Aspect] = frozenset({"comments", "associations"})
"""What must be told for responses to be known."""
_WEEK = timedelta(days=7)
_MOST_MONTHS = 24
_MOST_POINTS = 60
"""Of a curve; a picture shows no more."""


@dataclass(slots=True)
class _Counting:
    """One cohort while it is counted."""

    times: list[tuple[timedelta, bool]] = field(default_factory=list)
    within: int = 0
    eligible: int = 0
    known: int = 0
    complete: int = 0
    asked: int = 0
    completed: int = 0

    def add(self, one: Figures, now: datetime) -> None:
        if one.missing is not None:
            self.known += 1
            self.complete += not (one.missing or one.asked)
            self.asked += one.asked
            self.completed += one.completed
        if one.by_bot or one.by_maintainer or one.transferred_in:
            return
        response = one.first_response_at
        # One that was closed without a maintainer's word is watched no longer than that.
        end = response or one.closed_at or now
        taken = max(end - one.created_at, timedelta(0))
        self.times.append((taken, response is not None))
        if now - one.created_at > _WEEK:
            self.eligible += 1
            self.within += response is not None and taken <= _WEEK

    def cohort(self, *, tells_responses: bool) -> Cohort:
        response = self._response() if tells_responses else Response(len(self.times), None, None, None, self.eligible)
        return Cohort(response, Completeness(self.known, self.complete, self.asked, self.completed))

    def _response(self) -> Response:
        curve = survival(self.times)
        return Response(
            issues=len(self.times),
            answered=sum(happened for _, happened in self.times),
            median=median(curve),
            within=self.within,
            eligible=self.eligible,
            curve=_thinned(curve),
        )


def numbers(
    figures: Iterable[Figures], now: datetime, bot_since: datetime | None = None, known: frozenset[Aspect] = EVERYTHING
) -> Numbers:
    """See `docs/reference/numbers.md` for what each of them means."""
    overall, before, after = _Counting(), _Counting(), _Counting()
    kinds: defaultdict[str, _Counting] = defaultdict(_Counting)
    flow = _Flow()
    ages: list[timedelta] = []
    idle: list[timedelta] = []
    for one in figures:
        flow.add(one)
        overall.add(one, now)
        kinds[one.kind].add(one, now)
        if bot_since is not None:
            (before if one.created_at < bot_since else after).add(one, now)
        if one.closed_at is None:
            ages.append(now - one.created_at)
            idle.append(now - one.last_human_at)
    split = bot_since is not None and bool(before.times) and bool(after.times)
    told = known >= _RESPONSES
    return Numbers(
        overall=overall.cohort(tells_responses=told),
        kinds={
            kind: counting.cohort(tells_responses=told)
            for kind, counting in sorted(kinds.items(), key=lambda it: (-len(it[1].times), it[0]))
        },
        before=before.cohort(tells_responses=told) if split else None,
        after=after.cohort(tells_responses=told) if split else None,
        bot_since=bot_since,
        months=flow.months(now),
        age=_spread(ages),
        idle=_spread(idle) if "comments" in known else None,
        not_known=_not_known(known),
    )


@dataclass(slots=True)
class _Flow:
    """What was opened and closed, by month."""

    opened: Counter[date] = field(default_factory=Counter)
    closed: Counter[date] = field(default_factory=Counter)
    reopened: Counter[date] = field(default_factory=Counter)

    def add(self, one: Figures) -> None:
        self.opened[_month(one.created_at)] += 1
        if one.closed_at is not None:
            self.closed[_month(one.closed_at)] += 1
        for closed_at, reopened_at in one.closed_spells:
            self.closed[_month(closed_at)] += 1
            self.reopened[_month(reopened_at)] += 1

    def months(self, now: datetime) -> tuple[Month, ...]:
        """Without gaps, up to now; the last two years of them."""
        if not self.opened:
            return ()
        found: list[Month] = []
        month, last, backlog = min(self.opened), _month(now), 0
        while month <= last:
            backlog += self.opened[month] + self.reopened[month] - self.closed[month]
            found.append(Month(month, self.opened[month], self.closed[month], self.reopened[month], backlog))
            month = (month + timedelta(days=31)).replace(day=1)
        return tuple(found[-_MOST_MONTHS:])


def _month(at: datetime) -> date:
    return at.date().replace(day=1)


def _spread(times: list[timedelta]) -> Spread | None:
    """By nearest rank: each is some issue's own time."""
    if not times:
        return None
    times.sort()

    def percentile(share: int) -> timedelta:
        return times[-(-share * len(times) // 100) - 1]

    return Spread(percentile(50), percentile(75), percentile(90), times[-1])


def _thinned(curve: Sequence[tuple[timedelta, float]]) -> tuple[tuple[timedelta, float], ...]:
    """Evenly over its points, the last one kept."""
    if len(curve) <= _MOST_POINTS:
        return tuple(curve)
    step = (len(curve) - 1) / (_MOST_POINTS - 1)
    return tuple(curve[round(place * step)] for place in range(_MOST_POINTS))


def _not_known(known: frozenset[Aspect]) -> tuple[str, ...]:
    lacking: list[str] = []
    if not known >= _RESPONSES:
        lacking.append("Responses: the source does not tell who wrote when, or who is a maintainer.")
    if "comments" not in known:
        lacking.append("Idle time: the source does not tell who wrote when.")
    if "events" not in known:
        lacking.append("Reopenings: the source tells only when an issue was last closed.")
    return tuple(lacking)
