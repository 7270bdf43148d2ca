"""The commands `autolog store …`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from autolog import uris

if TYPE_CHECKING:
    from autolog.store.bench import Benched

_uri = click.argument("uri", envvar="MLFLOW_TRACKING_URI")


@click.group()
def store() -> None:
    """The tracking store for SQLite and PostgreSQL that writes a batch in one transaction.

    Where the URI has a password in it, give it by MLFLOW_TRACKING_URI: arguments can be seen by others on the machine.
    """


@store.command()
@_uri
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
def check(uri: str, *, as_json: bool) -> None:
    """Tell whether batches to a database go the fast path, and if not, why.

    Nothing is created or changed. Ends with 1 if the fast path is not active.
    """
    from autolog.store import printed
    from autolog.store.check import check as look

    checked = look(uri)
    if as_json:
        click.echo(printed.check_as_json(checked))
    else:
        printed.print_check(checked)
    sys.exit(0 if checked.active else 1)


@store.command()
@_uri
@click.option("--rounds", type=click.IntRange(1, 1000), default=7, show_default=True)
@click.option("--metrics", type=click.IntRange(0, 1000), default=800, show_default=True, help="In a full batch.")
@click.option("--params", type=click.IntRange(0, 100), default=100, show_default=True, help="In a full batch.")
@click.option("--tags", type=click.IntRange(0, 100), default=100, show_default=True, help="In a full batch.")
@click.option("--calls", type=click.IntRange(1, 10_000), default=25, show_default=True, help="Small ones in a round.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
@click.option("--clean", is_flag=True, help="Only remove what a bench that was killed has left.")
def bench(uri: str, *, as_json: bool, clean: bool, **sizes: Any) -> None:
    """Measure MLflow's own store and autolog's on a database.

    The database must have MLflow's tables. A scratch experiment is written there, which others can see meanwhile, and
    every row of it is removed in the end, also after Ctrl-C or an error.
    """
    if sum(sizes[name] for name in ("metrics", "params", "tags")) > 1000:
        raise click.UsageError("--metrics, --params and --tags together must not be more than 1000: MLflow's limit.")
    from rich.console import Console

    notes = Console(stderr=True, highlight=False)
    try:
        if clean:
            from autolog.store.bench import clean as remove

            notes.print(f"{remove(uri):,} rows were removed.")
        else:
            _print(_measured(uri, sizes, notes), as_json=as_json)
    except KeyboardInterrupt:
        notes.print("Stopped. Nothing of it is left in the database.")
        sys.exit(130)
    except Exception as error:
        _fail(error, as_json=as_json)


def _measured(uri: str, sizes: dict[str, int], notes: Any) -> Benched:
    from autolog.store.bench import bench as measure
    from autolog.store.measure import Size

    def say(sentence: str) -> None:
        notes.print(sentence, markup=False)

    size = Size(**sizes)
    with notes.status("Looking …") as status:
        return measure(uri, size, say, lambda number: status.update(f"Round {number} of {size.rounds} …"))


def _print(benched: Benched, *, as_json: bool) -> None:
    from autolog.store import printed

    if as_json:
        click.echo(printed.bench_as_json(benched))
    else:
        printed.print_bench(benched)


def _fail(error: Exception, *, as_json: bool) -> NoReturn:
    """End with 1 and what is wrong."""
    text = uris.scrubbed(str(error))
    if as_json:
        click.echo(json.dumps({"error": text}, indent=2))
    raise click.ClickException(text)
