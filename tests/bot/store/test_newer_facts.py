"""What a newer release wrote beside is passed over by this one, and is there for the newer one afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from bot.issuebash.event import Bash
from bot.store import bashes, issues, journal, tables
from bot.store.database import Database
from bot.store.issues import Intent, Record
from bot.store.journal import Entry
from bot.store.packing import pack, unpack
from tests.bot.issuebash.making import BEN, MAYA, does, pull, says, thread


def test_an_intent_of_a_newer_release_is_kept_through_what_this_one_does(database: Database):
    nothing = {"add": [], "remove": [], "post": False, "notice": False, "close": False, "known_until": 0}
    newer = {**nothing, "add": ["bug"], "post": True, "known_until": 7, "lock": {"reason": "spam"}}
    with database.write() as connection:
        connection.execute(
            tables.issues.insert().values(repository_id=1, number=5, intent=orjson.dumps(newer).decode())
        )
        (record,) = issues.every(connection, 1)
        assert (record.intent.add, record.intent.post) == (["bug"], True)
        record.intent = record.intent.over()
        assert not record.intent
        issues.save(connection, [record])
        kept = orjson.loads(connection.scalar(sa.select(tables.issues.c.intent)) or "")
    assert kept == {**nothing, "lock": {"reason": "spam"}}


def test_an_intent_without_anything_takes_no_room(database: Database):
    with database.write() as connection:
        issues.save(connection, [Record(1, 5, intent=Intent(close=True)), Record(1, 6)])
        assert [record.intent for record in issues.every(connection, 1)] == [Intent(close=True), Intent()]
        issues.save(connection, [Record(1, 5)])
        assert connection.scalars(sa.select(tables.issues.c.intent)).all() == ["", ""]


def longer(value: Any) -> Any:
    """Every list that stands for a thing has one more fact at its end."""
    if not isinstance(value, list):
        return value
    found = [longer(it) for it in value]
    is_thing = len({type(it) for it in value}) > 1
    return [*found, "newer"] if is_thing else found


def test_a_thread_with_more_facts_is_read_as_far_as_it_is_known():
    full = thread(
        says(MAYA, "Which version?", 5),
        says(BEN, "2.0", 4),
        events=(does("closed", MAYA, 50),),
        links=(pull(will_close=True),),
    )
    assert longer(orjson.loads(pack(full))) != orjson.loads(pack(full))
    assert unpack(orjson.dumps(longer(orjson.loads(pack(full))))) == full


def test_what_a_newer_release_keeps_of_a_bash_stays_when_this_one_tends_to_it(database: Database):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with database.write() as connection:
        kept = bashes.add(
            connection, 1, Bash("maya", now, now + timedelta(hours=2), timedelta(minutes=30), (), open_before=0), 1
        )
        details = orjson.loads(connection.scalar(sa.select(tables.bashes.c.details)) or b"")
        newer = orjson.dumps(details | {"prizes": ["a cake"]})
        connection.execute(tables.bashes.update().values(details=newer))
        (kept,) = bashes.alive(connection, 1)
        kept.next_at = None
        bashes.save(connection, kept)
        assert orjson.loads(connection.scalar(sa.select(tables.bashes.c.details)) or b"") == orjson.loads(newer)


def test_a_journal_with_more_columns_is_read_and_written(database: Database):
    with database.write() as connection:
        connection.execute(sa.text("ALTER TABLE journal ADD COLUMN fresh_fact TEXT NOT NULL DEFAULT 'x'"))
        journal.write(connection, [Entry(1, 5, "add_labels", "done")])
        assert [entry.kind for entry in journal.latest(connection)] == ["add_labels"]
