"""Spools lie where nobody else can put one, and one that somebody else has put there is not touched."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from autolog.delivery.journal import Journal, abandoned, folders
from tests.autolog.delivery.spools import make, new_token, points, spool, synced, waiting
from tests.autolog.stage import Tracking, run_program

URI = "http://127.0.0.1:1"


@pytest.fixture
def spare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place among the temporary files, which is not there yet."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("AUTOLOG_SPOOL_DIR", str(tmp_path / "spool"))
    return tmp_path / "tmp" / f"autolog-spool-{os.getuid()}"


def plant(place: Path, uri: str = URI) -> Path:
    """A spool as somebody else would write it: with their server, and a file that is not theirs."""
    folder = place / "20200101T000000-aaaaaaaaaaaa"
    folder.mkdir(parents=True)
    (folder / "header.json").write_text(json.dumps({"format": 1, "uri": uri, "created": 0, "pid": 1}))
    (folder / "00000000.jsonl").write_text(json.dumps(make(new_token())) + "\n")
    return folder


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o1777])
def test_a_spare_place_that_others_can_write_to_is_neither_read_nor_written(spare: Path, tmp_path: Path, mode: int):
    plant(spare)
    spare.chmod(mode)
    assert (folders(), list(abandoned())) == ([], [])
    (tmp_path / "spool").write_text("a file in the way")
    journal = Journal.create(URI)
    assert not journal.folder.exists()
    assert journal.lock is None, "it is in memory"


def test_a_spare_place_that_is_a_link_is_neither_read_nor_written(spare: Path, tmp_path: Path):
    plant(tmp_path / "elsewhere")
    spare.symlink_to(tmp_path / "elsewhere")
    assert folders() == []
    (tmp_path / "spool").write_text("a file in the way")
    assert Journal.create(URI).lock is None


@pytest.mark.parametrize("planted", ["open to the group", "open to all", "a link"])
def test_a_spool_that_others_can_write_to_is_left_alone(spare: Path, tmp_path: Path, planted: str):
    folder = plant(tmp_path / "spool")
    if planted == "a link":
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.chmod(0o770 if planted == "open to the group" else 0o777)
    assert (folders(), Journal.adopt(folder)) == ([], None)
    assert not (folder / "lock").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give something to another user")
@pytest.mark.parametrize("whose", ["the spare place", "the place", "the spool"])
def test_what_belongs_to_another_user_is_left_alone(spare: Path, tmp_path: Path, whose: str):
    folder = plant(spare if whose == "the spare place" else tmp_path / "spool")
    os.chown(folder if whose == "the spool" else folder.parent, 12345, 12345)
    assert (folders(), list(abandoned())) == ([], [])
    if whose == "the place":
        assert Journal.create(URI).folder.parent == spare


@pytest.mark.parametrize("mode", [0o700, 0o775, 0o1777])
def test_the_users_own_place_may_be_their_groups_or_one_like_tmp(spare: Path, tmp_path: Path, mode: int):
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool").chmod(mode)
    journal = Journal.create(URI)
    assert journal.folder.parent == tmp_path / "spool"
    assert folders() == [journal.folder]


def test_a_place_where_anybody_can_change_one_spool_for_another_is_not_used(spare: Path, tmp_path: Path):
    plant(tmp_path / "spool")
    (tmp_path / "spool").chmod(0o777)
    assert folders() == []
    assert Journal.create(URI).folder.parent == spare


@pytest.mark.parametrize("named", ["absolute", "up", "up within", "the folder itself", "nowhere"])
@pytest.mark.parametrize("kind", ["file", "model"])
def test_a_record_reaches_nothing_beyond_the_journals_own_files(
    tracking: Tracking, tmp_path: Path, named: str, kind: str
):
    theirs = tmp_path / "theirs" / "deep"
    theirs.mkdir(parents=True)
    (theirs / "MLmodel").write_text("secret")
    (theirs / "key").write_text("secret")
    mine = theirs if kind == "model" else theirs / "key"
    name = {
        "absolute": str(mine),
        "up": f"../../theirs/deep{'/key' if kind == 'file' else ''}",
        "up within": f"files/../../../theirs/deep{'/key' if kind == 'file' else ''}",
        "the folder itself": "files/..",
        "nowhere": "files/a/..",
    }[named]
    token = new_token()
    folder = spool(tracking.uri, [make(token), {"run": token, kind: name, "to": None, "name": "model", "step": 0}])
    (folder / "files" / "a").mkdir(parents=True)
    (result,) = synced()
    assert result.refused == 1
    assert sorted(path.name for path in theirs.iterdir()) == ["MLmodel", "key"]
    run = tracking.run()
    assert (run.artifacts, run.models) == ([], [])
    (kept,) = (tracking.spool / "refused").glob("*/refused.jsonl")
    assert "own files" in json.loads(kept.read_text())["refused"]


@pytest.mark.parametrize("link", ["the file", "its folder", "all files", "in a model"])
def test_a_link_out_of_the_journals_own_files_is_not_followed(tracking: Tracking, tmp_path: Path, link: str):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "key").write_text("secret")
    journal, token = Journal.create(tracking.uri), new_token()
    files = journal.folder / "files"
    record: dict[str, Any] = {"run": token, "file": "files/a/key", "to": None}
    if link == "all files":
        (tmp_path / "all" / "a").mkdir(parents=True)
        (tmp_path / "all" / "a" / "key").write_text("secret")
        files.symlink_to(tmp_path / "all")
    elif link == "its folder":
        files.mkdir()
        (files / "a").symlink_to(theirs)
    elif link == "the file":
        (files / "a").mkdir(parents=True)
        (files / "a" / "key").symlink_to(theirs / "key")
    else:
        (files / "a" / "model").mkdir(parents=True)
        (files / "a" / "model" / "MLmodel").write_text("flavors: {}")
        (files / "a" / "model" / "key").symlink_to(theirs / "key")
        record = {"run": token, "model": "files/a/model", "name": "model", "step": 0}
    journal.append(make(token))
    journal.append(record)
    journal.disown()
    assert synced()[0].refused == 1
    assert (theirs / "key").exists()
    run = tracking.run()
    assert (run.artifacts, run.models) == ([], [])


def test_of_what_was_uploaded_its_own_folder_alone_is_deleted(tracking: Tracking):
    journal, token = Journal.create(tracking.uri), new_token()
    first, second = journal.place_for("a.txt"), journal.place_for("b.txt")
    for path in (first, second):
        path.write_text("content")
    journal.append(make(token))
    journal.append({"run": token, "file": first.relative_to(journal.folder).as_posix(), "to": None})
    journal.append(points("no such run", [0]))  # is refused, and so keeps the files
    journal.disown()
    assert len(synced()) == 1
    assert tracking.run().artifacts == ["a.txt"]
    (kept,) = (tracking.spool / "refused").iterdir()
    assert [path.name for path in kept.rglob("*.txt")] == ["b.txt"]


def test_a_relative_place_stays_the_one_it_was_when_the_program_goes_elsewhere(
    tracking: Tracking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("AUTOLOG_SPOOL_DIR", f"spool of {tmp_path.name}")
    monkeypatch.chdir(tmp_path / "first")
    journal, token = Journal.create(tracking.uri), new_token()
    journal.append(make(token))
    monkeypatch.chdir(tmp_path / "second")
    path = journal.place_for("a.txt")
    path.write_text("content")
    journal.append({"run": token, "file": path.relative_to(journal.folder).as_posix(), "to": None})
    journal.disown()
    assert synced()[0].delivered
    assert tracking.run().artifacts == ["a.txt"]
    assert list((tmp_path / "second").iterdir()) == []
    assert waiting() == 0


def test_a_user_without_a_home_has_spools_among_the_temporary_files_and_doctor_answers(tmp_path: Path):
    (tmp_path / "tmp").mkdir()
    program = run_program(
        """
        import os, pwd

        def unknown(uid):
            raise KeyError(f"getpwuid(): uid not found: {uid}")

        pwd.getpwuid = unknown  # as in a container with a user id of its own
        for name in ("HOME", "AUTOLOG_SPOOL_DIR", "XDG_STATE_HOME", "KERAS_HOME", "KERAS_BACKEND"):
            os.environ.pop(name, None)
        import autolog
        from autolog.delivery.journal import Journal, abandoned

        journal = Journal.create("http://127.0.0.1:1")
        journal.append({"run": "r"})
        autolog.doctor()
        journal.disown()
        print([each.folder.parent.name for each in abandoned()])
        """,
        environment={"TMPDIR": str(tmp_path / "tmp"), "MLFLOW_TRACKING_URI": "http://127.0.0.1:1"},
    )
    assert program.status == 0, program.errors
    assert "undelivered: 1" in program.output
    assert "backend: tensorflow" in program.output
    assert program.output.strip().endswith(f"['autolog-spool-{os.getuid()}']")
