"""The line below a cell."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

import autolog
from tests.autolog.keras.models import fit, tiny
from tests.autolog.stage import Tracking


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a notebook would show; IPython itself is not needed for it."""
    displayed: list[str] = []
    shell = types.SimpleNamespace(config={"IPKernelApp": {}})
    python: Any = types.ModuleType("IPython")
    python.get_ipython = lambda: shell
    display: Any = types.ModuleType("IPython.display")
    display.HTML = str
    display.display = displayed.append
    monkeypatch.setitem(sys.modules, "IPython", python)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return displayed


def test_a_notebook_is_told_which_run_it_was(tracking: Tracking, shown: list[str]):
    autolog.autolog(log_models=False)
    fit(tiny())
    (line,) = shown
    assert tracking.run().run_id in line
    assert "mlflow.db" in line


def test_silent_says_nothing(tracking: Tracking, shown: list[str]):
    autolog.autolog(log_models=False, silent=True)
    fit(tiny())
    assert (tracking.run().status, shown) == ("FINISHED", [])


def test_outside_a_notebook_nothing_is_printed(tracking: Tracking, capsys: pytest.CaptureFixture[str]):
    autolog.autolog(log_models=False)
    fit(tiny())
    assert tracking.run().status == "FINISHED"
    assert capsys.readouterr().out == ""
