"""Where a Python process spends its processor time: py-spy's samples, added up by part of the program."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

PARTS = (
    ("answering the webhook (uvicorn, FastAPI)", ("uvicorn/", "starlette/", "fastapi/", "bot/web/", "hmac.py")),
    ("calling GitHub (PyGithub, its transport)", ("github/", "bot/github/")),
    ("recognising and checking", ("bot/forms/",)),
    ("deciding", ("bot/triage/",)),
    ("wording the comment (Jinja)", ("bot/render", "jinja2/")),
    ("the store (SQLAlchemy, SQLite)", ("sqlalchemy/", "bot/store/")),
    ("lanes and journal", ("bot/work/",)),
    ("the engine (DBOS)", ("dbos/",)),
    ("logs and figures", ("structlog/", "prometheus_client/", "bot/logs")),
)
"""The innermost frame that belongs to one of these decides; order matters only where two fit."""
OTHER = "other"


def sampled(process_id: int, seconds: float, work: Callable[[], object]) -> str:
    """Do the work while the process is sampled; the shares, largest first, or why there are none."""
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if program is None:
        return "not told: py-spy is not installed"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "samples"
        options = ["--gil", "--nonblocking", "--rate", "200", "--format", "raw", "--output", str(file)]
        command = [program, "record", "--pid", str(process_id), "--duration", str(round(seconds)), *options]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            work()
        if not file.exists():
            return "not told: py-spy may not look into another process here"
        return _told(file.read_text())


def _told(stacks: str) -> str:
    counts: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        counts[_part_of(stack.split(";"))] += int(count)
    total = counts.total() or 1
    return ", ".join(f"{part} {100 * count / total:.0f} %" for part, count in counts.most_common())


def _part_of(frames: list[str]) -> str:
    for frame in reversed(frames):
        path = frame.rpartition("(")[2]
        for part, places in PARTS:
            if any(path.startswith(place) or f"/{place}" in path for place in places):
                return part
    return OTHER
