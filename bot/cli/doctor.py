"""`triage doctor`: checks that everything the bot needs is in place, and says how to mend what is not."""

from __future__ import annotations

import typer

from bot.cli.findings import Line, show
from bot.cli.options import DataDir


def doctor(data_dir: DataDir = None) -> None:
    """Check what the service needs, and say what to mend. Exit 1 on a FAIL."""
    from bot.cli.diagnosis import diagnose
    from bot.settings import SettingsError, load_settings

    try:
        lines = diagnose(load_settings(data_dir=data_dir))
    except SettingsError as error:
        lines = iter([Line("FAIL", "settings", str(error))])
    if show(lines):
        raise typer.Exit(1)
