"""`triage journal`: what the bot did, or would have done, when and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bot.cli.options import DataDir, repository_name, settings_or_exit
from bot.cli.stored import stored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.store.journal import Entry

Repo = Annotated[
    str | None,
    typer.Option(
        "--repo", metavar="OWNER/NAME", show_default="all", callback=repository_name, help="Of this repository."
    ),
]
Number = Annotated[int | None, typer.Option("--issue", metavar="N", min=1, help="Of this issue; needs --repo.")]
Last = Annotated[int, typer.Option("--last", metavar="N", min=1, help="How many lines at most.")]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="json: one object a line.")]


def journal(
    repo: Repo = None, issue: Number = None, last: Last = 50, format_: Format = "text", data_dir: DataDir = None
) -> None:
    """Show what the bot did, when and why. In a dry run, what it would have done. The latest comes last."""
    if issue and not repo:
        raise typer.BadParameter("--issue goes with --repo: every repository has an issue of that number.")
    settings = settings_or_exit(data_dir=data_dir)

    import orjson

    from bot.store import journal as lines
    from bot.store import repositories
    from bot.store.database import StoreError

    try:
        with stored(settings).read() as connection:
            names = {each.repository.id: each.repository.full_name for each in repositories.every(connection)}
            chosen = _id_of(repo, names) if repo else None
            entries = lines.latest(connection, last, repository_id=chosen, number=issue)
    except StoreError as error:
        typer.echo(f"triage journal: {error}", err=True)
        raise typer.Exit(2) from None
    for entry in entries:
        shown = _shown(entry, names.get(entry.repository_id, str(entry.repository_id)))
        typer.echo(orjson.dumps(shown).decode() if format_ == "json" else _line(shown))
    if not entries:
        typer.echo("There is nothing in the journal for this.", err=True)


def _id_of(repo: str, names: Mapping[int, str]) -> int:
    from bot.store.database import StoreError

    for id_, name in names.items():
        if name.lower() == repo.lower():
            return id_
    raise StoreError(f"nothing is known of {repo}: no delivery about it has come in.")


def _shown(entry: Entry, repository: str) -> dict[str, Any]:
    from bot.store.times import from_ms

    return {
        "at": f"{from_ms(entry.at):%Y-%m-%dT%H:%M:%SZ}",
        "repository": repository,
        "issue": entry.number or None,
        "action": entry.kind,
        "state": entry.state,
        "detail": entry.detail,
        "because": entry.because,
        "note": entry.note,
        "delivery": entry.guid,
    }


def _line(shown: dict[str, Any]) -> str:
    where = shown["repository"] + (f"#{shown['issue']}" if shown["issue"] else "")
    what = " ".join(part for part in (shown["action"], shown["detail"]) if part)
    why = "; ".join(part for part in (shown["because"], shown["note"]) if part)
    return f"{shown['at']}  {where}  {shown['state']}  {what}" + (f": {why}" if why else "")
