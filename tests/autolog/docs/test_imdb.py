"""The example of the tutorial runs, learns and logs itself."""

from __future__ import annotations

import re
import runpy
import sys

import pytest

from tests.autolog.stage import ROOT, Tracking

EXAMPLE = ROOT / "autolog/examples/imdb.py"
SMALL = ("--reviews", "800", "--words", "600", "--length", "80", "--units", "16", "--epochs", "4")
# Its model is slow to compile where others are at work.
pytestmark = pytest.mark.timeout(300)


def test_the_imdb_example_learns_to_tell_kind_from_unkind_and_logs_itself(
    tracking: Tracking, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "argv", ["imdb.py", *SMALL])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    run = tracking.run()
    assert run.status == "FINISHED"
    assert run.name.startswith("imdb-")
    assert run.steps("val_accuracy") == [0, 1, 2, 3]
    assert run.last("val_accuracy") > 0.6
    assert run.last("test_accuracy") > 0.6
    assert run.models


def test_the_imdb_example_says_nothing_of_logging_but_the_call():
    code = re.sub(r'""".*?"""', "", EXAMPLE.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line for line in code.splitlines() if re.search(r"autolog|mlflow|callback", line)]
    assert lines == ["import autolog", "autolog.autolog()"]
