"""`triage check`: checks one body, or a stream of them, against a folder of templates."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from io import BufferedIOBase

    from bot.forms.check import Checker

Templates = Annotated[
    Path, typer.Option(metavar="DIR", help="A repository's root, or its .github/ISSUE_TEMPLATE folder.")
]
Title = Annotated[str, typer.Option(help="The issue's title.")]
Labels = Annotated[list[str] | None, typer.Option("--label", help="A label of the issue; may be repeated.")]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="How to print the result.")]
Jsonl = Annotated[
    bool, typer.Option("--jsonl", help='Read lines {"id","title","body","labels"} and write one JSON object a line.')
]
File = Annotated[str, typer.Argument(metavar="[FILE|-]", show_default=False, help="The body; - or nothing: stdin.")]


def check(
    templates: Templates,
    title: Title = "",
    label: Labels = None,
    output: Format = "text",
    jsonl: Jsonl = False,
    file: File = "-",
) -> None:
    """Check an issue's body against issue templates. Exit 0 when it could check, 2 on unusable input."""
    from bot.cli.folder import FolderError, template_files
    from bot.cli.verdicts import InputError, stream
    from bot.forms.check import Checker
    from bot.forms.load import load

    if jsonl and (title or label):
        typer.echo(
            "triage check: --title and --label are for one body; with --jsonl they stand in each line.", err=True
        )
        raise typer.Exit(2)
    try:
        loaded = load(template_files(templates))
        if not loaded.templates:
            typer.echo(f"triage check: there is no issue template in {templates}.", err=True)
        if output == "text" and not jsonl:
            for problem in loaded.problems:
                if problem.severity == "error":
                    typer.echo(str(problem), err=True)
        with _opened(file) as source:
            if jsonl:
                stream(Checker(loaded), source, sys.stdout.buffer)
            else:
                _one(Checker(loaded), source, title, tuple(label or ()), output)
    except BrokenPipeError:
        raise  # whoever read the results has seen enough; typer ends quietly
    except OSError as error:
        typer.echo(f"triage check: {error.filename or 'the input'} cannot be read: {error.strerror}.", err=True)
        raise typer.Exit(2) from None
    except (InputError, FolderError) as error:
        typer.echo(f"triage check: {error}", err=True)
        raise typer.Exit(2) from None


def _opened(file: str) -> AbstractContextManager[BufferedIOBase]:
    return nullcontext(cast("BufferedIOBase", sys.stdin.buffer)) if file == "-" else Path(file).open("rb")


def _one(checker: Checker, source: BufferedIOBase, title: str, labels: tuple[str, ...], output: str) -> None:
    from bot.cli.verdicts import as_json, as_text, dumps
    from bot.forms.template import Submission

    body = source.read().decode("utf-8-sig", "replace")
    result = checker.check(Submission(title, body, labels))
    if output == "json":
        sys.stdout.buffer.write(dumps(as_json(None, result)) + b"\n")
    else:
        typer.echo("\n".join(as_text(result)))
