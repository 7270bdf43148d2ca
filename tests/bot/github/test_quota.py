"""Limits: obeyed in every form GitHub tells them, without a sleep, and our own kept before GitHub has to refuse."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.app import Installation
from bot.github.errors import Forbidden, LimitReached
from bot.github.quota import Budgets, Quota
from bot.triage.issue import Repository
from bot.triage.plan import AddLabels, PostRequest
from tests.bot.github.clock import Clock
from tests.bot.github.scripted import Reply, ScriptedServer

SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
PRIMARY = "API rate limit exceeded for installation ID 42."
LABELS = "POST /repos/octo/hello/issues/1/labels"
COMMENT = "POST /repos/octo/hello/issues/1/comments"
BUG = AddLabels(because="it says so", labels=("bug",))
POST = PostRequest(because="it was asked for", body="Hello")


@pytest.fixture
def quota(clock: Clock) -> Quota:
    return Quota(None, clock)


def until(quota: Quota, status: int, headers: dict[str, str], message: str = "") -> datetime:
    with pytest.raises(LimitReached) as caught:
        quota.learn("core", status, headers, message)
    assert caught.value.status == status
    return caught.value.until


@pytest.mark.parametrize("status", [403, 429])
def test_retry_after_is_obeyed_and_holds_for_everything(quota: Quota, clock: Clock, status: int):
    assert until(quota, status, {"retry-after": "17"}, SECONDARY) == clock.at(17)
    for resource in ("core", "graphql"):
        with pytest.raises(LimitReached) as caught:
            quota.reserve(resource, 1)
        assert caught.value.until == clock.at(17)
    clock.now += 17
    quota.reserve("core", 1)


def test_retry_after_may_be_a_date(quota: Quota, clock: Clock):
    assert until(quota, 429, {"retry-after": format_datetime(clock.at(90))}) == clock.at(90)


def test_a_spent_hour_is_over_at_its_reset_and_only_for_its_resource(quota: Quota, clock: Clock):
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(clock.now) + 500)}
    assert until(quota, 403, headers, PRIMARY) == clock.at(500)
    quota.reserve("graphql", 1)
    with pytest.raises(LimitReached):
        quota.reserve("core", 1)
    clock.now += 500
    quota.reserve("core", 1)


def test_the_last_call_of_the_hour_stops_the_next_before_it_is_made(quota: Quota, clock: Clock):
    quota.learn("core", 200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(clock.now) + 9)})
    with pytest.raises(LimitReached) as caught:
        quota.reserve("core", 1)
    assert caught.value.until == clock.at(9)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"retry-after": "later"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "nonsense"},
    ],
    ids=["none", "not understood", "long past", "no number"],
)
def test_where_nothing_tells_how_long_the_wait_doubles_from_a_minute(
    quota: Quota, clock: Clock, headers: dict[str, str]
):
    for seconds in (60, 120, 240, 480, 960, 1920, 3600, 3600):
        assert until(quota, 403, headers, SECONDARY) == clock.at(seconds)
        clock.now += seconds
    quota.learn("core", 200, {})
    assert until(quota, 403, headers, SECONDARY) == clock.at(60)


def test_calls_refused_together_count_as_one_refusal(quota: Quota, clock: Clock):
    assert [until(quota, 403, {}, SECONDARY) for _ in range(3)] == [clock.at(60)] * 3
    clock.now += 60
    assert until(quota, 403, {}, SECONDARY) == clock.at(120)


def test_a_secondary_limit_is_not_taken_for_a_spent_hour(quota: Quota, clock: Clock):
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(clock.now) + 3000)}
    assert until(quota, 403, headers, SECONDARY) == clock.at(60)


def test_a_late_shorter_answer_does_not_shorten_the_wait(quota: Quota, clock: Clock):
    until(quota, 403, {"retry-after": "100"})
    assert until(quota, 403, {"retry-after": "5"}) == clock.at(100)


def test_a_missing_right_is_no_limit(quota: Quota):
    quota.learn("core", 403, {"x-ratelimit-remaining": "4999"}, "Resource not accessible by integration")
    quota.reserve("core", 1)


@pytest.mark.parametrize(("figure", "most", "seconds"), [("content_per_minute", 3, 60), ("content_per_hour", 3, 3600)])
def test_content_is_kept_within_its_budget(clock: Clock, figure: str, most: int, seconds: int):
    quota = Quota(Budgets(**{figure: most}), clock)
    for _ in range(most):
        quota.reserve("core", 5, content=True)
        clock.now += 1
    with pytest.raises(LimitReached) as caught:
        quota.reserve("core", 5, content=True)
    # A call may be on its way to GitHub for a moment, and what was spent is kept by the second or minute.
    assert clock.at(seconds - most) < caught.value.until <= clock.at(1.02 * seconds + 3)
    quota.reserve("core", 5)
    clock.now = caught.value.until.timestamp()
    quota.reserve("core", 5, content=True)


def test_a_refused_reservation_takes_nothing(clock: Clock):
    quota = Quota(Budgets(content_per_minute=1, rest_points_per_minute=15), clock)
    quota.reserve("core", 5, content=True)
    for _ in range(5):
        with pytest.raises(LimitReached):
            quota.reserve("core", 5, content=True)
    quota.reserve("core", 10)


def test_rest_and_graphql_have_points_of_their_own(clock: Clock):
    quota = Quota(Budgets(rest_points_per_minute=5, graphql_points_per_minute=5), clock)
    quota.reserve("core", 5)
    quota.reserve("graphql", 5)
    with pytest.raises(LimitReached):
        quota.reserve("core", 1)


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 5)), max_size=60))
def test_no_minute_ever_holds_more_than_the_budget_and_until_is_never_too_early(steps: list[tuple[float, int]]):
    clock = Clock()
    quota = Quota(Budgets(rest_points_per_minute=10), clock)
    spent: list[tuple[float, int]] = []
    for pause, points in steps:
        clock.now += pause
        try:
            quota.reserve("core", points)
        except LimitReached as limit:
            clock.now = max(clock.now, limit.until.timestamp() + 0.001)
            quota.reserve("core", points)
        spent.append((clock.now, points))
        assert sum(count for at, count in spent if at > clock.now - 60) <= 10


def test_a_limit_reaches_the_caller_and_stops_the_next_call_unsent(
    server: ScriptedServer, installation: Installation, repo: Repository, clock: Clock
):
    server.on(LABELS, Reply({"message": SECONDARY}, 403, {"Retry-After": "30"}))
    for _ in range(2):
        with pytest.raises(LimitReached, match="not before") as caught:
            installation.writer.perform(repo, 1, BUG)
        assert caught.value.until == clock.at(30)
    assert server.lines() == [LABELS]
    clock.now += 30
    server.on(LABELS, Reply([]))
    installation.writer.perform(repo, 1, BUG)


def test_the_bots_own_budget_counts_comments_and_not_labels(
    server: ScriptedServer, installation: Installation, repo: Repository, clock: Clock
):
    server.on(LABELS, Reply([]))
    server.on(COMMENT, Reply({"id": 1}, 201))
    for _ in range(80):
        installation.writer.perform(repo, 1, POST)
        clock.now += 0.5
    installation.writer.perform(repo, 1, BUG)
    with pytest.raises(LimitReached, match="own budget"):
        installation.writer.perform(repo, 1, POST)
    assert server.lines().count(COMMENT) == 80


@pytest.mark.parametrize("kind", ["RATE_LIMITED", "RATE_LIMIT"])
def test_graphql_tells_a_limit_with_status_200(
    server: ScriptedServer, installation: Installation, clock: Clock, kind: str
):
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(clock.now) + 200)}
    server.on("POST /graphql", Reply({"errors": [{"type": kind, "message": "API rate limit exceeded"}]}, 200, headers))
    client = installation.writer._client  # noqa: SLF001 - the writer swallows what minimising meets
    with pytest.raises(LimitReached) as caught:
        client.graphql("query { x }", {})
    assert caught.value.until == clock.at(200)


def test_graphql_tells_a_secondary_limit_with_status_200_too(
    server: ScriptedServer, installation: Installation, clock: Clock
):
    server.on("POST /graphql", Reply({"errors": [{"message": SECONDARY}]}, 200, {"Retry-After": "44"}))
    client = installation.writer._client  # noqa: SLF001 - the writer swallows what minimising meets
    with pytest.raises(LimitReached) as caught:
        client.graphql("query { x }", {})
    assert caught.value.until == clock.at(44)


def test_a_forbidden_call_stays_forbidden(server: ScriptedServer, installation: Installation, repo: Repository):
    server.on(LABELS, Reply({"message": "Must have admin rights to Repository."}, 403))
    with pytest.raises(Forbidden):
        installation.writer.perform(repo, 1, BUG)
