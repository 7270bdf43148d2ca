"""Options that several commands share, and the settings they lead to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.settings import Settings

DataDir = Annotated[
    Path | None,
    typer.Option(help="Where keys and the database are kept.", show_default="TRIAGE_DATA_DIR or ./data"),
]


def settings_or_exit(*, host: str | None = None, port: int | None = None, data_dir: Path | None = None) -> Settings:
    """The settings; where they cannot be used, says why and ends with 2."""
    from bot.settings import SettingsError, load_settings

    try:
        return load_settings(host=host, port=port, data_dir=data_dir)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def repository_name(value: str | None) -> str | None:
    """Refuses what cannot be a repository's full name."""
    parts = (value or "").split("/")
    if value is not None and (len(parts) != 2 or not all(parts)):
        raise typer.BadParameter("must look like OWNER/NAME, such as octo-org/hello-world.")
    return value


RepositoryName = Annotated[
    str, typer.Option("--repo", metavar="OWNER/NAME", callback=repository_name, help="The repository on GitHub.")
]
