"""The whole way against the stateful fake GitHub, which counts limits and remembers what was done."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.github import transport
from bot.github.app import App, Installation
from bot.github.errors import LimitReached, NotFound, Unavailable
from bot.github.quota import Budgets
from bot.triage.issue import Repository
from bot.triage.plan import (
    REQUEST_MARKER,
    AddLabels,
    Close,
    CreateLabel,
    EditRequest,
    PostRequest,
    React,
    RemoveLabel,
    Reopen,
)
from tests.fakes.github import model
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.github.scene import PERMISSIONS, key_pair
from tests.fakes.github.server import Running, serve

WHY = "a test says so"
HELLO = "octo-org/hello"
BUG = ".github/ISSUE_TEMPLATE/bug.yml"
POST = PostRequest(because=WHY, body=f"{REQUEST_MARKER}\nPlease tell more. 🎉")


class Stage:
    """A fake GitHub with one repository, an App on it and an issue."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.fake = running.fake
        self.bot = self.fake.add_app()
        made = self.fake.add_repository(HELLO, {BUG: "name: Bug report\n", "README.md": "Hi"}, labels=["bug"])
        installed = self.fake.install(self.bot, "octo-org")
        self.number = self.fake.open_issue(HELLO, "ann", "It broke", "Help").number
        self.repo = Repository(made.id, "octo-org", "hello", "")
        self.app = App(self.bot.id, key_pair()[0], api_url=running.url, timeout=2, budgets=Budgets())
        self.here: Installation = self.app.installation(installed.id)

    @property
    def comments(self) -> list[model.Comment]:
        return self.fake.comments_by(self.bot, HELLO, self.number)

    @property
    def labels(self) -> list[str]:
        return self.fake.labels_of(HELLO, self.number)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with serve(FakeGitHub()) as running:
        stage = Stage(running)
        yield stage
        transport.close_idle()


def test_a_request_lives_from_its_question_to_its_thanks(stage: Stage):
    writer, repo, number = stage.here.writer, stage.repo, stage.number
    writer.perform(repo, number, CreateLabel(because=WHY, name="needs-info", color="d93f0b", description="Waits"))
    writer.perform(repo, number, AddLabels(because=WHY, labels=("bug", "needs-info")))
    posted = writer.perform(repo, number, POST)
    assert stage.labels == ["bug", "needs-info"]
    found = writer.find_request(repo, number)
    assert found is not None
    assert (found.id, found.node_id, found.body) == (posted.comment_id, posted.node_id, POST.body)
    thanks = EditRequest(
        because=WHY, comment_id=found.id, node_id=found.node_id, body=f"{REQUEST_MARKER}\nThanks!", resolved=True
    )
    assert writer.perform(repo, number, thanks).warning == ""
    writer.perform(repo, number, RemoveLabel(because=WHY, label="Needs-Info"))
    (comment,) = stage.comments
    assert (comment.body, comment.minimized) == (thanks.body, "resolved")
    assert stage.labels == ["bug"]
    again = EditRequest(because=WHY, comment_id=found.id, node_id="", body="Once more", reopened=True)
    assert writer.perform(repo, number, again).warning == ""
    assert not stage.comments[0].minimized


def test_every_action_may_be_carried_out_twice(stage: Stage):
    said = stage.fake.comment(HELLO, stage.number, "ann", "/close")
    for action in (
        CreateLabel(because=WHY, name="BUG", color="d93f0b"),
        AddLabels(because=WHY, labels=("bug",)),
        React(because=WHY, comment_id=said.id, content="+1"),
        Close(because=WHY),
        Reopen(because=WHY),
        RemoveLabel(because=WHY, label="bug"),
    ):
        for _ in range(2):
            stage.here.writer.perform(stage.repo, stage.number, action)
    assert stage.labels == []
    assert stage.here.reader.issue(stage.repo, stage.number).state == "open"


def test_a_warm_issue_costs_two_writes(stage: Stage):
    stage.here.reader.files(stage.repo)
    stage.here.reader.labels(stage.repo)
    before = len(stage.running.exchanges)
    stage.here.reader.files(stage.repo)
    stage.here.reader.labels(stage.repo)
    stage.here.writer.perform(stage.repo, stage.number, AddLabels(because=WHY, labels=("bug",)))
    stage.here.writer.perform(stage.repo, stage.number, POST)
    assert [exchange.method for exchange in stage.running.exchanges[before:]] == ["POST", "POST"]


def test_templates_follow_a_push_and_the_owners_repository(stage: Stage):
    assert stage.here.reader.files(stage.repo).templates == {BUG: b"name: Bug report\n"}
    stage.fake.add_repository("octo-org/.github", {".github/triage.yml": "enabled: true\n", BUG: "name: Shared\n"})
    stage.fake.push(HELLO, {BUG: None})
    files = stage.here.reader.files(stage.repo, changed_at=1, shared_changed_at=1)
    assert files.templates == {BUG: b"name: Shared\n"}
    assert files.policy == b"enabled: true\n"


def test_asking_again_is_free(stage: Stage):
    stage.here.reader.files(stage.repo)
    stage.here.reader.files(stage.repo, changed_at=1)
    assert stage.running.requests("GET", "/git/trees/HEAD")[-1].status == 304


def test_a_renamed_repository_is_found_under_its_former_name(stage: Stage):
    stage.fake.rename(HELLO, "goodbye")
    assert stage.here.reader.issue(stage.repo, stage.number).title == "It broke"
    stage.here.writer.perform(stage.repo, stage.number, POST)
    assert len(stage.fake.comments_by(stage.bot, "octo-org/goodbye", stage.number)) == 1


def test_a_transferred_issue_is_gone(stage: Stage):
    stage.fake.add_repository("octo-org/other")
    stage.fake.transfer_issue(HELLO, stage.number, "octo-org/other", by="octo-org")
    with pytest.raises(NotFound):
        stage.here.reader.issue(stage.repo, stage.number)


@pytest.mark.parametrize("fault", ["error", "drop"])
def test_a_comment_whose_answer_was_lost_is_found_and_stands_once(stage: Stage, fault: str):
    stage.here.reader.issue(stage.repo, stage.number)
    getattr(stage.fake.faults, fault)(method="POST", path="/comments$", when="after")
    with pytest.raises(Unavailable):
        stage.here.writer.perform(stage.repo, stage.number, POST)
    assert stage.here.writer.find_request(stage.repo, stage.number) is not None
    assert len(stage.comments) == 1


def test_a_comment_that_was_never_written_is_not_found(stage: Stage):
    stage.fake.faults.drop(method="POST", path="/comments$")
    with pytest.raises(Unavailable):
        stage.here.writer.perform(stage.repo, stage.number, POST)
    assert stage.here.writer.find_request(stage.repo, stage.number) is None


def test_a_hanging_github_is_given_up_on(stage: Stage):
    stage.fake.faults.hang(30, path="/issues/")
    started = time.monotonic()
    with pytest.raises(Unavailable, match="in time"):
        stage.here.reader.issue(stage.repo, stage.number)
    assert time.monotonic() - started < 10


def test_expired_tokens_are_renewed_unseen_by_many_threads(stage: Stage):
    stage.here.reader.issue(stage.repo, stage.number)
    stage.fake.expire_tokens()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: stage.here.reader.issue(stage.repo, stage.number).number, range(64)))
    assert found == [stage.number] * 64
    assert len(stage.running.requests("POST", "/access_tokens")) == 2


def test_a_secondary_limit_is_obeyed_without_waiting(stage: Stage):
    stage.fake.faults.secondary_limit(5, path="/labels$")
    started = time.time()
    for _ in range(3):
        with pytest.raises(LimitReached) as caught:
            stage.here.writer.perform(stage.repo, stage.number, AddLabels(because=WHY, labels=("bug",)))
        assert 3 < caught.value.until.timestamp() - started < 7
    assert len(stage.running.requests("POST", "/labels")) == 1
    assert time.time() - started < 4


def test_a_spent_hour_is_over_at_its_reset(stage: Stage):
    stage.here.reader.issue(stage.repo, stage.number)
    stage.fake.faults.primary_limit(1000, path="/issues/")
    started = time.time()
    for _ in range(2):
        with pytest.raises(LimitReached) as caught:
            stage.here.reader.issue(stage.repo, stage.number)
        assert 990 < caught.value.until.timestamp() - started < 1010
    assert len(stage.running.requests("GET", f"/issues/{stage.number}")) == 2


def test_the_fake_never_has_to_refuse_for_content(stage: Stage):
    """The bot's own budget is no looser than what the fake counts."""
    for _ in range(80):
        stage.here.writer.perform(stage.repo, stage.number, POST)
    with pytest.raises(LimitReached, match="own budget"):
        stage.here.writer.perform(stage.repo, stage.number, POST)
    assert {exchange.status for exchange in stage.running.requests("POST", "/comments")} == {201}


def test_graphql_being_limited_for_long_does_not_keep_the_thanks_back(stage: Stage):
    posted = stage.here.writer.perform(stage.repo, stage.number, POST)
    assert posted.comment_id is not None
    stage.fake.faults.graphql_limit(reset_in=1800)
    thanks = EditRequest(
        because=WHY, comment_id=posted.comment_id, node_id=posted.node_id, body="Thanks!", resolved=True
    )
    outcome = stage.here.writer.perform(stage.repo, stage.number, thanks)
    assert "minimize_comment" in outcome.warning
    assert stage.comments[0].body == "Thanks!"


def test_lanes_write_side_by_side(stage: Stage):
    numbers = [stage.fake.open_issue(HELLO, "ann", f"Issue {count}", "Help").number for count in range(20)]
    barrier = threading.Barrier(4)

    def lane(mine: list[int]) -> None:
        barrier.wait(5)
        for number in mine:
            stage.here.writer.perform(stage.repo, number, AddLabels(because=WHY, labels=("bug",)))
            stage.here.writer.perform(stage.repo, number, PostRequest(because=WHY, body=f"About {number}"))

    with ThreadPoolExecutor(4) as threads:
        for future in [threads.submit(lane, numbers[start::4]) for start in range(4)]:
            future.result()
    for number in numbers:
        assert stage.fake.labels_of(HELLO, number) == ["bug"]
        assert [one.body for one in stage.fake.comments_by(stage.bot, HELLO, number)] == [f"About {number}"]


def test_the_app_knows_itself(stage: Stage):
    assert stage.app.slug == "triage-bot"
    assert stage.app.metadata().permissions == PERMISSIONS
    assert stage.app.installation_of("octo-org", "hello") is stage.here


def test_a_strangers_copy_of_a_marker_is_not_taken_for_the_bots_own(stage: Stage):
    writer, repo, marker = stage.here.writer, stage.repo, "<!-- report of today -->"
    theirs = stage.fake.open_issue(HELLO, "eve", "Issue-bash report", f"{marker}\nNothing to do.")
    first = stage.fake.comment(HELLO, theirs, "eve", f"{marker}\nNothing to do.")
    number = writer.open_issue(repo, "Issue-bash report", f"{marker}\nMuch to do.", marker)
    comment = writer.comment(repo, theirs.number, f"{marker}\nMuch to do.", marker)
    assert number != theirs.number
    assert comment != first.id
    assert writer.open_issue(repo, "Issue-bash report", f"{marker}\nMuch to do.", marker) == number
    assert writer.comment(repo, theirs.number, f"{marker}\nMuch to do.", marker) == comment
