"""Turns YAML nodes into plain values and finds the place of each again, so that errors can name line and column."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import yaml

from bot.forms.document import Document, decode
from bot.forms.template import Problem

MAX_VALUES = 20_000
"""Counted as if every alias were written out, which is what makes a "billion laughs" file large."""
MAX_DEPTH = 20
_LONGEST_NUMBER = 40
"""YAML reads `1:1:1` as digits to the base of 60, in a time that grows with the square of their number."""
_PREFIX = "tag:yaml.org,2002:"


class Places:
    """One YAML document: its value, where each part of it stands, and what is wrong with it."""

    def __init__(self, text: bytes, path: str) -> None:
        decoded, problems = decode(text, path)
        self._document = Document(path)
        self._document.problems.extend(problems)
        self._root = self._document.compose(decoded)
        self._values = 0
        self.value = None if self._root is None else self._build(self._root, 0)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(self._document.problems)

    def of(self, location: Sequence[Hashable], *, key: bool = False) -> tuple[int, int]:
        """Give line and column of the value (or its key) at a location such as `("labels", "templates", "a.yml", 0)`.

        Where a location goes on beyond what is written, the nearest parent that is written is meant.
        """
        node, key_node = self._root, None
        for part in location:
            entry = _entry(node, part)
            if entry is None:
                break
            key_node, node = entry
        if key and key_node is not None:
            node = key_node
        return (1, 1) if node is None else (node.start_mark.line + 1, node.start_mark.column + 1)

    def _build(self, node: yaml.Node, depth: int) -> object:
        self._values += 1
        if self._values > MAX_VALUES or depth > MAX_DEPTH:
            if self._values <= MAX_VALUES + 1:
                self._document.report(node, "The file is too long or too deep once its aliases are written out.")
            self._values = MAX_VALUES + 1
            return None
        if isinstance(node, yaml.SequenceNode):
            return [self._build(child, depth + 1) for child in node.value]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, object]:
        built: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._document.report(key, "A key must be plain text.")
            elif key.value in built:
                self._document.report(key, f"The key `{key.value}` stands here twice.")
            else:
                built[key.value] = self._build(value, depth + 1)
        return built

    def _scalar(self, node: yaml.Node) -> object:
        kind = node.tag.removeprefix(_PREFIX)
        if kind in {"bool", "int", "float", "null"}:
            try:
                if len(node.value) <= _LONGEST_NUMBER:
                    # A new one each time: it remembers what it failed at, and fails otherwise at an alias of that.
                    return yaml.constructor.SafeConstructor().construct_object(node)
            except (ArithmeticError, IndexError, KeyError, ValueError):
                pass
            what = "true or false" if kind == "bool" else "a number"
            self._document.report(node, f"`{node.value[:_LONGEST_NUMBER]}` is not {what}.")
        elif kind not in {"str", "timestamp", "value"}:
            self._document.report(node, f"The tag `{kind}` is not allowed here.")
        return node.value


def _entry(node: yaml.Node | None, part: Hashable) -> tuple[yaml.Node | None, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == part:
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None
