"""`triage report`: what can be closed, answered or fixed in one sitting, from GitHub or from an export."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

if TYPE_CHECKING:
    from bot.issuebash.report import Report

From = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE", help="An export of issues instead of GitHub; needs no account."),
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


def report(
    source: From = None,
    output_format: Format = "md",
    output: Output = None,
    section: Only = None,
    limit: Limit = None,
    templates: Templates = None,
) -> None:
    """Write the issue-bash report: what to close, answer or fix, with the evidence for each."""
    sections = _sections(section or [])
    if source is None:
        _fail("give --from FILE, an export of issues.")
    text = _form(_from_export(source, templates, sections, limit), output_format)
    if output is None:
        sys.stdout.write(text)
    else:
        _write(output, text)


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
    from bot.github.exports import ExportError
    from bot.github.reader import RepositoryFiles
    from bot.work.exported import report_on
    from bot.work.preview import policy_in

    try:
        files = files_in(templates) if templates else RepositoryFiles({})
        policy, problems = policy_in(files)
        for problem in problems:
            typer.echo(str(problem), err=True)
        checker = Checker(load(files.templates), policy.rules) if templates else None
        with tempfile.TemporaryDirectory(prefix="triage-report-") as folder:
            settings = policy.report if limit is None else policy.report.model_copy(update={"limit": limit})
            made, export = report_on(path, Path(folder), checker, settings, datetime.now(UTC), sections)
    except (ExportError, FolderError) as error:
        _fail(str(error))
    for told in export.problems:
        typer.echo(told, err=True)
    if export.left_out > len(export.problems):
        typer.echo(f"… and {export.left_out - len(export.problems)} more records left out.", err=True)
    return made


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


def _write(path: Path, text: str) -> None:
    """All of it or nothing: a report that broke off must not look like one."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8", newline="")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        _fail(f"{path} cannot be written: {error.strerror}.")


def _fail(message: str) -> NoReturn:
    typer.echo(f"triage report: {message}", err=True)
    raise typer.Exit(2)
