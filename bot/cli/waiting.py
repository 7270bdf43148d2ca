"""`triage simulate --lifecycle`: which waiting issues would be reminded, warned, closed or reopened now, and why."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError

from bot.cli.folder import FolderError
from bot.cli.plans import headline, kind_of
from bot.cli.preview import OFFLINE_SLUG, explained, files_in, reader_for, slug_of, threads_for
from bot.cli.progress import Progress
from bot.github.errors import GitHubError
from bot.github.exports import ExportError
from bot.github.reader import RepositoryFiles
from bot.store import issues
from bot.store.database import Database, StoreError
from bot.triage.plan import Close, PostNotice, Reopen
from bot.triage.waiting import least_days
from bot.work.exported import mirrored
from bot.work.fill import fill
from bot.work.preview import context_for, policy_in
from bot.work.reports import filing
from bot.work.sweeps import due

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.settings import Settings
    from bot.store.issues import Record
    from bot.triage.decide import Context
    from bot.triage.issue import Repository
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
        rows = [
            {
                "number": it.issue.number,
                "title": it.issue.title,
                "outcome": _outcome(it),
                "actions": [{"kind": action.kind, "because": action.because} for action in it.actions],
            }
            for it in self._rows
        ]
        return {"repository": self._name, "summary": dict(self.counts), "sweeps": self._sweeps, "issues": rows}

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
            context = context_for(repository, files, _policy(files), OFFLINE_SLUG, None)
            return _gathered(database, context, now, most, path.name)
    except (ExportError, FolderError) as error:
        raise WaitingError(str(error)) from None


def from_github(repo: str, settings: Settings, templates: Path | None, most: int) -> Preview:
    """Raises WaitingError. Goes by what the service remembers, where its database is here, and leaves that alone."""
    owner, name = repo.split("/")
    try:
        threads = threads_for(settings, owner, name)
        if threads is None:
            raise WaitingError(
                "GitHub tells whole issues only to whoever shows a token: set GITHUB_TOKEN, or give --from FILE."
            )
        reader = reader_for(settings, owner, name)
        repository = reader.repository(owner, name)
        files = files_in(templates) if templates else reader.files(repository)
        slug = slug_of(settings) or OFFLINE_SLUG
        context = context_for(repository, files, _policy(files), slug, reader.labels(repository))
        with _mirror_of_its_own() as database:
            with Progress(repository.full_name) as progress:
                filled = fill(database, repository, threads, filing(context.checker), progress.told, pulls=False)
            with database.write() as connection:
                issues.save(connection, _remembered(settings, repository))
            if not filled.complete:
                typer.echo(
                    f"Partial: GitHub's limit stopped the reading after {filled.issues:,} issues; it lets"
                    f" it go on at {filled.again_at:%H:%M} UTC.",
                    err=True,
                )
            return _gathered(database, context, datetime.now(UTC), most, repository.full_name)
    except GitHubError as error:
        raise WaitingError(explained(error, repo)) from None
    except (FolderError, StoreError) as error:
        raise WaitingError(str(error)) from None


@contextmanager
def _mirror_of_its_own() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="triage-lifecycle-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'mirror.db'}")
        try:
            database.migrate()
            yield database
        finally:
            database.close()


def _remembered(settings: Settings, repository: Repository) -> list[Record]:
    """What the service knows of people's wishes; nothing where there is no service here."""
    try:
        database = Database(settings.database_url)
        try:
            if database.is_sqlite and not Path(database.url.database or "").is_file():
                return []
            with database.read() as connection:
                return issues.every(connection, repository.id)
        finally:
            database.close()
    except (StoreError, SQLAlchemyError):
        return []


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
