"""The peers' side: where Node and its packages are, and how to talk to a script of theirs."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PACKAGES = FOLDER.parent / "node_modules"


def absent() -> str:
    """Why the peers cannot be measured here; empty when they can."""
    if shutil.which("node") is None:
        return "node not found: the peers are left out, these are our own figures alone"
    if not (PACKAGES / "probot").is_dir():
        return "the Node packages are not installed (make bench does it where npm is there): our own figures alone"
    return ""


@contextmanager
def script(name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A running script of this folder, fed and read by lines; it ends when its standard input closes."""
    command = ["node", str(FOLDER / name), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.stdin and not process.stdin.closed:
                process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def ask(process: subprocess.Popen[str], **question: Any) -> dict[str, Any]:
    """Send one line, wait for its answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(question) + "\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer
