"""The books of one installation: what was spent of GitHub's limits, what GitHub said of them, and who waits for room.

Pure: times are handed in, seconds since 1970 by the clock of whoever keeps the books, and all of it goes into a JSON
text of bounded size. So any number of processes may spend by one copy (`bot.work.books`).

A window holds what was spent within so many seconds. GitHub counts a call when it arrives, which is somewhat later
than it is entered here: so an entry counts for a little longer than the window is long (`SLACK`).

Whoever finds no room is told a time to come back at, and keeps a place in the queue until then: those who asked before
for the same are served before, and no two come at one moment. Work that nobody sits waiting for (`background`) leaves
a fifth of each window to people's fresh issues, and is sure of a tenth, so that neither starves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

SLACK = 2.0
"""Seconds that a call may take from its entry to its arrival at GitHub; later ones are entered once more."""
GOOD_FOR = 2.0
"""Seconds for which points drawn ahead may be spent."""
_KEPT = 5
"""One part in so many of each budget is kept from the background."""
_OWED = 10
"""One part in so many is the background's own, as long as it waits."""
_GRACE = 30.0
"""Seconds for which a place in the queue is held for one who is late: a dead process's work is on again by then."""
_APART = 0.3
"""Seconds between those who are told to come back at about the same time."""
_TOGETHER = 60.0
"""Seconds that count as about the same time."""
_MOST_WAITING = 300
_BACKOFF_FROM = 60.0
_BACKOFF_UP_TO = 3600.0
_LOW = 20
"""With less than one part in so many left of GitHub's hour, each call is entered by itself."""

Costs = Mapping[str, int]
"""By window."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Of one window: at most so much within so many seconds."""

    most: int
    seconds: float

    @property
    def kept(self) -> int:
        return self.most // _KEPT

    @property
    def owed(self) -> int:
        return self.most // _OWED


@dataclass(frozen=True, slots=True)
class Ask:
    """For one call. `name`: who comes back for it where there is no room; empty for nobody."""

    resource: str
    costs: Costs
    name: str = ""
    background: bool = False
    ahead: int = 0
    """Points that are welcome besides, for the calls that follow."""

    @property
    def key(self) -> str:
        return f"{self.name} (background)" if self.background else self.name


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of it. `free_at`: when to ask again; None where it was granted."""

    free_at: float | None = None
    barred: bool = False
    """GitHub's word is why, not the bot's own."""
    ahead: int = 0
    """Points granted besides, good for `GOOD_FOR`."""
    entry: int = 0
    """Where they stand, for giving back what is left of them."""


@dataclass(slots=True)
class Waiter:
    background: bool
    until: float
    short: dict[str, int]
    """What there was no room for; nobody who asks later takes that before."""


@dataclass(slots=True)
class Hour:
    """GitHub's own budget of a resource, as its last answers told; `remaining` less what was drawn since."""

    limit: int
    remaining: int
    reset: float

    @property
    def is_low(self) -> bool:
        return self.remaining * _LOW < self.limit


@dataclass(slots=True)
class Window:
    """Entries of [counts until, spent, of that in the background], in this order of time."""

    entries: list[list[int]] = field(default_factory=list)

    def tidy(self, now: float, limit: Limit) -> None:
        """Drops what counts no more. A clock that was set back makes none count for longer than any would."""
        longest = _end(now + GOOD_FOR, limit)
        self.entries = [[min(it[0], longest), *it[1:]] for it in self.entries if it[0] > now]

    def add(self, end: int, amount: int, *, background: bool) -> None:
        own = amount if background else 0
        entry = next((it for it in reversed(self.entries) if it[0] == end), None)
        if entry is None:
            self.entries.append([end, amount, own])
            self.entries.sort()
        else:
            entry[1] += amount
            entry[2] += own

    def take_back(self, end: int, amount: int, *, background: bool) -> None:
        for it in self.entries:
            if it[0] == end:
                it[1] = max(it[1] - amount, 0)
                it[2] = max(it[2] - amount, 0) if background else min(it[2], it[1])

    def spent(self, at: float) -> tuple[int, int]:
        """At that time: in all, and in the background."""
        counted = [it for it in self.entries if it[0] > at]
        return sum(it[1] for it in counted), sum(it[2] for it in counted)


class Books:
    """Not for several threads at once."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}
        self._queue: dict[str, Waiter] = {}
        """In the order of first asking."""
        self._blocked: dict[str, float] = {}
        """By resource, or `all`: GitHub has refused until then."""
        self._hours: dict[str, Hour] = {}
        self._refusals = 0
        self._limits: dict[str, Limit] = {}
        """By which was drawn last."""

    @property
    def is_wary(self) -> bool:
        """GitHub has refused, and has not answered well since."""
        return self._refusals > 0

    # Spending.

    def draw(self, ask: Ask, limits: Mapping[str, Limit], now: float) -> Drawn:
        """Enters the call where there is room for it, all or nothing."""
        self._tidy(limits, now)
        self._limits = dict(limits)
        blocked = self._barred(ask, now)
        room_at = self._room_at(ask, limits, now)
        if blocked <= now and room_at <= now:
            return self._enter(ask, limits, now)
        free_at = self._put_off(ask, limits, max(blocked, room_at), now)
        return Drawn(free_at, barred=blocked > room_at)

    def spend(self, ask: Ask, limits: Mapping[str, Limit], now: float) -> None:
        """Enters a call that was made, whether or not there was room."""
        self._tidy(limits, now)
        for name, cost in ask.costs.items():
            self._window(name).add(_end(now, limits[name]), cost, background=ask.background)

    def give_back(self, window: str, entry: int, points: int, *, background: bool) -> None:
        """What was drawn ahead and not spent."""
        self._window(window).take_back(entry, points, background=background)

    # What GitHub says.

    def refuse(self, resource: str, until: float | None, now: float) -> float:
        """GitHub has refused, perhaps saying for how long; until when. Of several answers the longest counts.

        Where it did not say: a minute, doubled each time. Calls refused together are one refusal.
        """
        known = self._blocked.get(resource, 0.0)
        if until is None:
            if known > now:
                return known
            self._refusals += 1
            until = now + min(_BACKOFF_FROM * (1 << min(self._refusals - 1, 16)), _BACKOFF_UP_TO)
        self._blocked[resource] = max(until, known)
        return self._blocked[resource]

    def calm(self, now: float) -> None:
        """GitHub has answered well."""
        if self._blocked.get("all", 0.0) <= now:
            self._refusals = 0

    def tell(self, resource: str, hour: Hour) -> None:
        """What an answer tells of GitHub's own budget; answers overtake each other."""
        known = self._hours.get(resource)
        if known is None or hour.reset > known.reset + _TOGETHER:
            self._hours[resource] = Hour(hour.limit, hour.remaining, hour.reset)
        elif hour.reset > known.reset - _TOGETHER:
            known.limit, known.remaining = hour.limit, min(known.remaining, hour.remaining)

    # What is left.

    def left(self, now: float) -> dict[str, float]:
        """Of each limit the share that is left, from 0 to 1; 0 where GitHub has refused."""
        self._tidy(self._limits, now)
        found = {}
        for name, limit in self._limits.items():
            free = 1 - self._window(name).spent(now)[0] / max(limit.most, 1)
            found[name] = 0.0 if self._barred(Ask(_resource_of(name), {}), now) > now else max(free, 0.0)
        for name, hour in self._hours.items():
            share = hour.remaining / max(hour.limit, 1) if hour.reset > now else 1.0
            found[name] = 0.0 if self._barred(Ask(name, {}), now) > now else share
        return found

    @property
    def waiting(self) -> int:
        """How many have a place in the queue."""
        return len(self._queue)

    # On paper.

    def dump(self) -> str:
        queue = [[key, it.background, it.until, it.short] for key, it in self._queue.items()]
        hours = {name: [it.limit, it.remaining, it.reset] for name, it in self._hours.items()}
        windows = {name: it.entries for name, it in self._windows.items() if it.entries}
        limits = {name: [it.most, it.seconds] for name, it in self._limits.items()}
        kept = {
            "windows": windows,
            "queue": queue,
            "blocked": self._blocked,
            "hours": hours,
            "refusals": self._refusals,
        }
        return orjson.dumps(kept | {"limits": limits}).decode()

    @classmethod
    def load(cls, text: str) -> Books:
        """Empty for an empty text."""
        books = cls()
        if text:
            kept: dict[str, Any] = orjson.loads(text)
            books._windows = {name: Window(entries) for name, entries in kept["windows"].items()}
            books._queue = {key: Waiter(*rest) for key, *rest in kept["queue"]}
            books._blocked, books._refusals = kept["blocked"], kept["refusals"]
            books._hours = {name: Hour(*figures) for name, figures in kept["hours"].items()}
            books._limits = {name: Limit(*figures) for name, figures in kept["limits"].items()}
        return books

    # Within.

    def _tidy(self, limits: Mapping[str, Limit], now: float) -> None:
        for name in [*self._windows]:
            if name in limits:
                self._windows[name].tidy(now, limits[name])
        self._queue = {key: it for key, it in self._queue.items() if it.until + _GRACE > now}
        self._blocked = {name: until for name, until in self._blocked.items() if until > now}
        self._hours = {name: it for name, it in self._hours.items() if it.reset > now}

    def _window(self, name: str) -> Window:
        return self._windows.setdefault(name, Window())

    def _barred(self, ask: Ask, now: float) -> float:
        """Until when GitHub lets nobody; or of the background, until its hour is over."""
        until = max(self._blocked.get("all", 0.0), self._blocked.get(ask.resource, 0.0))
        hour = self._hours.get(ask.resource)
        if hour is not None and hour.remaining <= (hour.limit // _KEPT if ask.background else 0):
            until = max(until, hour.reset)
        return max(until, now)

    def _room_at(self, ask: Ask, limits: Mapping[str, Limit], now: float) -> float:
        """When the call will fit into all its windows, with all who are to be served before."""
        ahead = {name: self._ahead(ask, name) for name in ask.costs}
        ends = {float(it[0]) for name in ask.costs for it in self._window(name).entries}
        for at in [now, *sorted(ends)]:
            if all(self._fits(ask, name, limits[name], ahead[name], at) for name in ask.costs):
                return at
        # So many come first that even an empty window is too small.
        late = max(sum(ahead[name]) / max(limits[name].most, 1) * limits[name].seconds for name in ask.costs)
        return max([now, *ends]) + late

    def _ahead(self, ask: Ask, window: str) -> tuple[int, int]:
        """What those wait for who are served before: of people's work, and of the background's."""
        fresh = background = 0
        passed = False
        for key, it in self._queue.items():
            passed = passed or key == ask.key
            wanted = it.short.get(window, 0)
            if not it.background and (ask.background or not passed):
                fresh += wanted
            elif it.background and ask.background and not passed:
                background += wanted
        return fresh, background

    def _fits(self, ask: Ask, name: str, limit: Limit, ahead: tuple[int, int], at: float) -> bool:
        spent, own = self._window(name).spent(at)
        fresh, background = ahead
        cost = ask.costs[name]
        if not ask.background:
            owed = max(limit.owed - own, 0) if self._waits_in_background(name) else 0
            return spent + fresh + cost + owed <= limit.most
        if spent + fresh + background + cost <= limit.most - limit.kept:
            return True
        return own + background + cost <= limit.owed and spent + background + cost <= limit.most

    def _waits_in_background(self, window: str) -> bool:
        return any(it.background and window in it.short for it in self._queue.values())

    def _enter(self, ask: Ask, limits: Mapping[str, Limit], now: float) -> Drawn:
        self._queue.pop(ask.key, None)
        hour = self._hours.get(ask.resource)
        points = f"{ask.resource}_minute"
        more = 0
        if ask.ahead and points in ask.costs and not (hour and hour.is_low):
            more = self._more(ask, points, limits[points], now)
        if hour is not None:
            hour.remaining -= 1
        entry = 0
        for name, cost in ask.costs.items():
            amount = cost + more if name == points else cost
            end = _end(now + GOOD_FOR if name == points and more else now, limits[name])
            entry = end if name == points else entry
            self._window(name).add(end, amount, background=ask.background)
        return Drawn(ahead=more, entry=entry)

    def _more(self, ask: Ask, points: str, limit: Limit, now: float) -> int:
        """As long as nobody waits for them, and less and less of what is left, so that each process gets some."""
        if any(points in it.short for it in self._queue.values()):
            return 0
        free = limit.most - (limit.kept if ask.background else 0) - ask.costs[points]
        return max(min(ask.ahead, (free - self._window(points).spent(now)[0]) // 8), 0)

    def _put_off(self, ask: Ask, limits: Mapping[str, Limit], free_at: float, now: float) -> float:
        if not ask.name:
            return free_at
        others = [it for key, it in self._queue.items() if key != ask.key]
        known = self._queue.get(ask.key)
        if known is None and len(others) >= _MOST_WAITING:
            # When some of those have been served.
            return max(free_at, sorted(it.until for it in others)[_MOST_WAITING // 2])
        near = sum(free_at <= it.until < free_at + _TOGETHER for it in others)
        short = dict(known.short) if known else {}
        for name, cost in ask.costs.items():
            if not self._fits(ask, name, limits[name], self._ahead(ask, name), now):
                short[name] = cost
        until = free_at + _APART * near
        self._queue[ask.key] = Waiter(ask.background, until, short)
        return until


def _end(now: float, limit: Limit) -> int:
    """Until when an entry counts: whole seconds, or minutes of a long window, so that there are few."""
    step = max(math.ceil(limit.seconds / 60), 1)
    return math.ceil((now + limit.seconds + SLACK) / step) * step


def _resource_of(window: str) -> str:
    return "graphql" if window.startswith("graphql") else "core"
