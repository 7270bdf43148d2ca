"""Reads the project's Markdown: pages, links, headings and fenced blocks."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    page: Path
    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """What a reader types: the lines behind `$ `, with continued lines joined."""
        joined = self.text.replace("\\\n", " ")
        return [
            line.strip()[2:].partition("  #")[0].strip()
            for line in joined.splitlines()
            if line.strip().startswith("$ ")
        ]


@cache
def project_files() -> tuple[Path, ...]:
    """Every file of the project: what git has or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def pages() -> list[Path]:
    return [path for path in project_files() if path.suffix == ".md" and "changelog.d" not in path.parts]


def documents() -> list[Path]:
    """The pages written for people who use or change the bot."""
    return [path for path in pages() if path.parent == ROOT or DOCS in path.parents]


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path) -> list[Block]:
    return [
        Block(path, found["language"], re.sub(f"^{found['indent']}", "", found["text"], flags=re.MULTILINE))
        for found in FENCE.finditer(text_of(path))
    ]


def without_blocks(path: Path) -> str:
    return FENCE.sub("", text_of(path))


@cache
def anchors(path: Path) -> frozenset[str]:
    """As GitHub makes them of headings: lower case, punctuation dropped, blanks to dashes, repeats numbered."""
    seen: dict[str, int] = {}
    found = set()
    for heading in re.findall(r"^#{1,6} +(.+?)\s*$", without_blocks(path), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        found.add(f"{slug}-{count}" if count else slug)
    return frozenset(found)
