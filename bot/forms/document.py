"""Reads YAML of unknown origin into nodes that know their place, so that every problem can name line and column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import yaml

from bot.forms.template import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40
MAX_ALIASES = 100
MAX_EVENTS = 50_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"
_FORBIDDEN_KEYS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false"})

Severity = Literal["error", "warning"]


@dataclass(slots=True)
class Document:
    """One YAML text with the problems found in it so far."""

    path: str
    first_line: int = 0
    """Lines that stand before the YAML in its file, as in front matter."""
    problems: list[Problem] = field(default_factory=list)

    def report(self, node: yaml.Node | None, message: str, severity: Severity = "error") -> None:
        """Add a problem at a node, or about the whole file where there is none."""
        self._report_at(node.start_mark if node else None, message, severity)

    def _report_at(self, mark: Any, message: str, severity: Severity = "error") -> None:
        line, column = (mark.line + 1 + self.first_line, mark.column + 1) if mark else (0, 0)
        self.problems.append(Problem(self.path, line, column, message, severity))

    @property
    def broken(self) -> bool:
        """True when GitHub would refuse the file."""
        return any(problem.severity == "error" for problem in self.problems)

    def compose(self, text: str) -> yaml.Node | None:
        """Parse the first document of a text; None, with the problem reported, when it cannot be."""
        try:
            documents = self._count(text)
            if documents is None:
                return None
            node: yaml.Node | None = next(iter(yaml.compose_all(text, Loader=_LOADER)), None)
        except yaml.MarkedYAMLError as error:
            self._report_at(error.problem_mark or error.context_mark, f"This is not valid YAML: {error.problem}.")
            return None
        except yaml.reader.ReaderError as error:
            before = text[: text.find(chr(error.character))]
            mark = yaml.Mark(self.path, 0, before.count("\n"), len(before) - before.rfind("\n") - 1, None, 0)
            self._report_at(mark, f"This is not valid YAML: {str(error).splitlines()[0]}.")
            return None
        if documents > 1:
            self.report(
                node, "The file holds more than one YAML document; GitHub reads only one. Remove the inner `---`."
            )
        return node

    def _count(self, text: str) -> int | None:
        """Count documents; refuse nesting and aliases that would cost more than they say."""
        depth = aliases = documents = 0
        for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.AliasEvent):
                aliases += 1
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
            if depth > MAX_DEPTH or aliases > MAX_ALIASES or number > MAX_EVENTS:
                self._report_at(
                    event.start_mark, "This YAML is nested, repeated or long beyond all need; it is not read."
                )
                return None
        return documents

    def mapping(self, node: yaml.Node | None, what: str) -> dict[str, yaml.Node]:
        """Read a mapping's keys; reports what is no mapping, keys given twice and keys YAML may take for booleans."""
        if not isinstance(node, yaml.MappingNode):
            if node is not None:
                self.report(node, f"{what} must be a mapping of keys to values.")
            return {}
        entries: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.report(key, f"A key of {what} must be a word.")
            elif key.value in entries:
                self.report(key, f"The key `{key.value}` stands twice in {what}; the first one counts.")
            else:
                if key.value.lower() in _FORBIDDEN_KEYS:
                    self.report(key, f"`{key.value}` may not be a key: YAML reads it as a boolean.")
                entries[key.value] = value
        return entries

    def unknown_keys(
        self, entries: dict[str, yaml.Node], known: frozenset[str], what: str, severity: Severity = "error"
    ) -> None:
        """Report keys outside the known ones, at their value's place."""
        for key, node in entries.items():
            if key not in known and key.lower() not in _FORBIDDEN_KEYS:
                self.report(node, f"`{key}` is no key of {what}; GitHub knows {', '.join(sorted(known))}.", severity)

    def sequence(self, node: yaml.Node | None, what: str) -> Sequence[yaml.Node]:
        """Read a list; reports what is none."""
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        if node is not None and not is_null(node):
            self.report(node, f"{what} must be a list.")
        return ()

    def text(self, node: yaml.Node | None, what: str, *, may_be_blank: bool = True) -> str:
        """Read a string, trimmed; numbers are taken as written, booleans too but they are reported."""
        if node is None or is_null(node):
            if not may_be_blank and node is not None:
                self.report(node, f"{what} may not be empty.")
            return ""
        if not isinstance(node, yaml.ScalarNode):
            self.report(node, f"{what} must be a text.")
            return ""
        value = str(node.value).strip()
        if node.tag == _BOOL:
            self.report(node, f"{what} is read as a boolean; put quotes around `{value}`.")
        elif not value and not may_be_blank:
            self.report(node, f"{what} may not be blank.")
        return value

    def flag(self, node: yaml.Node | None, what: str) -> bool:
        """Read a boolean; anything else is reported and false."""
        if node is None or is_null(node):
            return False
        if isinstance(node, yaml.ScalarNode) and node.tag == _BOOL:
            return str(node.value).lower() in {"true", "yes", "on"}
        self.report(node, f"{what} must be true or false.")
        return isinstance(node, yaml.ScalarNode) and str(node.value).strip().lower() == "true"

    def words(self, node: yaml.Node | None, what: str) -> tuple[str, ...]:
        """Read a list of names: a YAML list, or one string with commas."""
        if isinstance(node, yaml.ScalarNode):
            return tuple(word for part in self.text(node, what).split(",") if (word := part.strip()))
        items = (self.text(item, f"An entry of {what}") for item in self.sequence(node, what))
        return tuple(item for item in items if item)


def is_null(node: yaml.Node) -> bool:
    """Tell whether a key was given without a value."""
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL


def decode(content: bytes, path: str) -> tuple[str, tuple[Problem, ...]]:
    """Decode a file; what is too large comes back empty, what is not UTF-8 with replacement characters."""
    if len(content) > MAX_BYTES:
        return "", (Problem(path, 0, 0, f"The file is larger than {MAX_BYTES // 1024} KiB; it is not read."),)
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        problem = Problem(path, line, column, "The file is not UTF-8; save it in that encoding.", "warning")
        return content.decode("utf-8", "replace"), (problem,)
