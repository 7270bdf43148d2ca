"""`triage simulate`: shows what the bot would have done on a repository's past issues; changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.cli.options import DataDir, RepositoryName, settings_or_exit

if TYPE_CHECKING:
    from bot.triage.decide import Context
    from bot.triage.issue import Issue
    from bot.triage.plan import Plan

Last = Annotated[int, typer.Option(min=1, max=1000, help="How many issues, newest first.")]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="How to print the result.")]
Templates = Annotated[
    Path | None,
    typer.Option("--templates", metavar="DIR", help="Templates and policy of this checkout instead of GitHub's."),
]


def simulate(
    repo: RepositoryName,
    last: Last = 30,
    output: Format = "text",
    templates: Templates = None,
    data_dir: DataDir = None,
) -> None:
    """Show what the bot would have done on past issues. It meets each as if it were new, and changes nothing."""
    settings = settings_or_exit(data_dir=data_dir)

    from bot.cli.folder import FolderError
    from bot.cli.preview import explained, files_in, reader_for
    from bot.github.errors import GitHubError
    from bot.work.preview import context_for, plan_as_filed, policy_in

    owner, name = repo.split("/")
    try:
        local = files_in(templates) if templates else None
        reader = reader_for(settings, owner, name)
        repository = reader.repository(owner, name)
        files = local or reader.files(repository)
        policy, problems = policy_in(files)
        context = context_for(repository, files, policy, "triage", reader.labels(repository))
        found = [(issue, plan_as_filed(issue, context)) for issue in reader.issues(repository, last)]
    except (GitHubError, FolderError) as error:
        text = explained(error, repo) if isinstance(error, GitHubError) else str(error)
        typer.echo(f"triage simulate: {text}", err=True)
        raise typer.Exit(2) from None
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
