"""`triage lint`: checks templates and policy of a checkout, or makes a policy of another tool's configuration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.forms.load import TemplateSet
    from bot.forms.template import Problem


ImportStale = Annotated[
    Path | None,
    typer.Option(
        "--import-stale",
        metavar="FILE",
        help="Instead, print the policy that a workflow with actions/stale, or a stale.yml, comes to.",
    ),
]


def lint(
    path: Annotated[Path, typer.Argument(metavar="[PATH]", help="A repository's root.", show_default=False)] = Path(),
    import_stale: ImportStale = None,
) -> None:
    """Check the templates and the policy of a checkout. Exit 1 when there are errors, 2 when it cannot be read."""
    if import_stale is not None:
        _import(import_stale)
        return

    from bot.cli.folder import FolderError, template_files
    from bot.forms.load import load

    try:
        templates = load(template_files(path))
        problems = (*templates.problems, *_policy_problems(path, templates))
    except FolderError as error:
        typer.echo(f"triage lint: {error}", err=True)
        raise typer.Exit(2) from None
    for problem in sorted(problems, key=lambda problem: (problem.path, problem.line, problem.column)):
        typer.echo(str(_located(problem, path)))
    errors = sum(problem.severity == "error" for problem in problems)
    counts = {"template": len(templates.templates), "error": errors, "warning": len(problems) - errors}
    said = (f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items())
    typer.echo(", ".join(said) + ".", err=True)
    if errors:
        raise typer.Exit(1)


def _import(file: Path) -> None:
    """The policy to stdout, and what has no place in it to stderr."""
    from bot.cli.yaml_text import as_yaml
    from bot.triage.stale_import import convert

    try:
        made = convert(file.read_bytes(), str(file))
    except OSError as error:
        typer.echo(f"triage lint: {file} cannot be read: {error.strerror}.", err=True)
        raise typer.Exit(2) from None
    for problem in made.problems:
        typer.echo(str(problem), err=True)
    if not made.policy:
        typer.echo(f"triage lint: {file} has no step of actions/stale, and is no stale.yml.", err=True)
        raise typer.Exit(2)
    typer.echo(as_yaml(made.policy), nl=False)


def _policy_problems(root: Path, templates: TemplateSet) -> tuple[Problem, ...]:
    from bot.cli.folder import FolderError
    from bot.render import Renderer
    from bot.triage.policy import POLICY_PATH, PolicyError, load_policy
    from bot.triage.review import review

    file = root / POLICY_PATH
    if not file.exists():
        return _misplaced(root, POLICY_PATH)
    try:
        policy = load_policy(file.read_bytes())
    except OSError as error:
        raise FolderError(f"{file} cannot be read: {error.strerror}.") from None
    except PolicyError as error:
        return error.problems
    return (*Renderer(policy).problems, *review(policy, templates))


def _misplaced(root: Path, right: str) -> tuple[Problem, ...]:
    """Warns of a file that its owner takes for the policy and the bot never reads."""
    from bot.forms.template import Problem

    lookalikes = (".github/triage.yaml", "triage.yml", "triage.yaml")
    message = f"The bot does not read this file: the policy is {right}. Rename it, if it is meant to be that."
    return tuple(Problem(name, 0, 0, message, "warning") for name in lookalikes if (root / name).is_file())


def _located(problem: Problem, root: Path) -> Problem:
    """Name the file as a terminal or editor can open it."""
    file = root / problem.path
    return replace(problem, path=str(file)) if file.exists() else problem
