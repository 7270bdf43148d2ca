"""What `triage check` reads and writes: one body or a stream of them in, results as JSON or for people out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from io import BufferedIOBase
from typing import IO, Any

import orjson

from bot.forms.check import Checker
from bot.forms.template import Check, Submission

_CHUNK = 1 << 16
_LINE_ENDS = {end.encode(): f"\\u{ord(end):04x}".encode() for end in "\u0085\u2028\u2029"}
"""What JSON lets stand as it is and many a reader, such as `str.splitlines`, takes for a line's end."""


class InputError(Exception):
    """The input cannot be used; the message is for people."""


def stream(checker: Checker, source: BufferedIOBase, target: IO[bytes]) -> None:
    """Answer JSON Lines, in order; all that can be answered is written before more input is waited for."""
    number = 0
    for lines in _batches(source):
        for line in lines:
            number += 1
            if line and not line.isspace():
                try:
                    identity, submission = _read(line)
                except (ValueError, RecursionError) as error:
                    target.flush()
                    raise InputError(f"line {number}: {error}.") from None
                target.write(dumps(as_json(identity, checker.check(submission))) + b"\n")
        target.flush()


def _batches(source: BufferedIOBase) -> Iterator[list[bytes]]:
    """The complete lines of each piece of input as it comes; the last line needs no line end."""
    parts: list[bytes] = []
    while chunk := source.read1(_CHUNK):
        *lines, rest = chunk.split(b"\n")
        if lines:
            lines[0] = b"".join((*parts, lines[0]))
            parts.clear()
            yield lines
        parts.append(rest)
    yield [b"".join(parts)]


def _read(line: bytes) -> tuple[Any, Submission]:
    """Read one line of input; raises ValueError with what is wrong."""
    item = _loads(line)
    if not isinstance(item, dict):
        raise ValueError('this is no JSON object of the form {"id","title","body","labels"}, one a line')
    identity = item["id"] if "id" in item else item.get("number")
    title, body, labels = item.get("title"), item.get("body"), item.get("labels")
    if not isinstance(identity, str | int | float | None):
        raise ValueError('"id" must be a string, a number or null')
    if not isinstance(title, str | None):
        raise ValueError('"title" must be a string or null')
    if not isinstance(body, str | None):
        raise ValueError('"body" must be a string or null')
    return identity, Submission(title or "", body or "", _names(labels) if labels else ())


def _names(labels: object) -> tuple[str, ...]:
    """Label names, given as such or as GitHub's label objects."""
    if not isinstance(labels, list):
        raise ValueError('"labels" must be a list or null')
    names = [label.get("name") if isinstance(label, dict) else label for label in labels]
    if not all(isinstance(name, str) for name in names):
        raise ValueError('"labels" must hold strings')
    return tuple(map(str, names))


def _loads(line: bytes) -> Any:
    """Parse JSON; the standard library takes over where orjson is too strict: lone surrogates."""
    try:
        return orjson.loads(line)
    except ValueError:
        pass
    try:
        return json.loads(line.decode("utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"this is not JSON ({error})") from None


def dumps(item: object) -> bytes:
    """Write JSON that is one line to every reader; what orjson refuses, the standard library escapes."""
    try:
        written = orjson.dumps(item)
    except TypeError:
        return json.dumps(item).encode()
    if not written.isascii():
        for end, escaped in _LINE_ENDS.items():
            written = written.replace(end, escaped)
    return written


def as_json(identity: object, result: Check) -> dict[str, Any]:
    """The result in the shape that other tools rely on."""
    template = result.match.template
    return {
        "id": identity,
        "template": template.file if template else None,
        "confidence": result.match.confidence,
        "ambiguous": [rival.file for rival in result.match.rivals],
        "fields": [
            {
                "field": field.id,
                "label": field.label,
                "type": field.type,
                "required": field.required,
                "status": status,
                "value": value,
                "reason": reason,
            }
            for field, status, value, reason, _ in result.answers
        ],
        "complete": result.complete,
    }


def as_text(result: Check) -> Iterable[str]:
    """The result for people."""
    match = result.match
    if match.template is None:
        if match.rivals:
            yield f"Template: one of {', '.join(rival.file for rival in match.rivals)}; nothing tells them apart."
        else:
            yield "Template: none of them."
        return
    yield f"Template: {match.template.file} (confidence {match.confidence:.2f})"
    for answer in result.answers:
        required = "required" if answer.field.required else "optional"
        reason = f": {answer.reason}" if answer.reason else ""
        yield f"  {answer.status:<11}  {answer.field.label} ({answer.field.type}, {required}){reason}"
    yield f"Complete: {'yes' if result.complete else 'no'}"
