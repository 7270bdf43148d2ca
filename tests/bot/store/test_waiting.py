"""Which issues a sweep is shown: the silent ones, and those under way; on every database there is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.issuebash.thread import Thread
from bot.store import issues, threads, waiting
from bot.store.database import Database
from bot.store.issues import Record
from bot.store.times import to_ms
from bot.triage.issue import History
from tests.bot.issuebash.making import ANN, BEN, CI_BOT, MAYA, ago, does, says, thread

SINCE = to_ms(ago(60))
ASKED = says(MAYA, "Which version?", 70)


def keep(database: Database, found: Thread, **remembered: Any) -> None:
    with database.write() as connection:
        threads.save(connection, 1, [found], 1)
        if remembered:
            issues.save(connection, [Record(1, found.issue.number, **remembered)])


def shown(database: Database, label: str = "stale") -> list[int]:
    with database.read() as connection:
        return [quiet.issue.number for quiet in waiting.quiet(connection, 1, label, SINCE)]


def test_the_silent_ones_are_shown_in_order(database: Database):
    keep(database, thread(ASKED, number=3))
    keep(database, thread(ASKED, says(CI_BOT, "beep", 2), number=1))
    keep(database, thread(ASKED, says(BEN, "Me too", 59), number=2))
    assert shown(database) == [1, 3]


def test_those_that_wait_for_the_maintainers_are_left_out_unless_the_bot_has_asked(database: Database):
    keep(database, thread(ASKED, says(ANN, "1.2", 65), number=1))
    keep(database, thread(number=2, created_at=ago(90)))
    keep(database, thread(number=3, created_at=ago(90)), request_comment_id=7, request_asked_at=to_ms(ago(90)))
    keep(database, thread(number=4, created_at=ago(90)), request_comment_id=7, request_resolved=True)
    assert shown(database) == [3]


@pytest.mark.parametrize("column", ["labels_by_people", "labels_by_bot"])
def test_a_label_put_on_is_looked_after_whatever_the_silence(database: Database, column: str):
    keep(database, thread(says(MAYA, "Which?", 2), number=1), **{column: {"not stale"}})
    keep(database, thread(says(MAYA, "Which?", 2), number=2), **{column: {"50%_off", "stale"}})
    assert shown(database, "Stale") == [2]
    assert shown(database, "50%_off") == [2]
    assert shown(database, "%") == []


def test_those_under_way_are_shown_also_closed_ones_on_which_somebody_spoke(database: Database):
    keep(database, thread(says(ANN, "Yes", 1), number=1), noticed=True)
    closed: dict[str, Any] = {"state": "closed", "closed_at": ago(20)}
    keep(database, thread(ASKED, number=2, **closed), noticed=True)
    keep(database, thread(ASKED, says(ANN, "Wait", 3), number=3, **closed), noticed=True)
    keep(database, thread(ASKED, says(ANN, "Wait", 3), number=4, **closed))
    assert shown(database) == [1, 3]


def test_what_is_gone_or_anothers_is_left_out(database: Database):
    keep(database, thread(ASKED, number=1), state="gone")
    assert shown(database) == []
    with database.read() as connection:
        assert list(waiting.quiet(connection, 2, "stale", SINCE)) == []


def test_each_comes_with_what_is_remembered_as_a_sweep_finds_it(database: Database):
    keep(database, thread(ASKED, number=1, pinned=True))
    keep(database, thread(ASKED, number=2), skipped=True, pinned=True, looked_at=5, last_human_at=to_ms(ago(61)))
    keep(database, thread(ASKED, number=3), transferred_in=True, last_human_at=to_ms(ago(90)))
    with database.write() as connection:
        issues.sweep_up(connection, 1, [2], 7)
    with database.read() as connection:
        unknown, known, moved = waiting.quiet(connection, 1, "stale", SINCE)
    assert (unknown.history.pinned, unknown.swept_at, unknown.history.last_human_at) == (True, 0, ago(70))
    assert (known.history.skipped, known.swept_at, known.history.last_human_at) == (True, 7, ago(61))
    assert known.history.pinned
    assert (moved.issue.transferred_in, moved.history.last_human_at) == (True, ago(70))
    assert unknown.history.swept
    assert known.issue.comments_known


def test_what_the_mirror_knows_is_added_to_what_is_remembered(database: Database):
    events = (
        does("edited", ANN, 9), does("renamed", ANN, 8), does("edited", MAYA, 7), does("edited", CI_BOT, 1),
        does("labeled", MAYA, 6, "Needs-Info"), does("labeled", MAYA, 5, "needs-info"), does("labeled", ANN, 4, "bug"),
        does("labeled", CI_BOT, 3, "docs"),
    )  # fmt: skip
    keep(database, thread(ASKED, number=1, pinned=True, transferred_in=True, events=events))
    with database.read() as connection:
        (seen,) = waiting.seen(connection, 1, [1, 2]).values()
    history = seen.added_to(History(edited_at=ago(20)))
    assert (history.last_human_at, history.edited_at, history.pinned) == (ago(7), ago(8), True)
    assert history.labelled_at == (("needs-info", ago(5)),)
    assert seen.added_to(History(edited_at=ago(2), last_human_at=ago(2))).edited_at == ago(2)
    plain = thread(ASKED, number=1).issue
    assert seen.shown_on(plain).transferred_in
    with database.read() as connection:
        assert waiting.seen(connection, 2, [1]) == {}


@pytest.mark.parametrize(("said", "kept"), [("stale 2030-01-01", True), ("over 2030-01-01", False)])
def test_a_notice_that_stands_is_seen_though_nobody_remembers_it(database: Database, said: str, *, kept: bool):
    notice = replace(says(CI_BOT, f"<!-- community-triage-bot:notice {said} -->", 9), by_this_app=True)
    keep(database, thread(ASKED, notice, says(ANN, "Yes", 1), number=1))
    keep(database, thread(ASKED, notice, number=2, state="closed", closed_at=ago(8)))
    keep(database, thread(ASKED, notice, says(ANN, "Yes", 1), number=3, state="closed", closed_at=ago(8)))
    assert shown(database) == ([1, 3] if kept else [])
    with database.read() as connection:
        assert waiting.any_noticed(connection, 1) is kept


def test_whose_turn_it_is_may_stand_among_comments_that_were_not_read(database: Database):
    hidden = (says(BEN, "+1", 99), *(says(CI_BOT, "Build", 90 - number) for number in range(20)))
    keep(database, replace(thread(*hidden, number=1), comments_total=22))
    keep(database, replace(thread(*hidden, number=2), comments_total=21))
    keep(database, replace(thread(*hidden[:-1], says(ANN, "Yes", 70), number=3), comments_total=22))
    with database.read() as connection:
        (found,) = waiting.quiet(connection, 1, "stale", SINCE)
    assert (found.issue.number, found.issue.next_word_hidden) == (1, True)


def test_those_whose_author_was_asked_by_a_label_alone_are_shown(database: Database):
    keep(database, thread(number=1, created_at=ago(90)), labels_by_people={"needs-info"})
    assert shown(database) == []
    with database.read() as connection:
        (found,) = waiting.quiet(connection, 1, "stale", SINCE, "Needs-Info")
    assert found.issue.number == 1


def test_a_label_of_an_earlier_policy_that_is_left_over_is_looked_after(database: Database):
    keep(database, thread(says(MAYA, "Which?", 2), number=1), stale_labels={"inactive"})
    assert shown(database) == [1]


def test_the_last_sweep_is_known(database: Database):
    with database.write() as connection:
        assert waiting.last_sweep(connection, 1) == 0
        issues.sweep_up(connection, 1, [1, 2], 10)
        issues.sweep_up(connection, 1, [2], 20)
        issues.sweep_up(connection, 2, [1], 30)
        assert waiting.last_sweep(connection, 1) == 20


def test_a_sweeps_mark_goes_with_the_look(database: Database):
    keep(database, thread(ASKED, number=1), title="known")
    with database.write() as connection:
        issues.sweep_up(connection, 1, [1, 2], 10)
        assert issues.due(connection, 1, 10, 9) == [1, 2]
        found = issues.load(connection, 1, [1, 2])
        assert [(it.title, it.swept) for it in found.values()] == [("known", True), ("", True)]
        # The lane writes what it knows, and leaves the mark alone.
        issues.save(connection, [Record(1, 1, title="newer")])
        assert issues.load(connection, 1, [1])[1].swept
        issues.looked(connection, 1, [1], 10)
        assert not issues.load(connection, 1, [1])[1].swept
        assert issues.load(connection, 1, [2])[2].swept


def test_a_notice_that_stands_is_known(database: Database):
    def stands() -> bool:
        with database.read() as connection:
            return waiting.any_noticed(connection, 1)

    keep(database, thread(number=1), state="closed", noticed=True)
    assert not stands()
    keep(database, thread(number=2), state="open", noticed=True)
    assert stands()
