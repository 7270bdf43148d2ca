"""Puts the web together: the webhook once there is an App, the setup page until then, health and figures always."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from bot.credentials import FILE, Credentials
from bot.logs import redactor
from bot.settings import Settings
from bot.web import addresses
from bot.web.bashes import Boards
from bot.web.bodies import Bodies
from bot.web.health import Edge, Metrics, readiness, ready_response
from bot.web.pages import page
from bot.web.reports import Reports
from bot.web.service import Service, Start
from bot.web.setup import Setup, closed
from bot.web.webhook import Webhook

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

log = structlog.get_logger(__name__)


_LOOK_FOR_KEYS = 2.0
"""Seconds between looks whether another process has registered the App."""


class Site:
    """What the routes share: the service once it runs, and the setup page while there are no credentials."""

    def __init__(self, settings: Settings, start: Start, *, inner: bool = False) -> None:
        """`inner`: one that nobody comes to but who watches over the process: no webhook, no setup, no pages."""
        self._settings, self._start, self.inner = settings, start, inner
        self.service: Service | None = None
        self.anew = threading.Event()
        """The process is to start anew: others have taken over its work, or the App it waited for is registered."""
        self._closed = threading.Event()
        self._hook: Webhook | None = None
        self._bodies = Bodies()
        self._registered = settings.credentials is not None
        self.setup = None if self._registered or inner else Setup(settings, self._take_up, self._bodies)
        self.metrics = Metrics(lambda: self.service)
        self._boards = Boards(lambda: self.service)
        self._reports = Reports(lambda: self.service)

    async def open(self) -> None:
        """Starts the service where there are credentials. Raises what is wrong with it, for people."""
        if self._settings.credentials:
            await self._run(self._settings.credentials)
        elif self.inner:
            threading.Thread(target=self._wait_for_keys, name="triage-keys", daemon=True).start()

    async def close(self) -> None:
        self._closed.set()
        if self.service:
            await run_in_threadpool(self.service.stop)

    def _wait_for_keys(self) -> None:
        """Until setup, which is another process's, has put them into the data directory."""
        while not self._closed.wait(_LOOK_FOR_KEYS):
            # Whether they can be used, the start will say.
            if (self._settings.data_dir / FILE).exists():
                log.info("an App is registered now: starting anew with its keys")
                self.anew.set()
                return

    async def _run(self, credentials: Credentials) -> None:
        redactor.learn([credentials.webhook_secret, credentials.private_key])
        self.service = await run_in_threadpool(self._start, self._settings, credentials)
        self.service.when_lost(self.anew.set)
        self._hook = Webhook(credentials.secret, self.service, self._bodies)

    async def _take_up(self, credentials: Credentials) -> str:
        """Called by the setup page; its answer is shown there."""
        self._registered = True
        try:
            await self._run(credentials)
        except Exception:  # the App is registered all the same, and the page must say what is left to do
            log.exception("the service could not take up work after setup")
            return "The keys are saved, but the work could not be taken up. The log has the reason; then restart."
        return ""

    def routes(self) -> list[BaseRoute]:
        health: list[BaseRoute] = [
            Route("/healthz", self.alive, methods=["GET"]),
            Route("/readyz", self.ready, methods=["GET"]),
            Route("/metrics", self.figures, methods=["GET"]),
        ]
        if self.inner:
            return health
        routes = [
            *health,
            Route("/", self.status, methods=["GET"]),
            Route("/webhook", self.webhook, methods=["POST"]),
            Route("/reports/{owner:name}/{name:name}", self._reports.show, methods=["GET"]),
            Route("/bash/{owner:name}/{name:name}/{number:issue}", self._boards.show, methods=["GET"]),
            Route("/bash/{owner:name}/{name:name}/{number:issue}.json", self._boards.data, methods=["GET"]),
        ]
        closed_doors = [Route(path, _closed, methods=["GET", "POST"]) for path in ("/setup", "/setup/callback")]
        return routes + (self.setup.routes() if self.setup else closed_doors)

    async def webhook(self, request: Request) -> Response:
        if self._hook is None:
            # Nothing could tell a true delivery from a forged one yet. GitHub lists it as failed, to be redelivered.
            return JSONResponse({"error": "No delivery is taken before the setup page is done with: see /readyz."}, 503)
        return await self._hook.receive(request)

    async def alive(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        return ready_response(await run_in_threadpool(self._checks))

    async def figures(self, _request: Request) -> Response:
        return await run_in_threadpool(self.metrics.response)

    async def status(self, _request: Request) -> Response:
        return page("status", checks=await run_in_threadpool(self._checks), configured=self._registered)

    def _checks(self) -> dict[str, str]:
        return readiness(self.service, registered=self._registered)


async def _closed(_request: Request) -> Response:
    return closed()


def create_app(settings: Settings, start: Start, *, inner: bool = False) -> tuple[FastAPI, Site]:
    """The app, and the site behind it, which is to be opened before serving and closed after."""
    addresses.register()
    site = Site(settings, start, inner=inner)
    routes = site.routes()
    # No generated API pages: they load scripts from elsewhere, and there is no API for people here. No redirects from
    # an address with a slash too many either: they break on a query that is no text.
    app = FastAPI(routes=routes, openapi_url=None, redirect_slashes=False)
    counted = [route for route in routes if isinstance(route, Route)]
    app.add_middleware(Edge, metrics=site.metrics, routes=counted)
    return app, site
