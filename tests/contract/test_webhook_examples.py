"""GitHub's own recorded webhooks, of all its versions: each is stored, worked off, and does no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from bot.store import deliveries, lanes
from bot.store.deliveries import NewDelivery
from bot.web.webhook import Webhook
from bot.work.intake import Stored
from tests.bot.work.bench import Bench, bench
from tests.fakes.github.hooks import signature

EXAMPLES = Path(__file__).parent / "node_modules/@octokit/webhooks-examples"
SOURCES = sorted(path.name for path in EXAMPLES.glob("*") if path.is_dir()) if EXAMPLES.exists() else []


class Storing:
    """Stores at once what the endpoint accepts."""

    def __init__(self, bench: Bench) -> None:
        self._database = bench.database
        self.lanes: set[str] = set()

    async def accept(self, guid: str, event: str, lane: str, body: bytes) -> Stored:
        with self._database.write() as connection:
            deliveries.add(connection, [NewDelivery(guid, event, lane, body, 1)])
            lanes.mark_queued(connection, [lane], 1)
        self.lanes.add(lane)
        return "stored"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as ready:
        yield ready


@pytest.mark.parametrize("source", SOURCES)
def test_every_example_is_taken_and_worked_off(source: str, town: Bench):
    storing = Storing(town)
    examples = [
        (event["name"], orjson.dumps(payload))
        for event in orjson.loads((EXAMPLES / source / "index.json").read_bytes())
        for payload in event["examples"]
    ]
    assert len(examples) > 40

    async def post_all() -> list[int]:
        app = Starlette(routes=[Route("/webhook", Webhook(b"secret", storing).receive, methods=["POST"])])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot") as client:
            answers = [
                await client.post("/webhook", content=body, headers=headers(name, str(number), body))
                for number, (name, body) in enumerate(examples)
            ]
        return [answer.status_code for answer in answers]

    assert set(asyncio.run(post_all())) == {202}
    for lane in sorted(storing.lanes):
        town.lanes.run(lane)
    assert town.undone() == 0
    assert town.dead() == []
    assert not town.calls("POST", "/comments")


def headers(event: str, guid: str, body: bytes) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": guid,
        "x-hub-signature-256": signature("secret", body),
    }
