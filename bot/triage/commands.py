"""Finds slash commands in a comment, outside quotes, code and HTML comments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParsedCommand:
    """One `/name arguments` line; known or not."""

    line: int
    """From 1, in the comment."""
    name: str
    arguments: tuple[str, ...] = ()


def parse_commands(text: str) -> tuple[ParsedCommand, ...]:
    """Give the commands of a comment, in order."""
    return ()
