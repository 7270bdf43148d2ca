"""A bash in its lane, over hours and weeks: what is shown when, what a crash leaves, and who is heard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from bot.github import transport
from bot.github.reader import Reader, RepositoryFiles
from bot.store import bashes, commands, lanes
from bot.store.bashes import Kept
from bot.triage.issue import Actor, Command, Repository
from bot.work.lanes import Lanes
from bot.work.ports import GitHub
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

    def struggle(self, minutes: int = 20) -> None:
        """Time passes, and whatever is due is tried, whether it works or not."""
        for _ in range(minutes):
            self.clock.now += MINUTE
            self.bench.once()
            with self.bench.database.read() as connection:
                due = {*lanes.due(connection, self.bench.now()), *lanes.lost(connection, 10**15)}
            for lane in due:
                self.bench.lanes.run(lane)
            self.bench.read_ahead()

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


@pytest.mark.parametrize("policy", ["dry_run: true", "enabled: false"])
def test_while_the_policy_says_so_nothing_is_written_and_then_it_goes_on(sitting: Sitting, policy: str):
    sitting.start("/bash start 1h")
    sitting.say("maya", "/claim #1", later=90)
    sitting.fake.push(REPO, {".github/triage.yml": policy + "\n"})
    sitting.bench.settle()
    sitting.bench.forget_calls()
    sitting.say("maya", "/bash finish")
    sitting.wait(3 * HOUR)
    assert [it for it in sitting.bench.calls() if it.startswith(("POST /repos", "PATCH"))] == []
    sitting.fake.push(REPO, {".github/triage.yml": "labels: {needs_info: null}\n"})
    sitting.wait(2 * HOUR)
    assert sitting.issue.state == "closed"


def test_a_section_that_the_policy_leaves_out_is_not_understood(sitting: Sitting):
    sitting.fake.push(REPO, {".github/triage.yml": "report: {sections: {our_turn: {enabled: false}}}\n"})
    assert reactions(sitting.start("/bash start --sections our_turn")) == ["confused"]
    assert reactions(sitting.start("/bash start --sections no_maintainer_reply")) == ["eyes", "+1"]


def test_where_nothing_is_found_none_begins(sitting: Sitting):
    assert reactions(sitting.start("/bash start --sections answered")) == ["eyes", "+1"]
    (told,) = sitting.bench.requests(sitting.hall)
    assert "Nothing was found that is worth a bash, so none was begun." in told.body
    assert sitting.found() == []


def test_who_closes_the_tracking_issue_ends_the_bash(sitting: Sitting):
    sitting.start()
    sitting.fake.close(REPO, sitting.issue, by="noah")
    sitting.wait(MINUTE)
    assert (sitting.kept.bash.finished_by, sitting.issue.state) == ("noah", "closed")
    assert "## How it went" in sitting.texts()[1]


def test_authors_who_close_their_own_issue_are_not_said_to_take_part(sitting: Sitting):
    sitting.start()
    sitting.fake.close(REPO, 1, by="ann-1")
    sitting.say("noah", "/done #2 kept")
    sitting.fake.close(REPO, 3, by="noah")
    sitting.say("maya", "/bash finish", later=90)
    assert "**3 of 4 issues done**" in sitting.texts()[1]
    assert "Thank you, maya, noah." in sitting.texts()[1]


def test_a_part_of_what_was_claimed_is_told_apart(sitting: Sitting):
    sitting.start()
    assert reactions(sitting.say("maya", "/claim #1")) == ["+1"]
    assert reactions(sitting.say("noah", "/claim #1 #2")) == ["eyes"]
    assert reactions(sitting.say("noah", "/done #1 kept")) == ["-1"]


def test_words_are_taken_in_the_order_in_which_they_were_said(sitting: Sitting):
    sitting.start()
    sitting.say("maya", "/claim #2")
    for text in ("/done #1 kept", "/done #1 fix", "/release #2", "/claim #3"):
        sitting.clock.now += MINUTE
        sitting.fake.comment(REPO, sitting.issue, "maya", text)
    for delivery in reversed(sitting.bench.waiting()):
        for lane in sitting.bench.hand_over([delivery]):
            sitting.bench.lanes.run(lane)
    one, two, three, _ = sitting.kept.bash.items
    assert (one.disposition, two.held_by(sitting.bench.pace.moment()), three.held_by(sitting.bench.pace.moment())) == (
        "fix",
        "",
        "maya",
    )


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


CALLS = {
    "opening": ("POST", r"/issues$"),
    "board": ("POST", r"/issues/\d+/comments$"),
    "board's edit": ("PATCH", r"/issues/comments/\d+$"),
    "boxes": ("PATCH", r"/issues/\d+$"),
    "reading": ("POST", r"/graphql$"),
    "reaction": ("POST", r"/reactions$"),
}


@pytest.mark.parametrize("status", [403, 404, 410, 422, 500])
@pytest.mark.parametrize("call", CALLS)
def test_what_github_refuses_once_or_twice_is_done_later(sitting: Sitting, call: str, status: int):
    method, path = CALLS[call]
    sitting.fake.faults.error(status, method=method, path=path, times=2)
    sitting.fake.comment(REPO, sitting.hall, "maya", "/bash start 2h")
    sitting.struggle(30)
    sitting.fake.faults.clear()
    sitting.fake.faults.error(status, method=method, path=path, times=2)
    sitting.fake.comment(REPO, sitting.issue, "maya", "/done #1 kept\n/bash finish")
    sitting.struggle(30)
    board, wrap_up = sitting.texts()
    assert "the bash is over" in board
    assert "**1 of 4 issues done**" in wrap_up
    assert (sitting.issue.state, ticked(sitting.issue.body)) == ("closed", 1)


def test_a_board_that_somebody_deletes_is_written_anew(sitting: Sitting):
    sitting.start()
    (board,) = sitting.bench.requests(sitting.issue)
    sitting.fake.delete_comment(board, by="noah")
    sitting.say("maya", "/done #1 kept", later=90)
    assert ["**1 of 4 done**" in text for text in sitting.texts()] == [True]
    assert reactions(sitting.say("noah", "/claim #2", later=90)) == ["+1"]


def test_one_that_github_refuses_for_good_is_given_up_and_keeps_no_other_back(sitting: Sitting):
    sitting.start()
    locked = sitting.issue
    sitting.fake.lock_issue(REPO, locked, by="noah")
    sitting.say("maya", "/bash finish", at=locked, later=90)
    sitting.start()
    sitting.struggle()
    assert len(sitting.found()) == 2
    sitting.say("maya", "/bash finish", at=sitting.found()[1])
    for _ in range(40):
        sitting.wait(DAY)
    with sitting.bench.database.read() as connection:
        assert bashes.alive(connection, sitting.bench.repository_id) == []
    assert [it.state for it in sitting.found()] == ["open", "closed"]


def test_a_command_that_cannot_be_carried_out_keeps_no_other_back(sitting: Sitting):
    sitting.fake.faults.error(403, method="POST", path=r"/graphql$", times=-1)
    start = sitting.start()
    assert reactions(sitting.say("noah", "/bash begin", sitting.hall)) == ["confused"]
    sitting.struggle(5)
    sitting.fake.faults.clear()
    sitting.struggle(15)
    assert reactions(start) == ["eyes", "+1"], "without another delivery"
    assert len(sitting.found()) == 1


def test_a_start_that_could_not_be_had_for_a_day_comes_no_more(sitting: Sitting):
    sitting.fake.faults.error(403, method="POST", path=r"/graphql$", times=-1)
    start = sitting.start()
    sitting.clock.now += 2 * DAY
    sitting.fake.faults.clear()
    sitting.bench.settle()
    assert reactions(start) == ["eyes", "confused"]
    assert sitting.found() == []


def test_a_limit_while_it_reads_makes_the_start_wait_and_no_empty_bash(sitting: Sitting):
    sitting.fake.faults.primary_limit(600, method="POST", path=r"/graphql$", times=1)
    sitting.start()
    assert sitting.found() == []
    sitting.struggle(15)
    assert (sitting.issue.body or "").count("- [ ]") == 4


def test_a_limit_while_it_looks_back_loses_nothing(sitting: Sitting):
    sitting.start()
    sitting.say("maya", "/done #1 fix\n/bash finish")
    sitting.fake.assign(REPO, 1, "noah", by="maya")
    sitting.bench.settle()
    sitting.fake.faults.primary_limit(600, method="POST", path=r"/graphql$", times=1)
    sitting.wait(15 * DAY)
    assert "| nobody yet |" in sitting.texts()[1]
    sitting.struggle(15)
    assert "| noah |" in sitting.texts()[1]


def test_an_edit_that_is_refused_while_it_looks_back_is_made_up_for(sitting: Sitting):
    sitting.start()
    sitting.fake.close(REPO, 1, by="maya")
    sitting.say("maya", "/bash finish")
    sitting.fake.faults.error(403, method="PATCH", path=r"/issues/comments/\d+$", times=2)
    sitting.wait(15 * DAY)
    sitting.struggle(15)
    assert "| 14 days | 0 of 1 |" in sitting.texts()[1]


def test_where_reading_is_refused_for_good_it_ends_with_what_is_known(sitting: Sitting):
    sitting.start()
    sitting.fake.faults.error(403, method="POST", path=r"/graphql$", times=-1)
    sitting.say("maya", "/done #1 kept\n/bash finish", later=90)
    sitting.struggle(60)
    assert "**1 of 4 issues done**" in sitting.texts()[1]
    assert "Open issues: 5 before, not known after." in sitting.texts()[1]


class Ending:
    """The App, and its reader; the service is told to end while the policy is read."""

    def __init__(self, bench: Bench) -> None:
        self._app, self._installed = bench.github, bench.github.installation(bench.installation.id)
        self.lanes = Lanes(bench.database, cast("GitHub", self), bench.pace)

    def __getattr__(self, name: str) -> object:
        return getattr(self._app, name, None) or getattr(self._installed, name, None) or getattr(self._reader, name)

    @property
    def _reader(self) -> Reader:
        return self._installed.reader

    @property
    def reader(self) -> Ending:
        return self

    def installation(self, _id: int) -> Ending:
        return self

    def files(self, repo: Repository, changed_at: int, shared_changed_at: int) -> RepositoryFiles:
        self.lanes.stop()
        return self._reader.files(repo, changed_at, shared_changed_at)


def test_a_service_that_ends_before_it_heard_hears_after_the_next_start(sitting: Sitting):
    sitting.bench.settle()
    start = sitting.fake.comment(REPO, sitting.hall, "maya", "/bash start 2h")
    ending = Ending(sitting.bench)
    for lane in sitting.bench.hand_over(sitting.bench.waiting()):
        ending.lanes.run(lane)
    assert sitting.bench.undone() == 0
    assert reactions(start) == []
    sitting.bench.restart()
    sitting.bench.settle()
    assert reactions(start) == ["eyes", "+1"]


def test_an_issue_that_somebody_deletes_ends_it(sitting: Sitting):
    sitting.start()
    sitting.fake.delete_issue(REPO, sitting.issue, by="maya")
    for _ in range(3):
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
