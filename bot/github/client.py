"""One identity's calls to GitHub's API: limits, redirects, an expired token, and errors in our words."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import orjson
from github.Auth import Auth
from github.Requester import Requester

from bot.github import payloads, transport
from bot.github.errors import Forbidden, GitHubError, NotFound, Rejected, Suspended, Unavailable
from bot.github.quota import Quota, Resource
from bot.triage.issue import Repository

DEFAULT_API_URL = "https://api.github.com"
_API_VERSION = "2022-11-28"
_USER_AGENT = "community-triage-bot"
_PER_PAGE = 100
_MOST_REDIRECTS = 3
_READ_POINTS = 1
_WRITE_POINTS = 5
_CODE = re.compile(r"(?<=/app-manifests/)[^/]+")
"""Good for an App's key as long as it was not redeemed."""
_UNGRANTED = "not accessible by integration"
_SUSPENDED = "installation has been suspended"
_TOO_HEAVY = "something went wrong while executing your query"
"""GraphQL's words where it ran out of its ten seconds."""
_TOO_HEAVY_KIND = "RESOURCE_LIMITS_EXCEEDED"
_ASKED_AGAIN = timedelta(minutes=5)
"""Whether it still is; GitHub also tells when it no longer is, but that message may be lost."""
_BY_ID = re.compile(r"/repositories/(\d+)(?:/|$)")


@dataclass(frozen=True, slots=True)
class Reply:
    """GitHub's answer to a call that succeeded. `data` is its JSON; None for 204 and 304."""

    status: int
    headers: Mapping[str, str]
    data: Any

    @property
    def unchanged(self) -> bool:
        """What the caller knows by its ETag still holds."""
        return self.status == 304


class Renewable(Protocol):
    """A token that GitHub takes back after a while; each method is told the Authorization header of a call."""

    def renew(self, header: str) -> None:
        """GitHub refused it: the next call is to carry another."""
        ...

    def is_new(self, header: str) -> bool:
        """Whether it was given out so short a time ago that GitHub may not know its rights everywhere."""
        ...


class Client:
    """Thread-safe. Every call may raise GitHubError and nothing else."""

    def __init__(
        self,
        auth: Auth | None,
        quota: Quota,
        *,
        api_url: str = DEFAULT_API_URL,
        timeout: int = 10,
        renewable: Renewable | None = None,
        permitted: Callable[[], None] = transport.always,
    ) -> None:
        """With `renewable`, a call that GitHub refused for its token is made once more.

        `permitted` raises a GitHubError when nothing may be written now; it is asked right before each write.
        """
        transport.install()
        self._auth = auth
        self._quota = quota
        self._api_url = api_url.rstrip("/")
        self._timeout = timeout
        self._renewable = renewable
        self._permitted = permitted
        self._local = threading.local()

    def call(
        self,
        verb: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        repo: Repository | None = None,
        etag: str = "",
        content: bool = False,
    ) -> Reply:
        """A REST call. With `repo`, a redirect into another repository (a transferred issue) is NotFound.

        `content` marks the writes that count against GitHub's limit on creating content.
        """
        headers = {"Accept": "application/vnd.github+json"}
        if etag:
            headers["If-None-Match"] = etag
        points = _READ_POINTS if verb == "GET" else _WRITE_POINTS
        return self._send("core", points, verb, path, headers, body, repo=repo, content=content)

    def pages(self, path: str, *, repo: Repository | None = None, member: str = "") -> Iterator[list[Any]]:
        """All pages of a listing, as they are asked for. `member`: where the answer is an object that holds it."""
        following = f"{path}{'&' if '?' in path else '?'}per_page={_PER_PAGE}"
        while following:
            reply = self.call("GET", following, repo=repo)
            yield payloads.items(payloads.mapping(reply.data).get(member) if member else reply.data)
            following = next_page(reply.headers.get("link", ""))

    def last_pages(self, path: str, most: int, *, repo: Repository | None = None) -> Iterator[list[Any]]:
        """So many pages at the end of a listing that GitHub gives oldest first, in its order."""
        whole = f"{path}?per_page={_PER_PAGE}"
        first = self.call("GET", whole, repo=repo)
        last = last_page(first.headers.get("link", ""))
        if last <= most:
            yield payloads.items(first.data)
        for number in range(max(2, last - most + 1), last + 1):
            yield payloads.items(self.call("GET", f"{whole}&page={number}", repo=repo).data)

    def graphql(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The `data` of a GraphQL answer; a host without GraphQL is NotFound."""
        body = {"query": query, "variables": variables}
        reply = self._send("graphql", _WRITE_POINTS, "POST", self._requester().graphql_url, {}, body)
        errors = payloads.items(payloads.mapping(reply.data).get("errors"))
        if errors:
            kinds = {payloads.text(payloads.mapping(error).get("type")) for error in errors}
            said = _said(reply.data)
            if _TOO_HEAVY_KIND in kinds or _TOO_HEAVY in said.lower():
                raise Unavailable(f"GraphQL: {said}", reply.status)
            kind = NotFound if "NOT_FOUND" in kinds else Forbidden if "FORBIDDEN" in kinds else Rejected
            raise kind(f"GraphQL: {said}", reply.status)
        return payloads.mapping(payloads.mapping(reply.data).get("data"))

    def _send(
        self,
        resource: Resource,
        points: int,
        verb: str,
        path: str,
        headers: dict[str, str],
        body: Mapping[str, Any] | None,
        *,
        repo: Repository | None = None,
        content: bool = False,
    ) -> Reply:
        what = f"{verb} {_CODE.sub('…', urlsplit(path).path)}"
        redirects = 0
        renewed = False
        while True:
            try:
                with self._quota.spending(resource, points, content=content), transport.only_if(self._permitted):
                    status, answer, text = self._requester().requestJson(verb, path, None, headers, body)
            except transport.Redirected as redirected:
                redirects += 1
                if redirects > _MOST_REDIRECTS or not redirected.location:
                    raise Rejected(f"{what}: redirected in a circle or to nowhere", redirected.status) from None
                path = self._followed(redirected, repo, what)
                continue
            except transport.Lost as lost:
                raise Unavailable(f"{what}: {lost}") from None
            if status == 401 and self._renewable is not None and not renewed:
                renewed = True
                self._renewable.renew(headers["Authorization"])
                continue
            data = _parsed(text, what, status)
            self._quota.learn(resource, status, answer, _said(data) if status >= 400 or resource == "graphql" else "")
            if status >= 400:
                raise _failure(status, data, what, too_early=self._too_early(status, data, headers))
            return Reply(status, answer, data)

    def _too_early(self, status: int, data: object, headers: Mapping[str, str]) -> bool:
        """Whether GitHub refused a token that it has just given out and does not know everywhere yet."""
        if self._renewable is None:
            return False
        return status == 401 or (_UNGRANTED in _said(data) and self._renewable.is_new(headers["Authorization"]))

    def _requester(self) -> Requester:
        """One a thread: PyGithub's keeps notes that threads sharing it would trip over."""
        requester: Requester | None = getattr(self._local, "requester", None)
        if requester is None:
            requester = self._local.requester = Requester(
                auth=self._auth,
                base_url=self._api_url,
                timeout=self._timeout,
                user_agent=_USER_AGENT,
                per_page=_PER_PAGE,
                verify=True,
                # Quota decides when to call, and the lane when to call again: here nobody sleeps or repeats a write.
                retry=None,
                pool_size=None,
                seconds_between_requests=None,
                seconds_between_writes=None,
                lazy=True,
                api_version=_API_VERSION,
            )
        return requester

    def _followed(self, redirected: transport.Redirected, repo: Repository | None, what: str) -> str:
        """Where to ask instead: only ever the same host, as the token goes along."""
        target = urlsplit(urljoin(self._api_url, redirected.location))
        if _origin(target) != _origin(urlsplit(self._api_url)):
            raise Rejected(f"{what}: redirected to another host, which gets no token", redirected.status)
        by_id = _BY_ID.search(target.path)
        if by_id and repo is not None and repo.id not in {0, int(by_id[1])}:
            raise NotFound(f"{what}: moved to another repository", redirected.status)
        return target.geturl()


def _origin(url: SplitResult) -> tuple[str, str | None, int]:
    return url.scheme, url.hostname, url.port or (443 if url.scheme == "https" else 80)


def _parsed(text: str, what: str, status: int) -> Any:
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        if status >= 400:
            return None
        raise Unavailable(f"{what}: the answer is no JSON", status) from None


def _failure(status: int, data: object, what: str, *, too_early: bool) -> GitHubError:
    message = f"{what}: {status} {_said(data)}".rstrip()
    if status >= 500 or too_early:
        return Unavailable(message, status)
    if status in {404, 410}:
        return NotFound(message, status)
    if status == 403 and _SUSPENDED in message:
        return Suspended(message, datetime.now(UTC) + _ASKED_AGAIN, status)
    if status in {401, 403}:
        return Forbidden(message, status)
    errors = map(payloads.mapping, payloads.items(payloads.mapping(data).get("errors")))
    return Rejected(message, status, frozenset(payloads.text(error.get("code")) for error in errors))


def _said(data: object) -> str:
    """REST's message, or the kind and message of GraphQL's first error."""
    body = payloads.mapping(data)
    errors = payloads.items(body.get("errors"))
    error = payloads.mapping(errors[0]) if errors else {}
    said = [body.get("message")] if body.get("message") else [error.get("type"), error.get("message")]
    return " ".join(filter(None, map(payloads.text, said)))[:300]


def next_page(link: str) -> str:
    """The address in a `Link` header; empty on the last page."""
    found = re.search(r'<([^>]*)>;\s*rel="next"', link)
    return found[1] if found else ""


def last_page(link: str) -> int:
    """The number of the last page, by a `Link` header; 1 where there is no other."""
    found = re.search(r'<[^>]*[?&]page=(\d+)[^>]*>;\s*rel="last"', link)
    return int(found[1]) if found else 1


def path_of(repo: Repository) -> str:
    """The repository's path in the API."""
    return f"/repos/{quote(repo.owner, safe='')}/{quote(repo.name, safe='')}"
