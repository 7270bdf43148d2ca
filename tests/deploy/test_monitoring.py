"""The dashboard and the alerts ask for figures that there are, and the alerts go off when they should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from bot.store.database import Database
from bot.web.health import Metrics
from bot.work.front import Front
from tests.docs.reading import ROOT

RULES = ROOT / "deploy/prometheus-rules.yaml"
ALERTS = [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((ROOT / "deploy/grafana-dashboard.json").read_text(encoding="utf-8"))
SHOWN = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
ASKED = [*(rule["expr"] for rule in ALERTS), *SHOWN]
with_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="takes promtool: apt install prometheus")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Of all series at `/metrics`."""
    front = Front(Database(f"sqlite:///{tmp_path_factory.mktemp('data') / 'triage.db'}"))
    front.start()
    text = bytes(Metrics(lambda: front).response().body).decode()
    front.stop()
    families = re.findall(r"^# TYPE (\w+) (\w+)", text, re.MULTILINE)
    return {name for name, _ in families} | {
        f"{name}_{part}" for name, kind in families if kind == "histogram" for part in ("bucket", "sum", "count")
    }


def test_whatever_is_asked_for_is_there(names: set[str]):
    wanted = {name for expression in ASKED for name in re.findall(r"\btriage_\w+", expression)}
    assert len(wanted) > 10
    assert wanted <= names


def test_every_figure_of_trouble_has_its_alert():
    watched = {name for rule in ALERTS for name in re.findall(r"\btriage_\w+|\bup\b", rule["expr"])}
    assert {
        "up",
        "triage_dead_letters",
        "triage_oldest_undone_delivery_seconds",
        "triage_budget_left",
        "triage_lease_changes",
        "triage_workers_alive",
    } <= watched


def test_every_alert_says_what_it_means_and_how_bad_it_is():
    for rule in ALERTS:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith(".")


def test_panels_have_numbers_of_their_own_and_do_not_lie_on_each_other():
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in panels
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24


def promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@with_promtool
def test_prometheus_understands_every_expression(tmp_path: Path):
    promtool("check", "rules", str(RULES))
    rules = [
        {"record": f"shown:{number}", "expr": expression.replace("$__rate_interval", "5m")}
        for number, expression in enumerate(SHOWN)
    ]
    (tmp_path / "shown.yaml").write_text(yaml.safe_dump({"groups": [{"name": "shown", "rules": rules}]}))
    promtool("check", "rules", str(tmp_path / "shown.yaml"))


@with_promtool
def test_alerts_go_off_when_they_should_and_only_then():
    promtool("test", "rules", str(Path(__file__).with_name("alerts.yaml")))
