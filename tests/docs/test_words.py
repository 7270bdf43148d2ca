"""What must stand nowhere in the tree."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.reading import ROOT, project_files

# Written so that this file does not find itself.
PATH_OF_A_MACHINE = re.compile(r"(?<![\w.\-*}>)])/(?:roo[t]|wor[k]|tm[p])/")
"""A path that is there on the machine it was written on, and nowhere else."""
INDEX_HOST = re.compile(r"py[p]i\.org|python[h]osted\.org|npmj[s]\.(?:org|com)|crates[.]io")
"""Locks and settings that name an index fail for whoever must use a mirror of it."""


def found(pattern: re.Pattern[str], path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []
    name = path.relative_to(ROOT)
    return [f"{name}:{number}: {line.strip()[:100]}" for number, line in enumerate(lines, 1) if pattern.search(line)]


def test_no_path_of_one_machine_stands_in_the_tree():
    assert not [line for path in project_files() for line in found(PATH_OF_A_MACHINE, path)]


def test_no_host_of_a_package_index_stands_in_the_tree():
    assert not [line for path in project_files() for line in found(INDEX_HOST, path)]


def test_the_guard_finds_such_words(tmp_path: Path):
    page = ROOT / "README.md"
    assert PATH_OF_A_MACHINE.search("see /" + "root/project")
    assert INDEX_HOST.search("https://" + "pypi" + ".org/simple")
    assert not PATH_OF_A_MACHINE.search("bot/work/lanes.py, ../work/engine.py")
    assert not found(PATH_OF_A_MACHINE, page)
    binary = tmp_path / "picture"
    binary.write_bytes(b"\xff\xfe/" + b"root/")
    assert found(PATH_OF_A_MACHINE, binary) == []
