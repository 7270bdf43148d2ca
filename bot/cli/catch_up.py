"""`triage catch-up`: asks GitHub once more for what it could not deliver, at once, and tells what that was."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, NoReturn

import typer

from bot.cli.options import DataDir, settings_or_exit
from bot.cli.stored import stored

if TYPE_CHECKING:
    from bot.store.catching_up import Missing
    from bot.work.catch_up import Found, Look

_AT_ONCE = 10
"""Deliveries asked for before it is told whether they arrived."""


def catch_up(data_dir: DataDir = None) -> None:
    """Ask GitHub for what it could not deliver. A running service does so hourly. Exit 1 if some is still missing."""
    settings = settings_or_exit(data_dir=data_dir)
    if settings.credentials is None:
        _fail("no GitHub App is registered yet: see `triage doctor`.")

    from datetime import UTC, datetime

    from bot.github.app import App
    from bot.github.errors import GitHubError
    from bot.github.registration import Registration
    from bot.store.database import StoreError
    from bot.work.catch_up import Look

    id_, key, url = settings.credentials.app_id, settings.credentials.private_key, settings.github_api_url
    try:
        app = App(id_, key, api_url=url)
        with closing(stored(settings)) as database:
            look = Look(
                database,
                Registration(id_, key, url),
                lambda installation_id: app.installation(installation_id).reader.covered(),
                lambda: datetime.now(UTC),
                threading.Event(),
                insistent=True,
            )
            complete = _look(look)
    except (StoreError, GitHubError) as error:
        _fail(str(error))
    if not complete:
        raise typer.Exit(1)


def _look(look: Look) -> bool:
    """To its end; whether all is there now."""
    listed = asked = arrived = refused = 0
    while True:
        found = look.go_on(_AT_ONCE)
        _tell(found)
        listed, asked, arrived = listed + found.listed, asked + len(found.asked), arrived + found.arrived
        refused += len(found.refused)
        if found.over or found.shut:
            break
    typer.echo(f"Of {listed} attempts to deliver, {asked} brought nothing and were asked for again; {arrived} arrived.")
    if found.shut:
        typer.echo("GitHub's deliveries do not arrive: does the service run? See `triage doctor`.", err=True)
    return arrived == asked and not refused


def _tell(found: Found) -> None:
    put_right = found.put_right
    for number, what in (
        (put_right.installations_gone, "installations are gone"),
        (put_right.installations_new, "installations are new"),
        (put_right.repositories_gone, "repositories were taken away"),
        (put_right.repositories_new, "repositories were given"),
    ):
        if number:
            typer.echo(f"{number} {what}, though nobody told.")
    for missing in found.asked.values():
        typer.echo(_line(missing))
    for guid, reason in found.refused.items():
        typer.echo(f"{guid}  GitHub does not send it again: {reason}", err=True)


def _line(missing: Missing) -> str:
    code = f" ({missing.status_code})" if missing.status_code else ""
    return f"{missing.guid}  {missing.event} of {missing.delivered_at}: {missing.status}{code}"


def _fail(message: str) -> NoReturn:
    typer.echo(f"triage catch-up: {message}", err=True)
    raise typer.Exit(2)
