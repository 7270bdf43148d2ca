"""What the project is built from is held fast: requirements by their hashes, actions by their commits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.reading import ROOT, text_of

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_requirement_is_locked_with_its_hash(lock: Path):
    joined = text_of(lock).replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    assert lines
    locked = re.compile(r"[\w.-]+(?:\[[\w,-]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}")
    assert not [line for line in lines if not locked.match(line)]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit(workflow: Path):
    used = re.findall(r"uses: +(\S+)", text_of(workflow))
    assert used
    assert not [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)]
