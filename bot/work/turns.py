"""Whose turn it is within a batch: what somebody sits waiting for goes before what can wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.github.quota import asking
from bot.store import lanes
from bot.store.times import to_ms

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bot.work.mirror import Look
    from bot.work.pace import Pace


class Turns:
    """Of one batch, begun at `now` (milliseconds)."""

    def __init__(self, repository_id: int, pace: Pace, now: int) -> None:
        self._name = lanes.of_repository(repository_id)
        self._now = now
        self._since = pace.fresh_since(now)
        self._happened_since = self._since - round(1000 * pace.on_its_way)
        self.resting = 0
        """Until when a limit has the background rest, in milliseconds; 0 if it need not."""

    def can_wait(self, look: Look) -> bool:
        """Whether nobody sits waiting for it: a sweep asked for it, or the news is old, here or on its arrival."""
        if not any(it.received_at >= self._since for it in look.deliveries):
            return True
        return look.issue is not None and to_ms(look.issue.updated_at) < self._happened_since

    def rests(self, look: Look) -> bool:
        """Whether it has to."""
        return self.resting > 0 and self.can_wait(look)

    def rest(self, until: int) -> None:
        self.resting = max(self.resting, until)

    def asking(self, look: Look) -> AbstractContextManager[None]:
        """Within it, GitHub is called for this look."""
        return asking(self._name, background=self.can_wait(look))
