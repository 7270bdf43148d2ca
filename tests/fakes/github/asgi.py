"""The fake GitHub as a bare ASGI app: limits, faults, redirects, conditional requests and errors around the routes."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from tests.fakes.github import graphql, rest_apps, rest_issues, rest_repos  # noqa: F401 - their routes
from tests.fakes.github.auth import check_app, check_permission, identify
from tests.fakes.github.errors import ApiError, bad_json, not_found
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.github.faults import Fault
from tests.fakes.github.limits import secondary_exceeded
from tests.fakes.github.model import Repository
from tests.fakes.github.rest_repos import primary_limit, who_pays
from tests.fakes.github.routing import Request, Response, Route, routes

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIXES = ("/api/v3", "/api")
"""Where GitHub Enterprise Server has its API; both forms are served."""


MALFORMED = object()
"""Stands for a body that is no JSON."""


class Dropped(Exception):
    """The connection is to end without an answer."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, for who watches."""

    method: str
    path: str
    template: str
    """The route's, such as `/repos/{owner}/{repo}`; empty for none."""
    query: dict[str, str]
    body: Any
    status: int
    """0 where the connection was cut."""
    headers: dict[str, str]
    answer: Any
    """The JSON before it was written; bytes for a raw file."""
    faulty: bool = False
    """A fault had a hand in it."""


class Service:
    """The ASGI callable; `watchers` are called with every Exchange."""

    def __init__(self, fake: FakeGitHub) -> None:
        self.fake = fake
        self.watchers: list[Callable[[Exchange], None]] = []
        self._running: dict[str, int] = {}
        self._requests = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        raw = bytearray()
        while True:
            message = await receive()
            raw += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope.get("raw_path", scope["path"].encode()).split(b"?")[0].decode("latin-1")
        for prefix in PREFIXES:
            path = path.removeprefix(prefix)
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        request = Request(scope["method"], path, query, headers, _parsed(raw))
        try:
            response, fault = await self._respond(request)
        except Dropped:
            self._show(request, Response(0), {}, faulty=True)
            scope["fake.transport"].abort()
            return
        await self._send(request, response, send, faulty=fault is not None)

    async def _respond(self, request: Request) -> tuple[Response, Fault | None]:
        fault = self.fake.faults.take(request.method, request.path)
        if fault is None:
            return self._answer(request), None
        if fault.when == "before":
            response = await self._strike(fault, request)
            return response or self._answer(request), fault
        applied = self._answer(request)
        return await self._strike(fault, request) or applied, fault

    async def _strike(self, fault: Fault, request: Request) -> Response | None:
        """What the fault answers; None where the usual answer follows."""
        if fault.kind == "drop":
            raise Dropped
        if fault.kind == "expired":
            self.fake.tokens.pop(request.headers.get("authorization", "").rpartition(" ")[2], None)
            return None
        if fault.kind in {"hang", "silence"}:
            left, cleared = fault.seconds, self.fake.faults.cleared
            while left > 0 and cleared == self.fake.faults.cleared:
                await asyncio.sleep(min(left, 0.05))
                left -= 0.05
            if fault.kind == "silence":
                raise Dropped
            return None
        if fault.kind == "graphql":
            error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for installation ID 1."}
            return Response(200, {"errors": [error]}, self._spent(fault, "graphql"))
        if fault.error is not None:
            spent = self._spent(fault, "core") if fault.seconds else {}
            return Response(fault.status, fault.error.body, {**fault.error.headers, **spent})
        return Response(fault.status, {"message": "Server Error"})

    def _spent(self, fault: Fault, resource: str) -> dict[str, str]:
        reset = str(int(self.fake.clock() + fault.seconds))
        return {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset, "x-ratelimit-resource": resource}

    def _answer(self, request: Request) -> Response:
        with self.fake.lock:
            try:
                return self._route(request)
            except ApiError as error:
                return Response(error.status, error.body, {**self._budget_headers(request), **error.headers})

    def _route(self, request: Request) -> Response:
        fake = self.fake
        request.app, request.token = identify(fake, request.headers.get("authorization", ""))
        if request.path.startswith("/repositories/"):
            by_id(fake, request)
        found = routes.find(request.method, request.path)
        if found is None:
            raise not_found()
        route, request.parameters = found
        if request.body is MALFORMED:
            raise bad_json()
        self._charge(request, route)
        if "repo" in request.parameters:
            request.repository = located(fake, request)
        if route.needs == "app":
            check_app(request.app)
        elif route.needs != "none":
            check_permission(fake, request.token, request.repository, route.needs)
        response = route.handler(fake, request)
        response.headers = {**self._budget_headers(request), **response.headers}
        if request.method == "GET" and response.status == 200:
            self._condition(request, response)
        return response

    def _charge(self, request: Request, route: Route) -> None:
        fake, limits = self.fake, self.fake.limits
        if request.path == "/rate_limit" or request.app is not None:
            return
        who, resource = who_pays(request), "graphql" if request.path == "/graphql" else "core"
        if resource == "graphql":
            limit = limits.graphql
        else:
            limit = limits.anonymous if request.token is None else primary_limit(fake, request)
        budget = fake.budget(who, resource, limit)
        mutation = resource == "graphql" and "mutation" in str((request.body or {}).get("query", ""))
        write = mutation if resource == "graphql" else route.is_write
        if limits.concurrent is not None and self._running.get(who, 0) >= limits.concurrent:
            raise secondary_exceeded()
        per_minute = limits.graphql_points_per_minute if resource == "graphql" else limits.points_per_minute
        budget.charge_points(5 if write else 1, per_minute, limits.minute)
        if route.content:
            budget.charge_content(limits.content_per_minute, limits.content_per_hour, limits.minute)
        budget.charge(who)

    def _budget_headers(self, request: Request) -> dict[str, str]:
        resource = "graphql" if request.path == "/graphql" else "core"
        budget = self.fake.budgets.get((who_pays(request), resource))
        return budget.headers() if budget else {}

    def _condition(self, request: Request, response: Response) -> None:
        """ETag, and 304 for who has it already: free of charge."""
        whole = response.body if isinstance(response.body, bytes) else orjson.dumps(response.body)
        etag = f'W/"{hashlib.sha256(whole + request.path.encode()).hexdigest()}"'
        response.headers["etag"] = etag
        if request.headers.get("if-none-match", "").removeprefix("W/") == etag.removeprefix("W/"):
            response.status, response.body = 304, None
            budget = self.fake.budgets.get((who_pays(request), "core"))
            if budget:
                budget.refund()
                response.headers |= budget.headers()

    def _show(self, request: Request, response: Response, headers: dict[str, str], *, faulty: bool) -> None:
        found = routes.find(request.method, request.path) if self.watchers else None
        for watch in self.watchers:
            watch(
                Exchange(
                    request.method,
                    request.path,
                    found[0].template.replace("*}", "}") if found else "",
                    request.query,
                    request.body,
                    response.status,
                    headers,
                    response.body,
                    faulty,
                )
            )

    async def _send(self, request: Request, response: Response, send: Send, *, faulty: bool) -> None:
        body = b"" if response.body is None else response.body
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        headers = {
            "content-type": "application/json; charset=utf-8",
            "content-length": str(len(raw)),
            "x-github-media-type": "github.v3; format=json",
            "x-github-request-id": f"FA4E:{next(self._requests):08X}",
            **response.headers,
        }
        if response.status in {204, 304}:
            del headers["content-length"], headers["content-type"]
        encoded = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        self._show(request, response, headers, faulty=faulty)
        await send({"type": "http.response.start", "status": response.status, "headers": encoded})
        await send({"type": "http.response.body", "body": raw})


def _parsed(raw: bytes | bytearray) -> Any:
    try:
        return orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError:
        return MALFORMED


def by_id(fake: FakeGitHub, request: Request) -> None:
    """`/repositories/{id}/…` is where the former names of a repository redirect to."""
    number, _, rest = request.path.removeprefix("/repositories/").partition("/")
    repository = fake.repositories.get(int(number)) if number.isdigit() else None
    if repository is None:
        raise not_found()
    request.path = f"/repos/{repository.full_name}" + (f"/{rest}" if rest else "")


def located(fake: FakeGitHub, request: Request) -> Repository:
    owner, name = request.parameters["owner"], request.parameters["repo"]
    repository = fake.visible_repository(owner, name)
    if repository.full_name.lower() == f"{owner}/{name}".lower():
        return repository
    rest = request.path.removeprefix(f"/repos/{owner}/{name}")
    query = "&".join(f"{key}={value}" for key, value in request.query.items())
    url = f"{fake.shapes.api}/repositories/{repository.id}{rest}" + (f"?{query}" if query else "")
    status, message = (301, "Moved Permanently") if request.method == "GET" else (307, "Temporary Redirect")
    raise ApiError(status, message, headers={"location": url}, url=url)
