"""The Markdown form: fits GitHub, breaks no table, pings and links nobody, and reads well."""

# ruff: noqa: E501 - a row of a table is one line
from __future__ import annotations

import re
from dataclasses import replace

import pytest
from inline_snapshot import snapshot
from markdown_it import MarkdownIt

from bot.issuebash.report import REPORT_MARKER, Evidence, Report
from bot.reports import html, markdown
from tests.bot.issuebash.making import NOW
from tests.bot.reports.making import report


def test_the_whole_of_it():
    (page,) = markdown.pages(report())
    head, _, _ = page.partition("### Month by month")
    assert head == snapshot("""\
<!-- community-triage-bot:report -->
**9 open issues** in octo/widgets on 2026-11-20. Probably to close: 4. To answer: 1. To nudge: 1. To decide: 2.

| Section | Issues |
|---|---:|
| Probably fixed | 2 |
| Duplicates | 1 |
| Answered | 1 |
| Our turn | 0 |
| Waiting on author | 1 |
| Easy to answer | 0 |
| Outdated | not known |
| No maintainer reply | 1 |
| Needs decision | 1 |
| Popular and old | 0 |
| Zombie assignee | 0 |
| Voices after close | 1 |

Left aside: 1 open issue in no section; 1 pinned. Source: a test. Made 2026-11-20 12:00 UTC.

### Probably fixed

A pull request that is linked or mentions the issue was merged since it was last opened.

| Issue | For it | Against it | Suggested |
|---|---|---|---|
| [#7](https://redirect.github.com/octo/widgets/issues/7) Saving a widget crashes<br>Also: no maintainer reply | Pull request `#50` was merged, which is to close this issue: Fix `#7` \\| by `@nico` ([2026-11-10](https://redirect.github.com/octo/widgets/pull/50))<br>(a fact) |  | Check that it is fixed, and close it |
| [#8](https://redirect.github.com/octo/widgets/issues/8) Saving a widget crashes | Pull request `#50` was merged, which is to close this issue: Change the saving of widgets ([2026-11-10](https://redirect.github.com/octo/widgets/pull/50))<br>(a guess) | ben wrote after that that it still happens ([2026-11-18](https://redirect.github.com/octo/widgets/issues/8#issuecomment-2001)) | See what the fix left open |

### Duplicates

A maintainer called it a duplicate or pointed to another issue, or an older one has a like title and shows the same error.

| Issue | For it | Against it | Suggested |
|---|---|---|---|
| [#11](https://redirect.github.com/octo/widgets/issues/11) Saving a widget crashes | maya called it a duplicate of `#3` ([2026-11-15](https://redirect.github.com/octo/widgets/issues/11#issuecomment-5001))<br>`#3` is the one to keep ([link](https://redirect.github.com/octo/widgets/issues/3))<br>(a fact) |  | Close it as a duplicate |

### Answered

The author says that it is settled, or a maintainer's answer to a question stands for 30 days.

| Issue | For it | Against it | Suggested |
|---|---|---|---|
| [#10](https://redirect.github.com/octo/widgets/issues/10) Saving a widget crashes | maya answered ([2026-10-31](https://redirect.github.com/octo/widgets/issues/10#issuecomment-20001))<br>ann wrote that it is settled ([2026-11-01](https://redirect.github.com/octo/widgets/issues/10#issuecomment-19001))<br>(two signals) |  | Close it as answered |

### Waiting on author

The maintainers' last word asks the author for something and is 14 days old or more.

| Issue | For it | Against it | Suggested |
|---|---|---|---|
| [#9](https://redirect.github.com/octo/widgets/issues/9) Pipes \\| break `@maya's` table &lt;!-- hi --&gt; `x` `#12` =HYPERLINK(1) | maya asked the author for something ([2026-10-31](https://redirect.github.com/octo/widgets/issues/9#issuecomment-20001))<br>A label says that it waits for the author<br>(a fact) |  | Remind the author, or close it |

### Outdated

Not known. The source does not tell releases.

### No maintainer reply

Filed 7 days ago or more by somebody who is no maintainer, and none has replied.

| Issue | For it | Against it | Suggested |
|---|---|---|---|
| [#12](https://redirect.github.com/octo/widgets/issues/12) =1+1 | Filed by ann, and no maintainer wrote ([2026-08-12](https://redirect.github.com/octo/widgets/issues/12))<br>(a fact) | ben replied, who is no maintainer ([2026-11-17](https://redirect.github.com/octo/widgets/issues/12#issuecomment-3001)) | Reply |

### Needs decision

It has one of the labels needs-decision, needs decision, rfc, proposal, discussion.

| Issue | For it | Against it | Suggested |
|---|---|---|---|
| [#13](https://redirect.github.com/octo/widgets/issues/13) Saving a widget crashes | It has the label rfc ([2026-11-11](https://redirect.github.com/octo/widgets/issues/13))<br>(a fact) |  | Decide, or say who will |

### Voices after close

Closed, and 2 people or more who are no maintainers wrote on it within 90 days.

| Issue | For it | Against it | Suggested |
|---|---|---|---|
| [#5](https://redirect.github.com/octo/widgets/issues/5) Saving a widget crashes | 2 people wrote since the closing ([2026-10-21](https://redirect.github.com/octo/widgets/issues/5))<br>ben wrote ([2026-11-11](https://redirect.github.com/octo/widgets/issues/5#issuecomment-9001))<br>carl wrote ([2026-11-12](https://redirect.github.com/octo/widgets/issues/5#issuecomment-8001))<br>(a guess) |  | Look again, and reopen or explain |

### Responses

| | Issues | First response, median | Within 7 days | Complete at filing | Complete after the ask |
|---|---:|---:|---:|---:|---:|
| All issues | 34 | 4 days | 71 % | 33 % | 54 % |
| Before the bot (2026-05-04) | 17 | 4 days | 71 % | 32 % | 50 % |
| With the bot | 17 | 5 days | 71 % | 35 % | 57 % |
| from no template | 17 | 8 days | 47 % | 32 % | 100 % |
| bug\\_report.yml | 17 | 3 days | 94 % | 35 % | 0 % |

### Open issues

| | Half are below | 75 % | 90 % | Longest |
|---|---:|---:|---:|---:|
| Age | 6 months | 10 months | 12 months | 13 months |
| Time since a person last took part | 6 months | 10 months | 12 months | 13 months |

""")


def test_long_reports_are_split_between_rows_and_every_page_fits():
    made = report(limit=500, more=450)
    pages = markdown.pages(made)
    assert len(pages) > 1
    assert all(len(page) <= 65_536 for page in pages)
    assert all(page.startswith(REPORT_MARKER) for page in pages)
    rows = [line for page in pages for line in page.splitlines() if line.startswith("| [#")]
    assert len(rows) == sum(len(section.rows) for section in made.sections)
    assert "### No maintainer reply (continued)\n\n| Issue |" in pages[1]


def test_every_table_keeps_its_columns():
    parser = MarkdownIt("commonmark").enable("table")
    for page in markdown.pages(report()):
        tables = re.findall(r"<table>.*?</table>", parser.render(page), re.DOTALL)
        assert len(tables) >= 7
        for table in tables:
            rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
            assert len({len(re.findall(r"<t[hd]", row)) for row in rows}) == 1
        assert "| [#" not in parser.render(page)


def test_no_link_makes_a_backlink_and_nobody_is_pinged():
    text = "\n".join(markdown.pages(report()))
    outside_code = re.sub(r"(`+).+?\1", "", text)
    assert "https://github.com" not in outside_code
    assert not re.search(r"(?<!\[)#\d", outside_code)
    assert "@" not in outside_code


def with_row(**changes: object) -> Report:
    """The report with its first row changed."""
    made = report()
    first, *others = made.sections
    row = replace(first.rows[0], **changes)  # type: ignore[arg-type]
    return replace(made, sections=(replace(first, rows=(row, *first.rows[1:])), *others))


def test_pipes_within_code_break_no_table_and_ping_nobody():
    hit = replace(report().sections[0].rows[0].hit, facts=(Evidence("wrote `a|#1`, cc @ben|@maya"),))
    (page,) = markdown.pages(with_row(title="cc @ann|@octocat please", hit=hit))
    assert r"cc `@ann\|@octocat` please" in page
    shown = MarkdownIt("commonmark").enable("table").render(page)
    row = next(row for row in re.findall(r"<tr>.*?</tr>", shown, re.DOTALL) if "octocat" in row)
    assert row.count("<td>") == 4
    assert not re.search(r"@|>#1", re.sub(r"<code>.*?</code>", "", row).replace("#7</a>", ""))


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "x) | @maya", "http://", "https://[", "//github.com/o/r"])
def test_only_addresses_of_the_web_are_links(url: str):
    row = report().sections[0].rows[0]
    fact = replace(row.hit.facts[0], url=url)
    (page,) = markdown.pages(with_row(url=url, hit=replace(row.hit, facts=(fact,))))
    shown = next(line for line in page.splitlines() if line.startswith("| `#7` "))
    assert "](" not in shown
    assert "javascript" not in shown


def test_an_address_does_not_end_its_link_early():
    (page,) = markdown.pages(with_row(url="https://git.example.com/a b) | @maya [x](y)"))
    assert "| [#7](https://git.example.com/a%20b%29%20%7C%20@maya%20%5Bx%5D%28y%29) Saving" in page


def test_the_chart_stands_beside_a_table_that_says_the_same():
    (page,) = markdown.pages(report())
    chart = page[page.index("```mermaid") :]
    values = re.search(r"line \[(.*)\]", chart)
    assert values
    shown = [int(value) for value in values[1].split(", ")]
    table = [int(row.split("|")[-2]) for row in chart.splitlines() if re.match(r"\| \d{4}-\d\d", row)]
    assert shown == table[::-1][-12:]


def test_a_partial_report_says_so():
    (page, *_) = markdown.pages(replace(report(), partial="The limit was reached."))
    assert "**This report is partial.** The limit was reached." in page


def test_where_some_sections_were_asked_for_nothing_is_told_of_the_others():
    some = replace(report(), in_no_section=None, left_out={})
    assert "Left aside" not in markdown.pages(some)[0]
    assert "Left aside" not in html.document(replace(some, sections=some.sections[:1]))
    assert "Source: a test." in markdown.pages(some)[0]


def test_the_title_names_the_day():
    assert markdown.title(report()) == f"Issue-bash report: what to close, answer or fix ({NOW:%Y-%m-%d})"
