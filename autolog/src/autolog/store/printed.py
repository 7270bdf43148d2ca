"""What `autolog store check` and `autolog store bench` print: for people, 80 columns wide, and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich import box
from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from autolog.store.bench import Benched
    from autolog.store.check import Check
    from autolog.store.measure import Figures

FORMAT = 1
"""Counted up when a program that reads the JSON would have to change."""
_BAR = 36
_TITLE = 18
"""Columns of the longest bar and of the names of the kinds."""
_NAMES = {"mlflow": "MLflow", "autolog": "autolog"}


def print_check(checked: Check) -> None:
    console = Console(highlight=False)
    facts = Table.grid(padding=(0, 2))
    for name, value in {**checked.facts, "fast path": _fast_path(checked)}.items():
        facts.add_row(Text(name), Text(value, overflow="fold"))
    console.print(facts)
    for problem in checked.problems:
        # Not wrapped: there are commands to copy in it.
        console.print(f"\n{problem.why}.\n  {problem.mend}", markup=False, soft_wrap=True)


def check_as_json(checked: Check) -> str:
    found = {"active": checked.active, **checked.facts, "problems": [asdict(each) for each in checked.problems]}
    return json.dumps({"autolog store check": FORMAT, **found}, indent=2)


def print_bench(benched: Benched) -> None:
    console = Console(highlight=False)
    plain = console.options.ascii_only
    console.print(Group("", _table(benched.figures), "", *_chart(benched.figures, plain=plain), ""))
    if refused := [each.kind.title for each in benched.figures if each.refused]:
        console.print(f"This version of MLflow cannot do that by its own store: {', '.join(refused)}.")
    size, facts = benched.size, benched.checked.facts
    used = [facts.get("server"), facts["driver"], f"MLflow {facts['MLflow']}"]
    console.print(
        f"A full batch is {size.metrics} metrics, {size.params} params and {size.tags} tags. Rounds: {size.rounds}, "
        f"of which these are the medians. {', '.join(filter(None, used))}.",
        markup=False,
    )
    console.print(f"{benched.removed:,} rows were removed again; none is left.")


def bench_as_json(benched: Benched) -> str:
    return json.dumps(
        {
            "autolog store bench": FORMAT,
            **benched.checked.facts,
            "size": asdict(benched.size),
            "rows removed": benched.removed,
            "kinds": [_kind(each) for each in benched.figures],
        },
        indent=2,
    )


def _kind(figures: Figures) -> dict[str, Any]:
    named = {"kind": figures.kind.name, "title": figures.kind.title, "refused": figures.refused}
    if figures.refused:
        return named
    return {
        **named,
        "times": figures.times,
        **{
            name: {
                "per second": figures.per_second(name),
                **asdict(figures.counts[name]),
                "seconds": figures.seconds[name],
            }
            for name in _NAMES
        },
    }


def _fast_path(checked: Check) -> str:
    return "active" if checked.active else "NOT active"


def _table(figures: list[Figures]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("", min_width=_TITLE)
    for head in ("MLflow\nper second", "autolog\nper second", "\ntimes", "\nstatements", "\ntransactions"):
        table.add_column(head, justify="right")
    for each in figures:
        if each.refused:
            table.add_row(each.kind.title, "refused")
            continue
        before, after = (each.counts[name] for name in _NAMES)
        table.add_row(
            each.kind.title,
            *map(_figure, [*map(each.per_second, _NAMES), each.times]),
            f"{before.statements} to {after.statements}",
            f"{before.transactions} to {after.transactions}",
        )
    return table


def _chart(figures: list[Figures], *, plain: bool) -> list[RenderableType]:
    """Two bars for each kind, on a scale of its own: the kinds are too far apart for one."""
    rows: list[RenderableType] = ["Calls a second; each pair has a scale of its own"]
    for each in figures:
        if each.refused:
            continue
        grid = Table.grid(padding=(0, 1))
        for width in (_TITLE, 7, _BAR):
            grid.add_column(width=width)
        grid.add_column(justify="right")
        longest = max(map(each.per_second, _NAMES))
        for title, (name, shown) in zip((each.kind.title, ""), _NAMES.items(), strict=True):
            rate = each.per_second(name)
            bar = Text("#" * round(_BAR * rate / longest)) if plain else Bar(longest, 0, rate, width=_BAR)
            grid.add_row(title, shown, bar, _figure(rate))
        rows.append(Padding(grid, (1, 0, 0, 0)))
    return rows


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
