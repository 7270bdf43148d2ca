"""The App's own affairs on GitHub: how it is registered, where its deliveries go, and who has installed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from github.Auth import AppAuth

from bot.github import payloads
from bot.github.client import Client, next_page
from bot.github.quota import Quota


@dataclass(frozen=True, slots=True)
class Hook:
    """Where GitHub sends the App's deliveries, and how."""

    url: str
    content_type: str
    insecure: bool
    """GitHub does not check the service's certificate."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt of GitHub to deliver. Sent once more, a delivery has another id and the same GUID."""

    id: int
    guid: str
    event: str
    status: str
    """In GitHub's words, such as `OK` or `Couldn't connect to server`."""
    status_code: int
    delivered_at: str
    at: datetime | None = None
    """The same as a time."""
    installation_id: int | None = None

    @property
    def arrived(self) -> bool:
        return 200 <= self.status_code < 300


@dataclass(frozen=True, slots=True)
class SentPage:
    """Attempts, newest first. `cursor`: where the next page begins; empty on the last."""

    sent: tuple[Sent, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What one account has granted the App."""

    id: int
    """The installation's."""
    account: str
    permissions: Mapping[str, str]
    suspended: bool
    created_at: datetime | None = None


class Registration:
    """Asks GitHub about the App itself. Every method may raise GitHubError."""

    def __init__(self, app_id: int, private_key: str, api_url: str) -> None:
        self.api_url = api_url
        self._client = Client(AppAuth(app_id, private_key), Quota(), api_url=api_url)

    def hook(self) -> Hook:
        data = payloads.mapping(self._client.call("GET", "/app/hook/config").data)
        return Hook(
            url=payloads.text(data.get("url")),
            content_type=payloads.text(data.get("content_type")) or "form",
            insecure=str(data.get("insecure_ssl", "0")) == "1",
        )

    def sent(self, cursor: str = "") -> SentPage:
        """A hundred attempts: the latest, or those from a cursor on. GitHub forgets them after some days.

        docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook
        """
        start = f"&cursor={quote(cursor, safe='')}" if cursor else ""
        reply = self._client.call("GET", f"/app/hook/deliveries?per_page=100{start}")
        following = parse_qs(urlsplit(next_page(reply.headers.get("link", ""))).query)
        sent = (_sent(payloads.mapping(item)) for item in payloads.items(reply.data))
        return SentPage(tuple(sent), next(iter(following.get("cursor", [])), ""))

    def send_again(self, sent_id: int) -> None:
        """Has GitHub send this delivery once more, soon, with the same GUID."""
        self._client.call("POST", f"/app/hook/deliveries/{sent_id}/attempts")

    def grants(self) -> list[Grant]:
        pages = self._client.pages("/app/installations")
        return [_grant(payloads.mapping(item)) for page in pages for item in page]


def redeem(api_url: str, code: str) -> Mapping[str, Any]:
    """What GitHub gives once, without credentials, for the code of a manifest: id, pem, webhook_secret, html_url."""
    client = Client(None, Quota(), api_url=api_url, timeout=20)
    return payloads.mapping(client.call("POST", f"/app-manifests/{code}/conversions").data)


def _sent(data: Mapping[str, Any]) -> Sent:
    return Sent(
        id=payloads.number(data.get("id")) or 0,
        guid=payloads.text(data.get("guid")),
        event=payloads.text(data.get("event")),
        status=payloads.text(data.get("status")),
        status_code=payloads.number(data.get("status_code")) or 0,
        delivered_at=payloads.text(data.get("delivered_at")),
        at=payloads.moment(data.get("delivered_at")),
        installation_id=payloads.number(data.get("installation_id")),
    )


def _grant(data: Mapping[str, Any]) -> Grant:
    return Grant(
        id=payloads.number(data.get("id")) or 0,
        account=payloads.text(payloads.mapping(data.get("account")).get("login")),
        permissions={key: payloads.text(value) for key, value in payloads.mapping(data.get("permissions")).items()},
        suspended=data.get("suspended_at") is not None,
        created_at=payloads.moment(data.get("created_at")),
    )
