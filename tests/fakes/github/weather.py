"""The weather: what goes wrong by chance, with requests and deliveries alike, as on a bad day of GitHub's."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.fakes.github.faults import Fault
from tests.fakes.github.limits import primary_exceeded, secondary_exceeded
from tests.fakes.github.world import World


@dataclass(frozen=True, slots=True)
class Weather:
    """Shares are between 0 and 1: of all requests, unless said otherwise. Times are in seconds."""

    failing: float = 0.05
    """Answered 502; of the writes among them half were carried out all the same."""
    cut: float = 0.019
    """The connection ends without an answer; of the writes half were carried out."""
    silent: float = 0.001
    """No answer at all; of the writes half were carried out, at once: GitHub itself gives up after ten seconds."""
    silence: float = 12.0
    limited: float = 0.004
    """Refused for a limit that the headers tell the end of, by 403 or 429; by GraphQL in an answer of 200."""
    limited_for: int = 5
    limited_unsaid: float = 0.001
    """The same, and no header tells for how long."""
    expired: float = 0.002
    """The token that is shown holds no more."""
    twice: float = 0.03
    """Of the deliveries: they come twice."""
    scattered: float = 60.0
    """Within which deliveries come in any order."""
    lag: float = 2.0
    """For which reads of an issue may show what was there before the last write."""


class Chance:
    """What happens to each request, from one seed; `struck` counts it by kind."""

    def __init__(self, weather: Weather, seed: int) -> None:
        self._weather = weather
        self._chance = random.Random(seed)
        self.struck: Counter[str] = Counter()

    def __call__(self, _method: str, path: str) -> Fault | None:
        """For the next request; called with the faults' lock held."""
        weather, draw = self._weather, self._chance.random()
        kinds: tuple[tuple[str, float, Callable[[str], Fault]], ...] = (
            ("502", weather.failing, lambda _: Fault("error", when=self._moment())),
            ("cut", weather.cut, lambda _: Fault("drop", when=self._moment())),
            ("no answer", weather.silent, lambda _: Fault("silence", when=self._moment(), seconds=weather.silence)),
            ("limit", weather.limited, self._limit),
            ("limit, unsaid", weather.limited_unsaid, self._limit_unsaid),
            ("expired token", weather.expired, lambda _: Fault("expired")),
        )
        for name, share, make in kinds:
            if draw < share:
                self.struck[name] += 1
                return make(path)
            draw -= share
        return None

    def _moment(self) -> Literal["before", "after"]:
        return "before" if self._chance.random() < 0.5 else "after"

    def _limit(self, path: str) -> Fault:
        seconds = self._chance.randint(1, self._weather.limited_for)
        if path.endswith("/graphql"):
            return Fault("graphql", seconds=seconds)
        status = self._chance.choice((403, 429))
        if self._chance.random() < 0.5:
            return Fault("limit", status=status, error=secondary_exceeded(seconds, status))
        return Fault("limit", status=status, error=primary_exceeded("installation ID 1", status), seconds=seconds)

    def _limit_unsaid(self, _path: str) -> Fault:
        status = self._chance.choice((403, 429))
        return Fault("limit", status=status, error=secondary_exceeded(None, status))


def set_in(world: World, weather: Weather, seed: int) -> Chance:
    """From now on; `clear_up` ends it."""
    chance = Chance(weather, seed)
    world.faults.by_chance = chance
    world.hooks.scatter(weather.scattered, weather.twice, seed)
    world.read_lag = weather.lag
    return chance


def clear_up(world: World) -> None:
    """No more of it: what hangs goes on. Deliveries that are under way still come as they would have."""
    world.faults.clear()
    world.hooks.scatter(0.0, 0.0, 0)
    world.read_lag = 0.0
