"""A Report as Markdown that can be posted as an issue: it pings and links nobody, and fits GitHub's limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.issuebash.numbers import Cohort, Month
from bot.issuebash.report import REPORT_MARKER, Evidence, Report, Row, Section
from bot.reports import words
from bot.triage.escape import cell, escape

LONGEST = 65_000
"""Characters of one page; GitHub takes 65,536."""
_TITLE = 120
_FACT = 240
_SOURCE = 800
_RESPONSES = (
    "| | Issues | First response, median | Within 7 days | Complete at filing | Complete after the ask |\n"
    "|---|---:|---:|---:|---:|---:|\n"
)
_SPREADS = "| | Half are below | 75 % | 90 % | Longest |\n|---|---:|---:|---:|---:|\n"
_MONTHS = "| Month | Opened | Closed | Reopened | Open at its end |\n|---|---:|---:|---:|---:|\n"
_HEAD = "| Issue | For it | Against it | Suggested |\n|---|---|---|---|\n"


def title(report: Report) -> str:
    """Of the issue that a report is posted as."""
    return f"Issue-bash report: what to close, answer or fix ({words.day(report.at)})"


def pages(report: Report) -> tuple[str, ...]:
    """The issue's body, then comments; each fits. Split between rows, with the table's head repeated."""
    found: list[str] = []
    page = f"{REPORT_MARKER}\n{_summary(report)}"
    for heading, head, rows in (*_sections(report), *_numbers(report)):
        page = _add(found, page, f"\n{heading}\n\n{head}", rows[:1])
        for row in rows[1:]:
            if len(page) + len(row) > LONGEST:
                found.append(page)
                page = f"{REPORT_MARKER}\n{heading.splitlines()[0]} (continued)\n\n{head}"
            page += row
    return (*found, page)


def _add(found: list[str], page: str, opening: str, first: list[str]) -> str:
    """A section begins on a page where its head and first row fit."""
    block = opening + "".join(first)
    if len(page) + len(block) <= LONGEST:
        return page + block
    found.append(page)
    return f"{REPORT_MARKER}\n{block.lstrip()}"


def _summary(report: Report) -> str:
    where = f"in {escape(words.repository(report))} on {words.day(report.at)}"
    lines = [f"**{words.counted(report.open_issues, 'open issue')}** {where}. {words.headline(report)}", ""]
    if report.partial:
        lines += [f"**This report is partial.** {report.partial}", ""]
    lines += ["| Section | Issues |", "|---|---:|"]
    lines += [f"| {one.title} | {'not known' if one.not_known else f'{one.total:,}'} |" for one in report.sections]
    lines += ["", _rest(report)]
    return "\n".join(lines) + "\n"


def _rest(report: Report) -> str:
    """Where the other issues are, so that the numbers add up."""
    homeless = report.in_no_section
    parts = [] if homeless is None else [f"{words.counted(homeless, 'open issue')} in no section"]
    parts += [f"{count:,} {reason}" for reason, count in report.left_out.items()]
    told = [f"Left aside: {'; '.join(parts)}."] if parts else []
    told += [f"Source: {escape(report.source, _SOURCE)}. Made {words.moment(report.at)}."] if report.source else []
    return " ".join(told)


def _sections(report: Report) -> Iterator[tuple[str, str, list[str]]]:
    for section in report.sections:
        if section.not_known:
            yield f"### {section.title}", f"Not known. {escape(section.not_known)}\n", []
        elif section.rows:
            yield f"### {section.title}\n\n{_meaning(section)}", _HEAD, [_row(row) for row in section.rows]


def _meaning(section: Section) -> str:
    shown = len(section.rows)
    cut = f" The first {shown} of {section.total:,}." if shown < section.total else ""
    return escape(section.meaning, 500) + cut


def _row(row: Row) -> str:
    link = f"{_issue(row)} {cell(row.title, _TITLE)}"
    also = f"<br>Also: {', '.join(tag.replace('_', ' ') for tag in row.tags)}" if row.tags else ""
    kind = f"<br>({words.TIERS[row.hit.tier]})"
    suggestion = words.SUGGESTIONS[row.hit.suggestion]
    return f"| {link}{also} | {_facts(row.hit.facts)}{kind} | {_facts(row.hit.counter)} | {suggestion} |\n"


def _issue(row: Row) -> str:
    """Without an address as code, since GitHub would take the bare number for a mention."""
    url = words.quiet_link(row.url)
    return f"[#{row.number}]({url})" if url else f"`#{row.number}`"


def _facts(facts: Iterable[Evidence]) -> str:
    return "<br>".join(map(_fact, facts))


def _fact(fact: Evidence) -> str:
    text, url = cell(fact.text, _FACT), words.quiet_link(fact.url)
    if fact.at is None:
        return f"{text} ([link]({url}))" if url else text
    shown = words.day(fact.at)
    return f"{text} ([{shown}]({url}))" if url else f"{text} ({shown})"


def _numbers(report: Report) -> Iterator[tuple[str, str, list[str]]]:
    if report.numbers.not_known:
        yield "### Numbers that are not known", "", [f"- {line}\n" for line in report.numbers.not_known]
    yield "### Responses", _RESPONSES, [_cohort(name, cohort) for name, cohort in words.cohorts(report)]
    numbers = report.numbers
    if spreads := words.spreads(numbers):
        rows = [_cells(name, *map(words.duration, (it.p50, it.p75, it.p90, it.most))) for name, it in spreads]
        yield "### Open issues", _SPREADS, rows
    if numbers.months:
        rows = [_cells(f"{it.start:%Y-%m}", *map(_number, _flow(it))) for it in numbers.months[::-1]]
        yield f"### Month by month\n\n{_chart(report)}", _MONTHS, rows


def _cohort(name: str, cohort: Cohort) -> str:
    response = cohort.response
    cells = (_number(response.issues), words.median(response), words.rate(response))
    return _cells(cell(name), *cells, *words.completeness(cohort.completeness))


def _flow(month: Month) -> tuple[int, int, int, int]:
    return month.opened, month.closed, month.reopened, month.backlog


def _number(value: int) -> str:
    return f"{value:,}"


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _chart(report: Report) -> str:
    """The backlog; the table beside it says the same to those who see no chart."""
    months = report.numbers.months[-12:]
    labels = ", ".join(f'"{it.start:%b %y}"' for it in months)
    values = ", ".join(str(max(it.backlog, 0)) for it in months)
    return (
        f'```mermaid\nxychart-beta\n  title "Open issues at the end of each month"\n  x-axis [{labels}]\n'
        f'  y-axis "open issues" 0 --> {max(1, *(it.backlog for it in months))}\n  line [{values}]\n```'
    )
