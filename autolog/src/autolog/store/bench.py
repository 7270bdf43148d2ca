"""What `autolog store bench` does: looks whether it may, says what it will write, measures, and removes all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autolog.store import looking
from autolog.store.address import Address, Unusable
from autolog.store.check import Check, check

if TYPE_CHECKING:
    from autolog.store.measure import Figures, Size


@dataclass(frozen=True)
class Benched:
    """What was measured."""

    checked: Check
    size: Size
    figures: list[Figures]
    removed: int
    """Rows: all that were written."""


def bench(uri: str, size: Size, say: Callable[[str], None], tell: Callable[[int], None]) -> Benched:
    """Measure MLflow's store and ours on the database.

    Args:
        uri: with or without `+autolog`; both stores use the driver that `+autolog` means.
        size: how much is written.
        say: is called with sentences for people, before anything is written.
        tell: is called with the number of each timed round, from 1.

    Raises:
        Unusable: there is no database with the tables of this MLflow, or there is no fast path here.
        LeftBehind: what was written could not be removed.
    """
    checked, address = _looked(uri)
    stores = _stores(address)
    from autolog.store import measure, scratch

    if names := scratch.left_over(stores["autolog"].engine):
        say(
            f"Scratch experiments that are there already, of a bench at work or one that was killed: {len(names)}. "
            "With --clean they are removed."
        )
    say(
        f"Writing {size.rows:,} rows, about {size.megabytes(address.database):,.1f} MB, to a scratch experiment, which "
        "is then removed, after Ctrl-C as well."
        + (" SQLite's file keeps the space for later rows." if address.file else "")
    )
    figures, removed = scratch.on_scratch(
        stores["autolog"], lambda experiment, pause: measure.measure(stores, experiment, size, tell, pause)
    )
    return Benched(checked, size, figures, removed)


def clean(uri: str) -> int:
    """Remove the scratch experiments that are there, also one of a bench at work; the number of rows.

    Raises:
        Unusable: there is no database with the tables of this MLflow, or there is no fast path here.
        LeftBehind: something could not be removed.
    """
    stores = _stores(_looked(uri)[1])
    from autolog.store import scratch

    return scratch.remove_left_over(stores["autolog"].engine)


def _looked(uri: str) -> tuple[Check, Address]:
    """Stop where opening the stores would write something, or there is nothing to compare."""
    checked = check(uri)
    for problem in checked.problems:
        if problem.name != "uri":
            raise Unusable(problem.why, problem.mend)
    address, sight = checked.address, checked.sight
    if address is None or sight is None:
        raise Unusable("The database was not looked at", "Please report this.")
    if not sight.default_experiment:
        command = looking.MAKE.format(uri=address.shown_ours)
        raise Unusable(
            "MLflow's default experiment is not there yet", f"Have MLflow make it{address.left_out}: {command}"
        )
    return checked, address


def _stores(address: Address) -> dict[str, Any]:
    from autolog.store.opening import open_store

    # One URI for both, so that driver and pragmas are the same.
    return {name: open_store(address.ours, None, ours=name == "autolog") for name in ("mlflow", "autolog")}
