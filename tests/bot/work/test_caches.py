"""What several processes on one database keep of a repository: each hears of a change that another was told of."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from bot.store import commands, issues, repositories
from bot.work.lanes import Lanes
from bot.work.locating import locate
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


def test_an_issue_that_is_looked_at_while_the_owners_files_change_is_looked_at_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
):
    bench = pair.bench
    bench.fake.add_repository(SHARED, {"README.md": "For all."})
    issue = pair.opened(pair.told)
    bench.settle()
    bench.fake.edit_issue(REPO, issue, body=INCOMPLETE + "\nStill.")
    edited = bench.hand_over(bench.waiting())
    bench.fake.push(SHARED, {POLICY: "labels: {needs_info: extra}"})
    pushed = bench.hand_over(bench.waiting())
    looks, changed = threading.Event(), threading.Event()
    load = commands.load_open

    def locate_once_the_other_looks(*args: Any) -> Any:
        if threading.current_thread() is not looking:
            looking.start()
            assert looks.wait(30)
        return locate(*args)

    def load_once_all_has_changed(*args: Any) -> Any:
        if threading.current_thread() is looking:
            looks.set()
            assert changed.wait(30)
        return load(*args)

    monkeypatch.setattr("bot.work.batch.locate", locate_once_the_other_looks)
    monkeypatch.setattr(commands, "load_open", load_once_all_has_changed)
    looking = threading.Thread(target=lambda: [pair.other.run(lane) for lane in edited])
    (lane,) = pushed
    pair.told.run(lane)
    changed.set()
    looking.join(30)
    with bench.database.read() as connection:
        assert issue.number in issues.due(connection, bench.repository_id, bench.now(), 10)
