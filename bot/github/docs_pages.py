"""Reads what a repository's documentation is about: the titles and headings of its Markdown pages.

One conditional request lists all files; contents are kept by their ids, so that only pages that changed are read again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson

from bot.github import payloads
from bot.github.caches import FileCache
from bot.github.client import Client, path_of
from bot.github.errors import NotFound, Rejected
from bot.github.files import blob

if TYPE_CHECKING:
    from bot.triage.issue import Repository

_MARKDOWN = (".md", ".markdown", ".mdx")
_MOST_PAGES = 200
_MOST_BYTES = 256 * 1024
_MOST_WORDS = 4000
"""Characters of all headings of a page."""
_EMPTY_REPOSITORY = 409
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)\n---[ \t]*(?:\n|$)", re.DOTALL)
_TITLE = re.compile(r"^title:[ \t]*(\S.*)$", re.MULTILINE)
_FENCE = re.compile(r" {0,3}(```|~~~)")
_HEADING = re.compile(r" {0,3}(#{1,4})[ \t]+(.+)")
_CLOSING = re.compile(r"[ \t]+#+[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*$")


@dataclass(frozen=True, slots=True)
class DocsPage:
    path: str
    title: str
    headings: str
    """One a line."""
    url: str


class DocsReader:
    """Thread-safe. May raise GitHubError."""

    def __init__(self, client: Client, cache: FileCache) -> None:
        self._client = client
        self._cache = cache

    def read(self, repo: Repository, folders: Collection[str]) -> tuple[DocsPage, ...]:
        """The README and the pages under these folders, at most 200, those nearest to the top first."""
        found = [(path, sha) for path, sha in self._listed(repo) if _is_wanted(path, folders)]
        found.sort(key=lambda it: (it[0].count("/"), it[0]))
        return tuple(self._page(repo, path, sha) for path, sha in found[:_MOST_PAGES])

    def _listed(self, repo: Repository) -> list[tuple[str, str]]:
        """Path and content's id of each Markdown file on the default branch."""
        key = f"docs/{repo.id}"
        known = payloads.mapping(orjson.loads(self._cache.get(key) or b"{}"))
        path = f"{path_of(repo)}/git/trees/HEAD?recursive=1"
        try:
            reply = self._client.call("GET", path, repo=repo, etag=payloads.text(known.get("etag")))
        except NotFound:
            return []
        except Rejected as error:
            if error.status != _EMPTY_REPOSITORY:
                raise
            return []
        if reply.unchanged:
            return [(path, sha) for path, sha in payloads.items(known.get("pages"))]
        listed = [
            (payloads.text(item.get("path")), payloads.text(item.get("sha")))
            for item in map(payloads.mapping, payloads.items(payloads.mapping(reply.data).get("tree")))
            if item.get("type") == "blob" and (payloads.number(item.get("size")) or 0) <= _MOST_BYTES
        ]
        pages = [(path, sha) for path, sha in listed if path.lower().endswith(_MARKDOWN)]
        self._cache.put(key, orjson.dumps({"etag": reply.headers.get("etag", ""), "pages": pages}))
        return pages

    def _page(self, repo: Repository, path: str, sha: str) -> DocsPage:
        found = [*_headings(_text(blob(self._client, self._cache, repo, sha)))]
        name = PurePosixPath(path).stem.replace("-", " ").replace("_", " ")
        words = "\n".join([*found[1:], name])[:_MOST_WORDS]
        url = f"{repo.html_url}/blob/HEAD/{quote(path)}"
        return DocsPage(path, found[0] if found else name, words, url)


def _is_wanted(path: str, folders: Collection[str]) -> bool:
    parts = PurePosixPath(path.lower())
    if len(parts.parts) == 1:
        return parts.stem == "readme"
    return any(parts.is_relative_to(folder.lower().strip("/")) for folder in folders)


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")


def _headings(text: str) -> Iterator[str]:
    """Of both kinds; what stands in fenced code is none."""
    fence, before = "", ""
    if front := _FRONT_MATTER.match(text):
        text = text[front.end() :]
        if title := _TITLE.search(front[1]):
            yield title[1].strip().strip("'\"")
    for line in text.splitlines():
        if fence:
            fence = "" if line.strip().startswith(fence) else fence
        elif mark := _FENCE.match(line):
            fence = mark[1]
        elif heading := _HEADING.match(line):
            yield _CLOSING.sub("", heading[2]).strip()
        elif before and _UNDERLINE.match(line):
            yield before
            before = ""
            continue
        before = line.strip() if not fence and not line.lstrip().startswith(("#", "-", "|", ">")) else ""
