"""The threat model promises a test for each attack."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs.reading import DOCS, ROOT, text_of

PAGE = DOCS / "explanation/threat-model.md"
TEST = re.compile(r"`(?P<file>tests/[\w/]+\.py)::(?P<name>test_\w+)`")
ROWS = [
    line
    for line in text_of(PAGE).splitlines()
    if line.startswith("| ") and not line.startswith(("| What they try |", "| What they have |"))
]


def name_of(row: str) -> str:
    return row.split("|")[1].strip()


def test_there_are_rows():
    assert len(ROWS) > 20


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_every_attack_has_a_defence_and_tests_that_exist(row: str):
    _, attack, defence, tests, _ = (cell.strip() for cell in row.split("|"))
    assert attack
    assert defence
    named = list(TEST.finditer(tests))
    assert ", ".join(found[0] for found in named) == tests != ""
    for found in named:
        tree = ast.parse((ROOT / found["file"]).read_text(encoding="utf-8"))
        assert found["name"] in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, found[0]
