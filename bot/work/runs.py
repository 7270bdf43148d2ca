"""What the engine runs: lanes, and chores by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Runs(Protocol):
    """What the engine runs: `bot.work.lanes.Lanes`."""

    def run(self, lane: str) -> bool:
        """Brings one lane's work to an end, or leaves the rest with a time to be woken at; True: at once."""
        ...

    def stop(self) -> None:
        """Lets runs end after the issue in hand."""
        ...


class RunsByClock(Protocol):
    """What the engine runs when its time comes: `bot.work.chores.Chores`."""

    @property
    def names(self) -> frozenset[str]:
        """What is known here; the rest is for processes of a newer release."""
        ...

    def plan(self, connection: Connection, *, starting: bool = False) -> None:
        """Sees to it that what is done for all repositories is planned."""
        ...

    def run(self, repository_id: int, name: str) -> None:
        """Does it, and notes when it is to be done again."""
        ...

    def stop(self) -> None:
        """Lets the one in hand end where it can go on later."""
        ...
