"""What the web needs of the running bot; `bot.work` provides it, and the setup page can have it started later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from bot.credentials import Credentials
from bot.settings import Settings
from bot.web.webhook import Accepts


class Service(Accepts, Protocol):
    """The running bot; takes deliveries, too."""

    def checks(self) -> Mapping[str, str]:
        """Each part that must work (`database`, `engine`), with what is wrong with it; empty where nothing is."""
        ...

    def figures(self) -> Mapping[str, float]:
        """Gauges for `/metrics`, by name without prefix."""
        ...

    def budget_left(self) -> Mapping[tuple[int, str], float]:
        """By installation and limit the share that is left, from 0 to 1: of the installations that have least."""
        ...

    def board(self, owner: str, name: str, number: int) -> dict[str, Any] | None:
        """The bash with this tracking issue, of a public repository; None where there is none."""
        ...

    def report(self, owner: str, name: str) -> bytes | None:
        """The latest report on a public repository, in its JSON form; None where there is none."""
        ...

    def when_lost(self, tell: Callable[[], None]) -> None:
        """Has `tell` called, in some thread, once others have taken over its work and the process must start anew."""
        ...

    def stop(self) -> None:
        """Ends the work in hand or leaves it to the next start; back within seconds."""
        ...


Start = Callable[[Settings, Credentials], Service]
"""Opens the store and starts the engine. Raises what is wrong, for people."""
