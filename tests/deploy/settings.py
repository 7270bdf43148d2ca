"""What the files in deploy/ may say to the bot."""

from __future__ import annotations

import typer.main
from typer.core import TyperGroup

from bot.cli import app
from bot.settings import Settings

NAMES = {str(field.validation_alias or name).upper() for name, field in Settings.model_fields.items()}
OF_LIBPQ = {"PGPASSWORD"}
"""Read below the bot: docs, "Use PostgreSQL"."""


def understood(arguments: list[str]) -> bool:
    """Whether `triage` takes these."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    name, *rest = arguments
    command = group.commands[name]
    with command.make_context(name, rest, resilient_parsing=False) as context:
        return context.command is command
