"""How lanes go about their work: how much at a time, how long to wait after a failure, and by which clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from bot.github.errors import GitHubError, LimitReached, Unavailable
from bot.store.times import to_ms

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Pace:
    """The defaults were measured."""

    batch: int = 64
    """Deliveries at a time."""
    slice: float = 5.0
    """Seconds after which another lane gets its turn."""
    flush: float = 1.0
    """Seconds of calls to GitHub after which their outcomes are stored."""
    first_wait: float = 1.0
    """Seconds before a second attempt; doubled for each further one."""
    longest_wait: float = 300.0
    attempts: int = 5
    """Of a delivery that fails for no known reason."""
    attempts_unavailable: int = 60
    """Of one for which GitHub gave no answer: some hours."""
    patience: int = 2
    """So many issues without an answer, one after the other, and the lane waits: a hanging call holds up others."""
    lag: float = 5.0
    """Seconds until all of GitHub surely shows what was last changed: some of its answers lag behind."""
    fresh: float = 120.0
    """Seconds for which somebody may sit waiting for an answer; what is older is done in the background."""
    on_its_way: float = 600.0
    """Seconds between what happened and its arrival, after which nobody waits for it either: it was sent again."""
    limited: float = 60.0
    """Seconds after a limit for which a lane feels its way: few issues at first, as each costs a look."""
    recent: timedelta = timedelta(days=90)
    """Open Requests this young are looked at again when templates or policy change."""

    clock: Callable[[], float] = time.time
    """Seconds since 1970."""

    def now(self) -> int:
        """Milliseconds since 1970."""
        return round(self.clock() * 1000)

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def fresh_since(self, now: int) -> int:
        """Milliseconds, as `now`: what came in before then is not fresh any more."""
        return now - round(1000 * self.fresh)

    def wait(self, attempts: int) -> int:
        """Milliseconds before the next attempt, after so many failed ones."""
        return round(1000 * min(self.longest_wait, self.first_wait * 2.0 ** min(attempts, 20)))


PACE = Pace()


class Pause(Exception):
    """Nothing more can be done in a lane before `until` (milliseconds)."""

    def __init__(self, until: int, reason: str) -> None:
        super().__init__(reason)
        self.until = until


def or_pause(pace: Pace, ask: Callable[[], _T]) -> _T:
    """What GitHub answers to a question without whose answer a lane cannot go on. Raises Pause."""
    try:
        return ask()
    except LimitReached as error:
        raise Pause(to_ms(error.until), str(error)) from error
    except Unavailable as error:
        raise Pause(pace.now() + pace.wait(2), str(error)) from error
    except GitHubError as error:
        # The key is wrong or the App is gone: nothing goes on until somebody mends that, and nothing gets lost.
        raise Pause(pace.now() + pace.wait(6), f"{error}. Run `triage doctor`.") from error


def now_ms() -> int:
    return round(time.time() * 1000)
