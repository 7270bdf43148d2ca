"""REST: the app, its installations, tokens, webhook settings and deliveries, and the manifest flow."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import orjson

from tests.fakes.github.auth import LEVELS
from tests.fakes.github.errors import ApiError, not_found
from tests.fakes.github.model import App, Delivery, Installation
from tests.fakes.github.places import full_repository, installation_shape, token_shape
from tests.fakes.github.routing import Request, Response, page, routes
from tests.fakes.github.scene import key_pair
from tests.fakes.github.shapes import stamp

if TYPE_CHECKING:
    from tests.fakes.github.fake import FakeGitHub


def _app(request: Request) -> App:
    assert request.app, "the route needs a JSON Web Token"
    return request.app


def _installation(fake: FakeGitHub, request: Request) -> Installation:
    found = fake.installations.get(int(request.parameters["installation_id"]))
    if found is None or found.app is not request.app:
        raise not_found()
    return found


@routes.add("GET", "/app", needs="app")
def get_app(fake: FakeGitHub, request: Request) -> Response:
    app = _app(request)
    count = sum(1 for one in fake.installations.values() if one.app is app)
    return Response(200, fake.shapes.app(app) | {"installations_count": count})


@routes.add("GET", "/app/installations", needs="app")
def list_installations(fake: FakeGitHub, request: Request) -> Response:
    mine = [one for one in fake.installations.values() if one.app is request.app]
    return page(request, mine, lambda one: installation_shape(fake.shapes, one), fake.shapes.api)


@routes.add("GET", "/app/installations/{installation_id}", needs="app")
def get_installation(fake: FakeGitHub, request: Request) -> Response:
    return Response(200, installation_shape(fake.shapes, _installation(fake, request)))


@routes.add("GET", "/repos/{owner}/{repo}/installation", needs="app")
def get_repository_installation(fake: FakeGitHub, request: Request) -> Response:
    for installation in fake.installations.values():
        if installation.app is request.app and fake.covers(installation, request.repo):
            return Response(200, installation_shape(fake.shapes, installation))
    raise not_found()


@routes.add("GET", "/orgs/{org}/installation", needs="app")
@routes.add("GET", "/users/{org}/installation", needs="app")
def get_account_installation(fake: FakeGitHub, request: Request) -> Response:
    for installation in fake.installations.values():
        same = installation.account.login.lower() == request.parameters["org"].lower()
        if installation.app is request.app and same:
            return Response(200, installation_shape(fake.shapes, installation))
    raise not_found()


@routes.add("POST", "/app/installations/{installation_id}/access_tokens", needs="app")
def create_token(fake: FakeGitHub, request: Request) -> Response:
    installation = _installation(fake, request)
    if installation.suspended_at is not None:
        raise ApiError(403, "This installation has been suspended")
    body: dict[str, Any] = request.body if isinstance(request.body, dict) else {}
    wanted = body.get("permissions") or installation.permissions
    for name, level in wanted.items():
        if LEVELS.get(level, 9) > LEVELS.get(installation.permissions.get(name, ""), 0):
            raise ApiError(422, "The permissions requested are not granted to this installation.")
    chosen = None
    if body.get("repositories") or body.get("repository_ids"):
        names = {str(name).lower() for name in body.get("repositories") or ()}
        numbers = set(body.get("repository_ids") or ())
        covered = fake.covered(installation)
        chosen = frozenset(one.id for one in covered if one.id in numbers or one.name.lower() in names)
        if len(chosen) < len(names | numbers):
            raise ApiError(
                422,
                "There is at least one repository that does not exist or is not accessible to the parent installation.",
            )
    token = fake.new_token(installation, dict(wanted), chosen)
    shape = token_shape(token)
    if chosen is not None:
        shape["repositories"] = [full_repository(fake.shapes, fake.repositories[number]) for number in sorted(chosen)]
    return Response(201, shape)


@routes.add("GET", "/installation/repositories")
def list_repositories(fake: FakeGitHub, request: Request) -> Response:
    if request.token is None or request.token.installation is None:
        raise ApiError(403, "Resource not accessible by integration")
    only = request.token.repositories
    covered = [one for one in fake.covered(request.token.installation) if only is None or one.id in only]
    answer = page(request, covered, lambda one: full_repository(fake.shapes, one), fake.shapes.api)
    answer.body = {"total_count": len(covered), "repositories": answer.body}
    return answer


@routes.add("POST", "/app-manifests/{code}/conversions", needs="none")
def convert_manifest(fake: FakeGitHub, request: Request) -> Response:
    """The code works once. The app's key is the one of this process: making RSA keys takes its time."""
    manifest = fake.manifests.pop(request.parameters["code"], None)
    if manifest is None:
        raise not_found()
    name = str(manifest.get("name", "triage"))
    app = fake.add_app(
        "-".join(name.lower().split()),
        permissions=manifest.get("default_permissions") or {},
        events=manifest.get("default_events") or (),
        webhook_url=(manifest.get("hook_attributes") or {}).get("url", ""),
        webhook_secret=secrets.token_hex(20),
    )
    app.name, app.external_url = name, str(manifest.get("url", app.external_url))
    secret = {
        "client_secret": secrets.token_hex(20),
        "webhook_secret": app.webhook_secret,
        "pem": key_pair()[0],
    }
    return Response(201, fake.shapes.app(app) | secret)


@routes.add("GET", "/app/hook/config", needs="app")
def get_hook_config(fake: FakeGitHub, request: Request) -> Response:
    app = _app(request)
    config = {"content_type": "json", "insecure_ssl": "0", "secret": "********"}
    return Response(200, config | ({"url": app.webhook_url} if app.webhook_url else {}))


@routes.add("PATCH", "/app/hook/config", needs="app")
def set_hook_config(fake: FakeGitHub, request: Request) -> Response:
    app = _app(request)
    app.webhook_url = request.given("url", str, "Hook") or app.webhook_url
    app.webhook_secret = request.given("secret", str, "Hook") or app.webhook_secret
    return get_hook_config(fake, request)


def delivery_shape(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": stamp(delivery.delivered_at or delivery.created_at),
        "redelivery": delivery.redelivery,
        "duration": delivery.duration,
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation_id,
        "repository_id": delivery.repository_id,
        "throttled_at": None,
    }


def _delivery(fake: FakeGitHub, request: Request) -> Delivery:
    for delivery in fake.kept_deliveries():
        if delivery.id == int(request.parameters["delivery_id"]) and delivery.app is request.app:
            return delivery
    raise not_found()


@routes.add("GET", "/app/hook/deliveries", needs="app")
def list_deliveries(fake: FakeGitHub, request: Request) -> Response:
    """Newest first, by cursor; of the last days only."""
    size = min(100, int(request.query.get("per_page", "30")))
    mine = [one for one in reversed(fake.kept_deliveries()) if one.app is request.app and one.status != "pending"]
    cursor = request.query.get("cursor")
    if cursor:
        if not cursor.isdigit():
            raise ApiError(400, "Invalid cursor")
        mine = [one for one in mine if one.id <= int(cursor)]
    if wanted := request.query.get("status"):
        mine = [one for one in mine if (one.status_code >= 400) == (wanted == "failure")]
    headers = {}
    if len(mine) > size:
        headers["link"] = f'<{fake.shapes.api}{request.path}?per_page={size}&cursor={mine[size].id}>; rel="next"'
    return Response(200, [delivery_shape(one) for one in mine[:size]], headers)


@routes.add("GET", "/app/hook/deliveries/{delivery_id}", needs="app")
def get_delivery(fake: FakeGitHub, request: Request) -> Response:
    delivery = _delivery(fake, request)
    exchange = {
        "url": delivery.app.webhook_url,
        "request": {"headers": delivery.request_headers, "payload": orjson.loads(delivery.body)},
        "response": {"headers": delivery.response_headers, "payload": delivery.response_body},
    }
    return Response(200, delivery_shape(delivery) | exchange)


@routes.add("POST", "/app/hook/deliveries/{delivery_id}/attempts", needs="app")
def redeliver(fake: FakeGitHub, request: Request) -> Response:
    fake.hooks.redeliver(_delivery(fake, request))
    return Response(202, {})
