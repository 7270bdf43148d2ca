"""The JSON in a file of any make: one array, several, a value a line; packed or not, a pipe or not, from any shell."""

from __future__ import annotations

import gzip
import io
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any, NamedTuple, TextIO

import orjson

_GZIP = b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""How a file begins that PowerShell's `>` wrote."""
_BETWEEN = re.compile(r"[\s\ufeff]*")
_DEEP = 4
"""Lists in lists: `--slurp` makes one of pages, a search has its issues under `items`."""


class NotJsonError(ValueError):
    """What begins like JSON, and is none; says where."""


class Broken(NamedTuple):
    """A line that is no JSON, where others are."""

    why: str


def name_of(path: Path) -> str:
    """For people."""
    if str(path) in {"-", "/dev/stdin"}:
        return "standard input"
    return "a pipe" if path.is_fifo() else path.name


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """Its text, which can be gone through again by `seek(0)`; `-` is standard input. Raises OSError.

    What stands for no character is replaced: a title with a � in it is better than none.
    """
    with _bytes(path) as raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        with gzip.GzipFile(fileobj=raw) if packed else nullcontext(raw) as file:
            encoding = "utf-16" if file.read(2) in _UTF_16 else "utf-8-sig"
            file.seek(0)
            yield io.TextIOWrapper(file, encoding, errors="replace")


@contextmanager
def _bytes(path: Path) -> Iterator[IO[bytes]]:
    """A pipe can be read once only, so what comes out of it is put on the disk."""
    is_ours = str(path) != "-"
    with path.open("rb") if is_ours else nullcontext(sys.stdin.buffer) as file:
        if is_ours and file.seekable():
            yield file
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(file, copy)
            copy.seek(0)
            yield copy


def records(text: TextIO) -> Iterator[tuple[str, Any]]:
    """Each with where it stands. Raises NotJsonError.

    Lines are read one by one. Anything else is read whole, as only its end says whether it is JSON.
    """
    number, line = next(((at, line) for at, line in enumerate(text, start=1) if line.strip()), (0, ""))
    if isinstance(_value(line), dict):
        yield from _lines(number, line, text)
        return
    values = _values(line + text.read())
    for place, record in enumerate((it for value in values for it in _flat(value)), start=1):
        yield f"record {place}", record


def _lines(number: int, line: str, rest: TextIO) -> Iterator[tuple[str, Any]]:
    while line:
        value = _value(line) if line.strip() else []
        several = isinstance(value, list) or _page(value) is not None
        for place, record in enumerate(_flat(value), start=1):
            yield f"line {number}, record {place}" if several else f"line {number}", record
        number, line = number + 1, rest.readline()


def _value(line: str) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Broken(f"no JSON: {error.msg} (column {error.colno})")


def _values(content: str) -> Iterator[Any]:
    """All values of a text, whatever blanks are between them: `gh api --paginate` puts none."""
    try:
        yield orjson.loads(content)
    except orjson.JSONDecodeError:
        yield from _joined(content)


def _joined(content: str) -> Iterator[Any]:
    """Python's own decoder finds where a value ends; orjson reads it, which lets no half a character through."""
    decoder, at = json.JSONDecoder(), 0
    while (at := _end_of_blanks(content, at)) < len(content):
        try:
            end = decoder.raw_decode(content, at)[1]
            value = orjson.loads(content[at:end])
        except (ValueError, RecursionError) as error:
            raise NotJsonError(str(error)) from error
        yield value
        at = end


def _end_of_blanks(content: str, at: int) -> int:
    found = _BETWEEN.match(content, at)
    return found.end() if found else at


def _flat(value: Any, deep: int = _DEEP) -> Iterator[Any]:
    inner = value if isinstance(value, list) else _page(value)
    if inner is None or not deep:
        yield value
        return
    for one in inner:
        yield from _flat(one, deep - 1)


def _page(value: Any) -> list[Any] | None:
    """The issues of a page of a search."""
    found = value.get("items") if isinstance(value, dict) and "number" not in value else None
    return found if isinstance(found, list) else None
