"""Goes through the service's setup page as an owner with a browser does, up to an App on the fake GitHub."""

from __future__ import annotations

import html
import json
import re
from typing import NamedTuple

import httpx

from tests.fakes.github import FakeGitHub
from tests.fakes.github.model import App

_PATIENCE = 30.0


class Registered(NamedTuple):
    app: App
    page: str
    """What the owner sees at the end."""
    passed_on: tuple[str, ...]
    """What only the browser, GitHub and the service may know."""


def register(fake: FakeGitHub, address: str, said: str, organisation: str = "octo-org") -> Registered:
    """`address` of the service, and what it `said` at its start: the one-time code is in there."""
    code = re.search(r"one-time code (\S+)", said)
    assert code, said
    form = {"code": code[1], "public_url": address, "organisation": organisation}
    page = httpx.post(f"{address}/setup", data=form).text
    manifest = re.search(r'name="manifest" value="([^"]+)"', page)
    state = re.search(r"state=([\w-]+)", page)
    assert manifest, page
    assert state, page
    before = set(fake.apps)
    given = fake.offer_manifest(json.loads(html.unescape(manifest[1])))
    asked = {"code": given, "state": state[1]}
    done = httpx.get(f"{address}/setup/callback", params=asked, timeout=_PATIENCE)
    (app,) = (app for id_, app in fake.apps.items() if id_ not in before)
    return Registered(app, done.text, (code[1], given, state[1]))
