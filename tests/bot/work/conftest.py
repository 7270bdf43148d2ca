"""Fixtures of the work's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.work.bench import Bench
from tests.bot.work.bench import bench as opened


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with opened(tmp_path) as ready:
        ready.settle()
        ready.forget_calls()
        yield ready
