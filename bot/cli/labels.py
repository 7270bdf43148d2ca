"""`triage labels`: shows which labels templates and policy use, and creates those that the policy may create."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import DataDir, RepositoryName, settings_or_exit

if TYPE_CHECKING:
    from bot.forms.load import TemplateSet
    from bot.triage.labels import LabelStock
    from bot.triage.policy import Policy

MISSING = "missing"
Apply = Annotated[bool, typer.Option("--apply", help="Create those that are missing and may be created; as the App.")]


def labels(repo: RepositoryName, apply: Apply = False, data_dir: DataDir = None) -> None:
    """Show which labels the bot would use. Each is there, missing (it may create it), or left out (it may not)."""
    settings = settings_or_exit(data_dir=data_dir)

    from bot.cli.preview import app_of, explained, reader_for
    from bot.forms.load import load
    from bot.github.errors import GitHubError
    from bot.triage.labels import LabelStock
    from bot.triage.plan import CreateLabel
    from bot.work.preview import policy_in

    app = app_of(settings)
    if apply and app is None:
        typer.echo(
            "triage labels: --apply acts as the App, and there are no credentials: see `triage doctor`.", err=True
        )
        raise typer.Exit(2)
    owner, name = repo.split("/")
    try:
        installed = app.installation_of(owner, name) if apply and app else None
        reader = installed.reader if installed else reader_for(settings, owner, name)
        repository = reader.repository(owner, name)
        files = reader.files(repository)
        policy, problems = policy_in(files)
        for problem in problems:
            typer.echo(str(problem), err=True)
        stock = LabelStock(policy.labels, reader.labels(repository))
        for label in _used(policy, load(files.templates)):
            state = _state(stock, label)
            if installed and state == MISSING:
                for action in stock.add([stock.real_name(label) or label], "asked for by hand"):
                    if isinstance(action, CreateLabel):
                        installed.writer.perform(repository, 0, action)
                        state = "created"
            typer.echo(f"{state:<9}  {label}")
    except GitHubError as error:
        typer.echo(f"triage labels: {explained(error, repo)}", err=True)
        raise typer.Exit(2) from None


def _state(stock: LabelStock, label: str) -> str:
    if label.lower() in (stock.known or {}):
        return "there"
    return MISSING if stock.real_name(label) else "left out"


def _used(policy: Policy, templates: TemplateSet) -> list[str]:
    """Each label once, whatever its case."""
    said, printouts = policy.labels, policy.printouts.values()
    sources = (
        [said.needs_info, said.needs_triage],
        said.create,
        *(template.labels for template in templates.templates),
        *said.templates.values(),
        *(names for fields in said.answers.values() for options in fields.values() for names in options.values()),
        *(names for printout in printouts for options in printout.labels.values() for names in options.values()),
        *([rule.label] for printout in printouts for rule in printout.versions.values()),
    )
    found = (label for source in sources for label in source if label)
    return list({label.lower(): label for label in found}.values())
