"""What must hold of text that the bot repeats: GitHub's own reader shows it as it is, and finds nothing alive in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import cmarkgfm

from bot.forms.template import Field, Finding, Option
from bot.triage.block import ready_block
from bot.triage.escape import cell, code, escape, one_line, visible
from tests.fuzz.target import Target, decoded

_LIVE = re.compile(
    r"@\w|#\d|\bGH-\d|://|(?<![^\W_])www\.|\bmailto:|\bxmpp:|(?<![^\W_])[0-9a-f]{7,40}(?![^\W_])", re.IGNORECASE
)
"""What GitHub makes links and mentions of, after the Markdown is read."""


class _Shown(HTMLParser):
    """What a reader sees of a page, and the elements that it is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.text, self.outside = "", ""
        self._code = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.elements.append(tag)
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_comment(self, data: str) -> None:
        self.elements.append(f"!--{data}")

    def handle_data(self, data: str) -> None:
        self.text += data
        # Text before a span and text after it are two texts to GitHub, too.
        self.outside += "\0" if self._code else data


def markdown(data: bytes) -> None:
    """Wherever the bot puts a text, it is seen as it is."""
    text = decoded(data)
    for page, frame, elements in _pages(text):
        shown = _Shown(cmarkgfm.github_flavored_markdown_to_html(page))
        assert [tag for tag in shown.elements if tag != "code"] == elements, shown.elements
        assert not _LIVE.search(shown.outside), shown.outside
        assert _bare(shown.text) == _bare(frame), shown.text
    _block_holds(text)


def _pages(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Markdown with the text in it as the bot's templates have it, what is to be seen of it, and its elements."""
    short, long = one_line(text, 100), one_line(text, 300)
    yield f"Thank you, {escape(text)}!", f"Thank you, {long}!", ["p"]
    yield (
        f"- **{escape(text, 100) or '(no name)'}** — {escape(text)} Choices: {code(text, 100)}, …",
        f"{short or '(no name)'} — {long} Choices: {short}, …",
        ["ul", "li", "strong"],
    )
    yield f"- {escape(text)}, and 3 more.", f"{long}, and 3 more.", ["ul", "li"]
    yield (
        f"| a | b |\n|---|---|\n| [one](u) {cell(text, 100)} | {cell(text)} |\n",
        f"abone{short}{long}",
        ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "a", "td"],
    )


def _block_holds(text: str) -> None:
    """The block to paste stays in its fence, whatever a template's author wrote."""
    field = Field("a", text, "checkboxes", options=(Option(text),), render=text)
    rendered = Field("b", text, "textarea", render=text)
    block = ready_block([Finding(field, "missing", "", (text,)), Finding(rendered, "missing", "")])
    shown = _Shown(cmarkgfm.github_flavored_markdown_to_html(f"before\n\n{block}\n\nafter"))
    assert shown.elements == ["p", "pre", "code", "p"], shown.elements
    assert "`" in visible(text) or shown.text.count("###") >= 2


def _bare(text: str) -> str:
    """Without what tells code from text, and without blanks, which Markdown folds."""
    return re.sub(r"[\s`]", "", text)


_WORDS = (
    "@octocat", "@octo/team", "#12", "octo/demo#1", "GH-1", "https://example.com/a", "www.example.com", "mailto:a@b.c",
    "xmpp:a@b", "_www.example.com", "_0123abcd_", "_GH-1", "0123abcd", "ftp://a.b", "a@b.co", "`", "``", "*", "**",
    "_", "__", "~~", "~", "[a](b)", "![a](b)", "[", "](", "](http:", "<b>", "</b>", "<!--", "-->", "<a href=",
    "<details>", "&amp;", "&#64;", "&", "|", "\\", "\\|", "\\`", "$a$", "#", "# ", "- ", "+ ", "1. ", "1) ", "> ",
    "- [ ] ", "===", "---", "***", "```", "~~~", ":+1:", "\n", "\r", "\t", "\u2028", "\u202e", "\u200b", "\u00a0",
    "\x00", "\x1b", "：", "é", "🎉", "a", "b c", ".", "!", "(", ")", "[^1]", "[^1]: ", "---|---\n",
)  # fmt: skip

# GitHub's reader is a library that never gives back what it took for a page.
TARGETS = {"markdown": Target(markdown, _WORDS, most_memory=8192)}
