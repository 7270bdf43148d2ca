"""Commands run in this process, with nothing of the machine's own configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from tests.fakes.process import OURS

Triage = Callable[..., Result]


@pytest.fixture
def triage(tmp_path: Path) -> Triage:
    """`triage(*arguments, **environment)`; the data directory is `tmp_path/data`."""

    def run(*arguments: object, **env: str) -> Result:
        clean: dict[str, str | None] = dict.fromkeys(OURS)
        places = {"TRIAGE_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "200"}
        return CliRunner().invoke(app, [*map(str, arguments)], env=clean | places | env)

    return run
