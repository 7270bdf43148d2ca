"""The journal, the repositories and the file cache."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.store import files, journal, repositories
from bot.store.database import Database
from bot.store.files import StoredFiles
from bot.store.journal import Entry
from bot.triage.issue import Repository

DEMO = Repository(5, "octo-org", "demo", "https://github.com/octo-org/demo", "main")


@pytest.fixture
def connection(database: Database):
    with database.write() as opened:
        yield opened


def test_the_journal_tells_what_was_meant_and_how_it_ended(connection: sa.Connection):
    meant = [
        Entry(5, 7, kind, "intended", because="Missing.", guid="g", at=3) for kind in ("add_labels", "post_request")
    ]
    labels, post = journal.begin(connection, meant)
    journal.finish(connection, [replace(labels, state="done"), replace(post, state="failed", note="403", detail="x")])
    journal.write(connection, [Entry(5, 8, "noted", "noted", at=4)])
    first, second = journal.latest(connection, repository_id=5, number=7)
    assert (first.kind, first.state, first.because, first.guid, first.at) == ("add_labels", "done", "Missing.", "g", 3)
    assert (second.state, second.note, second.detail) == ("failed", "403", "x")
    assert [entry.number for entry in journal.latest(connection)] == [7, 7, 8]
    assert [entry.number for entry in journal.latest(connection, 2)] == [7, 8]


def test_what_was_never_heard_of_again_is_called_unknown(connection: sa.Connection):
    done, _lost = journal.begin(connection, [Entry(5, 7, "add_labels", "intended"), Entry(5, 7, "react", "intended")])
    journal.finish(connection, [replace(done, state="done")])
    journal.begin(connection, [Entry(5, 8, "react", "intended")])
    journal.close_open(connection, 5, 7, "lost in a crash")
    assert [(entry.state, entry.note) for entry in journal.latest(connection, repository_id=5, number=7)] == [
        ("done", ""),
        ("unknown", "lost in a crash"),
    ]
    assert journal.latest(connection, repository_id=5, number=8)[0].state == "intended"


def test_nothing_to_write_is_fine(connection: sa.Connection):
    journal.write(connection, [])
    assert journal.begin(connection, []) == []
    journal.finish(connection, [])
    assert journal.latest(connection) == []


def test_the_journal_forgets_what_is_old_a_little_at_a_time(connection: sa.Connection):
    journal.write(connection, [Entry(5, 7, "x", "noted", at=at) for at in (1, 2, 3, 10)])
    assert journal.forget(connection, 5, 2) == 2
    assert journal.forget(connection, 5, 2) == 1
    assert [entry.at for entry in journal.latest(connection)] == [10]


def test_a_repository_keeps_its_id_under_a_new_name(connection: sa.Connection):
    assert repositories.get(connection, 5) is None
    repositories.see(connection, DEMO, 77, 100)
    repositories.see(connection, replace(DEMO, owner="acme", name="show", default_branch="trunk"), None, 200)
    known = repositories.get(connection, 5)
    assert known is not None
    assert (known.repository.full_name, known.repository.default_branch) == ("acme/show", "trunk")
    assert (known.installation_id, known.first_seen, known.installed_at) == (77, 100, None)
    assert repositories.of_owner(connection, "ACME") == [5]


def test_a_name_is_one_repositorys(connection: sa.Connection):
    repositories.see(connection, DEMO, 77, 100)
    repositories.see(connection, replace(DEMO, id=6, name="Demo"), 77, 200)
    first, second = repositories.get(connection, 5), repositories.get(connection, 6)
    assert first is not None
    assert second is not None
    assert (first.repository.name, first.is_reachable) == ("", False)
    assert (second.repository.name, second.is_reachable) == ("Demo", True)
    repositories.install(connection, [DEMO], 77, 300)
    assert repositories.is_named(connection, "OCTO-ORG", "DEMO")
    second = repositories.get(connection, 6)
    assert second is not None
    assert not second.is_reachable


def test_with_another_installation_the_good_policy_of_before_is_forgotten(connection: sa.Connection):
    repositories.see(connection, DEMO, 77, 100)
    repositories.keep_policy(connection, 5, b"theirs", "wrong")
    repositories.see(connection, DEMO, 77, 100)
    kept = repositories.get(connection, 5)
    repositories.see(connection, replace(DEMO, owner="acme"), 78, 100)
    gone = repositories.get(connection, 5)
    assert kept is not None
    assert gone is not None
    assert (kept.good_policy, kept.policy_problems) == (b"theirs", "wrong")
    assert (gone.good_policy, gone.policy_problems) == (None, "")


def test_what_is_here_is_no_other_installations_but_where_its_owner_installed_anew(connection: sa.Connection):
    def believed(installation_id: int, owner: str = DEMO.owner, name: str = DEMO.name) -> bool:
        return bool(repositories.believable(connection, [replace(DEMO, owner=owner, name=name)], installation_id))

    assert believed(77)
    repositories.see(connection, DEMO, 77, 100)
    assert [believed(id_) for id_ in (76, 77, 78)] == [False, False, True]
    assert believed(78, owner="Octo-Org", name="renamed")
    assert not believed(78, owner="acme")
    repositories.see_installation(connection, 77, "octo-org")
    repositories.uninstall(connection, 77)
    assert believed(76, owner="acme")
    repositories.install(connection, [DEMO], 77, 200)
    assert believed(76, owner="acme"), "its installation is gone"


def test_only_its_own_installation_loses_a_repository(connection: sa.Connection):
    repositories.see(connection, DEMO, 78, 100)
    repositories.remove(connection, [5], 77)
    assert [it.repository.id for it in repositories.every(connection)] == [5]
    repositories.remove(connection, [5], 78)
    assert repositories.every(connection) == []


def test_a_change_is_told_to_the_owners_others_and_never_has_the_same_time_twice(connection: sa.Connection):
    shared = replace(DEMO, id=6, owner="OCTO-org", name=".GitHub")
    for repository in (DEMO, shared, replace(DEMO, id=7, owner="acme")):
        repositories.see(connection, repository, 77, 100)

    def told(id_: int) -> tuple[int, int, int]:
        known = repositories.get(connection, id_)
        assert known is not None
        return known.files_changed_at, known.labels_changed_at, known.shared_changed_at

    assert told(5) == (0, 0, 0)
    repositories.change(connection, 6, 1000, files=True, labels=False)
    repositories.change(connection, 5, 1000, files=True, labels=True)
    repositories.change(connection, 5, 900, files=False, labels=True)
    assert told(5) == (1000, 1001, 1000)
    assert told(7) == (0, 0, 0)
    repositories.remove(connection, [6])
    assert told(5) == (1000, 1001, 0)


def test_installing_and_removing(connection: sa.Connection):
    other = replace(DEMO, id=6, name="other")
    repositories.see_installation(connection, 77, "octo-org", installed_at=50)
    repositories.install(connection, [DEMO, other], 77, 50)
    repositories.remove(connection, [6])
    assert [known.repository.id for known in repositories.every(connection)] == [5]
    repositories.install(connection, [other], 77, 90)
    known = repositories.get(connection, 6)
    assert known is not None
    assert (known.removed, known.installed_at, known.first_seen) == (False, 90, 50)
    repositories.suspend(connection, 77, suspended=True)
    repositories.uninstall(connection, 77)
    assert repositories.every(connection, 77) == []


def test_of_a_repository_that_was_found_untold_nobody_knows_when_it_came(connection: sa.Connection):
    def times(id_: int) -> tuple[int | None, int]:
        known = repositories.get(connection, id_)
        assert known is not None
        return known.installed_at, known.first_seen

    other = replace(DEMO, id=6, name="other")
    repositories.see(connection, DEMO, 77, 10)
    repositories.install(connection, [DEMO, other], 77, 50, told=False)
    assert (times(5), times(6)) == ((None, 10), (None, 50))
    repositories.install(connection, [other], 77, 70)
    assert times(6) == (None, 50), "the news were late"
    repositories.came_with(connection, [6], 77, 30)
    repositories.came_with(connection, [6], 77, 40)
    repositories.came_with(connection, [5], 78, 40)
    assert (times(5), times(6)) == ((None, 10), (30, 50))
    repositories.install(connection, [other], 77, 60, told=False)
    assert times(6) == (30, 50)
    repositories.remove(connection, [6])
    repositories.install(connection, [other], 77, 90, told=False)
    assert times(6) == (None, 90)


def test_the_last_good_policy_outlives_a_broken_one(connection: sa.Connection):
    repositories.see(connection, DEMO, 77, 100)
    repositories.keep_policy(connection, 5, b"labels: {}", "")
    repositories.keep_policy(connection, 5, None, ".github/triage.yml:1:1: error: oh")
    known = repositories.get(connection, 5)
    assert known is not None
    assert (known.good_policy, known.policy_problems) == (b"labels: {}", ".github/triage.yml:1:1: error: oh")


def test_files_are_kept_by_key_until_they_are_old(database: Database):
    cache = StoredFiles(database)
    assert cache.get("blob/1") is None
    cache.put("blob/1", b"one")
    cache.put("blob/1", b"\x00two")
    cache.put("blob/2", b"")
    assert (cache.get("blob/1"), cache.get("blob/2")) == (b"\x00two", b"")
    with database.write() as connection:
        assert files.forget(connection, 0, 10) == 0
        assert files.forget(connection, 10**15, 10) == 2
    assert cache.get("blob/1") is None
