"""What can be said of deploy/Containerfile without building it."""

from __future__ import annotations

import re

from bot.settings import Settings
from tests.deploy.container import steps
from tests.docs.reading import ROOT

STEPS = steps(ROOT / "deploy/Containerfile")


def copied() -> list[str]:
    """Of the checkout."""
    words = [rest.split() for word, rest in STEPS if word == "COPY"]
    return [source for each in words if not each[0].startswith("--from=") for source in each[:-1]]


def test_what_is_copied_is_there_and_reaches_the_builder():
    assert len(copied()) > 3
    assert all((ROOT / source).exists() for source in copied())
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == set(copied())


def test_it_runs_as_nobody_in_particular_and_keeps_its_state_in_one_volume():
    last = STEPS[max(number for number, step in enumerate(STEPS) if step.word == "FROM") :]
    said = dict(last)
    uid = re.fullmatch(r"(\d+):\1", said["USER"])
    assert uid
    assert int(uid[1]) > 0
    env = dict(pair.split("=", 1) for pair in said["ENV"].split())
    assert env["TRIAGE_DATA_DIR"] == said["VOLUME"]
    assert env["PORT"] == said["EXPOSE"]
    ours = {str(field.validation_alias or name).upper() for name, field in Settings.model_fields.items()}
    assert {name for name in env if name.startswith("TRIAGE_") or name == "PORT"} <= ours
