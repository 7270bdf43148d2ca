"""The corpus is other people's text and no part of the project: without it these tests are not collected."""

from __future__ import annotations

from tests.corpus.corpus import FOLDER

if FOLDER is None:
    collect_ignore_glob = ["test_*.py"]
