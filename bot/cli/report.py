"""`triage report`: what can be closed, answered or fixed in one sitting, from GitHub or from an export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from bot.cli.options import DataDir, repository_name, settings_or_exit

if TYPE_CHECKING:
    from bot.github.reader import FileCache, Reader, RepositoryFiles
    from bot.github.threads import ThreadReader
    from bot.github.writer import Writer
    from bot.issuebash.report import Report
    from bot.settings import Settings
    from bot.store.database import Database
    from bot.triage.issue import Repository

From = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE", help="An export of issues, or - for standard input; needs no account."),
]
Repo = Annotated[
    str | None,
    typer.Option("--repo", metavar="OWNER/NAME", callback=repository_name, help="The repository on GitHub."),
]
Format = Annotated[Literal["md", "html", "csv", "json"], typer.Option("--format", help="What to write.")]
Output = Annotated[
    Path | None, typer.Option("--output", metavar="PATH", help="Write to this file.", show_default="stdout")
]
Only = Annotated[list[str] | None, typer.Option("--section", help="Only this section; may be given again.")]
Limit = Annotated[
    int | None, typer.Option(min=1, max=10_000, help="Rows in each section.", show_default="the policy's")
]
Templates = Annotated[
    Path | None, typer.Option("--templates", metavar="DIR", help="A checkout whose templates and policy to go by.")
]
Post = Annotated[
    bool, typer.Option("--post", help="Post it as an issue, as the App, one a day; the one before is closed.")
]


def report(  # noqa: PLR0913 each is an option
    repo: Repo = None,
    source: From = None,
    output_format: Format = "md",
    output: Output = None,
    section: Only = None,
    limit: Limit = None,
    templates: Templates = None,
    *,
    post: Post = False,
    data_dir: DataDir = None,
) -> None:
    """Report what to close, answer or fix. Each issue with the evidence for and against it."""
    sections = _sections(section or [])
    if post and (sections or limit is not None):
        _fail("--post replaces the report before, so it takes all of the new one: leave out --section and --limit.")
    if source is not None and repo is None:
        if post:
            _fail("--post needs --repo OWNER/NAME: an export says nothing of where to post.")
        made = _from_export(source, templates, sections, limit)
    elif repo is not None and source is None:
        settings = settings_or_exit(data_dir=data_dir)
        made = _from_github(repo, settings, templates, sections, limit, post=post)
    else:
        _fail("give either --repo OWNER/NAME or --from FILE, an export of issues.")
    if post and output is None:
        return
    content = _form(made, output_format).encode("utf-8", "replace")
    if output is None:
        typer.echo(content, nl=False)  # bytes: a console's own encoding may lack what people write
    else:
        _write(output, content)


def _sections(names: list[str]) -> tuple[str, ...]:
    import difflib

    from bot.issuebash.rules import RULES

    known = [rule.id for rule in RULES]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
            _fail(f"--section {name}: there is no such section; {hint}")
    return tuple(names)


def _from_export(path: Path, templates: Path | None, sections: tuple[str, ...], limit: int | None) -> Report:
    import tempfile

    from bot.cli.folder import FolderError
    from bot.cli.preview import files_in
    from bot.forms.check import Checker
    from bot.forms.load import load
    from bot.github.exports import COMMAND, ExportError
    from bot.github.reader import RepositoryFiles
    from bot.work.exported import report_on
    from bot.work.preview import policy_in

    try:
        files = files_in(templates) if templates else RepositoryFiles({})
        policy, problems = policy_in(files)
        for problem in problems:
            typer.echo(str(problem), err=True)
        checker = Checker(load(files.templates), policy.rules, policy.fillings) if templates else None
        with tempfile.TemporaryDirectory(prefix="triage-report-") as folder:
            settings = policy.report if limit is None else policy.report.model_copy(update={"limit": limit})
            made, export = report_on(path, Path(folder), checker, settings, datetime.now(UTC), sections)
    except (ExportError, FolderError) as error:
        _fail(str(error))
    for told in export.problems:
        typer.echo(told, err=True)
    if "comments" not in (export.known or ()):
        typer.echo(f"{export.name} tells no comments, so most sections are not known. More tells: {COMMAND}", err=True)
    if export.left_out > len(export.problems):
        typer.echo(f"… and {export.left_out - len(export.problems)} more records left out.", err=True)
    return made


def _from_github(
    repo: str, settings: Settings, templates: Path | None, sections: tuple[str, ...], limit: int | None, *, post: bool
) -> Report:
    from bot.cli.folder import FolderError
    from bot.cli.preview import explained, files_in
    from bot.cli.progress import Progress
    from bot.forms.check import Checker
    from bot.forms.load import load
    from bot.github.errors import GitHubError
    from bot.store.database import Database, StoreError
    from bot.store.files import StoredFiles
    from bot.work.preview import policy_in
    from bot.work.reports import read_and_make

    owner, name = repo.split("/")
    try:
        database = Database(settings.database_url)
        try:
            database.migrate()
            eyes = _eyes(settings, owner, name, StoredFiles(database), post=post)
            repository = eyes.reader.repository(owner, name)
            if post:
                _refuse_where_the_policy_does(eyes.reader.files(repository), repo)
            files = files_in(templates) if templates else eyes.reader.files(repository)
            policy, problems = policy_in(files)
            for problem in problems:
                typer.echo(str(problem), err=True)
            chosen = policy.report if limit is None else policy.report.model_copy(update={"limit": limit})
            checker = Checker(load(files.templates), policy.rules, policy.fillings)
            with Progress(repository.full_name) as progress:
                made, filled = read_and_make(database, repository, eyes, checker, chosen, sections, progress.told)
            if eyes.writer is not None:
                number = _posted(database, repository, eyes.writer, made)
                typer.echo(f"{repository.html_url}/issues/{number}")
        finally:
            database.close()
    except (GitHubError, FolderError, StoreError) as error:
        _fail(explained(error, repo) if isinstance(error, GitHubError) else str(error))
    left = "" if filled.left is None else f", {filled.left:,} of this hour's are left"
    typer.echo(
        f"{filled.issues:,} issues read in {filled.requests:,} requests, {filled.points:,} points{left}.", err=True
    )
    if made.partial:
        typer.echo(made.partial, err=True)
    return made


def _posted(database: Database, repository: Repository, writer: Writer, made: Report) -> int:
    """The issue's number. One a day: what broke off and is tried again is the same report."""
    from bot.work.publishing import keep, post

    if made.partial:
        _fail(f"nothing was posted, for it would replace a whole report. {made.partial}")
    number = post(database, repository, writer, made, made.at.replace(hour=0, minute=0, second=0, microsecond=0))
    keep(database, repository, made, number, "Somebody ran triage report --post.")
    return number


def _refuse_where_the_policy_does(files: RepositoryFiles, repo: str) -> None:
    """By the repository's own policy, whatever checkout is gone by."""
    from bot.work.preview import policy_in

    policy, problems = policy_in(files)
    if problems:
        _fail(f"the policy of {repo} cannot be read, so nothing was posted: {problems[0]}")
    if policy.dry_run or not policy.enabled:
        key = "enabled: false" if not policy.enabled else "dry_run: true"
        _fail(f"the policy of {repo} has `{key}`, so nothing is changed there. Leave out --post to read the report.")


@dataclass(frozen=True, slots=True)
class _Eyes:
    """What reads a repository, and what writes to it where that is wanted."""

    reader: Reader
    threads: ThreadReader
    writer: Writer | None = None


def _eyes(settings: Settings, owner: str, name: str, cache: FileCache, *, post: bool) -> _Eyes:
    """With `post` those of the App, which alone knows its own reports again."""
    from bot.cli.preview import app_of, reader_for, threads_for

    if post:
        app = app_of(settings, cache)
        if app is None:
            _fail("--post writes as the App: give its credentials (see `triage doctor`).")
        installed = app.installation_of(owner, name)
        return _Eyes(installed.reader, installed.threads, installed.writer)
    threads = threads_for(settings, owner, name)
    if threads is None:
        _fail("GitHub tells whole issues only to whoever shows a token: set GITHUB_TOKEN, or give --from FILE.")
    return _Eyes(reader_for(settings, owner, name, cache), threads)


def _form(made: Report, output_format: Literal["md", "html", "csv", "json"]) -> str:
    from bot.reports import csv_file, html, json_file, markdown

    match output_format:
        case "md":
            return "\n".join(markdown.pages(made))
        case "html":
            return html.document(made)
        case "csv":
            return csv_file.text(made)
        case "json":
            return json_file.dump(made).decode() + "\n"


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing: a report that broke off must not look like one."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        _fail(f"{path} cannot be written: {error.strerror}.")


def _fail(message: str) -> NoReturn:
    typer.echo(f"triage report: {message}", err=True)
    raise typer.Exit(2)
