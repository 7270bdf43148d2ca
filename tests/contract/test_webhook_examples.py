"""GitHub's own examples of every webhook go through the running service: taken, stored, survived."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from bot.github.events import parse_event
from tests.contract.promises import OCTOKIT
from tests.e2e.town import OWNER, Town, environment
from tests.fakes.github import FakeGitHub, Limits, serve
from tests.fakes.github.hooks import signature
from tests.fakes.process import served

FOLDER = OCTOKIT / "webhooks-examples"
EDITIONS = sorted(path.parent.name for path in FOLDER.glob("*/index.json"))
"""What GitHub sends today, and what its servers of some years ago did."""


def examples(edition: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """GUID, event and payload of each."""
    for event in orjson.loads((FOLDER / edition / "index.json").read_bytes()):
        for number, payload in enumerate(event["examples"]):
            yield f"{edition}-{event['name']}-{number}", event["name"], payload


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_example_is_understood(edition: str):
    for _, name, payload in examples(edition):
        event = parse_event(name, payload, 1)
        assert event.name == name
        assert event.action == (payload.get("action") or "")
        if name in {"issues", "issue_comment"}:
            assert event.issue
            assert event.issue.number == payload["issue"]["number"]
            assert event.issue.author.login == payload["issue"]["user"]["login"]
        if name == "issue_comment":
            assert event.comment
            assert event.comment.body == payload["comment"]["body"]
        if isinstance(payload.get("repository"), dict) and "default_branch" in payload["repository"]:
            assert event.repository
            assert event.repository.full_name == payload["repository"]["full_name"]


def test_every_example_is_taken_stored_and_survived(tmp_path: Path):
    fake = FakeGitHub(Limits.off())
    app = fake.add_app()
    fake.account(OWNER, "Organization")
    fake.install(app, OWNER)
    posted = [example for edition in EDITIONS for example in examples(edition)]
    with serve(fake) as running, served(tmp_path, environment(running, app)) as service:
        app.webhook_url = f"{service.url}/webhook"
        with httpx.Client(base_url=service.url) as client:
            for guid, event, payload in posted:
                body = orjson.dumps(payload)
                headers = {
                    "X-GitHub-Event": event,
                    "X-GitHub-Delivery": guid,
                    "X-Hub-Signature-256": signature(app.webhook_secret, body),
                }
                answer = client.post("/webhook", content=body, headers=headers)
                assert answer.status_code == 202, (guid, answer.text)
        town = Town(running, app, service)
        town.until(lambda: town.undone() == 0, 60)
        home = town.found()
        home.asked(home.file({"what": "It stops."}))  # it goes on as if nothing had been
        assert service.stop() == 0
        crashed = [line for line in service.log.splitlines() if "Traceback" in line or "a look failed" in line]
    assert crashed == []
    with sqlite3.connect(tmp_path / "data/triage.db") as database:
        stored = {guid for (guid,) in database.execute("SELECT guid FROM deliveries")}
    assert {guid for guid, _, _ in posted} <= stored
