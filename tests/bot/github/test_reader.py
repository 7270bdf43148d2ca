"""Reading issues, comments, labels and rights."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.github.app import Installation
from bot.github.caches import FRESH_FOR, SETTLES_IN
from bot.github.errors import NotFound, Unavailable
from bot.triage.issue import Repository
from tests.bot.github.clock import Clock
from tests.bot.github.conftest import APP_ID
from tests.bot.github.scripted import Reply, ScriptedServer

HELLO = "/repos/octo/hello"


def test_an_issue_is_read(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(f"GET {HELLO}/issues/3", Reply({"number": 3, "title": "Broken", "body": None, "state": "closed"}))
    issue = installation.reader.issue(repo, 3)
    assert (issue.number, issue.title, issue.body, issue.state, issue.comments) == (3, "Broken", "", "closed", ())


@pytest.mark.parametrize("data", [{}, {"number": 4}, []])
def test_another_issue_than_the_one_asked_for_is_not_taken_for_it(
    server: ScriptedServer, installation: Installation, repo: Repository, data: object
):
    server.on(f"GET {HELLO}/issues/3", Reply(data))
    with pytest.raises(NotFound):
        installation.reader.issue(repo, 3)


def test_comments_are_read_over_all_pages_oldest_first(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    more = {"Link": f'<{server.url}{HELLO}/issues/3/comments?page=2>; rel="next"'}
    ours = {"login": "triage-bot[bot]", "type": "Bot"}
    server.on(
        f"GET {HELLO}/issues/3/comments",
        Reply([{"id": 1, "body": "one", "user": {"login": "ann"}}, {"no": "id"}], headers=more),
        Reply([{"id": 2, "body": "two", "user": ours, "performed_via_github_app": {"id": APP_ID}}]),
    )
    comments = installation.reader.comments(repo, 3)
    assert [(comment.id, comment.by_this_app) for comment in comments] == [(1, False), (2, True)]


def test_the_last_issues_are_newest_first_and_no_pull_requests(
    server: ScriptedServer, installation: Installation, repo: Repository
):
    more = {"Link": f'<{server.url}{HELLO}/issues?page=2>; rel="next"'}
    server.on(
        f"GET {HELLO}/issues",
        Reply([{"number": 9}, {"number": 8, "pull_request": {}}, {"number": 7}], headers=more),
        Reply([{"number": 6}, {"number": 5}], headers=more),
    )
    assert [issue.number for issue in installation.reader.issues(repo, 3)] == [9, 7, 6]
    assert len(server.lines()) == 2
    assert server.lines()[0] == f"GET {HELLO}/issues?direction=desc&per_page=100&sort=created&state=all"


def test_fewer_issues_than_asked_for_are_all(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(f"GET {HELLO}/issues", Reply([{"number": 1}]))
    assert [issue.number for issue in installation.reader.issues(repo, 30)] == [1]


def test_labels_are_known_by_lower_case_for_a_while(
    server: ScriptedServer, installation: Installation, repo: Repository, clock: Clock
):
    labels = Reply([{"name": "Bug"}, {"name": "kind/Ü"}, {}])
    server.on(f"GET {HELLO}/labels", labels, Reply([]))
    assert installation.reader.labels(repo) == {"bug": "Bug", "kind/ü": "kind/Ü"}
    clock.now += FRESH_FOR - 1
    assert installation.reader.labels(repo) == {"bug": "Bug", "kind/ü": "kind/Ü"}
    clock.now += 1
    assert installation.reader.labels(repo) == {}
    assert len(server.lines()) == 2


def test_changed_labels_are_read_again(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(f"GET {HELLO}/labels", *(Reply([{"name": name}]) for name in ("Bug", "defect", "fault")))
    installation.reader.labels(repo)
    assert installation.reader.labels(repo, changed_at=1) == {"defect": "defect"}
    assert installation.reader.labels(repo, changed_at=1) == {"defect": "defect"}
    installation.reader.labels_stale(repo)
    assert installation.reader.labels(repo, changed_at=1) == {"fault": "fault"}


def test_what_is_read_right_after_a_change_is_soon_read_again(
    server: ScriptedServer, installation: Installation, repo: Repository, clock: Clock
):
    """GitHub may still have shown what was before."""
    server.on(f"GET {HELLO}/labels", *(Reply([{"name": name}]) for name in ("late", "new")))
    just_now = round(1000 * clock.now)
    assert installation.reader.labels(repo, just_now) == {"late": "late"}
    clock.now += SETTLES_IN
    assert installation.reader.labels(repo, just_now) == {"new": "new"}
    clock.now += FRESH_FOR - 1
    assert installation.reader.labels(repo, just_now) == {"new": "new"}


def test_a_repository_is_found_by_name(server: ScriptedServer, installation: Installation):
    data = {"id": 1, "full_name": "octo/hello", "html_url": "https://x/octo/hello", "default_branch": "trunk"}
    server.on(f"GET {HELLO}", Reply(data))
    assert installation.reader.repository("octo", "hello").default_branch == "trunk"


def test_a_repository_without_a_name_is_no_answer(server: ScriptedServer, installation: Installation):
    server.on(f"GET {HELLO}", Reply({"id": 1}))
    with pytest.raises(Unavailable):
        installation.reader.repository("octo", "hello")


def test_a_time_of_another_zone_is_utc(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(f"GET {HELLO}/issues/3", Reply({"number": 3, "created_at": "2026-01-02T01:30:00+02:00"}))
    assert installation.reader.issue(repo, 3).created_at == datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
