"""`triage doctor`: checks that everything the bot needs is in place, and says how to mend what is not."""

from __future__ import annotations

import textwrap

import typer

from bot.cli.options import DataDir


def doctor(data_dir: DataDir = None) -> None:
    """Check what the service needs, and say what to mend. Exit 1 on a FAIL."""
    from bot.cli.diagnosis import Line, diagnose
    from bot.settings import SettingsError, load_settings

    try:
        lines = diagnose(load_settings(data_dir=data_dir))
    except SettingsError as error:
        lines = iter([Line("FAIL", "settings", str(error))])
    failed = False
    for line in lines:
        failed |= line.level == "FAIL"
        first, *rest = line.message.splitlines() or [""]
        colour = {"OK": typer.colors.GREEN, "WARN": typer.colors.YELLOW, "FAIL": typer.colors.RED}[line.level]
        typer.echo(f"{typer.style(f'{line.level:<4}', fg=colour)}  {line.subject}: {first}")
        for more in rest:
            typer.echo(f"      {more}")
        if line.mend:
            typer.echo(textwrap.indent(f"to mend: {line.mend}", "      "))
    if failed:
        raise typer.Exit(1)
