"""`triage check`: checks one body, or a stream of them, against a folder of templates."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.forms.check import Checker
    from bot.forms.template import Check, Submission

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


class InputError(Exception):
    """The input cannot be used; the message is for people."""


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
        checker = Checker(loaded)
        with _opened(file) as source:
            if jsonl:
                _stream(checker, source, sys.stdout.buffer)
            else:
                _one(checker, source, title, tuple(label or ()), output)
    except (InputError, FolderError) as error:
        typer.echo(f"triage check: {error}", err=True)
        raise typer.Exit(2) from None


def _opened(file: str) -> AbstractContextManager[IO[bytes]]:
    if file == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from None


def _one(checker: Checker, source: IO[bytes], title: str, labels: tuple[str, ...], output: str) -> None:
    from bot.forms.template import Submission

    body = source.read().decode("utf-8-sig", "replace")
    result = checker.check(Submission(title, body, labels))
    if output == "json":
        sys.stdout.buffer.write(_dumps(as_json(None, result)) + b"\n")
    else:
        typer.echo("\n".join(as_text(result)))


def _stream(checker: Checker, source: IO[bytes], target: IO[bytes]) -> None:
    """Check line by line; each answer leaves before the next line is read."""
    for number, line in enumerate(source, 1):
        if line.isspace():
            continue
        try:
            identity, submission = _read(line)
        except (ValueError, RecursionError) as error:
            target.flush()
            raise InputError(f"line {number}: {error}.") from None
        target.write(_dumps(as_json(identity, checker.check(submission))) + b"\n")
        target.flush()


def _read(line: bytes) -> tuple[Any, Submission]:
    """Read one line of input; raises ValueError with what is wrong."""
    from bot.forms.template import Submission

    item = _loads(line)
    if not isinstance(item, dict):
        raise ValueError('this is no JSON object of the form {"id","title","body","labels"}')
    identity, title, body, labels = item.get("id"), item.get("title"), item.get("body"), item.get("labels")
    if not isinstance(identity, str | int | float | None):
        raise ValueError('"id" must be a string, a number or null')
    for key, value in (("title", title), ("body", body)):
        if not isinstance(value, str | None):
            raise ValueError(f'"{key}" must be a string or null')
    if not isinstance(labels, list | None):
        raise ValueError('"labels" must be a list or null')
    names = [label.get("name") if isinstance(label, dict) else label for label in labels or ()]
    if not all(isinstance(name, str) for name in names):
        raise ValueError('"labels" must hold strings')
    return identity, Submission(title or "", body or "", tuple(map(str, names)))


def _loads(line: bytes) -> Any:
    """Parse JSON; the standard library takes over where orjson is too strict: lone surrogates."""
    import json

    import orjson

    try:
        return orjson.loads(line)
    except ValueError:
        pass
    try:
        return json.loads(line.decode("utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"this is not JSON ({error})") from None


def _dumps(item: object) -> bytes:
    import json

    import orjson

    try:
        return orjson.dumps(item)
    except TypeError:
        return json.dumps(item).encode()


def as_json(identity: object, result: Check) -> dict[str, Any]:
    """The result in the shape that other tools rely on."""
    template = result.match.template
    return {
        "id": identity,
        "template": template.file if template else None,
        "confidence": result.match.confidence,
        "ambiguous": [rival.file for rival in result.match.rivals],
        "fields": [
            {
                "field": field.id,
                "label": field.label,
                "type": field.type,
                "required": field.required,
                "status": status,
                "value": value,
                "reason": reason,
            }
            for field, status, value, reason, _ in result.answers
        ],
        "complete": result.complete,
    }


def as_text(result: Check) -> Iterable[str]:
    """The result for people."""
    match = result.match
    if match.template is None:
        if match.rivals:
            yield f"Template: one of {', '.join(rival.file for rival in match.rivals)}; nothing tells them apart."
        else:
            yield "Template: none of them."
        return
    yield f"Template: {match.template.file} (confidence {match.confidence:.2f})"
    for answer in result.answers:
        required = ", required" if answer.field.required else ""
        reason = f": {answer.reason}" if answer.reason else ""
        yield f"  {answer.status:<11}  {answer.field.label} ({answer.field.type}{required}){reason}"
    yield f"Complete: {'yes' if result.complete else 'no'}"
