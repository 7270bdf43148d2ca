"""CSV, JSON and HTML: safe to open, whole, and the same report in each."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.issuebash.numbers import Month
from bot.issuebash.report import Evidence, Report
from bot.reports import charts, csv_file, html, json_file, words
from tests.bot.issuebash.making import NOW
from tests.bot.reports.making import HOSTILE, report


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_csv_has_a_line_an_issue_and_room_for_what_is_decided():
    made = report()
    rows = lines(csv_file.text(made))
    assert len(rows) == sum(len(section.rows) for section in made.sections)
    assert {(row["Resolution"], row["Notes"]) for row in rows} == {("", "")}
    assert rows[0]["Section"] == "Probably fixed"
    assert rows[0]["Issue"] == "7"


FORMULAS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def with_words(text: str, **more: Any) -> Report:
    """One row, with this wherever people write something."""
    made = report()
    section = made.sections[0]
    hit = replace(section.rows[0].hit, facts=(Evidence(text),), counter=(Evidence(text),))
    row = replace(section.rows[0], title=text, labels=(text,), author=text, hit=hit, **more)
    return replace(made, sections=(replace(section, rows=(row,)),))


@given(st.text(alphabet=st.sampled_from("=+-@;\t\r\n\"' a＝\u202e\u200b"), max_size=8))
@example(";=1").via("where a comma is the decimal sign")
def test_no_cell_begins_a_formula_whatever_sign_divides_cells(text: str):
    written = csv_file.text(with_words(text))
    cells = [cell for row in lines(written) for cell in row.values()]
    for delimiter in ";\t":
        cells += [cell for row in csv.reader(io.StringIO(written), delimiter=delimiter) for cell in row]
    for cell in cells:
        assert not cell.lstrip(' "').startswith(FORMULAS)
        assert "\u202e" not in cell


def test_no_address_but_of_the_web_is_in_the_csv():
    assert lines(csv_file.text(with_words("x", url="javascript:alert(1)")))[0]["Link"] == ""


def test_csv_is_read_as_utf_8_by_all():
    assert csv_file.text(report()).startswith('\ufeff"Section",')


def test_json_gives_the_same_report_back():
    made = report()
    assert json_file.load(json_file.dump(made)) == made


@pytest.mark.parametrize("content", [b"", b"{}", b'{"version": 2, "report": {}}', b"[1]"])
def test_json_of_another_kind_is_refused(content: bytes):
    with pytest.raises(json_file.NotAReportError, match="no report of version 1"):
        json_file.load(content)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        values = dict(attrs)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if str(values.get("href", "")).startswith("#"):
            self.targets.append(str(values["href"])[1:])
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing():
    page = _Page()
    text = html.document(report())
    page.feed(text)
    assert page.open == []
    assert sorted(set(page.ids)) == sorted(page.ids)
    assert set(page.targets) <= set(page.ids)
    assert not page.tags & {"script", "link", "img", "iframe", "object"}
    assert not re.search(r"url\(|@import|\son\w+=", text)
    assert page.tags >= {"main", "nav", "header", "svg", "table"}


def test_what_people_wrote_is_text_on_the_page():
    text = html.document(report())
    assert "<!-- hi -->" not in text
    assert "&lt;!-- hi --&gt;" in text


def test_what_nobody_sees_is_not_on_the_page_and_nobody_turns_the_rest_round():
    text = html.document(with_words("a\u202eb\u200bc\u2066"))
    assert not re.search("[\u200b\u202e\u2066]", text)
    assert text.count("<bdi>abc</bdi>") == 5


def test_no_words_fill_the_page():
    assert "x" * 301 not in html.document(with_words("x" * 5000))


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "data:text/html,x"])
def test_only_addresses_of_the_web_are_links_of_the_page(url: str):
    text = html.document(with_words("x", url=url))
    assert "<h3>#7 <bdi>" in text
    assert not re.search(r'href="(?!#|https://)', text)


@pytest.mark.parametrize(
    ("words_", "url", "shown"),
    [
        ("was #66", "https://x.org/o/r/issues/66", 'was <a href="https://x.org/o/r/issues/66">#66</a></bdi> <time>'),
        ("o/r#6 & <b>", "https://x.org/o/r/pull/6", '<a href="https://x.org/o/r/pull/6">o/r#6</a> &amp; &lt;b&gt;<'),
        ("was #66", "https://x.org/o/r/issues/6", '<bdi>was #66</bdi> <a href="https://x.org/o/r/issues/6"><time>'),
        ("was #66", "", "<bdi>was #66</bdi> <time>2026-11-20</time>"),
    ],
)  # fmt: skip
def test_a_fact_is_linked_where_it_names_what_it_leads_to_else_by_its_date(words_: str, url: str, shown: str):
    made = with_words("x")
    hit = replace(made.sections[0].rows[0].hit, facts=(Evidence(words_, url, NOW),))
    row = replace(made.sections[0].rows[0], hit=hit)
    assert shown in html.document(replace(made, sections=(replace(made.sections[0], rows=(row,)),)))


def test_what_is_folded_up_is_open_on_paper():
    assert "<details open>" in html.document(report())


@pytest.mark.parametrize("count", [1, 2, 5, 12, 24])
def test_no_name_of_a_month_is_cut_off(count: int):
    months = [Month(date(2025 + at // 12, at % 12 + 1, 1), 1, 1, 0, 12_345) for at in range(count)]
    for chart in (charts.backlog(months), charts.flow(months)):
        found = re.findall(r'x="([\d.]+)" y="212" text-anchor="(\w+)"', chart)
        ends = [float(x) + (0 if anchor == "end" else 40) for x, anchor in found]
        starts = [float(x) - (80 if anchor == "end" else 40) for x, anchor in found]
        assert max(ends) <= 640
        assert min(starts) >= 0
        assert all(start > end for end, start in zip(ends, starts[1:], strict=False))
    assert ">20k</text>" in charts.backlog(months)


def test_every_chart_is_told_in_words_too():
    text = html.document(report())
    assert text.count("<svg") == text.count("<desc>") == 3
    assert "Half have a response after" in text


def test_a_page_without_anything_stands():
    made = report()
    empty = replace(
        made, sections=(), numbers=replace(made.numbers, months=(), age=None, idle=None), partial="Half of it."
    )
    page = _Page()
    page.feed(html.document(empty))
    assert page.open == []


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, "less than a minute"), (0.5 / 24, "30 minutes"), (1 / 24, "1 hour"), (1, "1 day"), (13, "13 days"),
     (14, "2 weeks"), (59, "8 weeks"), (60, "2 months"), (364, "12 months"), (700, "23 months"), (729, "24 months"),
     (730, "2 years"), (1200, "3 years")],
)  # fmt: skip
def test_times_are_told_as_people_do(days: float, expected: str):
    assert words.duration(timedelta(days=days)) == expected


def test_links_to_another_host_stay_as_they_are():
    assert words.quiet_link("https://git.example.com/o/r/issues/1") == "https://git.example.com/o/r/issues/1"
    assert words.quiet_link("https://github.com/o/r/issues/1#x") == "https://redirect.github.com/o/r/issues/1#x"


@pytest.mark.parametrize("host", ["GitHub.com", "www.github.com", "github.com:443", "me@github.com"])
def test_no_other_name_of_github_makes_a_backlink(host: str):
    assert words.quiet_link(f"https://{host}/o/r/issues/1") == "https://redirect.github.com/o/r/issues/1"


def test_the_headline_counts_what_can_be_done():
    assert words.headline(report()) == ("Probably to close: 4. To answer: 1. To nudge: 1. To decide: 2.")


def test_the_hostile_title_is_still_told():
    assert any(row.title == HOSTILE for section in report().sections for row in section.rows)
