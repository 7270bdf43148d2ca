"""What all batches of a process share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading

    from bot.store.database import Database
    from bot.work.contexts import Contexts
    from bot.work.pace import Pace
    from bot.work.ports import GitHub


@dataclass(frozen=True, slots=True)
class Workshop:
    database: Database
    github: GitHub
    contexts: Contexts
    pace: Pace
    stopping: threading.Event
    since: int
    """When this process took up the work. Until then an earlier one may have written."""
