"""Shows how far a long reading has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from bot.work.fill import Filled


class Progress:
    """A bar on the terminal's error stream while issues are read; nothing where that is no terminal."""

    def __init__(self, name: str) -> None:
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[left]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(f"Reading {name}", total=None, left="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def told(self, filled: Filled) -> None:
        left = f"{filled.left:,} points left" if filled.left is not None else ""
        self._bar.update(self._task, completed=filled.issues, total=filled.total, left=left)
