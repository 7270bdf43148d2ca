"""Makes other people's text safe to repeat in a comment: it pings, links, hides and breaks nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import count

_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_LIVE = re.compile(
    r"@"  # mentions, mail addresses
    r"|#\d|://"  # issues, which would be told of it; addresses
    # The same, and commits; `_` is no part of a word here, since GitHub takes it for emphasis.
    r"|(?<![^\W_])(?:gh-\d|www\.|mailto:|xmpp:|[0-9a-f]{7,}(?![^\W_]))",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(r"([\\`*_\[\]~|$#])")
_OPENS_BLOCK = re.compile(r"\A(\d{1,9}(?=[.)](?: |\Z))|(?=[-+](?: |\Z)|-+\Z|=+\Z))")
"""What makes a list, a rule or a heading of a text that comes first on its line, up to the sign that does."""
_UNSURE = re.compile(r"[^\n\t\x20-\x7e]")
"""All but what is seen for certain: most text is plain, and a look at each character costs more than all the rest."""
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
ELLIPSIS = "…"


def escape(text: str, limit: int = 300) -> str:
    """Write text as one line of markdown that shows it as it is; words that would come alive are shown as code."""
    return _OPENS_BLOCK.sub(r"\1\\", _escaped(one_line(text, limit), code))


def cell(text: str, limit: int = 300) -> str:
    """The same for a cell of a table, where a bare `|` ends the cell even within code, and what follows is alive."""
    return _escaped(one_line(text, limit), _code_in_cell)


def code(text: str, limit: int = 300) -> str:
    """Write text as an inline code span, whatever backticks it holds.

    The span ends at the next run of as many backticks as began it. It begins with as few as will do: what begins with
    more than 80 is no span to GitHub (cmark-gfm's MAXBACKTICKS), and all in it would be alive.
    """
    text = one_line(text, limit)
    if not text:
        return ""
    runs = {len(run) for run in re.findall("`+", text)}
    fence = "`" * next(number for number in count(1) if number not in runs)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _code_in_cell(text: str) -> str:
    """A table takes the backslash away before it looks at the code (https://github.github.com/gfm/#example-200)."""
    return code(text).replace("|", r"\|")


def visible(text: str) -> str:
    """Drop control characters and invisible or direction-changing ones; line ends become LF, tabs stay."""
    return _UNSURE.sub(_if_seen, text.replace("\r\n", "\n").replace("\r", "\n"))


def _if_seen(character: re.Match[str]) -> str:
    return "" if unicodedata.category(character[0]) in {"Cc", "Cf", "Cs"} else character[0]


def one_line(text: str, limit: int) -> str:
    """Fold blanks and cut what is long."""
    text = " ".join(visible(text).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + ELLIPSIS


def longest_run(text: str, character: str) -> int:
    """Count the longest run of a character."""
    return max((len(run) for run in re.findall(f"{re.escape(character)}+", text)), default=0)


def _joined(parts: Iterable[str]) -> str:
    """Put parts together so that backticks of two of them never make one longer run, which would end neither span."""
    text = ""
    for part in parts:
        text += f" {part}" if text.endswith("`") and part.startswith("`") else part
    return text


def _escaped(text: str, as_code: Callable[[str], str]) -> str:
    parts: list[str] = []
    position = 0
    for span in _CODE_SPAN.finditer(text):
        parts += _escape_words(text[position : span.start()], as_code), as_code(span[2]) or _dead(span[0])
        position = span.end()
    return _joined((*parts, _escape_words(text[position:], as_code)))


def _escape_words(text: str, as_code: Callable[[str], str]) -> str:
    if not _LIVE.search(text):
        return _dead(text)
    return "".join(as_code(word) if _LIVE.search(word) else _dead(word) for word in re.split(r"(\s+)", text))


def _dead(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text.translate(_HTML))
