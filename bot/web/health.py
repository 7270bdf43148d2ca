"""Tells machines how the service is: `/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from starlette.responses import JSONResponse, Response

from bot.work import metrics as work_metrics

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric
    from starlette.routing import Route
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from bot.web.service import Service

log = structlog.get_logger(__name__)

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
"""On every answer; pages add their Content-Security-Policy."""


def readiness(service: Service | None, *, registered: bool) -> dict[str, str]:
    """Each check with what is wrong, or an empty text. Blocks on the database: call it in a thread."""
    if service is None and registered:
        return {"credentials": "", "service": "it could not take up work; the log has the reason. Restart it then"}
    if service is None:
        waiting = "waits for credentials"
        return {
            "credentials": "no GitHub App is registered yet: open the setup page",
            "database": waiting,
            "engine": waiting,
        }
    try:
        return {"credentials": "", **service.checks()}
    except Exception:  # a check that breaks is a failing check, and the page must say so
        log.exception("the readiness checks broke")
        return {"credentials": "", "service": "its checks broke; the log has the reason"}


def ready_response(checks: Mapping[str, str]) -> JSONResponse:
    ready = not any(checks.values())
    content = {
        "status": "ready" if ready else "not ready",
        "checks": {name: {"ok": not wrong, "message": wrong or "ok"} for name, wrong in checks.items()},
    }
    return JSONResponse(content, 200 if ready else 503, headers={"Cache-Control": "no-store"})


class Metrics:
    """The web's figures, in a registry of their own, shown with those of the work."""

    def __init__(self, service: Callable[[], Service | None]) -> None:
        self._service = service
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self.answers = Counter("triage_http_answers", "HTTP answers.", ["route", "status"], registry=self._registry)
        self.seconds = Histogram(
            "triage_webhook_seconds",
            "Time from a delivery's first byte to its answer.",
            registry=self._registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        )

    def collect(self) -> Iterable[Metric]:
        """The store's gauges, asked for when they are read. Called by the registry."""
        service = self._service()
        yield GaugeMetricFamily("triage_configured", "1 once an App is registered.", value=float(service is not None))
        for name, value in (service.figures() if service else {}).items():
            yield GaugeMetricFamily(f"triage_{name}", f"{name.replace('_', ' ').capitalize()} now.", value=value)
        budget = GaugeMetricFamily(
            "triage_budget_left",
            "Of each of GitHub's limits the share that is left, 0 to 1, for the installations with least.",
            labels=["installation", "resource"],
        )
        for (installation, resource), share in (service.budget_left() if service else {}).items():
            budget.add_metric([str(installation), resource], share)
        yield budget

    def describe(self) -> Iterable[Metric]:
        """Nothing ahead: the registry would ask the store for names while it is not open yet."""
        return ()

    def response(self) -> Response:
        """Blocks on the database: call it in a thread."""
        text = generate_latest(self._registry) + generate_latest(work_metrics.REGISTRY)
        return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)


class Edge:
    """ASGI middleware: security headers and figures on every answer (plain ASGI, as the webhook's path is hot)."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Collection[Route]) -> None:
        self._app, self._metrics = app, metrics
        self._plain = {route.path for route in routes if not route.param_convertors}
        self._patterns = [(route.path_regex, route.path_format) for route in routes if route.param_convertors]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        route = self._name(scope["path"])

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS]
                self._metrics.answers.labels(route, message["status"]).inc()
                if route == "/webhook":
                    self._metrics.seconds.observe(time.perf_counter() - begun)
            await send(message)

        await self._app(scope, receive, send_on)

    def _name(self, path: str) -> str:
        """Unknown paths share one: anyone can invent paths, and each would be a new time series."""
        if path in self._plain:
            return path
        return next((name for pattern, name in self._patterns if pattern.match(path)), "other")
