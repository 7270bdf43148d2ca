"""The mirror of whole issues: what goes in comes out, newer replaces older, and what is alike is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.issuebash.signature import signature
from bot.issuebash.thread import Thread
from bot.store import fills, repositories, search, tables, threads
from bot.store.database import Database
from bot.store.packing import pack, unpack
from bot.store.search import Search, likeness, terms
from bot.store.tables import issues
from bot.store.threads import Filed
from bot.store.times import to_ms
from bot.triage.issue import Actor, Repository
from tests.bot.issuebash.making import ANN, BEN, CI_BOT, MAYA, ago, does, pull, says, thread

FULL = thread(
    says(MAYA, "Which version?", 5),
    says(CI_BOT, "beep", 4),
    events=(does("closed", MAYA, 50), does("reopened", ANN, 40)),
    links=(pull(will_close=True), pull(51, state="open", merged_at=None)),
    labels=("bug", "ünïcode"),
    assignees=("nico",),
    milestone="3.0",
    reactions=4,
    type="Bug",
    open_sub_issues=2,
    pinned=True,
    body="Text \0 with 🎉",
)


def save(database: Database, *found: Thread, read_at: int = 1, **more: Any) -> None:
    with database.write() as connection:
        threads.save(connection, 1, found, read_at, **more)


def test_a_thread_comes_back_as_it_was():
    assert unpack(pack(FULL)) == FULL


@given(st.text(max_size=40), st.text(max_size=40), st.integers(0, 10**6))
def test_any_text_comes_back(title: str, body: str, number: int):
    try:
        title.encode()
        body.encode()
    except UnicodeEncodeError:
        return
    found = thread(says(BEN, body, 3), title=title, body=body, number=number)
    assert unpack(pack(found)) == found


def test_open_ones_are_read_in_order(database: Database):
    save(database, thread(number=3), thread(number=1), thread(number=2, state="closed", closed_at=ago(3)))
    with database.read() as connection:
        assert [one.number for one in threads.open_threads(connection, 1)] == [1, 3]
        assert threads.count(connection, 1) == 3
        assert list(threads.open_threads(connection, 2)) == []


def test_a_newer_state_replaces_an_older_one_and_never_the_other_way(database: Database):
    save(database, thread(title="new", updated_at=ago(1)))
    save(database, thread(title="old", updated_at=ago(2)))
    with database.read() as connection:
        assert [one.issue.title for one in threads.open_threads(connection, 1)] == ["new"]
    save(database, thread(title="newest", updated_at=ago(0)))
    with database.read() as connection:
        assert [one.issue.title for one in threads.open_threads(connection, 1)] == ["newest"]
        assert threads.newest(connection, 1) == to_ms(ago(0))


def test_what_webhooks_told_is_gone_is_left_out(database: Database):
    save(database, thread(number=1), thread(number=2))
    with database.write() as connection:
        connection.execute(issues.insert().values(repository_id=1, number=1, state="gone"))
    with database.read() as connection:
        assert [one.number for one in threads.open_threads(connection, 1)] == [2]
        assert [one.number for one in threads.figures(connection, 1)] == [2]


def test_closed_ones_on_which_people_wrote_since_are_found(database: Database):
    closed: dict[str, Any] = {"state": "closed", "closed_at": ago(30)}
    save(
        database,
        thread(says(BEN, "Hm.", 9), number=1, **closed),
        thread(says(BEN, "Hm.", 40), number=2, **closed),
        thread(says(CI_BOT, "beep", 9), number=3, **closed),
        thread(says(BEN, "Hm.", 9), number=4),
        thread(says(BEN, "Hm.", 20), number=5, **closed),
    )
    with database.read() as connection:
        assert [one.number for one in threads.spoken_after_close(connection, 1, to_ms(ago(10)))] == [1]


def test_figures_hold_what_the_numbers_need(database: Database):
    save(database, replace(FULL, known=FULL.known), filed=lambda _: Filed("bug.yml", 2))
    with database.write() as connection:
        connection.execute(
            issues.insert().values(repository_id=1, number=7, request_comment_id=5, request_resolved=True)
        )
    with database.read() as connection:
        (found,) = threads.figures(connection, 1)
    assert (found.kind, found.missing, found.asked, found.completed) == ("bug.yml", 2, True, True)
    assert (found.created_at, found.first_response_at, found.closed_at) == (ago(100), ago(5), None)
    assert found.closed_spells == ((ago(50), ago(40)),)


def test_maintainers_are_remembered_from_other_issues(database: Database):
    save(database, thread(says(MAYA, "Hello.", 5), number=1))
    save(database, thread(says(replace(MAYA, association="NONE"), "Hello.", 5), number=2))
    with database.read() as connection:
        assert threads.load_maintainers(connection, 1) == {"maya"}
        assert [one.first_response_at for one in threads.figures(connection, 1)] == [ago(5), ago(5)]


MIA = Actor("Mia")
"""As `gh` shows authors: of their role it tells only in comments."""
IN_HER_ROLE = says(replace(MIA, association="MEMBER"), "It is by design.", 3)


def test_who_is_a_maintainer_does_not_depend_on_what_is_read_first(database: Database):
    own = [thread(number=number, author=MIA) for number in range(1, 601)]
    answered = thread(says(MIA, "Use `fit`.", 5), number=700, title="Saving the optimizer state")
    others = thread(says(BEN, "Hm.", 5), number=701, title="Optimizer state")
    save(database, *own, answered, others)
    save(database, thread(IN_HER_ROLE, number=702))
    with database.read() as connection:
        found = {one.number: one for one in threads.figures(connection, 1)}
        assert all(found[number].by_maintainer for number in range(1, 601))
        assert (found[700].first_response_at, found[701].first_response_at) == (ago(5), None)
        alike = {one.number: one.answered for one in Search(connection, 1).issues(thread(title="Optimizer state"), 5)}
        assert alike == {700: True, 701: False}
        whose = sa.select(tables.threads.c.waiting_on).where(tables.threads.c.number.in_([1, 700, 701]))
        assert list(connection.scalars(whose.order_by(tables.threads.c.number))) == ["", "author", "maintainers"]


def test_the_order_of_reading_changes_nothing(database: Database):
    found = [
        thread(number=1, author=MIA),
        thread(says(MIA, "Use `fit`.", 5), number=2),
        thread(says(BEN, "Use `fit`.", 5), says(MIA, "Yes.", 4), number=3),
        thread(IN_HER_ROLE, number=4),
        thread(says(MAYA, "So.", 2), number=5, author=MIA),
    ]
    for repository, order in enumerate((found, found[::-1], [found[3], *found]), start=1):
        with database.write() as connection:
            for one in order:
                threads.save(connection, repository, [one], 1)
    with database.read() as connection:
        told = [list(threads.figures(connection, repository)) for repository in (1, 2, 3)]
    assert told[0] == told[1] == told[2]


def test_a_repositorys_maintainers_are_its_own(database: Database):
    with database.write() as connection:
        threads.save(connection, 1, [thread(number=1, author=MIA)], 1)
        threads.save(connection, 2, [thread(IN_HER_ROLE, number=1)], 1)
    with database.read() as connection:
        assert [one.by_maintainer for one in threads.figures(connection, 1)] == [False]


def test_only_a_maintainers_answer_makes_an_issue_answered(database: Database):
    for number, word in enumerate(("Use `fit`.", "Could you share it?", "Closing as stale."), start=1):
        save(database, thread(says(MAYA, word, 5), number=number, title="Saving the optimizer state"))
    with database.read() as connection:
        found = Search(connection, 1).issues(thread(number=9, title="Saving the optimizer state"), 5)
        assert {one.number: one.answered for one in found} == {1: True, 2: False, 3: False}


def test_what_a_full_reading_did_not_meet_is_forgotten(database: Database):
    save(database, thread(number=1, title="Old crash"), read_at=1)
    save(database, thread(number=2), read_at=5)
    with database.write() as connection:
        assert threads.remove_unseen(connection, 1, 5) == 1
    with database.read() as connection:
        assert [one.number for one in threads.open_threads(connection, 1)] == [2]
        assert Search(connection, 1).issues(thread(number=9, title="Old"), 5) == ()
        assert threads.count(connection, 1) == 1


ERROR = 'Traceback:\n  File "/x/site-packages/widgets/io.py", line 3, in save\nOSError: no space'


def test_like_issues_are_found_likest_first(database: Database):
    save(
        database,
        thread(says(MAYA, "So.", 5), number=1, title="Saving the optimizer state crashes", body=ERROR),
        thread(number=2, title="Optimizer has no state"),
        thread(number=3, title="Typo in the readme"),
        thread(number=4, title="Saving the optimizer state crashes on exit", state="closed", closed_at=ago(3)),
    )
    with database.read() as connection:
        found = Search(connection, 1).issues(thread(number=9, title="Crashes when saving optimizer state"), 5)
        assert [one.number for one in found] == [1, 4, 2]
        assert (found[0].likeness, found[0].answered, found[0].state) == (1.0, True, "open")
        assert (found[1].answered, found[1].state) == (False, "closed")
        assert [one.number for one in Search(connection, 1).issues(thread(number=1, title="optimizer"), 5)] == [2, 4]
        assert Search(connection, 2).issues(thread(number=9, title="optimizer"), 5) == ()


def test_what_shows_the_same_error_is_found_whatever_its_title(database: Database):
    shown = str(signature(ERROR))
    save(
        database,
        thread(number=1, title="Saving fails", body=ERROR),
        thread(number=2, title="No room for the model", body=ERROR),
        thread(number=3, title="Saving fails", body="Just so."),
        thread(number=4, title="Saving fails", body=ERROR.replace("no space", "no rights")),
    )
    with database.read() as connection:
        here = Search(connection, 1)
        assert [one.number for one in here.same_error(thread(number=2, title="No room"), shown, 5)] == [1]
        assert [one.likeness for one in here.same_error(thread(number=1, title="Saving fails"), shown, 5)] == [0.0]
        assert here.same_error(thread(number=4), str(signature(ERROR.replace("no space", "no rights"))), 5) == ()
        assert Search(connection, 2).same_error(thread(number=2), shown, 5) == ()


def test_titles_that_share_only_what_is_frequent_here_are_not_alike(database: Database):
    save(
        database,
        *(thread(number=number, title=f"Widget button w{number} breaks") for number in range(1, 600)),
        thread(number=700, title="Widget button flickers"),
    )
    with database.read() as connection:
        here = Search(connection, 1)
        assert [one.number for one in here.issues(thread(number=800, title="Widget button flickers"), 5)] == [700]
        assert len(here.issues(thread(number=800, title="Widget button"), 5)) == 5


def test_a_changed_title_is_found_under_its_new_words_alone(database: Database):
    save(database, thread(number=1, title="Optimizer breaks", updated_at=ago(2)))
    save(database, thread(number=1, title="Tokenizer breaks", updated_at=ago(1)))
    with database.read() as connection:
        here = Search(connection, 1)
        assert here.issues(thread(number=9, title="optimizer"), 5) == ()
        assert len(here.issues(thread(number=9, title="tokenizer"), 5)) == 1


def test_pages_are_found_by_their_headings_and_old_ones_forgotten(database: Database):
    pages = [
        ("docs/saving.md", "Saving models", "Checkpoints Optimizer state", "https://x/saving"),
        ("docs/training.md", "Training", "Epochs", "https://x/training"),
    ]
    asked = thread(number=9, title="How to restore optimizer state from checkpoints?")
    with database.write() as connection:
        search.index_pages(connection, 1, pages)
    with database.read() as connection:
        (found,) = Search(connection, 1).pages(asked, 5)
        assert (found.title, found.url) == ("Saving models", "https://x/saving")
        assert found.likeness > 0.5
    with database.write() as connection:
        search.index_pages(connection, 1, pages[1:])
    with database.read() as connection:
        assert Search(connection, 1).pages(asked, 5) == ()


@pytest.mark.parametrize(
    "title", ['" OR title:*', "NEAR(a b) AND NOT", "'); DROP TABLE texts; --", "!!! ???", "a & b | !c"]
)
def test_a_title_is_no_query(database: Database, title: str):
    save(database, thread(number=1, title="Something else"))
    with database.read() as connection:
        Search(connection, 1).issues(thread(number=9, title=title), 5)
        assert connection.scalar(sa.text("SELECT count(*) FROM texts")) == 1


def test_words_that_say_nothing_make_no_likeness():
    assert terms("How to use the model?") == ("model",)
    assert likeness((), ("a",)) == 0
    assert likeness(terms("A bug in fit"), terms("A bug in predict")) == 0


def test_what_is_mirrored_of_a_lost_repository_goes_a_little_at_a_time(database: Database):
    with database.write() as connection:
        for id_ in (1, 2):
            repositories.see(connection, Repository(id_, "octo", f"repo-{id_}", ""), 42, 1)
            threads.save(connection, id_, [thread(says(MAYA, "Hm", 2), number=it) for it in (1, 2, 3)], 1)
            fills.put(connection, id_, fills.Progress(complete_until=1))
        assert repositories.forget_lost(connection, 100) == 0
        repositories.remove(connection, [1])
        assert repositories.forget_lost(connection, 2) == 2
        assert fills.get(connection, 1).complete_until is None
        assert threads.count(connection, 1) == 2
        assert repositories.forget_lost(connection, 100) == 2 + 3 + 1
        left = [connection.scalar(sa.select(sa.func.count()).select_from(it)) for it in (tables.threads, tables.texts)]
        assert left == [3, 3]
        assert Search(connection, 1).issues(thread(number=9), 5) == ()
