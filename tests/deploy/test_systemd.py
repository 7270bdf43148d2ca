"""The units in deploy/systemd are as systemd wants them, and leave the bot few rights."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.settings import understood
from tests.docs.reading import ROOT

UNITS = sorted((ROOT / "deploy/systemd").iterdir())
PROGRAM = "/opt/autolog/.venv/bin/triage"
MOST_EXPOSED = 1.5
"""Of 10, as `systemd-analyze security` counts."""

each = pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
with_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="takes systemd-analyze: apt install systemd"
)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


@with_systemd
@each
def test_systemd_finds_nothing_wrong_with_it(unit: Path, tmp_path: Path):
    # The program stands elsewhere here, and systemd looks whether it is there.
    text = unit.read_text(encoding="utf-8").replace(PROGRAM, "/bin/sh")
    copy = tmp_path / unit.name.replace("@", "@01")
    copy.write_text(text, encoding="utf-8")
    found = analyze("verify", "--man=no", str(copy))
    assert [line for line in found.stderr.splitlines() if unit.name.partition("@")[0].partition(".")[0] in line] == []
    assert found.returncode == 0


@with_systemd
@each
def test_it_leaves_the_bot_few_rights(unit: Path):
    told = analyze("security", "--offline=true", "--no-pager", str(unit)).stdout
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", told)
    assert exposure, told
    assert float(exposure[1]) <= MOST_EXPOSED


@each
def test_the_bot_understands_what_it_is_told_and_has_the_time_to_stop(unit: Path):
    text = unit.read_text(encoding="utf-8")
    said = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
    program, *arguments = said["ExecStart"].replace("$SERVE_OPTIONS", "--workers 4").replace("%i", "01").split()
    assert program == PROGRAM
    assert understood(arguments)
    assert int(said["TimeoutStopSec"]) > 20


def test_what_holds_for_both_is_the_same_in_both():
    first, second = (path.read_text(encoding="utf-8").partition("# What it needs")[2] for path in UNITS)
    assert first == second != ""
