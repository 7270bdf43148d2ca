"""`triage replay`: runs stored or example deliveries again, or shows what they would lead to."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import DataDir, settings_or_exit
from bot.cli.stored import stored

if TYPE_CHECKING:
    from bot.cli.payloads import Payload
    from bot.settings import Settings

Files = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE|GUID]...", show_default=False, help="Payload files (JSON), or GUIDs of stored deliveries."
    ),
]
EventName = Annotated[str | None, typer.Option("--event", help="The files' event, where their names do not tell.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plans; change nothing.")]
Templates = Annotated[
    Path | None,
    typer.Option(
        "--templates",
        metavar="DIR",
        help="With --dry-run: templates and policy of this checkout instead of GitHub's; needs no credentials.",
    ),
]
Failed = Annotated[bool, typer.Option("--failed", help="List the dead letters and try them all again.")]


def replay(
    files: Files = None,
    event: EventName = None,
    dry_run: DryRun = False,
    templates: Templates = None,
    failed: Failed = False,
    data_dir: DataDir = None,
) -> None:
    """Run deliveries again, as if GitHub had sent them. With --dry-run only show what they would lead to."""
    if failed == bool(files):
        raise typer.BadParameter("name files or GUIDs, or give --failed (and not both).")
    if templates and not dry_run:
        raise typer.BadParameter("--templates goes with --dry-run: the service takes the repository's own.")
    settings = settings_or_exit(data_dir=data_dir)

    from bot.cli.folder import FolderError
    from bot.cli.payloads import PayloadError
    from bot.cli.preview import PreviewError
    from bot.store.database import StoreError

    try:
        if failed:
            _retry_dead(settings, dry_run=dry_run)
            return
        payloads = [_payload(settings, name, event) for name in files or ()]
        if dry_run:
            _show(settings, payloads, templates)
        else:
            _deliver(settings, payloads)
    except (PayloadError, FolderError, StoreError, PreviewError) as error:
        typer.echo(f"triage replay: {error}", err=True)
        raise typer.Exit(2) from None


def _show(settings: Settings, payloads: list[Payload], templates: Path | None) -> None:
    from bot.cli.plans import as_text
    from bot.cli.preview import Preview

    preview = Preview(settings, templates)
    for payload in payloads:
        title, plan = preview.of(payload)
        typer.echo(f"{payload.source}: {title}")
        for line in as_text(plan) if plan is not None else ["  No issue is to be looked at for this."]:
            typer.echo(line)
    for problem in preview.problems:
        typer.echo(str(problem), err=True)


def _deliver(settings: Settings, payloads: list[Payload]) -> None:
    from bot.store import deliveries, lanes
    from bot.store.deliveries import NewDelivery
    from bot.web.webhook import lane_of
    from bot.work.pace import now_ms

    with stored(settings).write() as connection:
        for payload in payloads:
            # A GUID of its own: under the old one it would count as a duplicate.
            guid, lane = f"replay-{uuid.uuid4()}", lane_of(payload.content)
            deliveries.add(connection, [NewDelivery(guid, payload.event, lane, payload.body, now_ms())])
            lanes.mark_due(connection, lane, now_ms())
            typer.echo(f"{payload.source}: stored as {guid}")
    _echo_when()


def _retry_dead(settings: Settings, *, dry_run: bool) -> None:
    from datetime import UTC, datetime

    from bot.store import deliveries
    from bot.store.times import from_ms
    from bot.work.service import requeue_dead

    database = stored(settings)
    with database.read() as connection:
        dead = deliveries.dead(connection)
    if not dead:
        typer.echo("There are no dead letters.")
        return
    for letter in dead:
        at, attempts = from_ms(letter.received_at), letter.attempts + 1
        times = "1 attempt" if attempts == 1 else f"{attempts} attempts"
        typer.echo(f"{letter.guid}  {letter.event} of {at:%Y-%m-%d %H:%M} UTC, after {times}: {letter.reason}")
    if dry_run:
        return
    typer.echo(f"{requeue_dead(database, datetime.now(UTC))} to be tried again.")
    _echo_when()


def _payload(settings: Settings, name: str, event: str | None) -> Payload:
    import orjson

    from bot.cli.payloads import Payload, PayloadError, read_payload
    from bot.store import deliveries

    path = Path(name)
    if path.exists() or path.suffix == ".json":
        return read_payload(path, event)
    with stored(settings).read() as connection:
        found = deliveries.find(connection, name)
    if found is None:
        raise PayloadError(f"{name} is neither a file nor the GUID of a stored delivery.")
    if not found.body:
        raise PayloadError(f"{name} is known, but what it said has been cleared away; redeliver it on GitHub.")
    return Payload(name, found.event, orjson.loads(found.body), found.body)


def _echo_when() -> None:
    typer.echo("A running `triage serve` takes it up within a second; otherwise the next one does.")
