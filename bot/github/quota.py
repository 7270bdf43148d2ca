"""GitHub's limits for one installation, as one process keeps to them: never sleeps, says when to come again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Literal, Protocol, TypeVar

from bot.github.books import GOOD_FOR, SLACK, Ask, Books, Drawn, Hour, Limit
from bot.github.errors import LimitReached

Resource = Literal["core", "graphql"]

_SECONDARY = ("secondary rate limit", "abuse detection", "please wait a few minutes before you try again")
_UNSAID = 60.0
"""Seconds to wait where GitHub did not say how long, and the books are out of reach."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Budgets:
    """What the bot allows itself, so that GitHub need not refuse."""

    content_per_minute: int = 80
    content_per_hour: int = 500
    rest_points_per_minute: int = 900
    graphql_points_per_minute: int = 2000
    minute: float = 60.0
    """Seconds; an hour is sixty of it."""

    @property
    def limits(self) -> dict[str, Limit]:
        """By window."""
        return {
            "content_minute": Limit(self.content_per_minute, self.minute),
            "content_hour": Limit(self.content_per_hour, 60 * self.minute),
            "core_minute": Limit(self.rest_points_per_minute, self.minute),
            "graphql_minute": Limit(self.graphql_points_per_minute, self.minute),
        }


DOCUMENTED = Budgets()
"""What GitHub's documentation says of its own limits."""


class KeepsBooks(Protocol):
    """Keeps one installation's books, perhaps for several processes."""

    def change(self, work: Callable[[Books, float], _T]) -> _T:
        """Hands them out for as long as `work` takes, with the time by their clock. What it did is kept.

        It may be called again where that could not be kept. Raises LimitReached, to come again soon, where the books
        are out of reach.
        """
        ...


class OwnBooks:
    """One process's own, forgotten with it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._books = Books()
        self._clock = clock
        self._lock = Lock()

    def change(self, work: Callable[[Books, float], _T]) -> _T:
        with self._lock:
            return work(self._books, self._clock())


@dataclass(frozen=True, slots=True)
class _Asker:
    name: str = ""
    background: bool = False


_asker: ContextVar[_Asker | None] = ContextVar("asker", default=None)


@contextmanager
def asking(name: str, *, background: bool = False) -> Iterator[None]:
    """Calls within are made for `name`, which is kept a place where it must wait: it comes back, and is served then.

    `background`: nobody sits waiting for it, so people's fresh issues go first.
    """
    token = _asker.set(_Asker(name, background))
    try:
        yield
    finally:
        _asker.reset(token)


@dataclass(slots=True)
class _Purse:
    """Points that were drawn ahead."""

    points: float = 0
    drawn_at: float = -math.inf
    entry: int = 0
    """Where they stand in the books."""
    spent: int = 0
    since: float = -math.inf
    """When it was begun to count what is spent."""

    def recent(self, now: float) -> int:
        """What was spent lately; begins to count anew now and then."""
        age = now - self.since
        if 0 <= age < GOOD_FOR:
            return self.spent
        spent, self.spent, self.since = self.spent, 0, now
        return spent if 0 <= age < 2 * GOOD_FOR else 0


@dataclass(slots=True)
class _News:
    """What is to be entered as soon as the books are at hand."""

    facts: list[Callable[[Books, float], object]] = field(default_factory=list)
    hours: dict[str, Hour] = field(default_factory=dict)


class Quota:
    """Thread-safe. Each call is made within `spending`, and `learn` is told each answer; both raise LimitReached.

    Whether GitHub may be called is asked of the books, which other processes may keep to as well. So that they are not
    asked for each call, points are drawn ahead for two seconds: as many as were spent in the two seconds before, so
    that little is drawn in vain. What creates content is entered call by call.
    """

    def __init__(
        self,
        budgets: Budgets | None = None,
        clock: Callable[[], float] = time.time,
        keeper: KeepsBooks | None = None,
    ) -> None:
        """Without budgets only GitHub's own answers count, as for a host that has its limits switched off."""
        self._limits = {} if budgets is None else budgets.limits
        self._clock = clock
        self._keeper = keeper or OwnBooks(clock)
        self._purses: dict[tuple[str, bool], _Purse] = {}
        self._news = _News()
        self._wary = False
        self._lock = Lock()

    @contextmanager
    def spending(self, resource: Resource, points: int, *, content: bool = False) -> Iterator[None]:
        """One call, which may not begin before. `content`: it makes something that others are told of."""
        begun = self._clock()
        self.reserve(resource, points, content=content)
        try:
            yield
        finally:
            if self._limits and self._clock() - begun > SLACK:
                # GitHub may have counted it at any moment until now.
                ask = self._ask(resource, points, content=content)
                self._enter(lambda books, at: books.spend(ask, self._limits, at))

    def reserve(self, resource: Resource, points: int, *, content: bool = False) -> None:
        """Takes the points for one call, all or none."""
        with self._lock:
            ask = self._ask(resource, points, content=content)
            purse = self._purses.setdefault((resource, ask.background), _Purse())
            now = self._clock()
            is_good = purse.drawn_at <= now < purse.drawn_at + GOOD_FOR
            if is_good and purse.points >= points and not (content and self._limits):
                purse.points -= points
                purse.spent += points
                return
            self._draw(ask, purse, points, now)

    def learn(self, resource: Resource, status: int, headers: Mapping[str, str], message: str = "") -> None:
        """Looks at an answer; raises when it was a refusal for a limit. `message` is that of an error."""
        now = self._clock()
        remaining = headers.get("x-ratelimit-remaining")
        reset = _number(headers.get("x-ratelimit-reset"))
        spent = remaining == "0"
        said = message.lower()
        secondary = any(words in said for words in _SECONDARY)
        limited = secondary or "rate limit" in said or "rate_limit" in said
        if status == 429 or (status == 403 and ("retry-after" in headers or spent)) or limited:
            until, scope = _retry_after(headers.get("retry-after"), now), "all"
            if not until and spent and reset > now and not secondary:
                until, scope = reset, resource
            wait = until - now if until else None
            raise _limit("GitHub refused for its rate limit", now + self._refused(scope, wait), status)
        if spent and reset > now:
            self._refused(resource, reset - now)
        elif remaining is not None and reset > now:
            limit = _number(headers.get("x-ratelimit-limit"))
            with self._lock:
                self._news.hours[resource] = Hour(int(limit), int(_number(remaining)), reset)
        if status < 400 and self._wary:
            self._wary = False
            self._enter(lambda books, at: books.calm(at))

    def _ask(self, resource: Resource, points: int, *, content: bool) -> Ask:
        asker = _asker.get() or _Asker()
        costs = {f"{resource}_minute": points}
        if content:
            costs |= {"content_minute": 1, "content_hour": 1}
        return Ask(resource, costs if self._limits else {}, asker.name, asker.background)

    def _draw(self, ask: Ask, purse: _Purse, points: int, now: float) -> None:
        wanted = replace(ask, ahead=purse.recent(now))

        def draw(books: Books, at: float) -> tuple[Drawn, bool, float]:
            if self._limits:
                window = f"{ask.resource}_minute"
                books.give_back(window, purse.entry, int(purse.points), background=ask.background)
            return books.draw(wanted, self._limits, at), books.is_wary, at

        drawn, self._wary, at = self._change(draw)
        purse.points = 0
        if drawn.free_at is not None:
            why = "GitHub's rate limit holds" if drawn.barred else "the bot's own budget is used up"
            raise _limit(why, now + (drawn.free_at - at))
        purse.points = drawn.ahead if self._limits else math.inf
        purse.drawn_at, purse.entry = now, drawn.entry
        purse.spent += points

    def _refused(self, scope: str, wait: float | None) -> float:
        """Has it told to all at once; for how many seconds it holds."""
        until = None if wait is None else self._clock() + wait

        def refuse(books: Books, at: float) -> float:
            return books.refuse(scope, None if until is None else at + (until - self._clock()), at) - at

        with self._lock:
            self._wary = True
            self._purses.clear()
            try:
                return self._change(refuse)
            except LimitReached:
                self._news.facts.append(refuse)
                return _UNSAID if wait is None else wait

    def _enter(self, fact: Callable[[Books, float], object]) -> None:
        """What happened, whether or not the books are at hand."""
        with self._lock:
            try:
                self._change(fact)
            except LimitReached:
                self._news.facts.append(fact)

    def _change(self, work: Callable[[Books, float], _T]) -> _T:
        """With all that is not entered yet. The lock is held."""
        news, now = self._news, self._clock()

        def whole(books: Books, at: float) -> _T:
            for resource, hour in news.hours.items():
                books.tell(resource, replace(hour, reset=at + (hour.reset - now)))
            for fact in news.facts:
                fact(books, at)
            return work(books, at)

        done = self._keeper.change(whole)
        self._news = _News()
        return done


def _number(value: str | None) -> float:
    try:
        return float(value or 0)
    except ValueError:
        return 0.0


def _retry_after(value: str | None, now: float) -> float:
    """Seconds, or a date; 0 where absent or not understood."""
    if not value:
        return 0.0
    try:
        return now + max(float(value), 1.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(value).timestamp(), now + 1.0)
    except ValueError:
        return 0.0


def _limit(message: str, until: float, status: int | None = None) -> LimitReached:
    return LimitReached(message, datetime.fromtimestamp(until, UTC), status)
