"""deploy/compose.yaml is by the specification, and names nothing that is not there."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.deploy.settings import NAMES, OF_LIBPQ, understood
from tests.docs.reading import ROOT

FILE = ROOT / "deploy/compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
OURS = ["web", "work"]


def test_it_is_by_the_specification():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("name", OURS)
def test_the_bot_understands_what_it_is_told(name: str):
    service = COMPOSE["services"][name]
    assert set(service["environment"]) <= NAMES | OF_LIBPQ
    assert understood(service["command"])
    # Longer than it takes to stop: see bot/web/server.py and bot/cli/crew.py.
    assert int(service["stop_grace_period"].removesuffix("s")) > 20


@pytest.mark.parametrize("name", OURS)
def test_a_container_can_write_to_its_volume_and_nowhere_else(name: str):
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert [volume.partition(":")[2] for volume in service["volumes"]] == ["/data"]


def test_volumes_and_services_that_are_named_are_there():
    for service in COMPOSE["services"].values():
        assert {volume.partition(":")[0] for volume in service.get("volumes", [])} <= set(COMPOSE["volumes"])
        assert set(service.get("depends_on", {})) <= set(COMPOSE["services"])
        assert (ROOT / "deploy" / service.get("build", {}).get("context", "")).is_dir()
    (build,) = [service["build"] for service in COMPOSE["services"].values() if "build" in service]
    assert (ROOT / "deploy" / build["context"] / build["dockerfile"]).resolve() == ROOT / "deploy/Containerfile"


def test_the_database_is_the_one_that_the_bot_asks_with_the_same_password():
    database, bot = COMPOSE["services"]["database"], COMPOSE["services"]["web"]["environment"]
    user, host, name = re.fullmatch(r"postgresql://(\w+)@(\w+)/(\w+)", bot["DATABASE_URL"]).groups()  # type: ignore[union-attr]
    assert host == "database"
    assert (user, name) == (database["environment"]["POSTGRES_USER"], database["environment"]["POSTGRES_DB"])
    assert bot["PGPASSWORD"] == database["environment"]["POSTGRES_PASSWORD"]
