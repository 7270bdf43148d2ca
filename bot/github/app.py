"""The GitHub App: proves who it is, and gets each installation a token with no more rights than the bot needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import quote

from github.Auth import AppAuth, Auth

from bot.github import payloads
from bot.github.caches import FileCache, Memory, MemoryCache, OfInstallation
from bot.github.client import DEFAULT_API_URL, Client
from bot.github.errors import Forbidden, Rejected, Unavailable
from bot.github.quota import DOCUMENTED, Budgets, KeepsBooks, Quota
from bot.github.reader import Reader
from bot.github.threads import ThreadReader
from bot.github.transport import always
from bot.github.writer import Writer
from bot.recent import Recent

PERMISSIONS = {"issues": "write", "contents": "read", "metadata": "read"}
READING = {"issues": "read", "contents": "read", "metadata": "read"}
"""What reports need."""
READING_PULLS = {**READING, "pull_requests": "read"}
"""The same with pull requests, which an account that installed an older release has not granted yet."""
_RENEWED_BEFORE = 300.0
"""Seconds before a token's hour is over; longer than any call may take."""
_SPREADS_WITHIN = 10.0
"""Seconds until all of GitHub knows the rights of a new token: github.com/octokit/auth-app.js/issues/589."""
_MOST_INSTALLATIONS = 2000
"""Accounts whose tokens are held: 20 kilobytes each with what is around them. That of another is asked for again."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """The App as GitHub knows it."""

    slug: str
    name: str
    html_url: str
    permissions: dict[str, str]
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Installation:
    """The App in one account."""

    id: int
    reader: Reader
    writer: Writer
    threads: ThreadReader
    """For reports: its token may write nothing."""


class App:
    """Thread-safe; one for the whole process."""

    def __init__(  # noqa: PLR0913 names with defaults, which one caller gives
        self,
        app_id: int,
        private_key: str,
        *,
        api_url: str = DEFAULT_API_URL,
        budgets: Budgets | None = DOCUMENTED,
        cache: FileCache | None = None,
        timeout: int = 10,
        clock: Callable[[], float] = time.time,
        permitted: Callable[[], None] = always,
        books: Callable[[int], KeepsBooks] | None = None,
    ) -> None:
        """`budgets` None leaves all limits to GitHub (a server that has them switched off). `timeout` in seconds.

        `permitted` raises a GitHubError when nothing may be written to a repository now. `books` gives those of an
        installation, where other processes spend by them, too.
        """
        self.id = app_id
        self._api_url = api_url
        self._budgets = budgets
        self._cache = MemoryCache() if cache is None else cache
        self._timeout = timeout
        self._clock = clock
        self._permitted = permitted
        self._books = books
        self._client = Client(AppAuth(app_id, private_key), Quota(None, clock), api_url=api_url, timeout=timeout)
        self._memory = Memory()
        self._installations: Recent[int, Installation] = Recent(_MOST_INSTALLATIONS)
        self._slug = ""
        self._lock = Lock()

    @property
    def slug(self) -> str:
        """The App's name in URLs; its comments are written by `{slug}[bot]`."""
        if not self._slug:
            self._slug = self.metadata().slug
        return self._slug

    def metadata(self) -> Metadata:
        """Asks GitHub; also the proof that id and key belong together."""
        data = payloads.mapping(self._client.call("GET", "/app").data)
        return Metadata(
            slug=payloads.text(data.get("slug")),
            name=payloads.text(data.get("name")),
            html_url=payloads.text(data.get("html_url")),
            permissions={key: payloads.text(value) for key, value in payloads.mapping(data.get("permissions")).items()},
            events=tuple(map(payloads.text, payloads.items(data.get("events")))),
        )

    def installation(self, installation_id: int) -> Installation:
        """Costs no call: the token is asked for when first needed."""
        with self._lock:
            installation = self._installations.get(installation_id)
            if installation is None:
                installation = self._installed(installation_id)
                self._installations.put(installation_id, installation)
            return installation

    def installation_of(self, owner: str, name: str) -> Installation:
        """The installation that covers a repository; NotFound where there is none."""
        path = f"/repos/{quote(owner, safe='')}/{quote(name, safe='')}/installation"
        id_ = payloads.number(payloads.mapping(self._client.call("GET", path).data).get("id"))
        if id_ is None:
            raise Unavailable(f"GET {path}: no installation in the answer")
        return self.installation(id_)

    def _installed(self, installation_id: int) -> Installation:
        quota = Quota(self._budgets, self._clock, self._books(installation_id) if self._books else None)
        client = self._client_with(installation_id, quota, PERMISSIONS)
        cache = OfInstallation(self._cache, installation_id)
        reader = Reader(client, self, cache, self._clock, self._memory, installation_id)
        # Both draw on the installation's one budget.
        reports = self._client_with(installation_id, quota, READING_PULLS, READING, timeout=3 * self._timeout)
        return Installation(installation_id, reader, Writer(client, reader), ThreadReader(reports, self))

    def _client_with(
        self, installation_id: int, quota: Quota, *permissions: dict[str, str], timeout: int | None = None
    ) -> Client:
        token = InstallationToken(self._client, installation_id, self._clock, *permissions)
        return Client(
            token,
            quota,
            api_url=self._api_url,
            timeout=timeout or self._timeout,
            renewable=token,
            permitted=self._permitted,
        )


class InstallationToken(Auth):
    """PyGithub's own is not made for threads: this one is renewed once, early, by whoever needs it first."""

    def __init__(
        self, client: Client, installation_id: int, clock: Callable[[], float], *permissions: dict[str, str]
    ) -> None:
        """`permissions`: what to ask for; where the account has not granted that, the next best."""
        self._client = client
        self._permissions = permissions
        self._installation_id = installation_id
        self._clock = clock
        self._lock = Lock()
        self._current = ("", 0.0)
        self._made_at = 0.0

    @property
    def token_type(self) -> str:
        """As GitHub's documentation has it."""
        return "Bearer"

    @property
    def token(self) -> str:
        """Valid for some minutes at least."""
        value, until = self._current
        if self._clock() < until:
            return value
        with self._lock:
            value, until = self._current
            if self._clock() >= until:
                value, _ = self._current = self._asked()
            return value

    def renew(self, header: str) -> None:
        """Forgets the token, unless somebody has already got a new one."""
        with self._lock:
            if header.endswith(" " + self._current[0]):
                self._current = ("", 0.0)

    def is_new(self, header: str) -> bool:
        return header.endswith(" " + self._current[0]) and self._clock() < self._made_at + _SPREADS_WITHIN

    def _asked(self) -> tuple[str, float]:
        path = f"/app/installations/{self._installation_id}/access_tokens"
        data = self._granted(path)
        value = payloads.text(data.get("token"))
        expires = payloads.moment(data.get("expires_at"))
        if not value or expires is None:
            raise Unavailable(f"POST {path}: no token in the answer")
        self._made_at = self._clock()
        return value, expires.timestamp() - _RENEWED_BEFORE

    def _granted(self, path: str) -> Mapping[str, Any]:
        """Asks for the best first each time: what was not granted an hour ago may be now."""
        *better, least = self._permissions
        for permissions in better:
            with suppress(Rejected):
                return self._sent(path, permissions)
        return self._sent(path, least)

    def _sent(self, path: str, permissions: dict[str, str]) -> Mapping[str, Any]:
        try:
            return payloads.mapping(self._client.call("POST", path, {"permissions": permissions}).data)
        except Forbidden as error:
            if error.status != 401:
                raise
            # The App's key was taken back: that is mended by people, and no delivery's fault.
            raise Unavailable(f"{error}. Run `triage doctor`.", error.status) from None
