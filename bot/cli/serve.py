"""`triage serve`: runs the service until it is told to stop."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.options import DataDir, settings_or_exit

Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="TRIAGE_HOST or 127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="Port; 0 takes a free one.", show_default="PORT or 8000")]


def serve(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Run the service. It takes webhooks and does the work; the setup page is there until a GitHub App is."""
    settings = settings_or_exit(host=host, port=port, data_dir=data_dir)

    from bot.credentials import CredentialsError
    from bot.logs import configure_logs
    from bot.web.server import run, start_anew
    from bot.work.service import StartError, start

    configure_logs(settings.log_level)
    try:
        anew = run(settings, start, typer.echo)
    except (CredentialsError, StartError, OSError) as error:
        typer.echo(f"triage serve: {error}", err=True)
        raise typer.Exit(1) from None
    if anew:
        start_anew()
