"""All that is known of an issue with which something is wrong, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson

from bot.store import issues, journal
from bot.store.database import Database
from tests.soak.stories import Story
from tests.soak.town import Town

Line = tuple[float, str]
"""Seconds since 1970."""


def write(folder: Path, town: Town, story: Story, wrong: list[str], database: Database) -> Path:
    """A file about the issue."""
    lines = sorted([*_at_github(town, story), *_in_the_journal(story, database)])
    with database.read() as connection:
        record = issues.load(connection, story.repository.id, [story.issue.number]).get(story.issue.number)
    path = folder / f"{story.name.replace('/', '-').replace('#', '-')}.txt"
    told = [f"{datetime.fromtimestamp(at, UTC):%H:%M:%S.%f} {text}" for at, text in lines]
    labels = [label.name for label in story.issue.labels]
    now = [f"labels {labels}, {story.issue.state}, answered {sorted(story.answers)}, told {sorted(story.told)}"]
    path.write_text("\n".join([*wrong, *now, f"remembered: {record}", *told, ""]), encoding="utf-8")
    return path


def _at_github(town: Town, story: Story) -> Iterator[Line]:
    for item in story.issue.timeline:
        actor = item.actor.login if item.actor else "ghost"
        yield item.created_at, f"github: {item.kind} {item.label.name if item.label else ''} by {actor}"
    for comment in story.issue.comments:
        author = comment.author.login if comment.author else "ghost"
        yield comment.created_at, f"github: comment {comment.id} by {author}, now: {comment.body[:300]!r}"
    for delivery in town.fake.hooks.deliveries:
        if delivery.repository_id == story.repository.id:
            body = orjson.loads(delivery.body)
            issue = body.get("issue", {})
            if issue.get("number") == story.issue.number:
                what = f"{delivery.event} {delivery.action} by {body['sender']['login']}, {delivery.guid}"
                text = f"of {issue['updated_at']}, labels {[label['name'] for label in issue['labels']]}"
                yield delivery.created_at, f"github: sends {what}, {text}"
                yield delivery.delivered_at, f"        arrives {what}: {delivery.status}"


def _in_the_journal(story: Story, database: Database) -> Iterator[Line]:
    with database.read() as connection:
        for entry in journal.latest(connection, repository_id=story.repository.id, number=story.issue.number):
            what = f"{entry.kind} {entry.state}: {entry.detail}; {entry.because}; {entry.note}; by {entry.guid}"
            yield (entry.at or 0) / 1000, f"journal: {what}"
