"""`triage serve`: runs the service until it is told to stop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import DataDir, settings_or_exit

if TYPE_CHECKING:
    from bot.cli.lifeline import Lifeline
    from bot.settings import Settings

_MOST_WORKERS = 64
"""As many places as there are at a database."""

Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="TRIAGE_HOST or 127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="Port; 0 takes a free one.", show_default="PORT or 8000")]
WebOnly = Annotated[bool, typer.Option("--web-only", help="Take webhooks, and leave the work to other processes.")]
WorkOnly = Annotated[
    bool, typer.Option("--work-only", help="Work, and take no webhooks. Health and metrics are at the port.")
]
Workers = Annotated[
    int,
    typer.Option(min=1, max=_MOST_WORKERS, help="From 2 on: so many processes that work, and one that takes webhooks."),
]
# Between `--workers` and those that it starts.
LifelineFd = Annotated[int | None, typer.Option("--lifeline", hidden=True)]
KnownAs = Annotated[str, typer.Option("--known-as", hidden=True)]


def serve(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    web_only: WebOnly = False,
    work_only: WorkOnly = False,
    workers: Workers = 1,
    lifeline: LifelineFd = None,
    known_as: KnownAs = "",
) -> None:
    """Run the service. It takes webhooks and does the work; the setup page is there until a GitHub App is.

    On PostgreSQL many processes may share the work: --workers on one machine, --web-only and --work-only on many.
    """
    settings = settings_or_exit(host=host, port=port, data_dir=data_dir)
    asked = {"--web-only": web_only, "--work-only": work_only, f"--workers {workers}": workers > 1}
    _refuse_what_cannot_be([option for option, given in asked.items() if given], settings, workers)

    from bot.cli.lifeline import Lifeline
    from bot.logs import configure_logs

    configure_logs(settings.log_level, process=known_as)
    if workers > 1:
        from bot.cli.crew import Crew, members

        if not asyncio.run(Crew(members(workers, settings.port)).run()):
            raise typer.Exit(1)
    else:
        _serve_alone(settings, Lifeline(lifeline) if lifeline else None, web_only=web_only, work_only=work_only)


def _serve_alone(settings: Settings, lifeline: Lifeline | None, *, web_only: bool, work_only: bool) -> None:
    from bot.credentials import CredentialsError
    from bot.web.server import run, start_anew
    from bot.work.service import StartError, start, start_front

    def announce(text: str) -> None:
        typer.echo(text)
        if lifeline:
            lifeline.say_up()

    try:
        anew = run(settings, start_front if web_only else start, announce, inner=work_only)
    except (CredentialsError, StartError, OSError) as error:
        typer.echo(f"triage serve: {error}", err=True)
        raise typer.Exit(1) from None
    if anew:
        start_anew()


def _refuse_what_cannot_be(options: list[str], settings: Settings, workers: int) -> None:
    if len(options) > 1:
        message = f"{' and '.join(options)} exclude each other. Without any, the process takes webhooks and works."
    elif options and settings.on_sqlite:
        message = (
            f"{options[0]} takes PostgreSQL: an SQLite file belongs to one process, which does everything."
            " Set DATABASE_URL=postgresql://user:password@host/name, or leave the option out."
        )
    elif workers > 1 and settings.port + workers > 65535:
        message = f"--workers {workers} takes the {workers} ports after {settings.port}: give a lower --port."
    else:
        return
    typer.echo(f"triage serve: {message}", err=True)
    raise typer.Exit(2)
