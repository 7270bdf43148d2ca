"""GitHub's rate limits, really counted: the hourly budget and the secondary ones."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes.github.errors import ApiError

HOUR = 3600.0
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "For more on scraping GitHub and how it may affect your rights, please review our Terms of Service "
    "(https://docs.github.com/en/site-policy/github-terms/github-terms-of-service)"
)
SECONDARY_DOCS = "https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"


@dataclass(slots=True)
class Limits:
    """The figures; `None` switches one off."""

    primary: int | None = 5_000
    graphql: int | None = 5_000
    concurrent: int | None = 100
    points_per_minute: int | None = 900
    graphql_points_per_minute: int | None = 2_000
    content_per_minute: int | None = 80
    content_per_hour: int | None = 500
    anonymous: int | None = 60
    minute: float = 60.0
    """Seconds; the hour of content is sixty of it."""

    @classmethod
    def off(cls) -> Limits:
        return cls(None, None, None, None, None, None, None, None)


@dataclass(slots=True)
class Budget:
    """What one installation (or person) has used of one resource."""

    resource: str
    limit: int | None
    clock: Callable[[], float]
    used: int = 0
    reset: float = 0.0
    points: deque[tuple[float, int]] = field(default_factory=deque)
    content: deque[float] = field(default_factory=deque)
    exceeded: Counter[str] = field(default_factory=Counter)
    """How often a request was refused, by the figure of Limits that it went beyond."""

    def headers(self) -> dict[str, str]:
        if self.limit is None:
            return {}
        self._roll()
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(max(0, self.limit - self.used)),
            "x-ratelimit-reset": str(int(self.reset)),
            "x-ratelimit-resource": self.resource,
            "x-ratelimit-used": str(self.used),
        }

    def shape(self) -> dict[str, int]:
        self._roll()
        limit = 5_000 if self.limit is None else self.limit
        return {
            "limit": limit,
            "used": self.used,
            "remaining": max(0, limit - self.used),
            "reset": int(self.reset),
        }

    def charge(self, who: str) -> None:
        """Counts one request; raises when the hour's budget is spent."""
        self._roll()
        if self.limit is None:
            return
        if self.used >= self.limit:
            self.exceeded["primary"] += 1
            raise primary_exceeded(who)
        self.used += 1

    def refund(self) -> None:
        """An answer of 304 is free."""
        self.used = max(0, self.used - 1)

    def charge_points(self, points: int, per_minute: int | None, minute: float) -> None:
        if per_minute is None:
            return
        now = self.clock()
        while self.points and self.points[0][0] <= now - minute:
            self.points.popleft()
        if sum(count for _, count in self.points) + points > per_minute:
            self.exceeded["points_per_minute"] += 1
            raise secondary_exceeded(int(self.points[0][0] + minute - now) + 1 if self.points else 60)
        self.points.append((now, points))

    def charge_content(self, per_minute: int | None, per_hour: int | None, minute: float) -> None:
        now, hour = self.clock(), 60 * minute
        while self.content and self.content[0] <= now - hour:
            self.content.popleft()
        recent = sum(1 for when in self.content if when > now - minute)
        if per_minute is not None and recent >= per_minute:
            self.exceeded["content_per_minute"] += 1
            raise secondary_exceeded(60)
        if per_hour is not None and len(self.content) >= per_hour:
            self.exceeded["content_per_hour"] += 1
            raise secondary_exceeded(int(self.content[0] + hour - now) + 1)
        self.content.append(now)

    def _roll(self) -> None:
        if self.clock() >= self.reset:
            self.used, self.reset = 0, float(int(self.clock()) + HOUR)


def primary_exceeded(who: str, status: int = 403) -> ApiError:
    return ApiError(
        status,
        f"API rate limit exceeded for {who}. If you reach out to GitHub Support for help, "
        "please include the request ID.",
        documentation_url="https://docs.github.com/rest/overview/rate-limits-for-the-rest-api",
    )


def secondary_exceeded(retry_after: int | None = 60, status: int = 403) -> ApiError:
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return ApiError(status, SECONDARY, headers=headers, documentation_url=SECONDARY_DOCS)
