"""Deliveries: kept in order, once each, until they are done or given up."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.store import deliveries
from bot.store.database import Database
from bot.store.deliveries import NewDelivery

LANE = "repository:1"


def new(guid: str, *, lane: str = LANE, body: bytes = b"{}", received_at: int = 100) -> NewDelivery:
    return NewDelivery(guid, "issues", lane, body, received_at)


@pytest.fixture
def connection(database: Database):
    with database.write() as opened:
        yield opened


def guids(connection: sa.Connection, now: int = 1000, most: int = 10) -> list[str]:
    return [it.guid for it in deliveries.pending(connection, LANE, now, most)]


def ids(connection: sa.Connection) -> list[int]:
    return [it.id for it in deliveries.pending(connection, LANE, 10**15, 10)]


def test_a_lane_gets_its_own_in_the_order_they_came(connection: sa.Connection):
    deliveries.add(connection, [new("b"), new("x", lane="repository:2"), new("a")])
    deliveries.add(connection, [new("c")])
    assert guids(connection) == ["b", "a", "c"]
    assert guids(connection, most=2) == ["b", "a"]


def test_the_same_guid_again_changes_nothing(connection: sa.Connection):
    deliveries.add(connection, [new("a", body=b"first")])
    again, other, twice = new("a", body=b"second"), new("b"), new("b")
    assert [id(it) for it in deliveries.add(connection, [again, other, twice])] == [id(other)]
    stored = deliveries.pending(connection, LANE, 1000, 10)
    assert [(it.guid, it.body) for it in stored] == [("a", b"first"), ("b", b"{}")]


def test_what_is_done_is_pending_no_more_but_known(connection: sa.Connection):
    deliveries.add(connection, [new("a"), new("b")])
    deliveries.finish(connection, ids(connection)[:1], 500)
    assert guids(connection) == ["b"]
    assert deliveries.find(connection, "a") is not None
    assert deliveries.count_undone(connection) == 1


def test_a_failed_one_waits_while_later_ones_go_on(connection: sa.Connection):
    deliveries.add(connection, [new("a"), new("b")])
    deliveries.try_again(connection, ids(connection)[:1], 2000, "no answer")
    assert guids(connection, now=1999) == ["b"]
    assert guids(connection, now=2000) == ["a", "b"]
    assert deliveries.pending(connection, LANE, 2000, 1)[0].attempts == 1
    assert deliveries.next_attempt(connection, LANE) == 0
    deliveries.finish(connection, ids(connection)[1:], 500)
    assert deliveries.next_attempt(connection, LANE) == 2000


def test_what_was_taken_into_the_mirror_is_marked(connection: sa.Connection):
    deliveries.add(connection, [new("a"), new("b")])
    deliveries.mark_applied(connection, ids(connection)[:1])
    assert [it.applied for it in deliveries.pending(connection, LANE, 1000, 10)] == [True, False]


def test_a_dead_letter_tells_its_reason_and_can_be_revived(connection: sa.Connection):
    deliveries.add(connection, [new("a"), new("b", lane="repository:2"), new("c")])
    deliveries.try_again(connection, ids(connection)[:1], 2000, "no answer")
    deliveries.give_up(connection, ids(connection)[:1], 3000, "403 Resource not accessible")
    (letter,) = deliveries.dead(connection)
    assert (letter.guid, letter.attempts, letter.reason) == ("a", 1, "403 Resource not accessible")
    assert deliveries.count_dead(connection) == 1
    assert guids(connection) == ["c"]

    assert deliveries.revive(connection, ["c", "nobody"]) == set()
    assert deliveries.revive(connection) == {LANE}
    assert guids(connection, now=0) == ["a", "c"]
    assert deliveries.pending(connection, LANE, 0, 1)[0].attempts == 0
    assert deliveries.dead(connection) == []


def test_the_oldest_undone_delivery_is_told(connection: sa.Connection):
    assert deliveries.oldest_undone(connection) is None
    deliveries.add(connection, [new("a", received_at=7), new("b", received_at=5)])
    assert deliveries.oldest_undone(connection) == 5


def test_retention_takes_bodies_first_and_rows_later_but_never_what_is_undone(connection: sa.Connection):
    deliveries.add(connection, [new("done"), new("dead"), new("undone"), new("fresh")])
    done, dead, _undone, fresh = ids(connection)
    deliveries.finish(connection, [done], 1000)
    deliveries.give_up(connection, [dead], 1000, "why")
    deliveries.finish(connection, [fresh], 9000)

    assert deliveries.forget_bodies(connection, 5000, 10) == 1
    assert deliveries.forget_bodies(connection, 5000, 10) == 0
    assert deliveries.forget(connection, 5000, 1) == 1
    assert deliveries.forget(connection, 5000, 10) == 1
    assert [guid for guid in ("done", "dead", "undone", "fresh") if deliveries.find(connection, guid)] == [
        "undone",
        "fresh",
    ]
