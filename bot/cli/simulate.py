"""`triage simulate`: shows what the bot would have done on past issues, or would do on waiting ones; does nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from bot.cli.options import DataDir, repository_name, settings_or_exit

if TYPE_CHECKING:
    from bot.triage.decide import Context
    from bot.triage.issue import Issue
    from bot.triage.plan import Plan

Repo = Annotated[
    str | None,
    typer.Option("--repo", metavar="OWNER/NAME", callback=repository_name, help="The repository on GitHub."),
]
Lifecycle = Annotated[
    bool, typer.Option("--lifecycle", help="Instead, show which waiting issues are due to be warned or closed now.")
]
From = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE", help="With --lifecycle: an export of issues instead of GitHub."),
]
Last = Annotated[int, typer.Option(min=1, max=1000, help="How many issues, newest first.")]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="How to print the result.")]
Templates = Annotated[
    Path | None,
    typer.Option("--templates", metavar="DIR", help="Templates and policy of this checkout instead of GitHub's."),
]


def simulate(
    repo: Repo = None,
    last: Last = 30,
    output: Format = "text",
    templates: Templates = None,
    source: From = None,
    data_dir: DataDir = None,
    *,
    lifecycle: Lifecycle = False,
) -> None:
    """Show what the bot would have done on past issues. It meets each as if it were new, and changes nothing."""
    if lifecycle and (repo is None) != (source is None):
        _lifecycle(repo, source, templates, last, output, data_dir)
    elif repo is not None and source is None:
        _past(repo, last, output, templates, data_dir)
    else:
        _fail("give --repo OWNER/NAME; with --lifecycle, either that or --from FILE, an export of issues.")


def _lifecycle(
    repo: str | None,
    source: Path | None,
    templates: Path | None,
    last: int,
    output: str,
    data_dir: Path | None,
) -> None:
    from bot.cli.waiting import WaitingError, from_export, from_github

    try:
        if source is not None:
            preview = from_export(source, templates, last)
        else:
            preview = from_github(repo or "", settings_or_exit(data_dir=data_dir), templates, last)
    except WaitingError as error:
        _fail(str(error))
    if output == "json":
        import orjson

        typer.echo(orjson.dumps(preview.as_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        preview.print()


def _fail(message: str) -> NoReturn:
    typer.echo(f"triage simulate: {message}", err=True)
    raise typer.Exit(2)


def _past(repo: str, last: int, output: str, templates: Path | None, data_dir: Path | None) -> None:
    settings = settings_or_exit(data_dir=data_dir)

    from bot.cli.folder import FolderError
    from bot.cli.preview import explained, files_in, reader_for
    from bot.github.errors import GitHubError
    from bot.triage.printed import asks_for_releases
    from bot.work.looks import releases_of
    from bot.work.preview import context_for, plan_as_filed, policy_in

    owner, name = repo.split("/")
    try:
        local = files_in(templates) if templates else None
        reader = reader_for(settings, owner, name)
        repository = reader.repository(owner, name)
        files = local or reader.files(repository)
        policy, problems = policy_in(files)
        context = context_for(repository, files, policy, "triage", reader.labels(repository))
        issues = reader.issues(repository, last)
        if any(asks_for_releases(replace(issue, state="open"), policy) for issue in issues):
            context = replace(context, releases=releases_of(repository, reader))
        found = [(issue, plan_as_filed(issue, context)) for issue in issues]
    except (GitHubError, FolderError) as error:
        _fail(explained(error, repo) if isinstance(error, GitHubError) else str(error))
    for problem in problems:
        typer.echo(str(problem), err=True)
    if output == "json":
        _print_json(context, found)
    else:
        _print_table(context, found)


def _print_json(context: Context, found: list[tuple[Issue, Plan]]) -> None:
    import orjson

    from bot.cli.plans import as_json

    listed = [
        {"number": issue.number, "title": issue.title, "template": _template(context, issue), **as_json(plan)}
        for issue, plan in found
    ]
    document = {"repository": context.repository.full_name, "summary": _counts(found), "issues": listed}
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def _print_table(context: Context, found: list[tuple[Issue, Plan]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from bot.cli.plans import headline

    console = Console()
    table = Table(title=Text(f"What the bot would have done in {context.repository.full_name}"), title_justify="left")
    for column in ("Issue", "Template", "Would do", "Because"):
        table.add_column(column, justify="right" if column == "Issue" else "left", overflow="fold")
    for issue, plan in found:
        done = [headline(action) for action in plan.actions if action.kind != "remember"]
        # Text, not markup: a title may hold brackets. No escapes: a title may hold those, too.
        cells = [f"#{issue.number}", _template(context, issue) or "none", "\n".join(done) or "nothing", plan.verdict]
        table.add_row(*(Text(_printable(cell)) for cell in cells))
    console.print(table)
    counts = _counts(found)
    console.print(
        f"{counts['issues']} issues: {counts['asked']} would have been asked for something,"
        f" {counts['labelled']} labelled, {counts['untouched']} left alone. Nothing was changed.",
        highlight=False,
    )


def _counts(found: list[tuple[Issue, Plan]]) -> dict[str, int]:
    kinds = [{action.kind for action in plan.actions} - {"remember"} for _, plan in found]
    return {
        "issues": len(found),
        "asked": sum("post_request" in kind for kind in kinds),
        "labelled": sum("add_labels" in kind for kind in kinds),
        "untouched": sum(not kind for kind in kinds),
    }


def _template(context: Context, issue: Issue) -> str | None:
    from bot.forms.template import Submission

    match = context.checker.check(Submission(issue.title, issue.body, issue.labels, issue.type)).match
    if match.template is None:
        return " or ".join(rival.file for rival in match.rivals) or None
    return match.template.file


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() or character == "\n" else " " for character in text)
