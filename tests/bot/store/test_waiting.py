"""Which issues a sweep is shown: the silent ones, and those under way; on every database there is."""

from __future__ import annotations

from typing import Any

import pytest

from bot.issuebash.thread import Thread
from bot.store import issues, threads, waiting
from bot.store.database import Database
from bot.store.issues import Record
from bot.store.times import to_ms
from tests.bot.issuebash.making import ANN, BEN, CI_BOT, MAYA, ago, says, thread

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
    keep(database, thread(ASKED, number=2), skipped=True, looked_at=5, last_human_at=to_ms(ago(61)))
    with database.read() as connection:
        unknown, known = waiting.quiet(connection, 1, "stale", SINCE)
    assert (unknown.history.pinned, unknown.looked_at, unknown.history.last_human_at) == (True, 0, ago(70))
    assert (known.history.skipped, known.looked_at, known.history.last_human_at) == (True, 5, ago(61))
    assert unknown.history.swept
    assert known.issue.comments_known


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
