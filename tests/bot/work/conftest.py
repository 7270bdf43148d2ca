"""Fixtures of the work's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.github import transport
from tests.bot.work.bench import Bench
from tests.bot.work.bench import bench as opened
from tests.bot.work.place import Clock, Place


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with opened(tmp_path) as ready:
        ready.settle()
        ready.forget_calls()
        yield ready


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = Clock()
    with opened(tmp_path, clock) as bench:
        yield Place(bench, clock)
        transport.close_idle()
        bench.database.close()
