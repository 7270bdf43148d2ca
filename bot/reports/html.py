"""A Report as one self-contained page: no script, nothing loaded from elsewhere, readable on a phone and on paper."""

from __future__ import annotations

import re

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.issuebash.report import Evidence, Report
from bot.reports import charts, words
from bot.resources import resource
from bot.triage.escape import one_line, visible

_FOLDER = resource("templates") / "reports"
STYLE = (_FOLDER / "report.css").read_text(encoding="utf-8")
"""For the hash in a Content-Security-Policy."""
_TITLE = 200
_FACT = 300
_NAME = 60
_NUMBERED = re.compile(r"/(?:issues|pull)/(\d+)$")


def _words(text: str, limit: int = _NAME) -> Markup:
    """What people wrote: on one line, cut, without what nobody sees, and turned round by no neighbour."""
    return Markup("<bdi>{}</bdi>").format(one_line(text, limit))


def _title(text: str) -> Markup:
    return _words(text, _TITLE)


def _evidence(fact: Evidence) -> Markup:
    """Linked where it names the issue that its address leads to, else by its date."""
    url = words.link(fact.url)
    text, is_linked = _numbered(one_line(fact.text, _FACT), url)
    told = Markup("<bdi>{}</bdi>").format(text)
    rest = "" if is_linked or not url else url
    if fact.at is None:
        return told + (Markup(' <a href="{}">see there</a>').format(rest) if rest else "")
    day = Markup("<time>{}</time>").format(words.day(fact.at))
    return told + " " + (Markup('<a href="{}">{}</a>').format(rest, day) if rest else day)


def _numbered(text: str, url: str) -> tuple[Markup | str, bool]:
    """The text with `#12` as a link where the address is that of issue or pull request 12; and whether it is."""
    number = _NUMBERED.search(url)
    name = number and re.search(rf"(?:[\w.-]+/[\w.-]+)?#{number[1]}\b", text)
    if not name:
        return text, False
    parts = text[: name.start()], url, name[0], text[name.end() :]
    return Markup('{}<a href="{}">{}</a>{}').format(*parts), True


_PAGES = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=lambda value: visible(value) if type(value) is str else value,
)
_PAGES.filters.update(title=_title, words=_words, evidence=_evidence, link=words.link)
_PAGES.globals.update(
    charts=charts, day=words.day, duration=words.duration, median=words.median, moment=words.moment, rate=words.rate
)


def document(report: Report) -> str:
    numbers = report.numbers
    return _PAGES.get_template("report.html.j2").render(
        style=STYLE,
        report=report,
        name=words.repository(report),
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
