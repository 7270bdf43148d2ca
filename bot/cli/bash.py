"""`triage bash`: begins and ends the issue bash of a repository from where the service runs, and tells how it goes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bot.cli.options import DataDir, RepositoryName, settings_or_exit
from bot.cli.stored import stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.store.bashes import Kept
    from bot.store.database import Database
    from bot.triage.issue import Command, Repository

bash = typer.Typer(no_args_is_help=True, help="Begin and end an issue bash, or see how it goes.")
Hours = Annotated[int | None, typer.Option(min=1, max=72, help="How long.", show_default="the policy's")]
Sections = Annotated[list[str] | None, typer.Option("--section", help="Only this section; may be given again.")]
Batch = Annotated[int | None, typer.Option(min=1, max=50, help="Issues in one batch.", show_default="the policy's")]
_PATIENCE = 30
"""Seconds for the service to take it up; reading a large repository for the first time takes longer."""


@bash.command()
def start(
    repo: RepositoryName,
    hours: Hours = None,
    section: Sections = None,
    batch: Batch = None,
    data_dir: DataDir = None,
) -> None:
    """Begin one: the service freezes a snapshot of the report and opens a tracking issue."""
    from bot.issuebash.rules import RULES

    known = [rule.id for rule in RULES]
    unknown = [name for name in section or [] if name not in known]
    if unknown:
        _fail("start", f"--section {unknown[0]}: there is no such section; there are {', '.join(known)}.")
    words = [f"{hours}h"] if hours else []
    words += ["--sections", *section] if section else []
    words += ["--batch", str(batch)] if batch else []
    _say(repo, data_dir, "start", words)


@bash.command()
def finish(repo: RepositoryName, data_dir: DataDir = None) -> None:
    """End the one that runs: the service posts how it went."""
    _say(repo, data_dir, "finish", [])


@bash.command()
def status(repo: RepositoryName, data_dir: DataDir = None) -> None:
    """Show how the latest one stands."""
    database, repository = _open(repo, data_dir, "status")
    kept = _latest(database, repository)
    if kept is None:
        _fail("status", f"there has been no bash in {repository.full_name}.")
    for line in _told(kept, repository):
        typer.echo(line)


def _told(kept: Kept, repository: Repository) -> Iterator[str]:
    from datetime import UTC, datetime

    from bot.reports import bash as texts
    from bot.triage.escape import visible

    data = texts.data(kept.bash, datetime.now(UTC))
    verb = "ended" if data["over"] else "ends"
    yield f"{texts.title(kept.bash)}: {data['done']} of {data['total']} done; it {verb} at {data['ends']}."
    yield _address(kept, repository) or "Its tracking issue is not open yet."
    for batch in data["batches"]:
        yield f"\nBatch {batch['number']}, {batch['title']}: {batch['done']} of {len(batch['items'])} done"
        for item in batch["items"]:
            yield f"  #{item['number']:<6} {item['word']:<24} {visible(item['title'])}"


def _say(repo: str, data_dir: Path | None, verb: str, words: list[str]) -> None:
    """Puts the command where those of comments are, and waits a while for what comes of it."""
    from datetime import UTC, datetime
    from uuid import uuid4

    from bot.store import commands, lanes
    from bot.triage.issue import Actor, Command

    database, repository = _open(repo, data_dir, verb)
    before = _latest(database, repository)
    runs = before is not None and before.is_running
    if verb == "start" and before is not None and runs:
        _fail(verb, f"one is running already: {_address(before, repository) or 'it is about to open its issue'}.")
    if verb == "finish" and not runs:
        _fail(verb, f"none is running in {repository.full_name}.")
    said = Command(f"{uuid4()}:1", 0, Actor(""), "bash", (verb, *words), datetime.now(UTC))
    with database.write() as connection:
        commands.add(connection, repository.id, [(0, said)])
        lanes.mark_due(connection, lanes.of_repository(repository.id), round(time.time() * 1000))
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        time.sleep(0.2)
        # In this order: what comes of it is stored together with that it is done.
        done = _is_done(database, said)
        kept = _latest(database, repository)
        if kept is None or (verb == "start" and before is not None and kept.id == before.id):
            kept = None
        elif kept.issue_number and (verb == "start" or kept.wrap_up_comment_id):
            typer.echo(_address(kept, repository))
            return
        if done and (kept is None or (verb == "finish" and kept.is_running)):
            _fail(verb, f"nothing came of it: `triage journal --repo {repository.full_name}` tells why.")
    typer.echo("The service has not done it yet. It will, as soon as it runs and has read the issues.", err=True)


def _is_done(database: Database, said: Command) -> bool:
    from bot.store import commands

    with database.read() as connection:
        return said.id in commands.is_done(connection, [said.id])


def _open(repo: str, data_dir: Path | None, verb: str) -> tuple[Database, Repository]:
    from bot.store import repositories
    from bot.store.database import StoreError

    settings = settings_or_exit(data_dir=data_dir)
    try:
        database = stored(settings)
    except StoreError as error:
        _fail(verb, str(error))
    with database.read() as connection:
        known = [each.repository for each in repositories.every(connection)]
    found = next((each for each in known if each.full_name.lower() == repo.lower()), None)
    if found is None:
        _fail(verb, f"nothing is known of {repo}: install the App there, and have the service run.")
    return database, found


def _latest(database: Database, repository: Repository) -> Kept | None:
    from bot.store import bashes

    with database.read() as connection:
        return bashes.latest(connection, repository.id)


def _address(kept: Kept, repository: Repository) -> str:
    return f"{repository.html_url}/issues/{kept.issue_number}" if kept.issue_number else ""


def _fail(verb: str, message: str) -> NoReturn:
    typer.echo(f"triage bash {verb}: {message}", err=True)
    raise typer.Exit(2)
