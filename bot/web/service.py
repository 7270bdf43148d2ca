"""What the web needs of the running bot; `bot.work` provides it, and the setup page can have it started later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

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

    def stop(self) -> None:
        """Ends the work in hand or leaves it to the next start; back within seconds."""
        ...


Start = Callable[[Settings, Credentials], Service]
"""Opens the store and starts the engine. Raises what is wrong, for people."""
