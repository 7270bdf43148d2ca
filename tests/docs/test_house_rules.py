"""The promises of CONTRIBUTING and ARCHITECTURE that no other tool checks."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.docs.reading import ROOT, project_files, text_of

MODULES = [path for path in project_files() if path.suffix == ".py" and ROOT / "bot" in path.parents]
PURE = [path for path in MODULES if {ROOT / "bot/forms", ROOT / "bot/triage"} & set(path.parents)]
IMPURE_CALLS = frozenset({"now", "utcnow", "today", "open", "print", "input", "read_text", "read_bytes", "getenv"})


def calls(tree: ast.AST) -> set[str]:
    functions = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") for node in functions}


@pytest.mark.parametrize("module", PURE, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_pure_packages_ask_no_clock_and_touch_no_file(module: Path):
    assert not calls(ast.parse(text_of(module))) & IMPURE_CALLS


def test_the_check_for_purity_finds_a_clock():
    assert calls(ast.parse("x = datetime.now(tz=UTC)")) & IMPURE_CALLS


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_stays_under_four_hundred_lines(module: Path):
    assert len(text_of(module).splitlines()) <= 400


def test_there_is_no_module_for_whatever_has_no_place():
    assert not [path for path in MODULES if path.stem in {"utils", "helpers", "manager", "common"}]
