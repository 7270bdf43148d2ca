"""Reads the template files of a checkout, or of an ISSUE_TEMPLATE folder by itself, as repository paths."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from bot.forms.load import FOLDER, is_template_path

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORM = re.compile(rb"^body[ \t]*:", re.MULTILINE)
_FRONT = re.compile(rb"\A(?:\xef\xbb\xbf)?---[ \t]*\r?\n")


class FolderError(Exception):
    """The folder cannot be read; the message is for people."""


def template_files(folder: Path) -> dict[str, bytes]:
    """Template files by repository path; `folder` is a repository's root, its `.github` or its template folder."""
    if not folder.is_dir():
        reason = "is not a folder" if folder.exists() else "does not exist"
        raise FolderError(f"{folder} {reason}; name a repository's root or its {FOLDER} folder.")
    try:
        return {path: file.read_bytes() for path, file in sorted(_paths(folder)) if is_template_path(path)}
    except OSError as error:
        raise FolderError(f"{error.filename} cannot be read: {error.strerror}.") from None


def _paths(folder: Path) -> Iterable[tuple[str, Path]]:
    inside = {child.name.lower(): child for child in folder.iterdir() if child.is_dir()}
    if ".github" in inside:
        return [*_files(folder, ""), *_files(inside.get("docs"), "docs/"), *_github(inside[".github"])]
    if "issue_template" in inside:
        return _github(folder)
    if folder.resolve().name.lower() == "issue_template" or _holds_templates(folder):
        return _files(folder, f"{FOLDER}/")
    return [*_files(folder, ""), *_files(inside.get("docs"), "docs/")]


def _github(folder: Path) -> Iterable[tuple[str, Path]]:
    nested = [child for child in folder.iterdir() if child.is_dir() and child.name.lower() == "issue_template"]
    return [*_files(folder, ".github/"), *(pair for child in nested for pair in _files(child, f"{FOLDER}/"))]


def _files(folder: Path | None, prefix: str) -> Iterable[tuple[str, Path]]:
    return [(prefix + child.name, child) for child in folder.iterdir() if child.is_file()] if folder else []


def _holds_templates(folder: Path) -> bool:
    """Tell whether forms or markdown templates with front matter lie right in this folder, whatever its name."""
    for child in folder.iterdir():
        suffix = child.suffix.lower()
        if child.is_file() and (
            (suffix in {".yml", ".yaml"} and _FORM.search(child.read_bytes()))
            or (suffix in {".md", ".markdown"} and _FRONT.match(child.read_bytes()))
        ):
            return True
    return False
