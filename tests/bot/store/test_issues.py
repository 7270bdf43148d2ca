"""The mirror and the History: what is stored comes back, and nothing older overwrites what is newer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.store import commands, issues
from bot.store.database import Database
from bot.store.issues import Intent, Record
from bot.triage.issue import Actor, Command, Issue, Request

NOON = datetime(2026, 3, 4, 12, 0, 0, 5000, tzinfo=UTC)
ISSUE = Issue(
    number=5, title="It broke", body="…", author=Actor("ann"), created_at=NOON, updated_at=NOON, labels=("bug", "Ünï")
)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
times = st.none() | st.integers(0, 2**45)
label_sets = st.sets(texts, max_size=3)
records = st.builds(
    Record,
    st.just(1),
    st.integers(1, 2**31 - 1),
    title=texts,
    labels=st.lists(texts, max_size=3).map(tuple),
    created_at=times,
    updated_at=times,
    opened_seen=st.booleans(),
    intent=st.builds(Intent, st.lists(texts, max_size=2), st.lists(texts, max_size=2), st.booleans()),
    request_comment_id=st.none() | st.integers(0, 2**62),
    request_body=texts,
    labels_by_bot=label_sets,
    labels_by_people=label_sets,
    labels_removed_by_people=label_sets,
    asked_fields=st.lists(texts, max_size=3).map(tuple),
    skipped=st.booleans(),
    settled=texts,
)


@pytest.fixture
def connection(database: Database):
    with database.write() as opened:
        yield opened


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(first=records, second=records)
def test_a_record_comes_back_as_it_was_saved_last(connection: sa.Connection, first: Record, second: Record):
    second = replace(second, number=first.number)
    for record in (first, second):
        issues.save(connection, [record])
        assert issues.load(connection, 1, [record.number]) == {record.number: record}


def test_only_what_is_asked_for_is_loaded(connection: sa.Connection):
    issues.save(connection, [Record(1, 5), Record(1, 6), Record(2, 5, title="elsewhere")])
    assert set(issues.load(connection, 1, [5, 7])) == {5}
    assert issues.load(connection, 1, []) == {}
    issues.save(connection, [])


def test_the_mirror_takes_what_is_newer_and_no_less():
    record = Record(1, 5)
    assert record.mirror(ISSUE)
    assert (record.title, record.labels, record.author) == ("It broke", ("bug", "Ünï"), "ann")
    older = replace(ISSUE, title="It brok", updated_at=NOON - timedelta(seconds=1))
    assert not record.mirror(older)
    assert record.title == "It broke"
    assert record.mirror(replace(ISSUE, state="closed"))
    assert record.state == "closed"


def test_the_history_is_what_was_remembered():
    request = Request(9, "IC_9", "please", resolved=True, asked_at=NOON)
    record = Record(1, 5, labels_by_bot={"needs-info"}, asked_fields=("version",), skipped=True, settled="abc")
    assert record.history([]).request is None
    record.request = request
    command = Command("9:1", 9, Actor("ann"), "triage")
    history = record.history([command])
    assert history.request == request
    assert history.labels_by_bot == {"needs-info"}
    assert (history.asked_fields, history.skipped, history.settled) == (("version",), True, "abc")
    assert history.commands == (command,)
    record.request = None
    assert record.history([]).request is None


def test_the_next_look_is_kept_apart_from_the_rest(connection: sa.Connection):
    issues.save(connection, [Record(1, 5), Record(1, 6)])
    issues.look_at(connection, 1, 5, 100)
    issues.save(connection, [Record(1, 5, title="changed")])
    assert issues.due(connection, 1, 99, 10) == []
    assert issues.due(connection, 1, 100, 10) == [5]
    issues.look_at(connection, 1, 5, 200)
    issues.looked(connection, 1, [5, 6], 100)
    assert issues.due(connection, 1, 200, 10) == [5]
    issues.looked(connection, 1, [5], 200)
    assert issues.due(connection, 1, 999, 10) == []


def test_open_requests_are_looked_at_again_when_templates_change(connection: sa.Connection):
    asked = Record(1, 1, state="open", updated_at=1000, request_comment_id=7)
    issues.save(
        connection,
        [
            asked,
            replace(asked, number=2, state="closed"),
            replace(asked, number=3, request_comment_id=None),
            replace(asked, number=4, request_resolved=True),
            replace(asked, number=5, updated_at=10),
            replace(asked, repository_id=2),
        ],
    )
    issues.look_again_at_open_requests(connection, [1], 2000, 500)
    assert issues.due(connection, 1, 2000, 10) == [1]
    assert issues.due(connection, 2, 2000, 10) == []
    # Of an owner with very many repositories.
    issues.look_again_at_open_requests(connection, range(2, 1500), 2000, 500)
    assert issues.due(connection, 2, 2000, 10) == [1]


def test_a_renamed_label_is_remembered_under_its_new_name(connection: sa.Connection):
    issues.save(
        connection,
        [
            Record(1, 1, labels_by_bot={"needs-info", "bug"}, labels_removed_by_people={'100% "odd"_\\name'}),
            Record(1, 2, labels_by_people={"needs-info-later"}),
            Record(2, 1, labels_by_bot={"needs-info"}),
        ],
    )
    issues.rename_label(connection, 1, "Needs-Info", "Awaiting Reply")
    issues.rename_label(connection, 1, '100% "Odd"_\\Name', "plain")
    here, elsewhere = issues.load(connection, 1, [1, 2]), issues.load(connection, 2, [1])
    assert here[1].labels_by_bot == {"awaiting reply", "bug"}
    assert here[1].labels_removed_by_people == {"plain"}
    assert here[2].labels_by_people == {"needs-info-later"}
    assert elsewhere[1].labels_by_bot == {"needs-info"}


def test_commands_are_open_until_they_are_carried_out_and_never_again(connection: sa.Connection):
    later = Command("20:1", 20, Actor("max", association="MEMBER"), "label", ("bug", "big"))
    second = Command("9:10", 9, Actor("bot", is_bot=True), "close")
    first = Command("9:2", 9, Actor("ann"), "triage")
    commands.add(connection, 1, [(5, later), (5, second), (5, first), (6, Command("30:1", 30, Actor("ann"), "x"))])
    assert commands.load_open(connection, 1, [5]) == {5: [first, second, later]}
    commands.finish(connection, ["9:2"], 100)
    commands.add(connection, 1, [(5, first)])
    assert commands.load_open(connection, 1, [5, 7]) == {5: [second, later]}
    assert commands.is_done(connection, ["9:2", "9:10", "nothing"]) == {"9:2"}
    commands.finish(connection, [], 100)
    commands.add(connection, 1, [])


def test_processes_that_write_the_same_issues_do_not_block_each_other(database: Database):
    found = [Record(1, number, state="open", request_comment_id=1, updated_at=2) for number in range(1, 31)]
    with database.write() as connection:
        issues.save(connection, found)

    def again_and_again(write: Callable[[sa.Connection], None]) -> None:
        for _ in range(50):
            with database.write() as connection:
                write(connection)

    writes: list[Callable[[sa.Connection], None]] = [
        lambda connection: issues.save(connection, found),
        lambda connection: issues.save(connection, found[::-1]),
        lambda connection: issues.sweep_up(connection, 1, [it.number for it in found[::-1]], 3),
        lambda connection: issues.look_again_at_open_requests(connection, [1], 3, 1),
    ]
    with ThreadPoolExecutor(len(writes)) as threads:
        for done in [threads.submit(again_and_again, write) for write in writes]:
            done.result()
