"""Requests, responses and the table of routes: each says which permission it takes and what it costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.fakes.github.changes import By
from tests.fakes.github.errors import ApiError, invalid
from tests.fakes.github.model import App, Repository, Token

if TYPE_CHECKING:
    from tests.fakes.github.fake import FakeGitHub


@dataclass(slots=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Any = None
    parameters: dict[str, str] = field(default_factory=dict)
    token: Token | None = None
    app: App | None = None
    """Set where a JSON Web Token was shown."""
    repository: Repository | None = None
    cost: int = 1
    """Points; more than one for a heavy GraphQL query."""

    @property
    def repo(self) -> Repository:
        assert self.repository, "the route has no repository"
        return self.repository

    @property
    def by(self) -> By:
        """On whose account a write goes."""
        assert self.token, "the route needs a token"
        if self.token.installation:
            return By(self.token.installation.app.bot, self.token.installation.app)
        assert self.token.person
        return By(self.token.person)

    @property
    def number(self) -> int:
        return int(self.parameters["number"])

    def given(self, name: str, kind: type | tuple[type, ...], resource: str, *, required: bool = False) -> Any:
        """A member of the JSON body; None when absent."""
        if not isinstance(self.body, dict):
            raise ApiError(400, "Body should be a JSON object")
        value = self.body.get(name)
        if value is None:
            if required:
                raise invalid(resource, name, "missing_field")
            return None
        if not isinstance(value, kind):
            raise ApiError(
                422, f"Invalid request.\n\nFor '{'properties/' + name}', {value!r} is not of the expected type."
            )
        return value


@dataclass(slots=True)
class Response:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[["FakeGitHub", Request], Response]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    template: str
    handler: Handler
    needs: str = "metadata:read"
    """`app` (a JSON Web Token), `none`, or a permission of the installation token and its level."""
    content: bool = False
    """Counts as creating content."""

    @property
    def is_write(self) -> bool:
        return self.method not in {"GET", "HEAD"}


def _expression(parameter: re.Match[str]) -> str:
    name, rest = parameter.groups()
    kind = ".*" if rest else r"\d+" if name == "number" or name.endswith("_id") else "[^/]+"
    return f"(?P<{name}>{kind})"


class Routes:
    """Finds the route of a path; a parameter ends at a slash, unless it is written `{name*}`."""

    def __init__(self) -> None:
        self.all: list[Route] = []
        self._patterns: list[tuple[re.Pattern[str], dict[str, Route]]] = []

    def add(self, method: str, template: str, **more: Any) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            route = Route(method, template, handler, **more)
            self.all.append(route)
            pattern = re.compile(re.sub(r"\{(\w+)(\*?)\}", _expression, template))
            for known, methods in self._patterns:
                if known.pattern == pattern.pattern:
                    methods[method] = route
                    break
            else:
                self._patterns.append((pattern, {method: route}))
            return handler

        return register

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for pattern, methods in self._patterns:
            match = pattern.fullmatch(path)
            if match and method in methods:
                return methods[method], {name: unquote(value) for name, value in match.groupdict().items()}
        return None


routes = Routes()


def page(request: Request, items: list[Any], shape: Callable[[Any], Any], base: str) -> Response:
    """One page of a listing, with the `Link` header of its neighbours."""
    size = min(100, max(1, _whole(request, "per_page", 30)))
    number = max(1, _whole(request, "page", 1))
    last = max(1, -(-len(items) // size))
    others = {name: value for name, value in request.query.items() if name != "page"}

    def link(to: int, rel: str) -> str:
        query = "&".join(f"{name}={value}" for name, value in [*others.items(), ("page", str(to))])
        return f'<{base}{request.path}?{query}>; rel="{rel}"'

    links = []
    if number > 1:
        links += [link(number - 1, "prev"), link(1, "first")]
    if number < last:
        links += [link(number + 1, "next"), link(last, "last")]
    shown = [shape(item) for item in items[(number - 1) * size : number * size]]
    return Response(200, shown, {"link": ", ".join(links)} if links else {})


def _whole(request: Request, name: str, default: int) -> int:
    value = request.query.get(name, "")
    return int(value) if value.isdigit() else default
