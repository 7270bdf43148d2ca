"""The words of fuzzing: a Target, its inputs as hypothesis makes them, and the shape that all inputs share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.processor import seconds

PART = "\x1e"
"""Stands between the parts of an input, such as a body and a reply to it."""
GROW = "\x1d"
"""What stands between two of these is repeated until the input is as long as it may be: slow code shows at length."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to be fuzzed."""

    run: Callable[[bytes], None]
    """Raises where something does not hold."""
    words: tuple[str, ...]
    """Of the language that it reads; tried far more often than chance would."""
    seeds: tuple[bytes, ...] = ()
    """Inputs to begin with."""
    longest: float = 3.0
    """Seconds of the processor that one input may cost, however hostile."""
    most_memory: int = 2048
    """Megabytes that it may come to use in all, with all that the engine keeps."""

    def examine(self, data: bytes) -> None:
        """Run it, and see to the time."""
        spent = seconds(lambda: self.run(data))
        if spent > self.longest:
            raise AssertionError(f"took {spent:.1f} s")

    def inputs(self) -> st.SearchStrategy[bytes]:
        """Words, slices of the seeds and noise, in any order."""
        words = st.sampled_from([PART, GROW, *self.words]).map(str.encode)
        pieces = words | words | st.binary(max_size=4) | st.text(max_size=8).map(encoded)
        if self.seeds:
            pieces |= st.builds(_slice, st.sampled_from(self.seeds), st.integers(0, 4000), st.integers(0, 400))
        return st.lists(pieces, max_size=40).map(b"".join)


def _slice(text: bytes, start: int, length: int) -> bytes:
    start %= len(text)
    return text[start : start + length]


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def decoded(data: bytes) -> str:
    """As text, with lone surrogates where the bytes are no UTF-8: code must not trip over those either."""
    return data.decode("utf-8", "surrogateescape")


def parts(data: bytes, most: int) -> list[str]:
    """So many texts, empty ones where the input is short, each grown to at most 65,536 characters as on GitHub."""
    found = [grown(text) for text in decoded(data).split(PART, most - 1)]
    return found + [""] * (most - len(found))


def grown(text: str, most: int = 65_536) -> str:
    head, _, rest = text.partition(GROW)
    unit, mark, tail = rest.partition(GROW)
    if not (mark and unit):
        return text[:most]
    times = max(0, most - len(head) - len(tail)) // len(unit)
    return f"{head}{unit * times}{tail}"[:most]
