"""Where a repository is: what deliveries say of it that come late, or twice, moves nothing and mixes nothing up."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import permutations

import pytest

from bot.store import journal, lanes, repositories, schedules
from bot.store.repositories import Known
from bot.store.schedules import POLICY
from bot.work.chores import Chores
from bot.work.contexts import Contexts
from bot.work.locating import confirmed
from bot.work.schedules import follow_policy
from tests.bot.work.bench import COMPLETE, FORM, INCOMPLETE, PACE, REPO, Bench, again
from tests.fakes.github.model import Delivery, Issue

FILES = {".github/ISSUE_TEMPLATE/bug.yml": FORM}
ELSEWHERE = "acme/demo"
SHOWN = "octo-org/shown"


class Town:
    """The bench, where repositories move."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.fake = bench, bench.fake
        self.id = bench.repository_id
        self.first = bench.open()
        self.old: list[Delivery] = [it for it in bench.waiting() if it.event == "issues"]
        bench.hand_over(self.old)
        bench.settle()
        assert bench.requests(self.first)

    def known(self, id_: int = 0) -> Known:
        with self.bench.database.read() as connection:
            known = repositories.get(connection, id_ or self.id)
        assert known is not None
        return known

    def replay(self) -> None:
        """Somebody sends what came before the move once more."""
        self.bench.hand_over([again(it) for it in self.old])
        self.bench.settle()

    def lose_news(self) -> None:
        self.bench.waiting()

    def opened(self, repo: str) -> Issue:
        issue = self.fake.open_issue(repo, "ann", "It broke", INCOMPLETE)
        self.bench.settle()
        return issue

    def asked(self, repo: str, issue: Issue) -> int:
        return len(self.fake.comments_by(self.bench.app, repo, issue))

    def new(self, repo: str, *, private: bool = False) -> int:
        """A repository like the first."""
        made = self.fake.add_repository(repo, FILES, labels=["bug", "needs-info"], private=private)
        return made.id

    def look_into_policy(self) -> None:
        bench = self.bench
        contexts = Contexts(bench.database, lambda: bench.github.slug)
        Chores(bench.database, bench.github, contexts, {POLICY: follow_policy}, bench.pace).run(self.id, POLICY)

    def planned(self) -> bool:
        with self.bench.database.read() as connection:
            return schedules.next_at(connection, self.id, POLICY) is not None


@pytest.fixture
def town(bench: Bench) -> Town:
    return Town(bench)


def test_the_policy_of_a_repository_is_looked_into_though_only_an_issue_tells_of_it(bench: Bench):
    bench.new_database()
    bench.open()
    bench.settle()
    with bench.database.read() as connection:
        assert schedules.next_at(connection, bench.repository_id, POLICY) is not None


def test_a_transferred_repository_is_served_by_its_new_owners_installation(town: Town):
    town.fake.account("acme", "Organization")
    new = town.fake.install(town.bench.app, "acme")
    town.fake.transfer(REPO, "acme")
    town.bench.settle()
    assert town.asked(ELSEWHERE, town.opened(ELSEWHERE)) == 1
    town.replay()
    known = town.known()
    assert (known.repository.full_name, known.installation_id, known.removed) == (ELSEWHERE, new.id, False)
    assert town.bench.record(town.first).state == "open"
    assert town.asked(ELSEWHERE, town.opened(ELSEWHERE)) == 1


def test_what_the_former_installation_says_last_takes_nothing_away(town: Town):
    town.fake.account("acme", "Organization")
    town.fake.install(town.bench.app, "acme")
    town.fake.transfer(REPO, "acme")
    news = sorted(town.bench.waiting(), key=lambda it: b'"action":"removed"' in it.body)
    assert b'"action":"removed"' in news[-1].body
    for one in news:
        for lane in town.bench.hand_over([one]):
            town.bench.lanes.run(lane)
    assert not town.known().removed


def test_deliveries_from_before_an_app_was_installed_anew_change_nothing(town: Town):
    town.fake.uninstall(town.bench.installation)
    new = town.fake.install(town.bench.app, "octo-org")
    town.bench.settle()
    town.replay()
    assert town.known().installation_id == new.id
    assert town.bench.record(town.first).state == "open"
    assert town.asked(REPO, town.opened(REPO)) == 1


def test_old_news_of_an_installation_move_no_repository_back(town: Town):
    old = [again(it) for it in town.fake.hooks.deliveries if it.event == "installation"]
    town.new("octo-org/other")
    town.fake.account("acme", "Organization")
    new = town.fake.install(town.bench.app, "acme")
    town.fake.transfer(REPO, "acme")
    town.bench.settle()
    town.fake.rename(ELSEWHERE, "shown")
    town.bench.settle()
    older = [again(it) for it in town.fake.hooks.deliveries if b'"added"' in it.body]
    town.bench.hand_over(old + older)
    town.bench.settle()
    known = town.known()
    assert (known.repository.full_name, known.installation_id, known.removed) == ("acme/shown", new.id, False)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_of_two_installations_the_later_has_the_repositories(bench: Bench, order: tuple[int, ...]):
    """Both are heard of when the second is there, in any order."""
    repository_id = bench.fake.add_repository(ELSEWHERE, FILES).id
    bench.fake.uninstall(bench.fake.install(bench.app, "acme"))
    new = bench.fake.install(bench.app, "acme")
    news = [it for it in bench.waiting() if it.event == "installation"]
    for index in order:
        for lane in bench.hand_over([news[index]]):
            bench.lanes.run(lane)
    with bench.database.read() as connection:
        (known,) = [it for it in repositories.every(connection) if it.repository.id == repository_id]
    assert (known.installation_id, len(news)) == (new.id, 3)


def test_a_repository_is_not_lost_where_its_new_owners_news_come_first(town: Town):
    town.fake.account("acme", "Organization")
    new = town.fake.install(town.bench.app, "acme")
    town.fake.transfer(REPO, "acme")
    with town.bench.database.write() as connection:
        schedules.drop(connection, town.id)
    order = (b'"action":"added"', b'"action":"removed"', b'"action":"transferred"')
    news = town.bench.waiting()
    for action in order:
        for lane in town.bench.hand_over([it for it in news if action in it.body]):
            town.bench.lanes.run(lane)
    known = town.known()
    assert (known.repository.full_name, known.installation_id, known.removed) == (ELSEWHERE, new.id, False)
    assert town.planned()


def test_a_new_repository_under_an_old_name_gets_nothing_of_the_old_ones(town: Town):
    town.fake.rename(REPO, "shown")
    town.bench.settle()
    other = town.new(REPO)
    theirs = town.opened(REPO)
    assert theirs.number == town.first.number
    town.fake.comment(REPO, theirs, "ann", "Is anybody there?")
    town.bench.settle()
    assert town.asked(REPO, theirs) == 1
    town.replay()
    assert (town.known().repository.full_name, town.known(other).repository.full_name) == (SHOWN, REPO)
    assert (town.asked(SHOWN, town.first), town.asked(REPO, theirs)) == (1, 1)
    with town.bench.database.read() as connection:
        entries = [journal.latest(connection, repository_id=id_, number=theirs.number) for id_ in (town.id, other)]
    assert all(entries)
    assert not {it.guid for it in entries[0]} & {it.guid for it in entries[1]}


def test_a_repository_made_anew_is_served_though_github_does_not_show_it_yet(town: Town):
    town.fake.delete_repository(REPO)
    town.bench.restart(replace(PACE, lag=1.0))
    other = town.new(REPO)
    town.fake.faults.error(404, path="/installation$", times=1)
    assert town.asked(REPO, town.opened(REPO)) == 1
    assert town.known(other).repository.full_name == REPO


def test_it_does_not_though_the_news_of_the_renaming_are_lost(town: Town):
    town.fake.rename(REPO, "shown")
    town.lose_news()
    other = town.new(REPO)
    theirs = town.opened(REPO)
    assert town.asked(REPO, theirs) == 1
    assert town.known(other).repository.full_name == REPO
    assert not town.known().is_reachable
    town.look_into_policy()
    assert not town.planned()
    town.replay()
    assert not town.known().is_reachable
    # Until a delivery of its own tells.
    assert town.asked(SHOWN, town.opened(SHOWN)) == 1
    assert town.known().repository.full_name == SHOWN
    assert town.planned()


def test_that_another_repository_has_its_name_is_found_by_the_day_at_the_latest(town: Town):
    town.fake.rename(REPO, "shown")
    town.new(REPO)
    town.lose_news()
    town.look_into_policy()
    assert not town.known().is_reachable
    assert not town.planned()


@pytest.mark.parametrize("told", [True, False])
def test_an_issue_in_hand_is_not_lost_with_the_name_of_its_repository(town: Town, *, told: bool):
    town.fake.faults.error(502, method="POST", path="/issues/", times=2)
    issue = town.bench.open()
    town.bench.once()
    assert (town.bench.undone(), town.asked(REPO, issue)) == (1, 0)
    found = town.known().repository
    with town.bench.database.write() as connection:
        repositories.lose_name(connection, town.id)
    for lane in [lanes.of_repository(town.id)] * told:
        time.sleep(0.1)
        town.bench.lanes.run(lane)
        with town.bench.database.write() as connection:
            repositories.see(connection, found, None, 1)
    town.bench.settle()
    assert (len(town.bench.dead()), town.asked(REPO, issue)) == ((0, 1) if told else (1, 0))


def test_an_old_delivery_does_not_make_a_hidden_repository_public(town: Town):
    assert town.known().repository.is_public
    town.fake.change_repository(REPO, "privatized")
    town.bench.settle()
    town.replay()
    assert not town.known().repository.is_public
    with town.bench.database.write() as connection:
        given = replace(town.known().repository, is_public=True)
        repositories.install(connection, [given], town.bench.installation.id, 1)
    assert not town.known().repository.is_public
    town.fake.change_repository(REPO, "publicized")
    town.bench.settle()
    assert town.known().repository.is_public


@pytest.mark.parametrize("how", ["privatized", "gone"])
def test_that_it_was_hidden_is_found_by_the_day_at_the_latest(town: Town, how: str):
    if how == "gone":
        town.fake.delete_repository(REPO)
    else:
        town.fake.change_repository(REPO, "privatized")
    town.lose_news()
    town.look_into_policy()
    assert not town.known().repository.is_public


def test_asking_by_the_day_does_not_undo_what_a_delivery_told_meanwhile(town: Town):
    before, installed = town.known(), town.bench.github.installation(town.bench.installation.id)
    town.fake.account("acme", "Organization")
    new = town.fake.install(town.bench.app, "acme")
    town.fake.transfer(REPO, "acme")
    town.bench.settle()
    assert confirmed(town.bench.database, before, installed).installation_id == new.id
    assert town.known().repository.full_name == ELSEWHERE


def test_a_repository_that_stays_where_it_is_costs_no_question(town: Town):
    town.bench.forget_calls()
    town.opened(REPO)
    assert not town.bench.calls("GET", f"/repos/{REPO}")
    assert not town.bench.calls("GET", "/installation")


def test_while_github_does_not_say_the_lane_waits(town: Town):
    town.fake.rename(REPO, "shown")
    town.fake.faults.error(502, path="/installation$", times=2)
    town.bench.settle(15)
    assert town.known().repository.full_name == SHOWN
    assert town.bench.undone() == 0
    assert not town.bench.dead()


def test_what_was_mended_while_a_repository_was_away_is_seen_once_it_is_given_back(town: Town):
    town.fake.choose_repositories(town.bench.installation, removed=[REPO])
    town.bench.settle()
    assert town.known().removed
    town.fake.edit_issue(REPO, town.first, body=COMPLETE)
    town.lose_news()
    town.fake.choose_repositories(town.bench.installation, added=[REPO])
    town.bench.settle()
    town.look_into_policy()
    town.bench.settle()
    assert town.bench.labels(town.first) == {"bug"}
    town.bench.forget_calls()
    town.look_into_policy()
    town.bench.settle()
    assert not town.bench.calls("GET", f"/issues/{town.first.number}")


def test_old_news_of_an_installation_touch_no_issue_of_the_repository_that_bears_its_name_now(town: Town):
    old = [again(it) for it in town.fake.hooks.deliveries if it.event == "installation"]
    town.fake.rename(REPO, "former")
    town.bench.settle()
    town.new(REPO)
    theirs = town.fake.open_issue(REPO, "bob", "Other", COMPLETE)
    town.bench.settle()
    town.fake.label(REPO, theirs, "needs-info", by="mia")
    town.bench.settle()
    assert theirs.number == town.first.number
    with town.bench.database.write() as connection:
        repositories.remove(connection, [town.id])
    town.bench.hand_over(old)
    town.bench.settle()
    town.look_into_policy()
    town.bench.settle()
    assert set(town.fake.labels_of(REPO, theirs)) == {"bug", "needs-info"}


def test_an_issue_filed_after_its_repository_was_taken_away_and_given_back_in_an_outage_is_new(town: Town):
    bench = town.bench
    bench.fake.choose_repositories(bench.installation, removed=[REPO])
    bench.fake.choose_repositories(bench.installation, added=[REPO])
    hours_ago = bench.fake.clock() - 4 * 3600
    issue = bench.open(created_at=hours_ago)
    bench.settle()
    assert town.asked(REPO, issue) == 1


def test_an_installation_is_heard_of_after_a_repositorys_own_webhook_told_of_it(bench: Bench):
    bench.waiting()
    bench.new_database()
    shown = bench.github.installation(bench.installation.id).reader.repository(*REPO.split("/"))
    with bench.database.write() as connection:
        repositories.see(connection, shown, None, 1)
    bench.hand_over([again(it) for it in bench.fake.hooks.deliveries if it.event == "installation"])
    bench.settle()
    with bench.database.read() as connection:
        known = repositories.get(connection, bench.repository_id)
    assert known is not None
    assert known.installation_id == bench.installation.id
