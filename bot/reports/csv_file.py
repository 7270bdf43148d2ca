"""A Report as CSV for a sitting: a line an issue, with empty columns for what is decided."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from bot.issuebash.report import Evidence, Report
from bot.reports import words
from bot.triage.escape import one_line

_COLUMNS = (
    "Section",
    "Issue",
    "Title",
    "Link",
    "Author",
    "Opened",
    "Last activity",
    "Comments",
    "Reactions",
    "Labels",
    "Evidence",
    "For it",
    "Against it",
    "Suggested",
    "Also",
    "Resolution",
    "Notes",
)
_FORMULA = re.compile(r'(^|;)(?=[ "]*[=+\-@\uff1d\uff0b\uff0d\uff20])')
"""Before what spreadsheets take for a formula, in its full-width forms, too; where a comma is the decimal sign, a `;`
begins a cell for them, even within quotes."""
_LONGEST = 2000
"""Characters of a cell."""


def text(report: Report) -> str:
    """With a byte order mark, without which Excel reads UTF-8 as something else; other programs skip it."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(_COLUMNS)
    titles = {section.rule: section.title for section in report.sections}
    for section in report.sections:
        for row in section.rows:
            cells = (
                section.title,
                row.number,
                row.title,
                words.link(row.url),
                row.author,
                words.day(row.created_at),
                words.day(row.last_human_at),
                row.comments,
                "" if row.reactions is None else row.reactions,
                ", ".join(row.labels),
                words.TIERS[row.hit.tier],
                _facts(row.hit.facts),
                _facts(row.hit.counter),
                words.SUGGESTIONS[row.hit.suggestion],
                ", ".join(titles.get(tag, tag) for tag in row.tags),
                "",
                "",
            )
            writer.writerow([cell if isinstance(cell, int) else _safe(cell) for cell in cells])
    return "\ufeff" + out.getvalue()


def _facts(facts: Iterable[Evidence]) -> str:
    return "; ".join(f"{it.text} ({words.day(it.at)})" if it.at else it.text for it in facts)


def _safe(cell: str) -> str:
    """On one line, without what nobody sees. An apostrophe makes text of a formula wherever it is opened."""
    return _FORMULA.sub(r"\1'", one_line(cell, _LONGEST))
