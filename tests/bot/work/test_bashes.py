"""A bash in its lane, over hours and weeks: what is shown when, what a crash leaves, and who is heard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.github import transport
from bot.store import bashes, commands, lanes
from bot.store.bashes import Kept
from bot.triage.issue import Actor, Command
from tests.bot.github.clock import Clock
from tests.bot.work.bench import COMPLETE, REPO, Bench
from tests.bot.work.bench import bench as opened
from tests.fakes.github.model import Comment, Issue

MINUTE, HOUR, DAY = 60, 3_600, 86_400


class Sitting:
    """Four issues that nobody answered in a month, and maintainers at work on them."""

    def __init__(self, bench: Bench, clock: Clock) -> None:
        self.bench, self.fake, self.clock = bench, bench.fake, clock
        for maintainer in ("maya", "noah"):
            self.fake.collaborator(REPO, maintainer, "write")
        for number in range(1, 5):
            self.fake.open_issue(REPO, f"ann-{number}", f"It broke {number}", COMPLETE)
        bench.settle()
        clock.now += 30 * DAY
        self.hall = self.fake.open_issue(REPO, "maya", "Let us begin", COMPLETE)

    def say(self, who: str, text: str, at: Issue | None = None, *, later: float = MINUTE) -> Comment:
        self.clock.now += later
        comment = self.fake.comment(REPO, at or self.issue, who, text)
        self.bench.settle()
        return comment

    def start(self, text: str = "/bash start 2h") -> Comment:
        return self.say("maya", text, self.hall)

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds
        self.bench.settle()

    def struggle(self) -> None:
        """Time passes, and whatever is due is tried, whether it works or not."""
        for _ in range(20):
            self.clock.now += MINUTE
            self.bench.once()
            with self.bench.database.read() as connection:
                due = {*lanes.due(connection, self.bench.now()), *lanes.lost(connection, 10**15)}
            for lane in due:
                self.bench.lanes.run(lane)

    def found(self) -> list[Issue]:
        issues = self.fake.repository(REPO).issues.values()
        return [it for it in issues if it.title.startswith("Issue bash of") and not it.deleted]

    @property
    def issue(self) -> Issue:
        (found,) = self.found()
        return found

    @property
    def kept(self) -> Kept:
        with self.bench.database.read() as connection:
            found = bashes.latest(connection, self.bench.repository_id)
        assert found
        return found

    def texts(self) -> list[str]:
        return [comment.body for comment in self.bench.requests(self.issue)]

    def edits(self) -> int:
        return len(self.bench.calls("PATCH"))


@pytest.fixture
def sitting(tmp_path: Path) -> Iterator[Sitting]:
    clock = Clock()
    with opened(tmp_path, clock) as bench:
        bench.settle()
        yield Sitting(bench, clock)
        transport.close_idle()
        bench.database.close()


def reactions(comment: Comment) -> list[str]:
    return [it.content for it in comment.reactions]


def ticked(text: str | None) -> int:
    return (text or "").count("- [x]")


def test_the_board_is_edited_once_a_minute_at_most_and_ticks_by_the_ledger(sitting: Sitting):
    sitting.start()
    sitting.bench.forget_calls()
    sitting.say("maya", "/claim #1", later=61)
    assert "maya: 1 until" in sitting.texts()[0]
    first = sitting.edits()
    for number in (1, 2):
        sitting.say("maya", f"/done #{number} kept", later=10)
    assert sitting.edits() == first, "less than a minute later"
    sitting.wait(60)
    assert "**2 of 4 done**, 2 to go." in sitting.texts()[0]
    assert ticked(sitting.issue.body) == 2
    assert sitting.edits() == first + 2, "the board and the boxes"
    sitting.wait(10 * MINUTE)
    assert sitting.edits() == first + 2, "nothing is new"


def test_a_box_ticked_by_hand_is_put_right_with_the_next_edit(sitting: Sitting):
    sitting.start()
    sitting.fake.edit_issue(REPO, sitting.issue, by="noah", body=(sitting.issue.body or "").replace("[ ]", "[x]"))
    sitting.say("maya", "/done #1 kept", later=90)
    assert ticked(sitting.issue.body) == 1


def test_a_lease_that_runs_out_is_seen_on_the_board(sitting: Sitting):
    sitting.start()
    sitting.say("maya", "/claim batch 1", later=90)
    assert "maya: 1, 2, 3, 4 until" in sitting.texts()[0]
    sitting.wait(46 * MINUTE)
    assert "maya" not in sitting.texts()[0]
    assert reactions(sitting.say("noah", "/claim #1")) == ["+1"]


def test_it_ends_by_itself_after_its_time_and_a_little_grace(sitting: Sitting):
    sitting.start("/bash start 1h")
    sitting.wait(HOUR)
    assert reactions(sitting.say("maya", "/done #1 fix")) == ["+1"], "the last word is still heard"
    sitting.wait(16 * MINUTE)
    assert sitting.issue.state == "closed"
    assert "**1 of 4 issues done** in 1 hour." in sitting.texts()[1]


def test_what_came_back_is_told_after_two_weeks_and_what_was_fixed_after_four(sitting: Sitting):
    sitting.start()
    sitting.fake.close(REPO, 1, by="maya")
    sitting.say("maya", "/done #2 fix\n/done #3 duplicate #4\n/bash finish")
    _, wrap_up = sitting.texts()
    assert "| 14 days | looked up on " in wrap_up
    assert "| nobody yet | none yet | not yet |" in wrap_up
    sitting.wait(5 * DAY)
    sitting.fake.reopen(REPO, 1, by="ann-1")
    sitting.fake.assign(REPO, 2, "noah", by="maya")
    pull = sitting.fake.open_pull_request(REPO, "noah", "Mend it")
    sitting.fake.mention(REPO, 2, pull, closing=True)
    sitting.bench.settle()
    assert sitting.texts()[1] == wrap_up
    sitting.wait(10 * DAY)
    wrap_up = sitting.texts()[1]
    assert "| 14 days | 1 of 2: [#1](" in wrap_up
    assert f"| noah | [#{pull.number}](https://redirect.github.com/{REPO}/pull/{pull.number}) | not yet |" in wrap_up
    sitting.fake.merge(REPO, pull, by="maya")
    sitting.bench.settle()
    sitting.wait(16 * DAY)
    wrap_up = sitting.texts()[1]
    assert "| 30 days | 1 of 2: [#1](" in wrap_up
    assert "not yet" not in wrap_up
    assert len(sitting.texts()) == 2
    assert sitting.kept.next_at is None


def test_a_second_one_is_refused_and_told_where_the_first_is(sitting: Sitting):
    sitting.start()
    assert reactions(sitting.start()) == ["-1"]
    (told,) = sitting.bench.requests(sitting.hall)
    assert f"An issue bash is running already: #{sitting.issue.number}." in told.body
    assert len(sitting.found()) == 1
    sitting.say("maya", "/bash finish")
    sitting.clock.now += DAY
    sitting.start()
    assert len(sitting.found()) == 2


@pytest.mark.parametrize(
    ("who", "text", "reaction"),
    [
        ("stranger", "/bash start", "-1"),
        ("maya", "/bash begin", "confused"),
        ("maya", "/bash start soon", "confused"),
        ("maya", "/claim #1", "confused"),
    ],
)
def test_what_begins_nothing_is_answered_by_a_reaction(sitting: Sitting, who: str, text: str, reaction: str):
    assert reactions(sitting.say(who, text, sitting.hall)) == [reaction]
    assert sitting.found() == []


def test_a_policy_may_let_anyone_take_part_and_a_dry_run_hears_nothing(sitting: Sitting):
    sitting.fake.push(REPO, {".github/triage.yml": "commands: {claim: anyone}\nbash: {batch: 1, lease_minutes: 5}\n"})
    sitting.start()
    assert "### Batch 4" in (sitting.issue.body or "")
    assert reactions(sitting.say("stranger", "/claim #1")) == ["+1"]
    assert reactions(sitting.say("stranger", "/done #1 kept")) == ["-1"]
    sitting.fake.push(REPO, {".github/triage.yml": "dry_run: true\n"})
    assert reactions(sitting.say("maya", "/done #1 kept")) == []
    assert sitting.kept.bash.undecided != []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/issues$"),
        ("POST", r"/issues/\d+/comments$"),
        ("PATCH", r"/issues/comments/\d+$"),
        ("PATCH", r"/issues/\d+$"),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_call_that_fails_is_made_good_and_nothing_comes_twice(sitting: Sitting, method: str, path: str, when: str):
    sitting.fake.faults.error(502, method=method, path=path, times=2, when=when)
    sitting.fake.comment(REPO, sitting.hall, "maya", "/bash start 2h")
    sitting.struggle()
    sitting.fake.comment(REPO, sitting.issue, "maya", "/done #1 kept\n/bash finish")
    sitting.struggle()
    assert len(sitting.texts()) == 2
    assert sitting.issue.state == "closed"
    assert ticked(sitting.issue.body) == 1
    assert "the bash is over" in sitting.texts()[0]


def test_a_service_that_ends_in_the_middle_goes_on_where_it_was(sitting: Sitting):
    sitting.start()
    sitting.say("maya", "/claim #1")
    comment = sitting.fake.comment(REPO, sitting.issue, "maya", "/done #1 fix")
    sitting.bench.restart()
    sitting.bench.settle()
    sitting.wait(90)
    assert reactions(comment) == ["+1"]
    assert ticked(sitting.issue.body) == 1
    assert len(sitting.texts()) == 1


def test_an_issue_that_somebody_deletes_ends_it(sitting: Sitting):
    sitting.start()
    sitting.fake.delete_issue(REPO, sitting.issue, by="maya")
    sitting.wait(3 * HOUR)
    assert sitting.kept.next_at is None
    sitting.start()
    assert len(sitting.found()) == 1


def test_words_of_the_command_line_need_nobodys_leave(sitting: Sitting):
    def command(*words: str) -> None:
        with sitting.bench.database.write() as connection:
            said = Command(f"{'-'.join(words)}:1", 0, Actor(""), "bash", words)
            commands.add(connection, sitting.bench.repository_id, [(0, said)])
            lanes.mark_due(connection, lanes.of_repository(sitting.bench.repository_id), sitting.bench.now())
        sitting.bench.settle()

    command("start", "1h")
    assert len(sitting.found()) == 1
    command("finish")
    assert sitting.issue.state == "closed"
    assert [it.because for it in sitting.bench.journal() if it.kind == "bash"] == ["the command line wrote /bash."] * 2


def test_a_repository_without_the_app_is_left_alone(sitting: Sitting):
    sitting.start()
    sitting.fake.uninstall(sitting.bench.installation)
    sitting.bench.settle()
    calls = len(sitting.bench.exchanges)
    sitting.wait(3 * HOUR)
    assert len(sitting.bench.exchanges) == calls
    assert sitting.kept.next_at is not None
    assert sitting.kept.next_at > sitting.bench.now(), "its lane is not woken all the time"
