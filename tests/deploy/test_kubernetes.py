"""deploy/kubernetes.yaml names nothing that is not there, and its parts fit together."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import yaml
from starlette.routing import Route

from bot.settings import Settings
from bot.web.app import create_app
from tests.deploy.container import steps
from tests.deploy.settings import NAMES, OF_LIBPQ, understood
from tests.docs.reading import ROOT

ALL: list[dict[str, Any]] = list(yaml.safe_load_all((ROOT / "deploy/kubernetes.yaml").read_text(encoding="utf-8")))
WORKLOADS = [it for it in ALL if it["kind"] in {"Deployment", "StatefulSet"}]


def named(kind: str) -> dict[str, dict[str, Any]]:
    return {it["metadata"]["name"]: it for it in ALL if it["kind"] == kind}


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def container(workload: dict[str, Any]) -> dict[str, Any]:
    (only,) = pod(workload)["containers"]
    assert isinstance(only, dict)
    return only


def labels(workload: dict[str, Any]) -> set[tuple[str, str]]:
    return set(workload["spec"]["template"]["metadata"]["labels"].items())


each = pytest.mark.parametrize("workload", WORKLOADS, ids=lambda it: it["metadata"]["name"])


def test_all_are_in_one_namespace_and_none_is_there_twice():
    (namespace,) = named("Namespace")
    assert {it["metadata"]["namespace"] for it in ALL if it["kind"] != "Namespace"} == {namespace}
    assert max(Counter((it["kind"], it["metadata"]["name"]) for it in ALL).values()) == 1
    assert [it["kind"] for it in WORKLOADS] == ["Deployment", "StatefulSet"]


@each
def test_settings_and_secrets_that_are_named_are_there_and_the_bot_knows_them(workload: dict[str, Any]):
    kinds = {"configMapRef": "ConfigMap", "secretRef": "Secret"}
    found: set[str] = set()
    for source in container(workload)["envFrom"]:
        ((kind, ref),) = source.items()
        holder = named(kinds[kind])[ref["name"]]
        found |= set(holder.get("data") or holder["stringData"])
    assert {"DATABASE_URL", "APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET"} <= found <= NAMES | OF_LIBPQ
    assert pod(workload)["serviceAccountName"] in named("ServiceAccount")
    assert understood(container(workload)["args"])


@each
def test_probes_ask_what_is_served_where_it_is_served(workload: dict[str, Any]):
    inner = "--work-only" in container(workload)["args"]
    app, _ = create_app(Settings(), lambda *_: pytest.fail("nothing is started"), inner=inner)
    served = {route.path for route in app.routes if isinstance(route, Route)}
    ports = {port["name"]: port["containerPort"] for port in container(workload)["ports"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container(workload)[probe]["httpGet"]
        assert asked["path"] in served
        assert asked["port"] in ports
    env = dict(
        pair.split("=", 1)
        for word, rest in steps(ROOT / "deploy/Containerfile")
        if word == "ENV"
        for pair in rest.split()
    )
    assert set(ports.values()) == {int(env["PORT"])}
    annotations = workload["spec"]["template"]["metadata"]["annotations"]
    assert int(annotations["prometheus.io/port"]) in ports.values()


@each
def test_it_has_the_time_to_stop_and_no_rights(workload: dict[str, Any]):
    before = container(workload).get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["", "0"])
    assert pod(workload)["terminationGracePeriodSeconds"] >= int(before[1]) + 20
    assert pod(workload)["securityContext"]["runAsNonRoot"] is True
    assert pod(workload)["automountServiceAccountToken"] is False
    user = next(rest for word, rest in reversed(steps(ROOT / "deploy/Containerfile")) if word == "USER")
    assert f"{pod(workload)['securityContext']['runAsUser']}:{pod(workload)['securityContext']['runAsGroup']}" == user
    assert container(workload)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@each
def test_it_selects_itself_and_may_not_vanish_as_a_whole(workload: dict[str, Any]):
    selector = workload["spec"]["selector"]["matchLabels"]
    assert set(selector.items()) <= labels(workload)
    budgets = [it for it in named("PodDisruptionBudget").values() if it["spec"]["selector"]["matchLabels"] == selector]
    assert [it["spec"]["minAvailable"] < workload["spec"]["replicas"] for it in budgets] == [True]
    (spread,) = pod(workload)["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == selector


def test_webhooks_lead_to_those_that_take_them_and_the_workers_have_their_own_names():
    web, workers = WORKLOADS
    services = named("Service")
    assert set(services["triage"]["spec"]["selector"].items()) <= labels(web)
    assert not set(services["triage"]["spec"]["selector"].items()) <= labels(workers)
    own = services[workers["spec"]["serviceName"]]
    assert own["spec"]["clusterIP"] == "None"
    assert set(own["spec"]["selector"].items()) <= labels(workers)
    for service, workload in ((services["triage"], web), (own, workers)):
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= {
            it["name"] for it in container(workload)["ports"]
        }
