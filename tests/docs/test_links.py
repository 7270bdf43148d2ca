"""Links within the project lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.reading import DOCS, ROOT, anchors, documents, pages, without_blocks

LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)|href=\"(?P<href>[^\"]+)\"")
OURS = re.compile(r"https://github\.com/autolog-ml/autolog/(?:blob|tree|raw)/main/(?P<path>[^#?]+)(?:#(?P<anchor>.+))?")


def targets(page: Path) -> list[str]:
    return [found["target"] or found["href"] for found in LINK.finditer(without_blocks(page))]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(page: Path):
    for target in targets(page):
        if ours := OURS.fullmatch(target):
            file, anchor = ROOT / ours["path"], ours["anchor"] or ""
        elif re.match(r"[a-z]+:", target):
            continue
        else:
            name, _, anchor = target.partition("#")
            file = page.parent / name if name else page
        assert file.exists(), f"{target} leads nowhere"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{target}: no such heading"


def test_every_page_of_the_docs_can_be_reached_from_the_readme():
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        local = (target.partition("#")[0] for target in targets(page) if not re.match(r"[a-z]+:", target))
        waiting += [(page.parent / name).resolve() for name in local if name]
    lost = {page for page in documents() if DOCS in page.parents} - reached
    assert not lost
