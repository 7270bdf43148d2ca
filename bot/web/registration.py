"""Registers a GitHub App by its manifest: what is sent to GitHub, and what comes back."""

from __future__ import annotations

import re
from typing import Any

import orjson
import yaml
from pydantic import BaseModel, Field, ValidationError

from bot.credentials import Credentials, checked_key
from bot.github import registration
from bot.github.errors import GitHubError, Unavailable
from bot.resources import resource

_CODE = re.compile(r"[A-Za-z0-9_-]{1,200}")


class RegistrationError(Exception):
    """The App could not be registered; the text is for people and holds no secret."""


class Manifest(BaseModel, extra="forbid"):
    """`app.yaml`; the field names are GitHub's."""

    name: str
    url: str
    description: str
    public: bool
    hook_attributes: dict[str, Any]
    redirect_url: str
    default_permissions: dict[str, str]
    default_events: tuple[str, ...]


class _Registered(BaseModel, hide_input_in_errors=True):
    """The part of GitHub's answer that the bot keeps: it has no use for the client's secret."""

    id: int
    html_url: str
    pem: str
    webhook_secret: str = Field(min_length=1)


def read_manifest() -> Manifest:
    return Manifest.model_validate(yaml.safe_load(resource("app.yaml").read_text(encoding="utf-8")))


def manifest_for(public_url: str, callback_url: str) -> str:
    """The JSON that GitHub's page is given; `public_url` is where GitHub reaches this service."""
    addresses = {"hook_attributes": {"url": f"{public_url}/webhook", "active": True}, "redirect_url": callback_url}
    return orjson.dumps(read_manifest().model_dump() | addresses).decode()


def redeem(api_url: str, code: str) -> Credentials:
    """Exchanges the code that GitHub sent the browser back with for the new App's credentials. Blocks."""
    if not _CODE.fullmatch(code):
        raise RegistrationError("GitHub's answer carries no usable code. Start again from the setup page.")
    try:
        found = _Registered.model_validate(registration.redeem(api_url, code))
    except Unavailable as error:
        raise RegistrationError(
            f"GitHub did not answer at {api_url}. Mend the connection (or GITHUB_API_URL), delete the App that GitHub"
            " has just made on its settings page, and start again."
        ) from error
    except GitHubError as error:
        raise RegistrationError(
            f"GitHub did not accept the code (status {error.status}): a code lasts an hour and works once."
            " Start again from the setup page."
        ) from error
    except ValidationError as error:
        fields = ", ".join(str(item["loc"][0]) for item in error.errors(include_input=False))
        raise RegistrationError(
            f"GitHub's answer lacks what the bot needs ({fields}). Delete the App it has just made and start again."
        ) from None
    return Credentials(
        app_id=found.id,
        private_key=checked_key(found.pem, "GitHub's answer"),
        webhook_secret=found.webhook_secret,
        html_url=found.html_url,
    )
