"""Finds and reads the corpus: real templates, real bodies and other parsers' fixtures, kept beside the checkout."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

from bot.forms.check import Checker
from bot.forms.load import TemplateSet, load

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "corpus"
_NAMED = Path(os.environ.get("TRIAGE_CORPUS") or _BESIDE)
FOLDER = _NAMED if (_NAMED / "bodies.jsonl").is_file() else None


def lines(name: str) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    assert FOLDER is not None
    with (FOLDER / name).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@cache
def repositories() -> dict[str, dict[str, bytes]]:
    """Template files by repository and path, without earlier revisions."""
    assert FOLDER is not None
    found: dict[str, dict[str, bytes]] = defaultdict(dict)
    for entry in lines("templates/index.jsonl"):
        if not entry["historical"]:
            found[entry["repo"]][entry["path"]] = (FOLDER / "templates" / entry["file"]).read_bytes()
    return found


@cache
def template_sets() -> dict[str, TemplateSet]:
    """Every repository's templates, loaded."""
    return {repository: load(files) for repository, files in repositories().items()}


@cache
def checker(repository: str) -> Checker:
    """A checker for one repository of the corpus."""
    return Checker(template_sets()[repository])
