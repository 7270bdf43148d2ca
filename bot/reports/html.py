"""A Report as one self-contained page: no script, nothing loaded from elsewhere, readable on a phone and on paper."""

from __future__ import annotations

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.issuebash.report import Report
from bot.reports import charts, words
from bot.resources import resource

_FOLDER = resource("templates") / "reports"
STYLE = (_FOLDER / "report.css").read_text(encoding="utf-8")
"""For the hash in a Content-Security-Policy."""
_PAGES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_PAGES.globals.update(
    charts=charts, day=words.day, duration=words.duration, median=words.median, moment=words.moment, rate=words.rate
)


def document(report: Report) -> str:
    numbers = report.numbers
    return _PAGES.get_template("report.html.j2").render(
        style=STYLE,
        report=report,
        numbers=numbers,
        headline=words.headline(report),
        sections=[section for section in report.sections if section.rows],
        empty=[section for section in report.sections if not section.rows and not section.not_known],
        not_known=[section for section in report.sections if section.not_known],
        titles={section.rule: section.title for section in report.sections},
        suggestions=words.SUGGESTIONS,
        tiers=words.TIERS,
        cohorts=[(name, one.response, *words.completeness(one.completeness)) for name, one in words.cohorts(report)],
        spreads=words.spreads(numbers),
    )
