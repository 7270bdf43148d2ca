"""What GitHub could not deliver is found and asked for again: what is missing here, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from bot.github import transport
from bot.github.app import App
from bot.github.errors import LimitReached, Rejected, Unavailable
from bot.github.registration import Grant, Registration, SentPage
from bot.store import catching_up, deliveries, issues, repositories, schedules
from bot.store.database import Database
from bot.triage.issue import Repository
from bot.work import catch_up, missed
from bot.work.catch_up import Found, Look
from bot.work.chores import OwnChore
from tests.bot.work.door import Door, door_of
from tests.fakes.github import FakeGitHub, Limits, Running, key_pair, serve
from tests.fakes.github.model import Delivery

REPO = "octo-org/demo"
HOUR = 3600.0
DAY = 24 * HOUR


class Place:
    """A clock of its own, ahead of the machine's; the fake GitHub and its deliveries go by the same."""

    def __init__(self, running: Running, door: Door) -> None:
        self.running, self.fake, self.door, self.database = running, running.fake, door, door.database
        self.passed = 0.0
        self.fake.clock = self.seconds
        self.app = self.fake.add_app(webhook_url=door.url)
        self.fake.add_repository(REPO)
        self.installation = self.fake.install(self.app, "octo-org")
        self.fake.hooks.wait()
        self.registration = Registration(self.app.id, key_pair()[0], running.url)
        self.github = App(self.app.id, key_pair()[0], api_url=running.url)
        with self.database.write() as connection:
            repositories.see_installation(connection, self.installation.id, "octo-org")
        self.look()

    def seconds(self) -> float:
        return datetime.now(UTC).timestamp() + self.passed

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)

    def wait(self, seconds: float) -> None:
        """The deliveries of before are older then."""
        self.age(seconds)
        with self.database.write() as connection:
            progress = catching_up.get(connection)
            assert progress.until is not None
            shifted = round(progress.until - seconds * 1000)
            catching_up.put(connection, catching_up.Progress(until=shifted, tries=progress.tries), 0)

    def age(self, seconds: float) -> None:
        """It is so long ago that GitHub tried to deliver what it did."""
        for one in self.fake.hooks.deliveries:
            one.created_at -= seconds
            one.delivered_at -= seconds

    def lose(self, number: int = 1) -> list[str]:
        """Issues are opened while nobody is there; the GUIDs of their deliveries, oldest first."""
        self.fake.hooks.wait()
        before = len(self.fake.hooks.deliveries)
        self.app.webhook_url = "http://127.0.0.1:9/webhook"
        for _ in range(number):
            self.fake.open_issue(REPO, "ann", "It broke", "How?")
        self.fake.hooks.wait()
        self.app.webhook_url = self.door.url
        return [one.guid for one in self.fake.hooks.deliveries[before:]]

    def covered(self, installation_id: int) -> list[Repository]:
        return list(self.github.installation(installation_id).reader.covered())

    def look(self, most: int = 30, *, insistent: bool = False) -> Found:
        look = Look(
            self.database,
            self.registration,
            lambda id_: self.github.installation(id_).reader.covered(),
            self.now,
            threading.Event(),
            insistent=insistent,
            arrives_within=3,
        )
        found = look.go_on(most)
        self.fake.hooks.wait()
        return found

    def stored(self, guids: list[str]) -> set[str]:
        with self.database.read() as connection:
            return deliveries.known(connection, guids)

    def sent_again(self) -> list[Delivery]:
        return [one for one in self.fake.hooks.deliveries if one.redelivery]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    database = Database(f"sqlite:///{tmp_path / 'triage.db'}")
    database.migrate()
    with serve(FakeGitHub(Limits.off())) as running, door_of(database) as door:
        yield Place(running, door)
        transport.close_idle()
    database.close()


def test_what_never_arrived_is_asked_for_and_nothing_else(place: Place):
    place.fake.open_issue(REPO, "ann", "This one arrives", "How?")
    lost = place.lose(2)
    found = place.look()
    assert set(found.asked) == set(lost)
    assert (found.arrived, found.over, found.shut) == (2, True, False)
    assert {one.guid for one in place.sent_again()} == place.stored(lost) == set(lost)
    assert place.look().asked == {}


def test_what_was_stored_though_github_heard_no_good_answer_is_not_asked_for(place: Place):
    place.door.status = 500
    place.fake.open_issue(REPO, "ann", "It broke", "How?")
    place.fake.hooks.wait()
    assert place.fake.hooks.deliveries[-1].status_code == 500
    assert place.look().asked == {}


def test_what_a_database_has_lost_is_asked_for_though_github_delivered_it(place: Place):
    """As after a backup was put back: what came since it was made is in no database."""
    place.wait(HOUR)
    place.door.stores = False
    place.fake.open_issue(REPO, "ann", "It broke", "How?")
    place.fake.hooks.wait()
    (lost,) = [one.guid for one in place.fake.hooks.deliveries[-1:]]
    place.door.stores = True
    found = place.look()
    assert (set(found.asked), found.arrived) == ({lost}, 1)


def test_the_first_look_of_an_empty_database_asks_for_what_failed_alone(place: Place, tmp_path: Path):
    lost = place.lose()
    place.door.database = place.database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    place.database.migrate()
    found = place.look()
    assert set(found.asked) == set(lost)
    assert found.put_right.installations_new == 0
    place.database.close()


def test_a_look_that_is_stopped_goes_on_where_it_was(place: Place):
    lost = place.lose(4)
    first = place.look(most=2)
    assert (len(first.asked), first.over, first.shut) == (2, False, False)
    second = place.look(most=30)
    assert second.over
    assert sorted([*first.asked, *second.asked]) == sorted(lost)
    assert len(place.sent_again()) == 4


class Spied:
    """GitHub, with what is asked for; `then` is called after each."""

    def __init__(self, place: Place, then: Callable[[], None] = lambda: None) -> None:
        self._registration, self._then = place.registration, then
        self.asked: list[int] = []
        self.listed: list[str] = []
        self.granted = 0
        self.bad_cursors = False
        self.fails: set[int] = set()

    def sent(self, cursor: str = "") -> SentPage:
        self.listed.append(cursor)
        if cursor and self.bad_cursors:
            raise Rejected("there is no such cursor", 422)
        return self._registration.sent(cursor)

    def grants(self) -> list[Grant]:
        self.granted += 1
        return self._registration.grants()

    def send_again(self, sent_id: int) -> None:
        self.asked.append(sent_id)
        if sent_id in self.fails:
            raise Unavailable("GitHub is away")
        self._registration.send_again(sent_id)
        self._then()

    def look(self, place: Place, most: int = 30, stopping: threading.Event | None = None) -> Found:
        stopping = stopping or threading.Event()
        look = Look(place.database, self, place.covered, place.now, stopping, arrives_within=3)
        return look.go_on(most)


def test_what_a_look_had_left_when_the_service_was_stopped_is_asked_for_after_its_start(place: Place):
    place.wait(3 * HOUR)
    lost = place.lose(4)
    place.age(2 * HOUR)
    stopping = threading.Event()
    github = Spied(place, lambda: stopping.set() if len(github.asked) == 2 else None)
    first = github.look(place, stopping=stopping)
    assert (len(first.asked), first.over) == (2, False)
    assert len(place.look().asked) == 2
    assert place.stored(lost) == set(lost)


def test_a_look_that_is_stopped_before_all_accounts_were_asked_is_yet_to_begin(place: Place):
    place.fake.install(place.app, "neighbours")
    place.fake.hooks.wait()
    place.look()
    place.wait(5 * HOUR)
    place.app.webhook_active = False
    new = ["neighbours/new", "octo-org/second"]
    for name in new:
        place.fake.add_repository(name)
    stopping = threading.Event()

    def covered(id_: int) -> list[Repository]:
        stopping.set()
        return place.covered(id_)

    Look(place.database, place.registration, covered, place.now, stopping).go_on(30)
    place.look()
    with place.database.read() as connection:
        assert set(new) <= {it.repository.full_name for it in repositories.every(connection)}


def test_the_oldest_is_asked_for_first(place: Place):
    first = place.lose(2)
    for _ in range(120):
        place.fake.ping(place.app)
    place.fake.hooks.wait(60)
    found = place.look()
    assert (list(found.asked), found.listed > 100) == (first, True)
    lost = place.lose(3)
    for _ in range(120):
        place.fake.ping(place.app)
    place.fake.hooks.wait(60)
    lost += place.lose(2)
    assert list(place.look().asked) == lost


def test_where_very_many_are_missing_the_newest_are_asked_for_first(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(catch_up, "_MOST_KEPT", 2)
    older = place.lose(2)
    for _ in range(110):
        place.fake.ping(place.app)
    place.fake.hooks.wait(60)
    newer = place.lose(2)
    found = place.look()
    assert (list(found.asked), found.over) == ([*newer, *older], True)


def test_where_nothing_arrives_no_more_is_asked_for_until_the_next_time(place: Place):
    place.lose(3)
    place.door.status, place.door.stores = 503, False
    assert place.look(most=2).shut
    again = place.look(most=2)
    assert len(again.asked) == 1, "each once in a look"
    place.door.status, place.door.stores = 202, True
    found = place.look()
    assert (len(found.asked), found.arrived, found.over) == (3, 3, True)


def test_what_is_refused_again_and_again_is_given_up_but_not_by_people(place: Place):
    (bad,) = place.lose()
    place.door.refused = {bad}
    asked = 0
    for _ in range(7):
        asked += len(place.look().asked)
        place.wait(60)
    assert asked == 5
    place.door.refused = set()
    assert place.look().left == 1
    assert place.look(insistent=True).arrived == 1


def test_what_github_will_not_send_again_holds_up_nothing_else(place: Place):
    lost = place.lose(2)
    place.fake.faults.error(422, method="POST", path="/attempts$")
    found = place.look()
    assert len(found.refused) == 1
    assert set(found.asked) | set(found.refused) == set(lost)
    assert (found.arrived, found.over) == (1, True)
    assert place.look().asked == {}


def test_what_was_done_is_kept_where_a_limit_ends_it(place: Place):
    lost = place.lose(2)
    place.fake.faults.secondary_limit(method="POST", path="/attempts$", times=1)
    with pytest.raises(LimitReached):
        place.look()
    with place.database.read() as connection:
        assert catching_up.get(connection).began_at is not None
    place.registration = Registration(place.app.id, key_pair()[0], place.running.url)
    assert set(place.look().asked) == set(lost)


def test_what_is_left_beside_what_github_will_not_send_again_is_asked_for_the_next_time(place: Place):
    place.wait(3 * HOUR)
    lost = place.lose(6)
    place.age(2 * HOUR)
    place.fake.faults.error(422, method="POST", path="/attempts$")
    while not place.look(most=3).over:
        pass
    assert len(place.stored(lost)) == 5


@pytest.mark.parametrize("status", [404, 422])
def test_a_cursor_that_is_good_no_longer_costs_only_another_reading(place: Place, status: int):
    place.fake.faults.error(status, path="/hook/deliveries$")
    (lost,) = place.lose()
    with place.database.write() as connection:
        progress = catching_up.get(connection)
        stale = catching_up.Progress(progress.until, began_at=round(place.seconds() * 1000), page="stale")
        catching_up.put(connection, stale, 0)
    assert set(place.look().asked) == {lost}


def test_where_no_cursor_is_good_what_was_found_is_asked_for(place: Place):
    place.wait(3 * HOUR)
    for _ in range(120):
        place.fake.ping(place.app)
    place.fake.hooks.wait(60)
    lost = place.lose(2)
    place.age(HOUR)
    github = Spied(place)
    github.bad_cursors = True
    found = github.look(place)
    assert (list(found.asked), found.over, len(github.listed)) == (lost, True, 4)


def test_one_that_github_fails_on_holds_up_no_other(place: Place):
    place.wait(3 * HOUR)
    lost = place.lose(4)
    place.age(HOUR)
    github = Spied(place)
    github.fails = {one.id for one in place.fake.hooks.deliveries if one.guid == lost[0]}
    with pytest.raises(Unavailable):
        github.look(place)
    assert place.stored(lost) == set(lost[1:])
    github.fails = set()
    assert github.look(place).over
    assert place.stored(lost) == set(lost)


def test_one_that_github_fails_on_always_is_given_up(place: Place):
    place.lose()
    github = Spied(place)
    github.fails = {place.fake.hooks.deliveries[-1].id}
    with pytest.raises(Unavailable):
        github.look(place)
    found = github.look(place)
    assert (len(found.refused), found.over, len(github.asked)) == (1, True, 5)


def test_where_news_of_repositories_were_lost_all_accounts_are_asked_once_then_and_once_after(place: Place):
    other = place.fake.install(place.app, "acme", [])
    place.fake.add_repository("acme/new")
    place.fake.hooks.wait()
    place.look()
    place.app.webhook_url = "http://127.0.0.1:9/webhook"
    for given in range(3):
        place.fake.choose_repositories(other, **{"removed" if given % 2 else "added": ["acme/new"]})
    for _ in range(120):
        place.fake.ping(place.app)
    place.fake.choose_repositories(other, removed=["acme/new"])
    place.fake.hooks.wait(60)
    place.app.webhook_url = place.door.url
    github = Spied(place)
    assert len(github.look(place).asked) == 4
    assert (len(github.listed), github.granted) == (2, 2)
    place.wait(HOUR)
    with place.database.read() as connection:
        assert catching_up.get(connection).covered_at is None
    github.look(place)
    with place.database.read() as connection:
        assert catching_up.get(connection).covered_at is not None


def test_what_a_newer_release_notes_of_its_own_is_kept(place: Place):
    place.look()
    with place.database.write() as connection:
        said = orjson.loads(schedules.state(connection, schedules.OWN, catch_up.CATCH_UP))
        schedules.note(connection, schedules.OWN, catch_up.CATCH_UP, orjson.dumps(said | {"more": [1]}).decode())
    place.lose()
    place.look()
    with place.database.read() as connection:
        assert orjson.loads(schedules.state(connection, schedules.OWN, catch_up.CATCH_UP))["more"] == [1]


def test_what_belongs_to_a_removed_installation_is_not_asked_for(place: Place):
    lost = place.lose()
    with place.database.write() as connection:
        repositories.uninstall(connection, place.installation.id)
    assert place.look().asked == {}
    assert place.stored(lost) == set()


def test_installations_and_repositories_of_which_nobody_told_are_put_right(place: Place):
    place.app.webhook_active = False
    other = place.fake.install(place.app, "neighbours")
    place.fake.add_repository("neighbours/new")
    place.fake.add_repository("octo-org/second")
    place.wait(3 * HOUR)
    found = place.look().put_right
    assert (found.installations_new, found.installations_gone) == (1, 0)
    with place.database.read() as connection:
        known = {it.repository.full_name: it for it in repositories.every(connection)}
        assert schedules.next_at(connection, known["octo-org/second"].repository.id, "policy") is not None
    assert {"neighbours/new", "octo-org/second"} <= set(known)
    place.fake.uninstall(other)
    place.fake.suspend(place.installation)
    found = place.look().put_right
    assert (found.installations_gone, found.repositories_gone) == (1, 0)
    with place.database.read() as connection:
        assert {it.repository.owner for it in repositories.every(connection)} == {"octo-org"}
        assert repositories.installations_known(connection)[place.installation.id].suspended
        assert repositories.installations_known(connection)[other.id].removed


@pytest.mark.parametrize("status", [None, 502, 403])
def test_an_installation_that_is_only_missing_from_the_list_is_kept(
    place: Place, monkeypatch: pytest.MonkeyPatch, status: int | None
):
    """As where another was uninstalled between two pages of it."""
    monkeypatch.setattr(place.registration, "grants", list)
    if status is not None:
        place.fake.faults.error(status, path="/installation/repositories", times=9)
    assert place.look().put_right.installations_gone == 0
    with place.database.read() as connection:
        assert not repositories.installations_known(connection)[place.installation.id].removed


def test_an_installation_that_is_gone_for_good_does_not_come_back(place: Place):
    with place.database.write() as connection:
        repositories.uninstall(connection, place.installation.id)
    place.wait(3 * HOUR)
    place.look()
    with place.database.read() as connection:
        assert repositories.installations_known(connection)[place.installation.id].removed


def test_after_longer_than_github_keeps_deliveries_every_repository_is_looked_over(place: Place):
    place.fake.open_issue(REPO, "ann", "Before", "How?")
    place.fake.hooks.wait()
    with place.database.write() as connection:
        found = place.covered(place.installation.id)
        repositories.install(connection, found, place.installation.id, 1)
    place.wait(2 * DAY)
    place.look()
    with place.database.read() as connection:
        repository_id = place.fake.repository(REPO).id
        assert schedules.next_at(connection, repository_id, missed.MISSED) is None
    place.wait(4 * DAY)
    place.look()
    with place.database.read() as connection:
        assert schedules.next_at(connection, repository_id, missed.MISSED) is not None
        assert "since" in schedules.state(connection, repository_id, missed.MISSED)


def test_the_chore_comes_hourly_and_goes_on_at_once_with_what_is_left(place: Place):
    work = catch_up.chore(place.registration, lambda id_: place.github.installation(id_).reader.covered())
    chore = OwnChore(place.database, place.now, threading.Event())
    again = work.do(chore)
    assert again is not None
    assert timedelta(minutes=59) < again - place.now() < timedelta(minutes=61)
    chore.stopping.set()
    again = work.do(chore)
    assert again is not None
    assert again <= place.now()
    with place.database.read() as connection:
        assert issues.every(connection, place.fake.repository(REPO).id) == []
