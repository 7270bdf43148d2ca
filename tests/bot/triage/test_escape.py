from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.triage.escape import cell, code, escape, longest_run, one_line, visible

NASTY = st.text(alphabet="`@#ab1 <>-!*_[]()\\&/:w.$~|\n\u202e\u200b\ud800g-h", max_size=40)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Steps to reproduce", "Steps to reproduce"),
        ("What happened?", "What happened?"),
        ("Problem (required): yes, really!", "Problem (required): yes, really!"),
        ("*bold* _it_ [a](b) ~no~", r"\*bold\* \_it\_ \[a\](b) \~no\~"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("<!-- community-triage-bot:request -->", "&lt;!-- community-triage-bot:request --&gt;"),
        ("</details>", "&lt;/details&gt;"),
        ("ask @octocat now", "ask `@octocat` now"),
        ("like #12 and octo/demo#12", "like `#12` and `octo/demo#12`"),
        ("see GH-12", "see `GH-12`"),
        ("see https://example.org/x", "see `https://example.org/x`"),
        ("see www.example.org", "see `www.example.org`"),
        ("see _www.example.org", "see `_www.example.org`"),
        ("see a_0123abc_b or GH_1", r"see `a_0123abc_b` or GH\_1"),
        ("commit 0123abc", "commit `0123abc`"),
        ("`@all` and `x", r"`@all` and \`x"),
        ("``a`b`` c", "``a`b`` c"),
        ("two\r\nlines\tand  blanks ", "two lines and blanks"),
        ("right\u202eleft\u200b\x00", "rightleft"),
        ("$x$ # no heading", r"\$x\$ \# no heading"),
        ("back\\slash", "back\\\\slash"),
        ("emoji 🎉 stays", "emoji 🎉 stays"),
        ("1. What - + happened? 2.", r"1\. What - + happened? 2."),
        ("12) What happened?", r"12\) What happened?"),
        ("- a", r"\- a"),
        ("` `", r"\` \`"),
        ("+ @ann", r"\+ `@ann`"),
        ("-", r"\-"),
        ("---", r"\---"),
        ("==", r"\=="),
        ("-1 or 1.2.3", "-1 or 1.2.3"),
    ],
)
def test_text_is_shown_as_it_is_and_nothing_in_it_comes_alive(text: str, shown: str):
    assert escape(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("a", "`a`"),
        ("a`b", "``a`b``"),
        ("`a", "`` `a ``"),
        ("a\n b", "`a b`"),
        ("a``b", "`a``b`"),
        ("a``b`c", "```a``b`c```"),
        # A span that began with more than 80 would be none.
        (f"@mia {'`' * 100}", f"` @mia {'`' * 100} `"),
    ],
)
def test_code_spans_hold_whatever_backticks_there_are(text: str, shown: str):
    assert code(text) == shown


def test_long_text_is_cut():
    assert one_line("word " * 100, 11) == "word word…"
    assert one_line("eleven char", 11) == "eleven char"


def test_visible_text_keeps_its_lines():
    assert visible("a\r\nb\rc\td\x1b") == "a\nb\nc\td"


def test_runs_are_measured():
    assert longest_run("a `` b ``` c", "`") == 3
    assert longest_run("a", "`") == 0


@given(NASTY)
def test_outside_of_code_nothing_pings_links_or_opens_a_tag(text: str):
    escaped = escape(text)
    assert "\n" not in escaped
    # Read from the left, as Markdown does: an escaped character first, then a code span with all that is in it.
    outside = re.sub(r"\\[^\w\s]|(`+)(?!`).+?(?<!`)\1(?!`)", "", escaped)
    assert "@" not in outside
    assert "<" not in outside
    assert "://" not in outside
    assert not re.search(r"#\d", outside)
    assert "`" not in outside


def test_code_beside_code_stays_two_spans():
    assert escape("`@octocat`#1`") == "`@octocat` `` #1` ``"


@given(st.text(alphabet="\\`1@#<a /:.~*_[]()!&", max_size=20))
def test_a_reader_of_markdown_finds_nothing_alive(text: str):
    (_, _, _, inline, *_) = MarkdownIt("commonmark").parse(f"- {escape(text)}x")
    shown = ["\0" if child.type == "code_inline" else child.content for child in inline.children or ()]
    assert {child.type for child in inline.children or ()} <= {"text", "text_special", "code_inline"}
    assert not re.search(r"@|://|#\d", "".join(shown))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cc @ann|@octocat please", r"cc `@ann\|@octocat` please"),
        ("`a|b` and c|d", r"`a\|b` and c\|d"),
        (r"`a\|b`", r"`a\\|b`"),
        ("no pipe, #1", "no pipe, `#1`"),
    ],
)
def test_in_a_cell_a_pipe_within_code_is_escaped_too(text: str, shown: str):
    assert cell(text) == shown


def shown_in(row: str) -> tuple[int, str]:
    """How many cells Markdown finds in a row, and what of it is not code."""
    tokens = MarkdownIt("commonmark").enable("table").parse(f"| a | b |\n|---|---|\n{row}\n")
    body = next(place for place, token in enumerate(tokens) if token.type == "tbody_open")
    cells = [token for token in tokens[body:] if token.type == "inline"]
    alive = "".join(child.content for token in cells for child in token.children or () if child.type != "code_inline")
    return len(cells), alive


@given(st.text(alphabet="\\\\`||1@#<a /:.~*_[]()!&", max_size=20))
def test_no_cell_breaks_its_table_and_nothing_in_it_comes_alive(text: str):
    # A cell more than the head has would be dropped unseen, so the last one tells whether the row was split.
    count, alive = shown_in(f"| {cell(text)} | the end |")
    assert count == 2
    assert alive.endswith("the end")
    assert not re.search(r"@|://|#\d", alive.removesuffix("the end"))
