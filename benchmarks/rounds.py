"""Rounds, medians and the printed table: what every figure has in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: `ours` and `peer` are medians of `rounds`, `ratio` is the median of the rounds' ratios."""

    what: str
    ours: float
    unit: str
    against: str = ""
    peer: float | None = None
    ratio: float | None = None
    want: str = ""
    rounds: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """The result of one part of the benchmarks."""

    title: str
    rows: list[Row]
    notes: list[str] = field(default_factory=list)


def compare(
    what: str, unit: str, ours: Sequence[float], against: str = "", peer: Sequence[float] = (), want: str = ""
) -> Row:
    """A Row from interleaved rounds: the n-th of ours ran next to the n-th of the peer's."""
    rounds = {"ours": list(ours), **({against: list(peer)} if peer else {})}
    ratio = median(mine / its for mine, its in zip(ours, peer, strict=True)) if peer else None
    return Row(what, median(ours), unit, against, median(peer) if peer else None, ratio, want if peer else "", rounds)


def print_part(part: Part) -> None:
    print(f"\n{part.title}\n{'-' * len(part.title)}")
    for row in part.rows:
        line = f"  {row.what:<52} {_figure(row.ours):>9} {row.unit:<10}"
        if row.peer is not None:
            line += f" {_figure(row.peer):>9}  {row.against}"
        if row.ratio is not None:
            line += f": {row.ratio:.2f} times"
        print(line + (f"   (want {row.want})" if row.want else ""))
    for note in part.notes:
        print(f"  {note}")


def as_json(parts: Sequence[Part]) -> dict[str, Any]:
    return {"parts": [asdict(part) for part in parts]}


def _figure(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
