"""Finds slash commands in a comment, outside quotes, code and HTML comments."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.triage.prose import QUOTE, mask, prose

MAX_COMMANDS = 20
"""More in one comment is no conversation."""

_COMMAND = re.compile(r" {0,3}/(?P<name>[a-z][a-z-]*)(?=[ \t]|$)", re.IGNORECASE)
_ARGUMENT = re.compile(r'"([^"]*)"|`([^`]*)`|([^,"`]+)')
_DIRECTORIES = frozenset(
    {"bin", "boot", "dev", "etc", "home", "lib", "mnt", "opt", "proc", "root", "run", "srv", "sys", "tmp", "usr", "var"}
)
"""`/tmp is full` is about a folder."""

NEEDS_INFO = "needs-info"
BY_HAND_TOO = frozenset({"label", "unlabel", "close", "reopen"})
"""What they do, people can do on GitHub's page as well."""

OF_BASH = frozenset({"bash", "claim", "release", "done"})
"""Kept in the ledger of a bash by the lane, and no business of the issue they are said in."""


@dataclass(frozen=True, slots=True)
class ParsedCommand:
    """One `/name arguments` line; known or not."""

    line: int
    """From 1, in the comment."""
    name: str
    """Lower case, without the slash."""
    arguments: tuple[str, ...] = ()
    """Split at commas where there are any, else at blanks; quotes and backticks hold words together."""


def parse_commands(text: str) -> tuple[ParsedCommand, ...]:
    """Give the commands of a comment, in order; unknown ones too, but not what looks like a path."""
    if "/" not in text:
        return ()
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found: list[ParsedCommand] = []
    in_quote = False
    for number, (line, visible) in enumerate(zip(text.split("\n"), mask(text).split("\n"), strict=True), start=1):
        # A line right under a quoted one is shown as part of the quote, until a blank line.
        in_quote = visible.startswith(QUOTE) or (in_quote and bool(visible.strip()))
        match = _COMMAND.match(visible)
        if match and not in_quote and (name := match["name"].lower()) not in _DIRECTORIES:
            found.append(ParsedCommand(number, name, _arguments(line[match.end() :])))
    return tuple(found[:MAX_COMMANDS])


def is_bare(text: str) -> bool:
    """Whether a comment gives commands to the bot, and says nothing to people."""
    lines = {command.line for command in parse_commands(text)}
    said = enumerate(prose(text).split("\n"), start=1)
    return bool(lines) and not any(line.strip() for number, line in said if number not in lines)


def _arguments(text: str) -> tuple[str, ...]:
    words: list[str] = []
    for double, ticked, plain in _ARGUMENT.findall(text):
        if plain:
            words += [plain] if "," in text else plain.split()
        else:
            words.append(double or ticked)
    return tuple(word for part in words if (word := part.strip()))
