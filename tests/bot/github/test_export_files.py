"""The files that exports come in: from any shell, packed or not, whole or by the page, and what is none."""

from __future__ import annotations

import gzip
import json
import os
import threading
from pathlib import Path

import pytest

from bot.github.export_files import name_of
from bot.github.exports import Export, ExportError, threads
from tests.bot.github.test_exports import GH, REST, read


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([GH, REST]),
        json.dumps([GH]) + json.dumps([REST]),
        json.dumps([GH]) + "\n" + json.dumps([REST]),
        json.dumps(GH) + "\n\n" + json.dumps(REST) + "\n",
        "\n  " + json.dumps([GH, REST]),
        json.dumps([[GH], [REST]]),
        json.dumps([GH]) + " \r\n\t" + json.dumps([REST]) + "\n",
        json.dumps({"total_count": 2, "items": [GH, REST]}),
        json.dumps({"items": [GH]}, indent=2) + json.dumps({"items": [REST]}, indent=2),
        json.dumps({"items": [GH]}) + "\n" + json.dumps({"items": [REST]}),
        json.dumps([{"items": [GH]}, {"items": [REST]}]),
        json.dumps(GH, indent=2) + "\n" + json.dumps(REST, indent=2),
    ],
    ids=["array", "arrays-run-together", "arrays-on-lines", "lines", "blank-start", "slurped", "blanks-between",
         "search", "searches", "searches-on-lines", "slurped-searches", "objects"],
)  # fmt: skip
def test_every_form_gives_the_same_issues(tmp_path: Path, content: str):
    for packed in (content.encode(), gzip.compress(content.encode())):
        found, _ = read(tmp_path, packed)
        assert [one.number for one in found] == [7, 8]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["", "\r\n"], ids=["array", "lines"])
def test_what_a_shell_of_windows_wrote_is_read(tmp_path: Path, encoding: str, end: str):
    records = [GH | {"title": "Größe 🎉"}, REST]
    content = end.join(map(json.dumps, records)) if end else json.dumps(records, ensure_ascii=False)
    found, _ = read(tmp_path, content.encode(encoding))
    assert [(one.number, one.issue.title) for one in found] == [(7, "Größe 🎉"), (8, "Wish")]


def test_what_brackets_a_title_has_stays_in_it(tmp_path: Path):
    content = json.dumps([GH | {"title": "[Bug][Core] ]\n["}]) + json.dumps([REST])
    found, _ = read(tmp_path, content)
    assert found[0].issue.title == "[Bug][Core] ]\n["


def test_bytes_that_are_no_character_cost_no_issue(tmp_path: Path):
    (found,), _ = read(tmp_path, json.dumps([GH | {"title": "Gr\u00f6"}], ensure_ascii=False).encode("latin-1"))
    assert found.issue.title == "Gr\ufffd"


def test_a_pipe_can_be_read(tmp_path: Path):
    for packed in (json.dumps([GH]).encode(), gzip.compress(json.dumps([GH]).encode())):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        writing = threading.Thread(target=pipe.write_bytes, args=[packed])
        writing.start()
        (found,) = threads(pipe, Export("a pipe"))
        writing.join()
        pipe.unlink()
        assert found.number == 7


def test_what_is_read_is_called_by_a_name_that_tells_something(tmp_path: Path):
    os.mkfifo(tmp_path / "63")
    assert [name_of(path) for path in (Path("-"), Path("/dev/stdin"), tmp_path / "63", tmp_path / "x.json")] == [
        "standard input", "standard input", "a pipe", "x.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no issue"),
        (b"[]", "holds no issue"),
        (b'{"message": "Not Found"}', "no number or no title"),
        (b"hello", "is no JSON that is understood .*an array of issues, or one issue a line"),
        (b"[1, 2", "is no JSON that is understood"),
        (b'[{"title": "\\ud800"}]', "is no JSON that is understood"),
        (b"[" * 100_000, "is no JSON that is understood"),
        (gzip.compress(b"[]", mtime=0)[:12], "cannot be read"),
    ],
)
def test_another_kind_of_file_is_refused_in_plain_words(tmp_path: Path, content: bytes, said: str):
    with pytest.raises(ExportError, match=said):
        read(tmp_path, content)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(ExportError, match=r"nowhere\.json cannot be read: No such file"):
        list(threads(tmp_path / "nowhere.json", Export("nowhere.json")))
