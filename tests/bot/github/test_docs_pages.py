"""What the docs are about: which pages count, what their headings are, and how few requests that takes."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest

from bot.github.docs_pages import DocsPage
from bot.github.reader import Reader
from bot.triage.issue import Repository
from tests.bot.github.scripted import Reply, ScriptedServer
from tests.bot.github.trees import identity

HELLO = "octo/hello"
LISTING = f"GET /repos/{HELLO}/git/trees/HEAD"

INSTALL = b"""\
---
title: "Install it"
---

Installing
==========

Text -- with dashes
and more.

## On Windows ##

```sh
# no heading
```

| a |
|---|

### With a proxy
"""


def publish(server: ScriptedServer, files: Mapping[str, bytes]) -> None:
    listed = []
    for path, data in files.items():
        sha = identity(data.hex())
        listed.append({"path": path, "mode": "100644", "type": "blob", "sha": sha, "size": len(data)})
        content = {"content": base64.encodebytes(data).decode(), "encoding": "base64"}
        server.on(f"GET /repos/{HELLO}/git/blobs/{sha}", Reply(content))
    etag = identity(listed)
    server.on(LISTING, Reply({"tree": listed, "truncated": False}, headers={"ETag": etag}, etag=etag))


def read(reader: Reader, repo: Repository, *folders: str) -> dict[str, DocsPage]:
    return {page.path: page for page in reader.docs(repo, folders)}


def test_titles_and_headings_of_the_wanted_pages(server: ScriptedServer, reader: Reader, repo: Repository):
    files = {
        "README.md": b"# Widgets #\n\n## Getting started\n",
        "docs/install-it.md": INSTALL,
        "docs/bare_words.markdown": b"Only text.",
        "docs/logo.svg": b"<svg/>",
        "src/notes.md": b"# Notes",
        "CHANGELOG.md": b"# Changes",
    }
    publish(server, files)
    pages = read(reader, repo, "/docs/")
    assert sorted(pages) == ["README.md", "docs/bare_words.markdown", "docs/install-it.md"]
    assert (pages["README.md"].title, pages["README.md"].headings) == ("Widgets", "Getting started\nREADME")
    installing = pages["docs/install-it.md"]
    assert installing.title == "Install it"
    assert installing.headings.splitlines() == ["Installing", "On Windows", "With a proxy", "install it"]
    assert installing.url == "https://github.com/octo/hello/blob/HEAD/docs/install-it.md"
    assert pages["docs/bare_words.markdown"].title == "bare words"


def test_what_did_not_change_is_not_read_again(server: ScriptedServer, reader: Reader, repo: Repository):
    publish(server, {"README.md": b"# One", "docs/a.md": b"# A"})
    first = read(reader, repo, "docs")
    before = len(server.lines())
    assert read(reader, repo, "docs") == first
    assert len(server.lines()) == before + 1
    publish(server, {"README.md": b"# One", "docs/a.md": b"# B"})
    assert read(reader, repo, "docs")["docs/a.md"].title == "B"
    assert len(server.lines()) == before + 3


@pytest.mark.parametrize("status", [404, 409])
def test_a_repository_without_files_has_no_pages(server: ScriptedServer, reader: Reader, repo: Repository, status: int):
    server.on(LISTING, Reply({"message": "Git Repository is empty."}, status=status))
    assert reader.docs(repo, ("docs",)) == ()


def test_a_page_too_long_is_left_out(server: ScriptedServer, reader: Reader, repo: Repository):
    publish(server, {"docs/a.md": b"# A" + b"x" * 256 * 1024})
    assert reader.docs(repo, ("docs",)) == ()
