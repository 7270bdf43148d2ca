"""Credentials in the data directory: who may read them, and that they are never replaced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.credentials import Credentials, CredentialsError, prepare_data_dir, read_credentials, write_credentials
from tests.fakes.service import new_key

KEY = new_key()
APP = Credentials(7, KEY, "a secret", "https://github.com/apps/x")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_keys_are_for_the_owner_only_and_come_back_as_written(tmp_path: Path):
    folder = tmp_path / "new" / "data"
    path = write_credentials(folder, APP)
    assert (mode(folder), mode(path)) == (0o700, 0o600)
    assert read_credentials(folder) == APP
    assert os.listdir(folder) == [path.name]  # noqa: PTH208 - the draft is gone


def test_the_umask_cannot_open_them(tmp_path: Path):
    before = os.umask(0)
    try:
        path = write_credentials(tmp_path / "data", APP)
    finally:
        os.umask(before)
    assert (mode(path.parent), mode(path)) == (0o700, 0o600)


def test_an_empty_directory_is_closed_to_others_and_one_in_use_left_alone(tmp_path: Path):
    empty, used = tmp_path / "empty", tmp_path / "used"
    for folder in (empty, used):
        folder.mkdir()
        folder.chmod(0o755)
    (used / "something").touch()
    prepare_data_dir(empty)
    prepare_data_dir(used)
    assert (mode(empty), mode(used)) == (0o700, 0o755)


def test_credentials_are_never_replaced(tmp_path: Path):
    write_credentials(tmp_path, APP)
    with pytest.raises(CredentialsError, match="is there already"):
        write_credentials(tmp_path, Credentials(8, KEY, "another", ""))
    assert read_credentials(tmp_path) == APP
    assert [path.name for path in tmp_path.iterdir()] == ["app.json"]


def test_none_are_found_before_setup(tmp_path: Path):
    assert read_credentials(tmp_path) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"app_id": "x"}', "not json"])
def test_a_damaged_file_is_named(tmp_path: Path, content: str):
    (tmp_path / "app.json").write_text(content)
    with pytest.raises(CredentialsError, match=r"app\.json is not what setup writes"):
        read_credentials(tmp_path)


def test_what_cannot_be_read_is_named(tmp_path: Path):
    (tmp_path / "app.json").mkdir()
    with pytest.raises(CredentialsError, match="cannot be read"):
        read_credentials(tmp_path)


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path):
    (tmp_path / "data").touch()
    with pytest.raises(CredentialsError, match="--data-dir"):
        prepare_data_dir(tmp_path / "data")


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o700)
    with pytest.raises(CredentialsError, match="cannot be written"):
        # /proc takes no files, whoever asks.
        write_credentials(Path("/proc/self"), APP)
