"""What is done by the clock, against the stateful fake GitHub: the policy, and the report posted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.github import transport
from bot.github.app import App
from bot.github.errors import LimitReached, Unavailable
from bot.reports import json_file
from bot.store import reports, repositories, schedules
from bot.store.database import Database
from bot.triage.issue import Repository
from bot.work.chores import Chore, Chores, OwnChore, OwnWork, Work
from bot.work.contexts import Contexts
from bot.work.pace import now_ms
from bot.work.publishing import write_report
from bot.work.schedules import follow_policy, following
from tests.fakes.github import FakeGitHub, Limits, key_pair, serve
from tests.fakes.github.model import Issue

WIDGETS = "octo-org/widgets"
POLICY = ".github/triage.yml"
WEEKLY = 'report: {schedule: "0 6 * * 1"}'


class Place:
    def __init__(self, fake: FakeGitHub, url: str, database: Database) -> None:
        self.fake, self.database = fake, database
        made = fake.add_repository(WIDGETS, {POLICY: WEEKLY}, labels=["bug"])
        fake.collaborator(WIDGETS, "maya", "write")
        self.bot = fake.add_app()
        installed = fake.install(self.bot, "octo-org")
        self.app = App(self.bot.id, key_pair()[0], api_url=url)
        self.repository = Repository(made.id, "octo-org", "widgets", "", is_public=True)
        with database.write() as connection:
            repositories.see(connection, self.repository, installed.id, now_ms())
        self.contexts = Contexts(database, lambda: self.app.slug)

    def run(self, name: str, **works: Work) -> None:
        known = {"policy": follow_policy, "report": write_report} | works
        Chores(self.database, self.app, self.contexts, known).run(self.repository.id, name)

    def commit(self, policy: str) -> None:
        self.fake.push(WIDGETS, {POLICY: policy})
        with self.database.write() as connection:
            repositories.change(connection, self.repository.id, now_ms(), files=True, labels=False)

    def planned(self, name: str) -> int | None:
        with self.database.read() as connection:
            return schedules.next_at(connection, self.repository.id, name)

    def posted(self) -> list[Issue]:
        return [one for one in self.fake.repository(WIDGETS).issues.values() if one.author is self.bot.bot]

    def kept(self) -> reports.Kept:
        with self.database.read() as connection:
            kept = reports.get(connection, self.repository.id)
        assert kept is not None
        return kept


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    database = Database(f"sqlite:///{tmp_path / 'triage.db'}")
    database.migrate()
    with serve(FakeGitHub(Limits.off())) as running:
        yield Place(running.fake, running.url, database)
        transport.close_idle()
    database.close()


def in_future(at: int | None) -> bool:
    return at is not None and at > now_ms()


def test_the_policy_begins_and_ends_the_report(place: Place):
    place.run("policy")
    planned = place.planned("report")
    assert planned is not None
    assert datetime.fromtimestamp(planned / 1000, UTC).strftime("%a %H:%M") == "Mon 06:00"
    assert in_future(place.planned("policy"))
    place.commit("report: {}")
    place.run("policy")
    assert place.planned("report") is None


def test_a_moved_schedule_moves_the_next_report(place: Place):
    place.run("policy")
    before = place.planned("report")
    place.commit('report: {schedule: "30 7 * * 2"}')
    place.run("policy")
    assert place.planned("report") not in {None, before}


def test_a_report_is_posted_and_the_next_one_replaces_it(place: Place):
    place.fake.open_issue(WIDGETS, "ann", "Broken | @maya", created_at=time.time() - 30 * 86400)
    place.run("report")
    (first,) = place.posted()
    assert first.title.startswith("Issue-bash report: what to close, answer or fix (")
    assert "### No maintainer reply" in (first.body or "")
    assert in_future(place.planned("report"))
    kept = place.kept()
    assert (kept.issue_number, json_file.load(kept.content).open_issues) == (first.number, 1)
    place.commit('report: {schedule: "30 * * * *"}')
    place.run("report")
    _, second = place.posted()
    assert (first.state, first.state_reason, second.state) == ("closed", "completed", "open")
    assert [one.body.splitlines()[-1] for one in first.comments] == [f"The next report is #{second.number}."]
    assert json_file.load(place.kept().content).open_issues == 1, "the first report does not count"
    assert "Issue-bash report" not in (second.body or "").partition("### Responses")[0].partition("### ")[2]


@pytest.mark.parametrize("what", ["deleted", "locked", "transferred"])
def test_where_the_report_before_is_out_of_reach_the_new_one_still_replaces_it(place: Place, what: str):
    place.run("report")
    (first,) = place.posted()
    if what == "deleted":
        place.fake.delete_issue(WIDGETS, first, by="maya")
    elif what == "locked":
        place.fake.lock_issue(WIDGETS, first, by="maya")
    else:
        place.fake.add_repository("octo-org/attic")
        place.fake.transfer_issue(WIDGETS, first, "octo-org/attic", by="maya")
    place.commit('report: {schedule: "30 * * * *"}')
    for _ in range(2):
        place.run("report")
    _, second = place.posted()
    assert place.kept().issue_number == second.number
    assert (first.state == "closed") == (what == "locked")


@pytest.mark.parametrize("path", [r"/issues/\d+/comments$", r"/issues/\d+$"], ids=["word", "closing"])
def test_where_github_fails_the_replacing_is_tried_again_and_nothing_doubles(place: Place, path: str):
    place.run("report")
    (first,) = place.posted()
    place.commit('report: {schedule: "30 * * * *"}')
    fault = place.fake.faults.error(method="POST|PATCH", path=path, when="after")
    place.run("report")
    assert (fault.times, place.kept().issue_number) == (0, first.number)
    place.run("report")
    _, second = place.posted()
    assert (place.kept().issue_number, first.state, len(first.comments)) == (second.number, "closed", 1)


@pytest.mark.parametrize(
    "quiet", ['report: {schedule: "0 * * * *", post: page}', 'dry_run: true\nreport: {schedule: "0 * * * *"}']
)
def test_a_posted_report_is_closed_after_a_time_without_posting_too(place: Place, quiet: str):
    place.run("report")
    (first,) = place.posted()
    place.commit(quiet)
    place.run("report")
    assert first.state == "open"
    place.commit('report: {schedule: "30 * * * *"}')
    place.run("report")
    _, second = place.posted()
    assert (first.state, second.state) == ("closed", "open")


def test_begun_again_in_the_same_slot_nothing_comes_twice(place: Place):
    place.fake.open_issue(WIDGETS, "ann", "Broken")
    place.run("report")
    place.run("report")
    assert [one.state for one in place.posted()] == ["open"]


def test_a_report_that_only_has_a_page_and_a_dry_run_post_nothing(place: Place):
    place.commit('report: {schedule: "0 6 * * 1", post: page}')
    place.run("report")
    place.commit('dry_run: true\nreport: {schedule: "0 6 * * 1"}')
    place.run("report")
    assert place.posted() == []
    assert place.kept().issue_number is None
    with place.database.read() as connection:
        assert reports.get_public(connection, "Octo-Org", "WIDGETS") is not None
        repositories.remove(connection, [place.repository.id])
        assert reports.get_public(connection, "octo-org", "widgets") is None


def test_a_private_repositorys_report_is_on_no_page(place: Place):
    place.run("report")
    with place.database.write() as connection:
        hidden = Repository(place.repository.id, "octo-org", "widgets", "", is_public=False)
        repositories.see(connection, hidden, None, now_ms())
        assert reports.get_public(connection, "octo-org", "widgets") is None


def test_a_limit_puts_a_chore_off_until_it_is_over(place: Place):
    until = datetime.now(UTC) + timedelta(hours=1)

    def limited(_: Chore) -> datetime:
        raise LimitReached("spent", until)

    place.run("sweep", sweep=limited)
    assert place.planned("sweep") == round(until.timestamp() * 1000)


def test_a_chore_that_breaks_is_tried_again_later_and_later(place: Place):
    def broken(_: Chore) -> datetime:
        raise ZeroDivisionError

    waits = []
    for _ in range(3):
        place.run("sweep", sweep=broken)
        waits.append((place.planned("sweep") or 0) - now_ms())
    assert 50_000 < waits[0] < waits[1] < waits[2]


def test_chores_of_what_is_gone_or_switched_off_are_dropped(place: Place):
    ran: list[Chore] = []

    def work(chore: Chore) -> datetime:
        ran.append(chore)
        return chore.now + timedelta(hours=1)

    place.run("sweep", sweep=work)
    assert in_future(place.planned("sweep"))
    place.commit("enabled: false")
    place.run("sweep", sweep=work)
    assert place.planned("sweep") is None
    with place.database.write() as connection:
        repositories.remove(connection, [place.repository.id])
    place.run("sweep", sweep=work)
    assert len(ran) == 1


def test_what_only_a_newer_release_knows_stays_due_for_it(place: Place):
    with place.database.write() as connection:
        schedules.put(connection, place.repository.id, "of a newer release", 1, failures=2)
        schedules.note(connection, place.repository.id, "of a newer release", "half way")
    place.run("of a newer release")
    with place.database.read() as connection:
        here = (place.repository.id, "of a newer release")
        assert 0 < (schedules.next_at(connection, *here) or 0) - now_ms() <= 5000
        assert (schedules.failures(connection, *here), schedules.state(connection, *here)) == (2, "half way")


def test_what_is_done_once_for_all_is_planned_and_again_soon_at_each_start(place: Place):
    done: list[OwnChore] = []

    def work(chore: OwnChore) -> datetime:
        done.append(chore)
        return chore.now + timedelta(hours=1)

    def at(name: str) -> float:
        with place.database.read() as connection:
            return ((schedules.next_at(connection, schedules.OWN, name) or 0) - now_ms()) / 1000

    own = {
        "clean": OwnWork(work, first_after=timedelta(minutes=10)),
        "catch_up": OwnWork(work, first_after=timedelta(seconds=5), at_start=True),
    }
    chores = Chores(place.database, place.app, place.contexts, {}, own=own)
    assert chores.names == {"clean", "catch_up"}
    with place.database.write() as connection:
        chores.plan(connection, starting=True)
    assert 590 < at("clean") <= 600
    assert 0 < at("catch_up") <= 5
    for name in own:
        chores.run(schedules.OWN, name)
    assert len(done) == 2
    assert 3500 < at("clean") <= 3600
    with place.database.write() as connection:
        chores.plan(connection)
    assert 3500 < at("catch_up") <= 3600
    with place.database.write() as connection:
        chores.plan(connection, starting=True)
    assert 3500 < at("clean") <= 3600
    assert 0 < at("catch_up") <= 5


def test_what_is_done_for_all_is_tried_again_within_the_hour(place: Place):
    def broken(_: OwnChore) -> datetime:
        raise Unavailable("GitHub is away")

    chores = Chores(place.database, place.app, place.contexts, {}, own={"catch_up": OwnWork(broken, timedelta())})
    with place.database.write() as connection:
        schedules.put(connection, schedules.OWN, "catch_up", 1, failures=12)
    chores.run(schedules.OWN, "catch_up")
    with place.database.read() as connection:
        at = schedules.next_at(connection, schedules.OWN, "catch_up")
        assert schedules.failures(connection, schedules.OWN, "catch_up") == 13
    assert at is not None
    assert 3500 < (at - now_ms()) / 1000 <= 3600


def test_a_policy_that_switches_the_bot_off_is_looked_into_all_the_same(place: Place):
    place.run("policy")
    place.commit("enabled: false")
    place.run("policy")
    assert place.planned("report") is None
    assert in_future(place.planned("policy"))
    place.commit(WEEKLY)
    place.run("policy")
    assert in_future(place.planned("report"))


@pytest.mark.parametrize("again", [timedelta(days=1), None])
def test_a_time_that_is_set_while_a_chore_runs_stays(place: Place, again: timedelta | None):
    place.run("policy")

    def pushed_meanwhile(chore: Chore) -> datetime | None:
        with chore.database.write() as connection:
            schedules.put(connection, place.repository.id, "policy", 7)
        return chore.now + again if again else None

    place.run("policy", policy=pushed_meanwhile)
    assert place.planned("policy") == 7


def test_a_chore_that_says_never_is_over(place: Place):
    place.commit("{}")
    with place.database.write() as connection:
        schedules.put(connection, place.repository.id, "report", 1)
    place.run("report")
    assert place.planned("report") is None


def test_cron_lines_are_utc():
    assert following("0 6 * * 1", datetime(2026, 11, 20, 12, tzinfo=UTC)) == datetime(2026, 11, 23, 6, tzinfo=UTC)
