"""A newer release of the bot: this one, with one more migration, in a folder of its own to be run from."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import copytree, ignore_patterns

from alembic.script import ScriptDirectory

from bot.store.migrations import configuration
from tests.fakes.process import environment

ROOT = Path(__file__).parents[2]
REVISION = "9000"

ADDS = """
    op.create_table("of_a_newer_release", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("issues", sa.Column("fresh_fact", sa.Text(), server_default="", nullable=False))
    op.add_column("journal", sa.Column("fresh_fact", sa.Text()))
"""
BREAKS = """
    op.add_column("issues", sa.Column("fresh_fact", sa.Text(), server_default="", nullable=False))
    op.drop_column("issues", "settled")
"""
DAWDLES = """
    op.create_table("half_way", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("UPDATE issues SET title = 'half way'")
    print("half way", flush=True)
    time.sleep(600)
"""


def newer_release(folder: Path, what: str, *, compatible_from: str = "") -> Path:
    """`what` its migration does; `compatible_from` where it says so. The folder to run it from."""
    ours = ScriptDirectory.from_config(configuration()).get_current_head()
    copytree(ROOT / "bot", folder / "bot", ignore=ignore_patterns("__pycache__"))
    for other in ("tests", "templates", "app.yaml"):
        (folder / other).symlink_to(ROOT / other)
    said = f'compatible_from = "{compatible_from}"\n' if compatible_from else ""
    (folder / f"bot/store/migrations/versions/{REVISION}_newer.py").write_text(
        "import time\nimport sqlalchemy as sa\nfrom alembic import op\n"
        f'revision = "{REVISION}"\ndown_revision = "{ours}"\n{said}\ndef upgrade():{what}'
    )
    return folder


def command(*arguments: str) -> list[str]:
    """What to run in a release's folder: `python -m` finds there what it imports."""
    return [sys.executable, "-m", *arguments]


def triage(release: Path, *arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """One command of that release to its end."""
    return subprocess.run(
        command("bot", *arguments),
        cwd=release,
        env=environment(env),
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
