"""The signature of an error: what two reports of one bug share, whatever paths, numbers and values they were made with.

For Python it is the exception, its message without the values in it, and the innermost frames that are not the standard
library's. Other languages' errors are told by their kind and message alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_LONGEST = 60_000
"""Characters of a body that are read; GitHub's longest body has few more."""
_FRAMES = 2
_MESSAGE = 120
_STORED = 500
"""Characters: PostgreSQL takes no more than 2,700 bytes into an index."""

_PYTHON_FRAME = re.compile(r'^[ \t>|]*File "(?P<file>[^"\n]{1,400})", line \d+(?:, in (?P<name>[^\n]{1,100}))?')
_NOTEBOOK_FRAME = re.compile(
    r"^[ \t>|]*(?:File )?(?P<file>[~/\w][^\s:]{0,300}\.py)(?::\d+)?(?:,)? in (?P<name>\w[\w.<>]{0,100})\("
)
_PYTHON_ERROR = re.compile(
    r"^[ \t>|E]{0,12}(?P<kind>(?:[A-Za-z_]\w{0,60}\.){0,8}[A-Z]\w{0,80}"
    r"(?:Error|Exception|Warning|Interrupt|Exit|Failure))"
    r"(?::[ \t]*(?P<message>[^\n]{0,400}))?[ \t\r]*$"
)
_PYTHON_LAST = re.compile(
    r"^[>|E]?[ >|]{0,3}(?P<kind>(?:[A-Za-z_]\w{0,60}\.){0,8}[A-Z]\w{0,80})"
    r"(?::[ \t]+(?P<message>[^\n]{0,400}))?[ \t\r]*$"
)
"""Below frames any class is an error, whatever it is called: `StopIteration`, `requests.Timeout`."""
_OTHER_ERROR = re.compile(
    r"^[ \t]*(?:(?:Exception in thread \"[^\"\n]{0,80}\"|Caused by:|Uncaught|Unhandled \w{1,20}:?)[ \t]+)?"
    r"(?P<kind>(?:[a-z_]\w{0,40}\.){1,8}[A-Z]\w{0,60}(?:Exception|Error)|[A-Z]\w{0,40}Error(?=:))"
    r"(?::[ \t]*(?P<message>[^\n]{0,400}))?"
)
_RUST_PANIC = re.compile(r"^thread '[^'\n]{0,80}' panicked at (?P<message>[^\n]{1,400})")
_GO_PANIC = re.compile(r"^panic: (?P<message>[^\n]{1,400})")
_SIGNAL = re.compile(r"\b(?P<kind>Segmentation fault|SIGSEGV|SIGABRT|core dumped|terminate called)\b", re.IGNORECASE)

_SITE = re.compile(r".*/(?:site|dist)-packages/|.*/(?:src|lib|python)/(?=\w+/)|^.*?/(?=\w+/\w+\.py$)")
_STANDARD = re.compile(
    r"/lib(?:64)?/python\d[\d.]*/(?!site-packages|dist-packages)|^<|/python\d*/lib/(?!site-packages)", re.IGNORECASE
)
_VOLATILE = re.compile(
    r"0x[0-9a-fA-F]+|'[^'\n]{0,200}'|\"[^\"\n]{0,200}\"|`[^`\n]{0,200}`|(?:[A-Za-z]:)?[\\/][\w.\\/~+-]+"
    r"|\([\d, .xNone-]{1,100}\)|\[[\d, .xNone-]{1,100}\]|\d+(?:\.\d+)*|<[^<>\n]{1,100}>"
)
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Signature:
    kind: str
    """Of the error: `ValueError`, without its module."""
    message: str
    """With what varies from report to report cut out."""
    frames: tuple[str, ...] = ()
    """`module/file.py:function`, innermost first."""

    def __str__(self) -> str:
        """As it is stored and compared."""
        return "|".join((self.kind, self.message, *self.frames))[:_STORED]

    @property
    def is_telling(self) -> bool:
        """Enough to say that two reports are about one thing: a place in code, or a message of some words."""
        return bool(self.frames) or len(self.message.split()) >= 4


@lru_cache(maxsize=16)
def signature(text: str) -> Signature | None:
    """The last error shown in a body; of chained ones the last, which is what the reader met."""
    frames: list[str] = []
    found: Signature | None = None
    for line in text[:_LONGEST].splitlines():
        frame = _PYTHON_FRAME.match(line) or _NOTEBOOK_FRAME.match(line)
        if frame:
            frames.append(_frame(frame["file"], frame["name"] or ""))
            continue
        error = _PYTHON_ERROR.match(line) or (_PYTHON_LAST.match(line) if frames else None)
        if error and (frames or error["message"] or "Traceback" in text):
            own = tuple(name for name in reversed(frames) if name)[:_FRAMES]
            found = Signature(error["kind"].rpartition(".")[2], normalised(error["message"] or ""), own)
            frames = []
    return found or _elsewhere(text)


def normalised(message: str) -> str:
    """A message with its values, paths and numbers cut out, in lower case."""
    return _BLANKS.sub(" ", _VOLATILE.sub("#", message)).strip().lower()[:_MESSAGE]


def _elsewhere(text: str) -> Signature | None:
    """Errors of other languages."""
    for line in text[:_LONGEST].splitlines():
        if panic := _RUST_PANIC.match(line) or _GO_PANIC.match(line):
            return Signature("panic", normalised(panic["message"]))
        if error := _OTHER_ERROR.match(line):
            return Signature(error["kind"].rpartition(".")[2], normalised(error["message"] or ""))
        if crash := _SIGNAL.search(line):
            return Signature(crash["kind"].lower(), "")
    return None


def _frame(file: str, name: str) -> str:
    """A frame without what depends on the machine; empty for the standard library's and for the reader's own script."""
    path = file.replace("\\", "/")
    if _STANDARD.search(path) or name == "<module>":
        return ""
    short = _SITE.sub("", path, count=1)
    return f"{'/'.join(short.split('/')[-2:])}:{name}"
