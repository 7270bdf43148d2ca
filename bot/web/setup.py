"""The setup page: registers the GitHub App in two clicks, and is closed for good once that is done."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from bot.credentials import Credentials, CredentialsError, write_credentials
from bot.settings import Settings, is_loopback, web_address
from bot.web.bodies import Bodies, RefusedError
from bot.web.pages import page
from bot.web.registration import RegistrationError, manifest_for, read_manifest, redeem

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

log = structlog.get_logger(__name__)

ATTEMPTS = 10
STATE_SECONDS = 3600
"""As long as GitHub's own code lasts."""
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # nothing that looks like something else
_ORGANISATION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")
_LARGEST_FORM = 8192

Done = Callable[[Credentials], Awaitable[str]]
"""Takes up work with the new credentials; answers with what went wrong, or an empty text."""


class Setup:
    """One process's setup: its one-time code, the attempts at it, and the registrations under way."""

    def __init__(
        self, settings: Settings, done: Done, bodies: Bodies, clock: Callable[[], float] = time.monotonic
    ) -> None:
        text = "".join(secrets.choice(_ALPHABET) for _ in range(12))
        self.code = f"{text[:4]}-{text[4:8]}-{text[8:]}"
        """For whoever started the service: printed on its terminal, and nowhere else."""
        self._settings, self._done, self._bodies, self._clock = settings, done, bodies, clock
        self._attempts_left = ATTEMPTS
        self._states: dict[str, float] = {}
        self._open = True

    def routes(self) -> list[Route]:
        return [
            Route("/setup", self.show, methods=["GET"]),
            Route("/setup", self.begin, methods=["POST"]),
            Route("/setup/callback", self.finish, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """The form. A `code` in the address (as in the printed link) only fills it in; it is judged when posted."""
        if not self._open:
            return closed()
        return self._form(request, code=request.query_params.get("code", "")[:40])

    async def begin(self, request: Request) -> Response:
        """Judges the code, then shows what GitHub will be asked for, with the button that goes there."""
        if not self._open:
            return closed()
        form = await self._read_form(request)
        if self._attempts_left <= 0:
            return _refusal(429, "Too many wrong codes", "Restart the service: it prints a new code as it starts.")
        if not self._code_matches(form.get("code", "")):
            self._attempts_left -= 1
            log.warning("a wrong setup code was given", attempts_left=self._attempts_left)
            return self._form(request, form, error="That is not the code that the service printed as it started.")
        public_url, organisation = form.get("public_url", "").strip().rstrip("/"), form.get("organisation", "").strip()
        problem = _address_problem(public_url) or _organisation_problem(organisation)
        if problem:
            return self._form(request, form, error=problem)
        state = self.new_state()
        owner = f"organizations/{organisation}/settings" if organisation else "settings"
        manifest = read_manifest()
        return page(
            "setup_confirm",
            posts_to=self._settings.web_url,
            action=f"{self._settings.web_url}/{owner}/apps/new?{urlencode({'state': state})}",
            manifest=manifest_for(public_url, self._callback(request, public_url)),
            permissions=manifest.default_permissions,
            events=manifest.default_events,
            owner=organisation or "your own account",
            webhook_url=f"{public_url}/webhook",
            unreachable=_on_this_machine(public_url),
        )

    async def finish(self, request: Request) -> Response:
        """GitHub sends the browser here once the App is made."""
        if not self._open:
            return closed()
        if not self.take_state(request.query_params.get("state", "")):
            return _refusal(
                403,
                "This link was not asked for here",
                "It is too old, was used already, or did not come from this page. Start again from the setup page.",
            )
        try:
            credentials = await run_in_threadpool(
                redeem, self._settings.github_api_url, request.query_params.get("code", "")
            )
            path = await run_in_threadpool(write_credentials, self._settings.data_dir, credentials)
        except (RegistrationError, CredentialsError) as error:
            log.warning("the App could not be registered", reason=str(error))
            return _refusal(502, "The App could not be registered", str(error))
        self._open = False
        log.info("the App is registered", app_id=credentials.app_id, credentials=str(path))
        problem = await self._done(credentials)
        return page("setup_done", install_url=f"{credentials.html_url}/installations/new", path=path, problem=problem)

    def new_state(self) -> str:
        """Ties GitHub's answer to a registration that began here."""
        state = secrets.token_urlsafe(32)
        self._states[state] = self._clock() + STATE_SECONDS
        return state

    def take_state(self, state: str) -> bool:
        """Once only: whatever comes of it, it is spent."""
        return self._states.pop(state, 0.0) > self._clock()

    async def _read_form(self, request: Request) -> dict[str, str]:
        """The posted fields; an oversized, slow or garbled form reads as an empty one, which then fails on its code."""
        try:
            body = await self._bodies.read(request, _LARGEST_FORM)
        except RefusedError:
            return {}
        fields = parse_qs(body.decode("utf-8", "replace"))
        return {name: fields[name][0] for name in ("code", "public_url", "organisation") if name in fields}

    def _code_matches(self, given: str) -> bool:
        """Case, blanks and dashes are the reader's business; the time taken tells nothing of the code."""
        typed = re.sub(r"[^A-Z0-9]", "", given.upper())
        return hmac.compare_digest(typed, self.code.replace("-", ""))

    def _form(self, request: Request, form: dict[str, str] | None = None, code: str = "", error: str = "") -> Response:
        loopback = _on_this_machine(_origin(request))
        # Where it cannot be the right one, people are not led to leave it as it is.
        public_url = "" if loopback else _origin(request)
        given = {"code": code, "public_url": public_url, "organisation": ""} | (form or {})
        return page("setup", status=403 if error else 200, error=error, loopback=loopback, **given)

    def _callback(self, request: Request, public_url: str) -> str:
        """Where the browser is now, unless it came by the public address (a proxy may hide the https from us)."""
        came_by_public = request.headers.get("host") == urlsplit(public_url).netloc
        return f"{public_url if came_by_public else _origin(request)}/setup/callback"


def closed() -> Response:
    return _refusal(
        404, "Setup is closed", "This service has its GitHub App. Run “triage doctor” to see how it is doing."
    )


def _origin(request: Request) -> str:
    # Without what was asked for: a query may hold bytes that are no text.
    url = request.base_url
    return f"{url.scheme}://{url.netloc}"


def _refusal(status: int, title: str, text: str) -> Response:
    return page("message", status=status, title=title, text=text)


def _on_this_machine(public_url: str) -> bool:
    url = web_address(public_url)
    return url is not None and is_loopback(url.hostname or "")


def _address_problem(public_url: str) -> str:
    url = web_address(public_url)
    if url is None:
        return "The public address must look like https://triage.example.com."
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        return "The public address must begin with https: GitHub would send deliveries in clear otherwise."
    return ""


def _organisation_problem(organisation: str) -> str:
    if organisation and not _ORGANISATION.fullmatch(organisation):
        return f"“{organisation}” is no organisation's name: give it as in github.com/NAME, or leave it empty."
    return ""
