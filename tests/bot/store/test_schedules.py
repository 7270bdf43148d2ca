"""What is due is taken once, whoever asks, and comes again where it was never brought back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bot.store import schedules
from bot.store.database import Database
from bot.store.schedules import Due

HOUR = 3_600_000
KNOWN = ("report", "sweep")


def plan(database: Database, *rows: tuple[int, str, int]) -> None:
    with database.write() as connection:
        for repository_id, name, at in rows:
            schedules.put(connection, repository_id, name, at)


def take(database: Database, now: int, most: int = 50) -> list[Due]:
    with database.write() as connection:
        return schedules.take(connection, now, KNOWN, most)


def test_only_what_is_due_is_taken_and_only_once(database: Database):
    plan(database, (1, "report", 100), (2, "report", 300), (2, "sweep", 50))
    assert sorted(take(database, 200)) == [(1, "report"), (2, "sweep")]
    assert take(database, 200) == []
    with database.read() as connection:
        assert not schedules.any_due(connection, 200, KNOWN)
        assert schedules.any_due(connection, 300, KNOWN)


def test_the_longest_due_goes_first_where_there_are_too_many(database: Database):
    plan(database, *((number, "sweep", 1000 - number) for number in range(10)))
    assert sorted(take(database, 2000, 3)) == [(7, "sweep"), (8, "sweep"), (9, "sweep")]


def test_what_was_never_brought_back_is_due_again(database: Database):
    plan(database, (1, "report", 100))
    take(database, 200)
    assert take(database, 200 + 7 * HOUR) == [(1, "report")]


def test_a_new_time_replaces_the_old_one_and_failures_are_counted(database: Database):
    plan(database, (1, "report", 100))
    with database.write() as connection:
        schedules.put(connection, 1, "report", 900, failures=2)
        assert schedules.next_at(connection, 1, "report") == 900
        assert schedules.failures(connection, 1, "report") == 2
        assert schedules.failures(connection, 1, "sweep") == 0


def test_dropped_ones_do_not_come(database: Database):
    plan(database, (1, "report", 100), (1, "sweep", 100), (2, "sweep", 100))
    with database.write() as connection:
        schedules.drop(connection, 1, "report")
        schedules.drop(connection, 2)
    assert take(database, 200) == [(1, "sweep")]


def test_what_only_a_newer_release_knows_is_left_to_it(database: Database):
    plan(database, (1, "of a newer release", 100))
    assert take(database, 200) == []
    with database.write() as connection:
        assert not schedules.any_due(connection, 200, KNOWN)
        assert schedules.take(connection, 200, ["of a newer release"]) == [(1, "of a newer release")]


def test_it_is_planned_once_may_be_hastened_and_keeps_its_note(database: Database):
    with database.write() as connection:
        schedules.plan(connection, 0, "clean", 500)
        schedules.plan(connection, 0, "clean", 100)
        assert schedules.next_at(connection, 0, "clean") == 500
        schedules.hasten(connection, 0, "clean", 900)
        assert schedules.next_at(connection, 0, "clean") == 500
        schedules.hasten(connection, 0, "clean", 300)
        assert schedules.next_at(connection, 0, "clean") == 300
        assert schedules.state(connection, 0, "clean") == ""
        schedules.note(connection, 0, "clean", "so far")
        schedules.put(connection, 0, "clean", 700)
        assert schedules.state(connection, 0, "clean") == "so far"


def test_of_several_who_ask_at_once_one_gets_it(database: Database):
    plan(database, *((number, "sweep", 1) for number in range(40)))
    with ThreadPoolExecutor(8) as pool:
        found = [due for taken in pool.map(lambda _: take(database, 100), range(8)) for due in taken]
    assert sorted(found) == [(number, "sweep") for number in range(40)]
