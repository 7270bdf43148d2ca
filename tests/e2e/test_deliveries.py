"""Deliveries as GitHub really sends them: twice, late, in any order, forged, or all at once."""

from __future__ import annotations

import time

import httpx
import orjson
import pytest

from tests.e2e.town import ANSWERS, Town
from tests.fakes.github.hooks import headers_of, signature
from tests.fakes.github.model import Delivery

GAPS = {"what": "It stops."}


def last(town: Town, event: str) -> Delivery:
    return next(one for one in reversed(town.running.fake.hooks.deliveries) if one.event == event)


def test_what_arrives_three_times_is_done_once(town: Town):
    home = town.found()
    town.running.fake.hooks.copies(3)
    issue = home.file(GAPS)
    home.asked(issue)
    town.running.fake.hooks.copies(1)
    assert home.writes() == ["POST /issues/1/labels", "POST /issues/1/comments"]


def test_a_redelivered_guid_changes_nothing(town: Town):
    home = town.found()
    issue = home.file(GAPS)
    home.asked(issue)
    before = home.writes()
    again = town.running.fake.hooks.redeliver(last(town, "issues"))
    town.quiet()
    assert again.status == "OK"
    assert home.writes() == before


@pytest.mark.parametrize("seed", range(6))
def test_deliveries_in_any_order_end_right(town: Town, seed: int):
    home = town.found()
    fake = town.running.fake
    fake.hooks.hold()
    gone, kept = home.file(GAPS), home.file(ANSWERS)
    home.edit(gone, ANSWERS)
    home.edit(kept, GAPS | {"system": "Linux"})
    fake.label(home.name, gone, "idea", by="maya")
    fake.unlabel(home.name, gone, "idea", by="maya")
    home.say(kept, "bob", "Me too.")
    fake.hooks.shuffle(seed)
    town.quiet()
    (comment,) = home.comments(kept)
    assert "**Version**" in comment.body
    assert "**Operating system**" not in comment.body
    assert home.labels(kept) == {"bug", "needs-info"}
    assert home.labels(gone) == {"bug"}
    assert all(comment.minimized for comment in home.comments(gone))


def test_an_old_payload_undoes_nothing(town: Town):
    home = town.found()
    issue = home.file(ANSWERS)
    town.quiet()
    stale = last(town, "issues")
    home.edit(issue, GAPS)
    home.asked(issue)
    stale.guid = "a-new-guid-for-an-old-payload"
    town.running.fake.hooks.redeliver(stale)
    town.quiet()
    assert home.labels(issue) == {"bug", "needs-info"}
    assert not home.comments(issue)[0].minimized


def test_a_burst_is_worked_off(town: Town):
    home = town.found()
    issues = [home.file(GAPS if number % 2 else ANSWERS, author=f"person-{number}") for number in range(30)]
    town.quiet()
    assert [len(home.comments(issue)) for issue in issues] == [number % 2 for number in range(30)]


def test_a_forged_or_unsigned_delivery_is_refused(town: Town):
    home = town.found()
    issue = home.file(GAPS)
    home.asked(issue)
    delivery = last(town, "issues")
    url = f"{town.service.url}/webhook"
    headers = headers_of(delivery)
    forged = {**headers, "X-Hub-Signature-256": signature("another secret", delivery.body)}
    assert httpx.post(url, content=delivery.body, headers=forged).status_code == 401
    del headers["X-Hub-Signature-256"]
    assert httpx.post(url, content=delivery.body, headers=headers).status_code == 401


@pytest.mark.parametrize("body", [b"[]", b"no json", b'{"a": "\xff"}', b""])
def test_what_is_no_json_object_is_refused(town: Town, body: bytes):
    secret = town.app.webhook_secret
    headers = {"X-GitHub-Event": "issues", "X-GitHub-Delivery": "x", "X-Hub-Signature-256": signature(secret, body)}
    assert httpx.post(f"{town.service.url}/webhook", content=body, headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("event", "payload"), [("sponsorship", {"action": "created"}), ("issues", {}), ("issues", None)]
)
def test_unknown_and_thin_payloads_are_stored_and_survived(town: Town, event: str, payload: dict[str, object] | None):
    home = town.found()
    if payload is None:
        issue = {"number": 7, "title": None, "user": None, "labels": None}
        payload = {"action": "opened", "issue": issue, "repository": {"id": 4_711, "name": "old"}}
    body = orjson.dumps(payload)
    guid = f"thin-{event}-{len(payload)}"
    headers = {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid,
        "X-Hub-Signature-256": signature(town.app.webhook_secret, body),
    }
    assert httpx.post(f"{town.service.url}/webhook", content=body, headers=headers).status_code == 202
    home.asked(home.file(GAPS))


def test_deliveries_are_taken_while_github_hangs(town: Town):
    home = town.found()
    town.running.fake.faults.hang(60, path=home.name, times=-1)
    began = time.monotonic()
    issues = [home.file(GAPS) for _ in range(5)]
    town.running.fake.hooks.wait()
    took = time.monotonic() - began
    assert {one.status_code for one in town.running.fake.hooks.deliveries[-5:]} == {202}
    assert took < 30
    assert all(home.comments(issue) == [] for issue in issues)
    town.running.fake.faults.clear()
    for issue in issues:
        home.asked(issue)


def test_a_deeply_nested_payload_is_survived(town: Town):
    home = town.found()
    home.asked(home.file(GAPS))
    shown = last(town, "issues").body
    for depth, status in ((1000, 202), (100_000, 400)):
        body = shown[:-1] + b',"nested":' + b"[" * depth + b"]" * depth + b"}"
        headers = {
            "X-GitHub-Event": "issues",
            "X-GitHub-Delivery": f"nested-{depth}",
            "X-Hub-Signature-256": signature(town.app.webhook_secret, body),
        }
        assert httpx.post(f"{town.service.url}/webhook", content=body, headers=headers).status_code == status
    home.asked(home.file(GAPS))
