"""Reads the tables of docs/autolog/what-is-logged.md, and holds them against runs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.autolog.stage import Seen
from tests.docs.reading import DOCS, text_of

PAGE = DOCS / "autolog/what-is-logged.md"
KINDS = ("Param", "Metric", "Tag", "Artifact")
METRICS = ("loss", "mae")
"""Those of the models here: what NAME stands for among metrics."""


def part(heading: str) -> str:
    """The page's part under a `## ` heading."""
    (found,) = re.findall(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text_of(PAGE), re.MULTILINE | re.DOTALL)
    return str(found)


def named(heading: str, kind: str) -> set[str]:
    """What the first columns of the tables of one kind name."""
    tables = re.findall(rf"^\| {kind} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", part(heading), re.MULTILINE)
    rows = [row for table in tables for row in table.splitlines()]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row.split(" | ")[0])}


def pattern(name: str, own: Iterable[str]) -> re.Pattern[str]:
    anything = "|".join(own) if own else ".+"
    return re.compile(re.escape(name).replace("NAME", f"(?:{anything})"))


def logged(runs: Iterable[Seen], kind: str) -> set[str]:
    found = {"Param": "params", "Metric": "metrics", "Tag": "tags", "Artifact": "artifacts"}[kind]
    return {name for run in runs for name in getattr(run, found)}


def compare(heading: str, runs: Iterable[Seen], metrics: Iterable[str] = METRICS, params: Iterable[str] = ()) -> None:
    """Hold the part of the page under `heading` against `runs`.

    Args:
        heading: of the part.
        runs: as they are in the store.
        metrics: of the models: what NAME stands for.
        params: of the user's own: what NAME stands for where it is all of a param's name.
    """
    runs = list(runs)
    for kind in KINDS:
        names, there = named(heading, kind), logged(runs, kind)
        patterns = [
            pattern(name, metrics if kind == "Metric" else params if (kind, name) == ("Param", "NAME") else ())
            for name in names
        ]
        unnamed = sorted(each for each in there if not any(it.fullmatch(each) for it in patterns))
        assert not unnamed, f"{heading}, {kind}: not in the table: {unnamed}"
        missing = sorted(it.pattern for it in patterns if not any(it.fullmatch(each) for each in there))
        assert not missing, f"{heading}, {kind}: in the table, and not logged: {missing}"
