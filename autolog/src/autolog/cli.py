"""The program `autolog`."""

from __future__ import annotations

import sys

import click

from autolog import __version__
from autolog.store.commands import store


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Keras and TensorFlow training that logs itself into MLflow."""


@main.command()
@click.option("--json", "as_json", is_flag=True, help="As a JSON object instead of a block to paste.")
def doctor(*, as_json: bool) -> None:
    """Print the environment that a bug report needs. Passwords and tokens are left out."""
    from autolog.doctor import report

    click.echo(report(as_json=as_json))


@main.command()
@click.option("--tracking-uri", metavar="URI", help="Only what was meant for this server, with its credentials.")
def sync(tracking_uri: str | None) -> None:
    """Deliver what could not be delivered while training.

    Where a tracking URI has a user and a password in it, give it by --tracking-uri or MLFLOW_TRACKING_URI: they are not
    kept on disk. Ends with 1 if something is still undelivered.
    """
    from autolog.delivery.sync import sync as deliver

    left = 0
    for result in deliver(tracking_uri):
        click.echo(result.sentence())
        left += not result.delivered
    if left:
        click.echo("Nothing is lost: what is left stays where it is.")
        sys.exit(1)


main.add_command(store)


if __name__ == "__main__":
    main()
