"""Repositories that are found before anybody told of them: what was filed there meanwhile is no less new."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from bot.github.registration import Grant
from bot.store import repositories, schedules
from bot.store.schedules import POLICY
from bot.store.times import from_ms
from bot.triage.issue import Repository
from bot.work.grants import Grants
from tests.bot.work.bench import COMPLETE, FORM, INCOMPLETE, REPO, Bench

OTHER = "octo-org/other"
HOUR = 3_600_000


@dataclass
class Listed:
    """The App's first installation, which is a day old."""

    bench: Bench

    def grants(self) -> list[Grant]:
        installation = self.bench.installation
        created_at = from_ms(self.bench.now() - 24 * HOUR)
        return [Grant(installation.id, "octo-org", {}, suspended=False, created_at=created_at)]

    def find(self, heard_until: int, meanwhile: Callable[[], None] = lambda: None) -> None:
        """`meanwhile`: after GitHub has told the repositories, and before they are stored."""
        bench = self.bench

        def covered(id_: int) -> list[Repository]:
            found = list(bench.github.installation(id_).reader.covered())
            if id_ == bench.installation.id:
                meanwhile()
            return found

        grants = Grants(bench.database, self, covered, bench.pace.recent, threading.Event())
        grants.put_right(heard_until, heard_until, repositories_too=True)


@pytest.mark.parametrize("known", [False, True])
def test_an_issue_is_new_though_its_repository_was_found_before_its_news_came(bench: Bench, *, known: bool):
    """As with a new database: the account is known by another repository's news, or not at all."""
    bench.fake.add_repository(OTHER)
    bench.settle()
    bench.new_database()
    if known:
        bench.fake.open_issue(OTHER, "ann", "It broke", COMPLETE)
        bench.settle()
    issue = bench.open()
    news = bench.waiting()
    Listed(bench).find(bench.now() + HOUR)
    bench.hand_over(news)
    bench.settle()
    assert len(bench.requests(issue)) == 1


def test_what_was_filed_before_is_left_alone(bench: Bench):
    issue = bench.open()
    bench.waiting()
    bench.new_database()
    Listed(bench).find(bench.now() + HOUR)
    bench.fake.edit_issue(REPO, issue, body=f"{INCOMPLETE} More.")
    bench.settle()
    assert not bench.requests(issue)


def test_an_account_that_came_since_is_known_to_have(bench: Bench):
    issue = bench.open(created_at=bench.fake.clock() - 12 * HOUR / 1000)
    bench.waiting()
    bench.new_database()
    Listed(bench).find(bench.now() - 48 * HOUR)
    bench.fake.edit_issue(REPO, issue, body=f"{INCOMPLETE} More.")
    bench.settle()
    assert len(bench.requests(issue)) == 1


@pytest.mark.parametrize("transferred", [False, True])
def test_a_repository_that_is_taken_away_meanwhile_is_not_given_back(bench: Bench, *, transferred: bool):
    bench.fake.account("acme", "Organization")
    theirs = bench.fake.install(bench.app, "acme").id

    def taken() -> None:
        if transferred:
            bench.fake.transfer(REPO, "acme")
        else:
            bench.fake.choose_repositories(bench.installation, removed=[REPO])
        bench.settle()

    bench.settle()
    Listed(bench).find(bench.now(), taken)
    with bench.database.read() as connection:
        found = repositories.every(connection)
    assert [it.installation_id for it in found] == [theirs] * transferred


def test_a_repository_that_lost_its_name_to_another_is_told_its_new_one(bench: Bench):
    bench.settle()
    bench.fake.rename(REPO, "shown")
    bench.waiting()
    bench.fake.add_repository(REPO)
    bench.fake.open_issue(REPO, "ann", "It broke", COMPLETE)
    bench.settle()
    first = bench.fake.repository("octo-org/shown").id
    with bench.database.write() as connection:
        before = repositories.get(connection, first)
        schedules.drop(connection, first)
    Listed(bench).find(bench.now())
    with bench.database.read() as connection:
        known = repositories.get(connection, first)
        assert schedules.next_at(connection, first, POLICY) is not None
    assert before is not None
    assert not before.is_reachable
    assert known == replace(before, repository=bench.github.installation_of("octo-org", "shown").reader.covered()[0])


@pytest.mark.parametrize("planned", [None, 10**15])
def test_a_repository_whose_policy_nobody_looks_into_is_found(bench: Bench, planned: int | None):
    bench.settle()
    with bench.database.write() as connection:
        schedules.drop(connection, bench.repository_id)
        if planned is not None:
            schedules.put(connection, bench.repository_id, POLICY, planned)
    Listed(bench).find(bench.now())
    with bench.database.read() as connection:
        found = schedules.next_at(connection, bench.repository_id, POLICY)
    assert found is not None
    assert planned in {None, found}


def test_that_a_repository_was_added_may_be_heard_after_its_first_issues(bench: Bench):
    bench.fake.add_repository(OTHER, {".github/ISSUE_TEMPLATE/bug.yml": FORM}, labels=["bug", "needs-info"])
    bench.fake.choose_repositories(bench.installation, added=[OTHER])
    late = bench.waiting()
    issue = bench.fake.open_issue(OTHER, "ann", "It broke", COMPLETE, created_at=bench.fake.clock() - HOUR / 1000)
    bench.settle()
    bench.hand_over(late)
    bench.settle()
    bench.fake.edit_issue(OTHER, issue, body=INCOMPLETE)
    bench.settle()
    assert len(bench.fake.comments_by(bench.app, OTHER, issue)) == 1


def test_that_the_app_was_installed_tells_since_when_though_it_is_heard_late(bench: Bench):
    bench.new_database()
    late = [it for it in bench.fake.hooks.deliveries if it.event == "installation"]
    issue = bench.open(created_at=bench.fake.clock() - HOUR / 2000)
    bench.waiting()
    bench.open()
    bench.settle()
    bench.hand_over(late)
    bench.settle()
    bench.fake.edit_issue(REPO, issue, body=f"{INCOMPLETE} More.")
    bench.settle()
    assert len(bench.requests(issue)) == 1
