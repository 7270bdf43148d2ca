"""`triage simulate --lifecycle`: which waiting issues would be reminded, warned, closed or reopened now, and why."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.folder import FolderError
from bot.cli.plans import headline, kind_of
from bot.cli.preview import explained, files_in, reader_for, threads_for
from bot.cli.progress import Progress
from bot.github.errors import GitHubError
from bot.github.exports import ExportError
from bot.github.reader import RepositoryFiles
from bot.store.database import Database, StoreError
from bot.triage.plan import Close, PostNotice, Reopen
from bot.triage.waiting import least_days
from bot.work.exported import mirrored
from bot.work.fill import fill
from bot.work.preview import context_for, policy_in
from bot.work.reports import filing
from bot.work.sweeps import due

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.settings import Settings
    from bot.triage.decide import Context
    from bot.triage.policy import Policy
    from bot.work.sweeps import Due


class WaitingError(Exception):
    """Why there is nothing to show; a sentence for people."""


class Preview:
    """What one sweep after the other would do, were nothing to happen meanwhile; the first rows in full."""

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = name, most
        self.counts: Counter[str] = Counter()
        self._rows: list[Due] = []
        self._sweeps = 0

    def gather(self, found: Iterable[Due]) -> None:
        sections: Counter[int] = Counter()
        limits: dict[int, int] = {}
        for it in found:
            self.counts[_outcome(it)] += 1
            sections[id(it.section)] += 1
            limits[id(it.section)] = it.section.limit_per_run
            if len(self._rows) < self._most:
                self._rows.append(it)
        self._sweeps = max((-(-count // limits[key]) for key, count in sections.items()), default=0)

    def as_json(self) -> dict[str, Any]:
        issues = [
            {
                "number": it.issue.number,
                "title": it.issue.title,
                "outcome": _outcome(it),
                "actions": [{"kind": action.kind, "because": action.because} for action in it.actions],
            }
            for it in self._rows
        ]
        return {"repository": self._name, "summary": dict(self.counts), "sweeps": self._sweeps, "issues": issues}

    def print(self) -> None:
        console = Console()
        total = self.counts.total()
        if self._rows:
            table = Table(title=Text(f"What falls due in {self._name} now"), title_justify="left")
            for column in ("Issue", "Title", "Would do", "Because"):
                table.add_column(column, justify="right" if column == "Issue" else "left", overflow="fold")
            for it in self._rows:
                done = "\n".join(headline(action) for action in it.actions)
                cells = (f"#{it.issue.number}", it.issue.title, done, it.actions[-1].because)
                table.add_row(*(Text(_printable(cell)) for cell in cells))
            console.print(table)
        if total > len(self._rows):
            console.print(f"… and {total - len(self._rows):,} more; --last shows more of them.", highlight=False)
        told = ", ".join(f"{count:,} would be {outcome}" for outcome, count in self.counts.items())
        hours = "the first hourly sweep" if self._sweeps == 1 else f"{self._sweeps:,} hourly sweeps"
        spread = f" By the policy's limit, that is done in {hours}." if total else ""
        console.print(f"{told or 'Nothing is due'}.{spread} Nothing was changed.", highlight=False, soft_wrap=True)


def from_export(path: Path, templates: Path | None, most: int) -> Preview:
    """Raises WaitingError."""
    now = datetime.now(UTC)
    try:
        files = files_in(templates) if templates else RepositoryFiles({})
        with (
            tempfile.TemporaryDirectory(prefix="triage-lifecycle-") as folder,
            mirrored(path, Path(folder), None, now) as (database, repository, export),
        ):
            if not {"comments", "associations"} <= (export.known or frozenset()):
                raise WaitingError(
                    f"{path} does not tell the comments and who is a maintainer, so nobody knows whose turn it is."
                )
            context = context_for(repository, files, _policy(files), "triage", None)
            return _gathered(database, context, now, most, path.name)
    except (ExportError, FolderError) as error:
        raise WaitingError(str(error)) from None


def from_github(repo: str, settings: Settings, templates: Path | None, most: int) -> Preview:
    """Raises WaitingError. Goes by what the service remembers, where it keeps its database here."""
    owner, name = repo.split("/")
    try:
        database = Database(settings.database_url)
        try:
            database.migrate()
            threads = threads_for(settings, owner, name)
            if threads is None:
                raise WaitingError(
                    "GitHub tells whole issues only to whoever shows a token: set GITHUB_TOKEN, or give --from FILE."
                )
            reader = reader_for(settings, owner, name)
            repository = reader.repository(owner, name)
            files = files_in(templates) if templates else reader.files(repository)
            context = context_for(repository, files, _policy(files), "triage", reader.labels(repository))
            with Progress(repository.full_name) as progress:
                filled = fill(database, repository, threads, filing(context.checker), progress.told)
            if not filled.complete:
                typer.echo(
                    f"Partial: GitHub's limit stopped the reading; it goes on at {filled.again_at:%H:%M} UTC.", err=True
                )
            return _gathered(database, context, datetime.now(UTC), most, repository.full_name)
        finally:
            database.close()
    except GitHubError as error:
        raise WaitingError(explained(error, repo)) from None
    except (FolderError, StoreError) as error:
        raise WaitingError(str(error)) from None


def _gathered(database: Database, context: Context, now: datetime, most: int, name: str) -> Preview:
    preview = Preview(name, most)
    with database.read() as connection:
        preview.gather(due(connection, context, now))
    return preview


def _policy(files: RepositoryFiles) -> Policy:
    policy, problems = policy_in(files)
    for problem in problems:
        typer.echo(str(problem), err=True)
    if least_days(policy) is None:
        raise WaitingError(
            "the policy neither reminds nor warns anybody: set `needs_info: days_until_reminder` or"
            " `stale: days_until_stale`, and give a checkout with --templates DIR to try it."
        )
    return policy


def _outcome(found: Due) -> str:
    """What becomes of it, in the words of the summary."""
    for action in found.actions:
        if isinstance(action, Close):
            return "closed"
        if isinstance(action, Reopen):
            return "opened again"
        if isinstance(action, PostNotice) and not any(isinstance(it, Close) for it in found.actions):
            return "reminded" if kind_of(action) == "reminder" else "warned"
    return "cleared of its notice"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() or character == "\n" else " " for character in text)
