"""The command line: one module a command; what is heavy is imported when the command runs."""

from __future__ import annotations

import typer

from bot.cli.bash import bash
from bot.cli.catch_up import catch_up
from bot.cli.check import check
from bot.cli.db import db
from bot.cli.doctor import doctor
from bot.cli.journal import journal
from bot.cli.labels import labels
from bot.cli.lint import lint
from bot.cli.replay import replay
from bot.cli.report import report
from bot.cli.serve import serve
from bot.cli.simulate import simulate

app = typer.Typer(
    name="triage", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)
app.command()(check)
app.command()(lint)
app.command()(serve)
app.command()(doctor)
app.command()(journal)
app.command()(replay)
app.command()(simulate)
app.command()(report)
app.add_typer(bash, name="bash")
app.command()(labels)
app.command()(catch_up)
app.add_typer(db, name="db")


@app.callback()
def triage() -> None:
    """Check issues against their templates, and run the bot that does it."""
