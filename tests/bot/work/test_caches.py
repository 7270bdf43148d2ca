"""What several processes on one database keep of a repository: each hears of a change that another was told of."""

from __future__ import annotations

import pytest

from bot.store import repositories
from bot.work.lanes import Lanes
from tests.bot.work.bench import COMPLETE, FORM, INCOMPLETE, REPO, Bench
from tests.fakes.github.model import Issue

POLICY = ".github/triage.yml"
SHARED = "octo-org/.github"


class Pair:
    """Two processes that have both looked at the repository before."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.told, self.other = bench.lanes, self._started()
        for lanes in (self.told, self.other):
            assert self.labels(self.opened(lanes)) == {"bug", "needs-info"}
            self.deliver(lanes)

    def _started(self) -> Lanes:
        self.bench.restart()
        return self.bench.lanes

    def opened(self, lanes: Lanes, body: str = INCOMPLETE) -> Issue:
        """And handled by this process."""
        issue = self.bench.open(body)
        self.deliver(lanes)
        return issue

    def deliver(self, lanes: Lanes) -> None:
        for lane in sorted(self.bench.hand_over(self.bench.waiting())):
            lanes.run(lane)

    def labels(self, issue: Issue) -> set[str]:
        return self.bench.labels(issue)


@pytest.fixture
def pair(bench: Bench) -> Pair:
    return Pair(bench)


def test_a_policy_that_one_process_heard_of_is_obeyed_by_the_other(pair: Pair):
    pair.bench.fake.push(REPO, {POLICY: "labels: {needs_info: extra}"})
    pair.deliver(pair.told)
    assert pair.labels(pair.opened(pair.other)) == {"bug", "extra"}


def test_so_is_a_template(pair: Pair):
    pair.bench.fake.push(REPO, {".github/ISSUE_TEMPLATE/bug.yml": FORM.replace("required: true", "required: false")})
    pair.deliver(pair.told)
    assert pair.labels(pair.opened(pair.other)) == {"bug"}


def test_the_last_good_policy_is_the_one_before_the_broken_one_whoever_read_it(pair: Pair):
    for lanes, policy in [(pair.told, "labels: {needs_info: extra}"), (pair.other, "enabled: false")]:
        pair.bench.fake.push(REPO, {POLICY: policy})
        pair.deliver(lanes)
        pair.opened(lanes)
    pair.bench.fake.push(REPO, {POLICY: "labels: {needs_info: extra}"})
    assert pair.labels(pair.opened(pair.told)) == {"bug", "extra"}
    pair.bench.fake.push(REPO, {POLICY: "labels: nothing"})
    assert pair.labels(pair.opened(pair.other)) == {"bug", "extra"}
    pair.bench.fake.push(REPO, {POLICY: "labels: {needs_info: extra}"})
    pair.opened(pair.told)
    with pair.bench.database.read() as connection:
        known = repositories.get(connection, pair.bench.repository_id)
    assert known
    assert known.policy_problems == ""


def test_so_is_the_policy_of_the_owner_for_all(pair: Pair):
    pair.bench.fake.add_repository(SHARED, {"README.md": "For all."})
    pair.deliver(pair.told)
    pair.bench.fake.push(SHARED, {POLICY: "labels: {needs_info: extra}"})
    pair.deliver(pair.told)
    assert pair.labels(pair.opened(pair.other)) == {"bug", "extra"}
    pair.bench.fake.push(SHARED, {POLICY: "enabled: false"})
    pair.deliver(pair.told)
    assert pair.labels(pair.opened(pair.other)) == set()


def test_a_label_that_one_process_heard_of_is_used_by_the_other(pair: Pair):
    fake = pair.bench.fake
    fake.push(REPO, {".github/ISSUE_TEMPLATE/bug.yml": FORM.replace("[bug]", "[bug, fresh]")})
    pair.deliver(pair.told)
    assert pair.labels(pair.opened(pair.other, COMPLETE)) == {"bug"}
    fake.create_label(REPO, "fresh")
    pair.deliver(pair.told)
    assert pair.labels(pair.opened(pair.other, COMPLETE)) == {"bug", "fresh"}


def test_nothing_is_read_again_where_nothing_changed(pair: Pair):
    pair.bench.forget_calls()
    for lanes in (pair.told, pair.other):
        pair.opened(lanes)
    assert not pair.bench.calls("GET")
