"""What a check of the program found, a line each, and how it is shown."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

Level = Literal["OK", "WARN", "FAIL"]
_COLOURS = {"OK": typer.colors.GREEN, "WARN": typer.colors.YELLOW, "FAIL": typer.colors.RED}


@dataclass(frozen=True, slots=True)
class Line:
    """One finding. `mend` is empty where all is well."""

    level: Level
    subject: str
    message: str
    mend: str = ""


def show(lines: Iterable[Line]) -> bool:
    """Prints each as it comes; whether one was a FAIL."""
    failed = False
    for line in lines:
        failed |= line.level == "FAIL"
        first, *rest = line.message.splitlines() or [""]
        typer.echo(f"{typer.style(f'{line.level:<4}', fg=_COLOURS[line.level])}  {line.subject}: {first}")
        for more in rest:
            typer.echo(f"      {more}")
        if line.mend:
            typer.echo(textwrap.indent(f"to mend: {line.mend}", "      "))
    return failed
