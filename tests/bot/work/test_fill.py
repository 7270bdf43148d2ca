"""Filling the mirror from the stateful fake GitHub: all of it, only what changed, and on after a stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.github import transport
from bot.github.app import App, Installation
from bot.github.errors import Forbidden, GitHubError, LimitReached, Rejected, Unavailable
from bot.github.threads import Budget, PullPage, ThreadPage
from bot.issuebash.thread import EVERYTHING, Thread
from bot.store import fills, threads
from bot.store.database import Database
from bot.store.threads import Filed
from bot.triage.issue import Repository
from bot.work.fill import Filled, fill
from bot.work.pace import now_ms
from tests.fakes.github import FakeGitHub, Limits, key_pair, serve

WIDGETS = "octo-org/widgets"


class Place:
    """A repository on the fake GitHub, an App that may read it, and a mirror."""

    def __init__(
        self, fake: FakeGitHub, url: str, database: Database, permissions: dict[str, str] | None = None
    ) -> None:
        self.fake, self.database = fake, database
        made = fake.add_repository(WIDGETS, {"README.md": "Hi"}, labels=["bug"])
        fake.collaborator(WIDGETS, "maya", "write")
        bot = fake.add_app()
        granted = permissions or {"issues": "write", "contents": "read", "metadata": "read", "pull_requests": "read"}
        installed = fake.install(bot, "octo-org", permissions=granted)
        self.repository = Repository(made.id, "octo-org", "widgets", "")
        self.here: Installation = App(bot.id, key_pair()[0], api_url=url).installation(installed.id)

    def fill(self, **more: Any) -> Filled:
        return fill(self.database, self.repository, more.pop("reader", self.here.threads), **more)

    def open(self) -> dict[int, Thread]:
        with self.database.read() as connection:
            return {one.number: one for one in threads.open_threads(connection, self.repository.id)}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'mirror.db'}")
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def place(database: Database) -> Iterator[Place]:
    with serve(FakeGitHub(Limits.off())) as running:
        yield Place(running.fake, running.url, database)
        transport.close_idle()


def test_an_issue_is_read_with_all_that_happened_to_it(place: Place):
    fake = place.fake
    issue = fake.open_issue(WIDGETS, "ann", "It broke", "Help", labels=["bug"])
    fake.comment(WIDGETS, issue, "maya", "Which version?")
    fake.comment(WIDGETS, issue, "ci", "beep", bot=True)
    fake.close(WIDGETS, issue, by="maya", reason="not_planned")
    fake.reopen(WIDGETS, issue, by="ann")
    fake.assign(WIDGETS, issue, "maya")
    issue.milestone, issue.pinned, issue.sub_issues = "3.0", True, (3, 1)
    pull = fake.open_pull_request(WIDGETS, "nico", "Fix it", f"Closes #{issue.number}")
    fake.mention(WIDGETS, issue, pull, closing=True)
    fake.merge(WIDGETS, pull, by="maya", base="stable")
    done = place.fill()
    (found,) = place.open().values()
    assert (done.issues, done.requests, done.complete) == (1, 1, True)
    assert (found.issue.title, found.issue.author.login, found.issue.labels) == ("It broke", "ann", ("bug",))
    assert [(one.author.login, one.author.is_maintainer, one.author.is_bot) for one in found.issue.comments] == [
        ("maya", True, False), ("ci[bot]", False, True),
    ]  # fmt: skip
    assert [(one.kind, one.actor.login, one.subject) for one in found.events] == [
        ("closed", "maya", ""), ("reopened", "ann", ""), ("assigned", "maya", "maya"),
    ]  # fmt: skip
    (link,) = found.links
    assert (link.number, link.state, link.will_close, link.to_default_branch) == (pull.number, "merged", True, False)
    assert link.repository == WIDGETS
    assert (found.issue.milestone, found.pinned, found.open_sub_issues) == ("3.0", True, 2)
    assert found.issue.assignees == ("maya",)
    assert found.known == EVERYTHING


def test_edits_and_locks_are_read_with_who_did_them(place: Place):
    fake = place.fake
    issue = fake.open_issue(WIDGETS, "ann", "It broke", "Help")
    comments = [fake.comment(WIDGETS, issue, "maya", f"Word {number}") for number in range(3)]
    fake.edit_issue(WIDGETS, issue, body="Help, please")
    fake.edit_comment(comments[1], "Other words", by="ann")
    fake.lock_issue(WIDGETS, issue, by="maya")
    fake.unlock_issue(WIDGETS, issue, by="maya")
    fake.close(WIDGETS, issue, by="maya")
    place.fill()
    with place.database.read() as connection:
        (found,) = threads.load(connection, place.repository.id, [issue.number])
    assert sorted((one.kind, one.actor.login, one.subject) for one in found.events) == [
        ("closed", "maya", ""),
        ("edited", "ann", ""),
        ("edited", "ann", str(comments[1].id)),
        ("locked", "maya", ""),
        ("unlocked", "maya", ""),
    ]
    assert found.issue.closed_by == "maya"


def test_deleted_people_and_long_talks_are_read(place: Place):
    issue = place.fake.open_issue(WIDGETS, "ann", "It broke", "Help")
    for number in range(40):
        place.fake.comment(WIDGETS, issue, "ben", f"word {number}")
    place.fake.delete_account("ann")
    place.fill()
    (found,) = place.open().values()
    assert found.issue.author.login == "ghost"
    assert [one.body for one in found.issue.comments] == [f"word {number}" for number in (*range(5), *range(20, 40))]
    assert found.comments_total == 40


def test_many_issues_take_a_request_a_hundred_and_six_points_each(place: Place):
    for number in range(250):
        place.fake.open_issue(WIDGETS, "ann", f"Issue {number}")
    told: list[int] = []
    done = place.fill(told=lambda filled: told.append(filled.issues))
    assert (done.issues, done.requests, done.points, done.total) == (250, 3, 18, 250)
    assert told == [100, 200, 250]
    assert len(place.open()) == 250


def test_later_only_what_changed_is_read(place: Place):
    old = datetime.now(UTC) - timedelta(days=2)
    made = place.fake.open_issue(WIDGETS, "ann", "Old", created_at=old.timestamp())
    place.fake.open_issue(WIDGETS, "ann", "Older", created_at=old.timestamp())
    place.fill()
    place.fake.comment(WIDGETS, made, "ben", "News")
    done = place.fill()
    # One request for 50 issues, one for 50 pull requests.
    assert (done.issues, done.requests, done.points) == (1, 2, 4)
    assert [one.body for one in place.open()[made.number].issue.comments] == ["News"]


class Failing:
    """A reader that fails where a test says."""

    def __init__(self, place: Place, failures: dict[int, Exception], most: int = 1000) -> None:
        self.place, self.failures, self.most = place, failures, most
        self.sizes: list[int] = []
        self.pull_sizes: list[int] = []

    def page(self, repo: Repository, *, size: int, after: str = "", since: datetime | None = None) -> ThreadPage:
        self.sizes.append(size)
        failure = self.failures.pop(len(self.sizes), None)
        if failure is not None:
            raise failure
        if size > self.most:
            raise Unavailable("GraphQL: 502", 502)
        return self.place.here.threads.page(repo, size=size, after=after, since=since)

    def pulls(self, repo: Repository, after: str = "", size: int = 50) -> PullPage:
        self.pull_sizes.append(size)
        if size > self.most:
            raise Unavailable("GraphQL: 502", 502)
        return self.place.here.threads.pulls(repo, after, size)


def test_a_fill_that_a_limit_stopped_goes_on_where_it_was(place: Place):
    for number in range(250):
        place.fake.open_issue(WIDGETS, "ann", f"Issue {number}")
    until = datetime.now(UTC) + timedelta(hours=1)
    first = place.fill(reader=Failing(place, {2: LimitReached("spent", until)}))
    assert (first.issues, first.complete, first.again_at) == (100, False, until)
    assert len(place.open()) == 100
    second = place.fill()
    assert (second.issues, second.complete) == (150, True)
    assert len(place.open()) == 250


def test_a_crash_between_pages_loses_none(place: Place):
    for number in range(150):
        place.fake.open_issue(WIDGETS, "ann", f"Issue {number}")
    with pytest.raises(KeyboardInterrupt):
        place.fill(reader=Failing(place, {2: KeyboardInterrupt()}))  # type: ignore[dict-item]
    assert place.fill().issues == 50
    assert len(place.open()) == 150


def test_a_page_too_heavy_for_github_is_halved_and_grows_again(place: Place):
    for number in range(120):
        place.fake.open_issue(WIDGETS, "ann", f"Issue {number}")
    reader = Failing(place, {}, most=30)
    done = place.fill(reader=reader)
    assert reader.sizes[:5] == [100, 50, 25, 50, 25]
    assert len(place.open()) == 120
    assert done.requests == len(reader.sizes)


def test_a_github_that_never_answers_is_told(place: Place):
    with pytest.raises(Unavailable):
        place.fill(reader=Failing(place, {}, most=0))


def test_one_heavy_issue_is_read_alone(place: Place):
    for number in range(3):
        place.fake.open_issue(WIDGETS, "ann", f"Issue {number}")
    assert place.fill(reader=Failing(place, {}, most=1)).issues == 3


def test_a_page_of_pull_requests_too_heavy_for_github_is_halved(place: Place):
    issue = place.fake.open_issue(WIDGETS, "ann", "It broke")
    place.fill()
    for number in range(30):
        place.fake.open_pull_request(WIDGETS, "nico", f"Try {number}", f"#{issue.number}")
    reader = Failing(place, {}, most=12)
    place.fill(reader=reader)
    assert reader.pull_sizes == [50, 25, 12, 12, 12]
    assert len(place.open()[issue.number].links) == 30
    with pytest.raises(Unavailable):
        place.fill(reader=Failing(place, {}, most=0))


def test_what_pull_requests_say_is_read_by_the_next_that_asks(place: Place):
    issue = place.fake.open_issue(WIDGETS, "ann", "It broke")
    place.fill(pulls=False)
    place.fake.open_pull_request(WIDGETS, "nico", "Try", f"#{issue.number}")
    assert place.fill(pulls=False).requests == 1
    assert place.open()[issue.number].links == ()
    place.fill()
    assert len(place.open()[issue.number].links) == 1


def test_what_is_gone_is_forgotten_by_a_full_pass(place: Place):
    kept = place.fake.open_issue(WIDGETS, "ann", "Stays")
    gone = place.fake.open_issue(WIDGETS, "ann", "Goes")
    reader = Failing(place, {2: LimitReached("spent", datetime.now(UTC))})
    place.fill(reader=reader)
    assert set(place.open()) == {kept.number, gone.number}


def test_templates_tell_what_an_issue_came_from(place: Place):
    place.fake.open_issue(WIDGETS, "ann", "It broke")
    place.fill(filed=lambda _: Filed("bug.yml", 2))
    with place.database.read() as connection:
        (found,) = threads.figures(connection, place.repository.id)
    assert (found.kind, found.missing) == ("bug.yml", 2)


def test_an_account_that_has_not_granted_pull_requests_gets_the_rest(database: Database):
    granted = {"issues": "write", "contents": "read", "metadata": "read"}
    with serve(FakeGitHub(Limits.off())) as running:
        place = Place(running.fake, running.url, database, granted)
        place.fake.open_issue(WIDGETS, "ann", "It broke")
        assert place.fill().issues == 1
        transport.close_idle()


def test_releases_are_read_newest_first_without_drafts(place: Place):
    for tag, more in (("v1.0", {}), ("v2.0rc1", {"is_prerelease": True}), ("v3.0", {"is_draft": True})):
        place.fake.release(WIDGETS, tag, **more)
    found = place.here.threads.releases(place.repository)
    assert [(one.tag, one.is_prerelease) for one in found] == [("v2.0rc1", True), ("v1.0", False)]


def test_a_token_for_reports_may_write_nothing(place: Place):
    issue = place.fake.open_issue(WIDGETS, "ann", "It broke")
    place.fill()
    token = next(one for one in place.fake.tokens.values() if "pull_requests" in one.permissions)
    assert set(token.permissions.values()) == {"read"}
    with pytest.raises(GitHubError, match="not accessible"):
        place.here.threads._client.call("POST", f"/repos/{WIDGETS}/issues/{issue.number}/comments", {"body": "x"})  # noqa: SLF001 no way leads there


def test_a_mention_and_a_merge_are_learnt_though_the_issue_did_not_change(place: Place):
    fake = place.fake
    long_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    issue = fake.open_issue(WIDGETS, "ann", "It broke", created_at=long_ago)
    other = fake.open_issue(WIDGETS, "ann", "Untouched", created_at=long_ago)
    place.fill()
    text = f"See {WIDGETS}#{issue.number}, not <!-- #{other.number} --> and not elsewhere/widgets#{other.number}"
    pull = fake.open_pull_request(WIDGETS, "nico", "Fix it", text)
    assert place.fill().issues == 0
    (link,) = place.open()[issue.number].links
    assert (link.number, link.state, link.will_close) == (pull.number, "open", False)
    pull.closes.append(issue.number)
    fake.merge(WIDGETS, pull, by="maya", base="stable")
    place.fill()
    (link,) = place.open()[issue.number].links
    assert (link.state, link.will_close, link.to_default_branch) == ("merged", True, False)
    assert place.open()[other.number].links == ()


def test_pull_requests_are_read_back_to_the_last_time_and_no_further(place: Place):
    issue = place.fake.open_issue(WIDGETS, "ann", "It broke")
    for number in range(70):
        place.fake.open_pull_request(WIDGETS, "nico", f"Try {number}", f"#{issue.number}")
    place.fill()
    old = datetime.now(UTC) - timedelta(days=1)
    for one in place.fake.repository(WIDGETS).issues.values():
        one.updated_at = old.timestamp()
    done = place.fill()
    assert done.requests == 2
    for number in range(70):
        place.fake.open_pull_request(WIDGETS, "nico", f"More {number}", f"#{issue.number}")
    assert place.fill().requests == 3
    assert len(place.open()[issue.number].links) == 70


def in_a_week() -> int:
    return now_ms() + 7 * 86_400_000


def test_once_a_week_all_is_read_and_what_was_deleted_meanwhile_forgotten(place: Place):
    kept = place.fake.open_issue(WIDGETS, "ann", "Stays")
    gone = place.fake.open_issue(WIDGETS, "ann", "Goes")
    place.fill()
    gone.deleted = True
    place.fill()
    assert set(place.open()) == {kept.number, gone.number}
    assert place.fill(clock=in_a_week).issues == 1
    assert set(place.open()) == {kept.number}


def test_a_pass_over_all_that_was_stopped_goes_on_and_keeps_what_is_known(place: Place):
    for number in range(150):
        place.fake.open_issue(WIDGETS, "ann", f"Issue {number}")
    place.fill()
    until = datetime.now(UTC) + timedelta(hours=1)
    first = place.fill(reader=Failing(place, {2: LimitReached("spent", until)}), clock=in_a_week)
    assert (first.issues, first.again_at) == (100, until)
    with place.database.read() as connection:
        assert fills.get(connection, place.repository.id).complete_until is not None
    assert place.fill(clock=in_a_week).issues == 50
    assert len(place.open()) == 150
    assert place.fill(clock=in_a_week).requests == 2


class Lagging(Failing):
    """A replica that shows issues as they were before the last change."""

    def page(self, repo: Repository, *, size: int, after: str = "", since: datetime | None = None) -> ThreadPage:
        page = super().page(repo, size=size, after=after, since=since)
        older = (replace(it, issue=replace(it.issue, updated_at=it.issue.created_at)) for it in page.threads)
        return replace(page, threads=tuple(older))


def test_what_a_replica_that_lags_behind_shows_is_there(place: Place):
    old = datetime.now(UTC) - timedelta(days=2)
    issue = place.fake.open_issue(WIDGETS, "ann", "Stays", created_at=old.timestamp())
    place.fake.comment(WIDGETS, issue, "ben", "News")
    place.fill()
    place.fill(reader=Lagging(place, {}), clock=in_a_week)
    (found,) = place.open().values()
    assert [it.body for it in found.issue.comments] == ["News"]


def test_a_cursor_that_github_no_longer_knows_begins_the_pass_again(place: Place):
    for number in range(150):
        place.fake.open_issue(WIDGETS, "ann", f"Issue {number}")
    refused = Rejected("GraphQL: INVALID_CURSOR_ARGUMENTS `x` does not appear to be a valid cursor.")
    done = place.fill(reader=Failing(place, {2: refused}))
    assert (done.issues, done.complete, len(place.open())) == (250, True, 150)


def test_another_refusal_is_told(place: Place):
    with pytest.raises(Rejected, match="nonsense"):
        place.fill(reader=Failing(place, {1: Rejected("GraphQL: nonsense")}))


def test_points_are_left_to_others_and_the_fill_goes_on_when_there_are_new_ones(place: Place):
    for number in range(150):
        place.fake.open_issue(WIDGETS, "ann", f"Issue {number}")
    reset = datetime.now(UTC) + timedelta(minutes=20)
    first = place.fill(reader=Spent(place, reset))
    assert (first.issues, first.left, first.again_at) == (100, 150, reset)
    assert place.fill().issues == 50


class Spent(Failing):
    """The hour's points are nearly used up."""

    def __init__(self, place: Place, reset: datetime) -> None:
        super().__init__(place, {})
        self.reset = reset

    def page(self, repo: Repository, *, size: int, after: str = "", since: datetime | None = None) -> ThreadPage:
        return replace(super().page(repo, size=size, after=after, since=since), budget=Budget(6, 150, self.reset))


def test_pull_requests_that_are_not_granted_leave_the_links_unknown(place: Place):
    place.fake.open_issue(WIDGETS, "ann", "It broke")
    place.fill()
    done = place.fill(reader=Closed(place, {}))
    assert done.complete
    with place.database.read() as connection:
        before = fills.get(connection, place.repository.id)
    place.fill()
    with place.database.read() as connection:
        after = fills.get(connection, place.repository.id)
    # The scan that was refused is made up for.
    assert before.pulls_until is not None
    assert after.pulls_until is not None
    assert after.pulls_until > before.pulls_until


class Closed(Failing):
    def pulls(self, repo: Repository, after: str = "", size: int = 50) -> PullPage:
        raise Forbidden(f"GraphQL: {repo.full_name} {after} {size} Resource not accessible by integration")
