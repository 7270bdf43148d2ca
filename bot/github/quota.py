"""GitHub's limits for one installation, shared by all lanes: never sleeps, says when to come again."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Literal

from bot.github.errors import LimitReached

Resource = Literal["core", "graphql"]

_BACKOFF_FROM = 60.0
_BACKOFF_UP_TO = 3600.0
_SECONDARY = ("secondary rate limit", "abuse detection", "please wait a few minutes before you try again")


@dataclass(frozen=True, slots=True)
class Budgets:
    """What the bot allows itself, so that GitHub need not refuse."""

    content_per_minute: int = 80
    content_per_hour: int = 500
    rest_points_per_minute: int = 900
    graphql_points_per_minute: int = 2000


DOCUMENTED = Budgets()
"""What GitHub's documentation says of its own limits."""


class Quota:
    """Thread-safe. `reserve` before each call, `learn` from each answer; both raise LimitReached."""

    def __init__(self, budgets: Budgets | None = None, clock: Callable[[], float] = time.time) -> None:
        """Without budgets only GitHub's own answers count, as for a host that has its limits switched off."""
        self._clock = clock
        self._lock = Lock()
        self._until: dict[str, float] = {}
        self._refusals = 0
        self._points: dict[str, _Window] = {}
        self._content: tuple[_Window, ...] = ()
        if budgets is not None:
            self._points = {
                "core": _Window(budgets.rest_points_per_minute, 60),
                "graphql": _Window(budgets.graphql_points_per_minute, 60),
            }
            self._content = (_Window(budgets.content_per_minute, 60), _Window(budgets.content_per_hour, 3600))

    def reserve(self, resource: Resource, points: int, *, content: bool = False) -> None:
        """Takes the points for one call, all or none. `content`: the call makes something that others are told of."""
        with self._lock:
            now = self._clock()
            blocked = max(self._until.get(resource, 0.0), self._until.get("all", 0.0))
            if blocked > now:
                raise _limit("GitHub's rate limit holds", blocked)
            wanted = [(self._points[resource], points)] if resource in self._points else []
            if content:
                wanted += [(window, 1) for window in self._content]
            free_at = max((window.free_at(now, cost) for window, cost in wanted), default=now)
            if free_at > now:
                raise _limit("the bot's own budget is used up", free_at)
            for window, cost in wanted:
                window.take(now, cost)

    def learn(self, resource: Resource, status: int, headers: Mapping[str, str], message: str = "") -> None:
        """Looks at an answer; raises when it was a refusal for a limit. `message` is that of an error."""
        now = self._clock()
        remaining = headers.get("x-ratelimit-remaining")
        reset = _number(headers.get("x-ratelimit-reset"))
        spent = remaining == "0"
        said = message.lower()
        secondary = any(words in said for words in _SECONDARY)
        limited = secondary or "rate limit" in said or "rate_limit" in said
        with self._lock:
            if status == 429 or (status == 403 and ("retry-after" in headers or spent)) or limited:
                until, scope = _retry_after(headers.get("retry-after"), now), "all"
                if not until and spent and reset > now and not secondary:
                    until, scope = reset, resource
                until = until or self._backed_off(now)
                self._until[scope] = max(until, self._until.get(scope, 0.0))
                raise _limit("GitHub refused for its rate limit", self._until[scope], status)
            if spent and reset > now:
                self._until[resource] = reset
            elif status < 400 and self._until.get("all", 0.0) <= now:
                self._refusals = 0

    def _backed_off(self, now: float) -> float:
        """GitHub did not say how long: a minute, doubled each time. Calls refused together are one refusal."""
        until = self._until.get("all", 0.0)
        if until > now:
            return until
        self._refusals += 1
        return now + min(_BACKOFF_FROM * (1 << min(self._refusals - 1, 16)), _BACKOFF_UP_TO)


class _Window:
    """How much was spent within the last so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._spent: deque[tuple[float, int]] = deque()
        self._sum = 0

    def free_at(self, now: float, cost: int) -> float:
        """When the cost will fit; `now` or earlier if it does already."""
        while self._spent and self._spent[0][0] <= now - self._seconds:
            self._sum -= self._spent.popleft()[1]
        over = self._sum + cost - self._most
        if over <= 0:
            return now
        for at, spent in self._spent:
            over -= spent
            if over <= 0:
                return at + self._seconds
        return now + self._seconds

    def take(self, now: float, cost: int) -> None:
        self._spent.append((now, cost))
        self._sum += cost


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
