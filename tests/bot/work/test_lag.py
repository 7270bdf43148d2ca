"""GitHub shows late what was written, and the bot dies in between: neither doubles anything nor leaves it wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from bot.work.lanes import Lanes
from tests.bot.work.bench import COMPLETE, INCOMPLETE, PACE, REPO, Bench, CutApp, PowerCut
from tests.bot.work.place import DAY, Place
from tests.fakes.github.model import Issue

if TYPE_CHECKING:
    from bot.work.ports import GitHub

LAG = 0.5
"""Seconds."""
# GitHub tells whole seconds of when something changed.
PATIENT = replace(PACE, first_wait=0.1, longest_wait=0.4, attempts=6, attempts_unavailable=30, lag=LAG + 1)
EMPTY = INCOMPLETE.replace("It fell over at once, and loudly.", "_No response_")
COMMENTS = "/comments$"


@pytest.fixture
def slow(bench: Bench) -> Bench:
    bench.restart(PATIENT)
    bench.fake.read_lag = LAG
    return bench


def asked_for(bench: Bench, issue: Issue) -> set[str]:
    (comment,) = bench.requests(issue)
    return {name for name in ("Version", "What happened") if f"**{name}**" in comment.body}


def test_a_comment_that_is_not_shown_yet_is_not_written_again(slow: Bench):
    slow.fake.faults.error(502, method="POST", path=COMMENTS, when="after")
    issue = slow.open()
    slow.settle(15)
    assert len(slow.requests(issue)) == 1


def test_nor_by_the_next_process(slow: Bench):
    issue = slow.open()
    doomed = CutApp(slow.github, slow.installation.id)
    slow.lanes = Lanes(slow.database, cast("GitHub", doomed), slow.pace)
    with pytest.raises(PowerCut):
        slow.once()
    slow.restart(PATIENT)
    slow.settle(15)
    assert len(slow.requests(issue)) == 1
    assert slow.labels(issue) == {"bug", "needs-info"}


def test_a_new_issue_that_is_not_shown_yet_is_not_gone(slow: Bench):
    issue = slow.open()
    (first,) = slow.waiting()
    slow.fake.comment(REPO, issue, "bob", "Me too.")
    slow.once()
    for lane in slow.hand_over([first]):
        slow.lanes.run(lane)
    slow.settle(15)
    assert len(slow.requests(issue)) == 1


def test_a_label_from_after_the_news_is_taken_off_again(slow: Bench):
    issue = slow.open()
    first = slow.waiting()
    slow.fake.edit_issue(REPO, issue, body=COMPLETE)
    second = slow.waiting()
    for news in (first, second):
        for lane in slow.hand_over(news):
            slow.lanes.run(lane)
    slow.settle(15)
    assert slow.labels(issue) == {"bug"}


def test_two_answers_one_after_the_other_are_both_heard(slow: Bench):
    issue = slow.open(EMPTY)
    slow.settle(15)
    assert asked_for(slow, issue) == {"Version", "What happened"}
    for heading, answer in (("Version", "1.2.3"), ("What happened", "It fell over at once.")):
        slow.fake.comment(REPO, issue, "ann", f"### {heading}\n\n{answer}\n")
        slow.once()
    slow.settle(15)
    assert slow.record(issue).request_resolved
    assert slow.labels(issue) == {"bug"}


@pytest.mark.parametrize("meanwhile", [EMPTY, COMPLETE])
def test_an_edit_whose_answer_was_lost_is_taken_back_where_it_is_wrong_by_then(bench: Bench, meanwhile: str):
    issue = bench.open()
    bench.settle()
    bench.fake.faults.drop(method="PATCH", path="/comments/", when="after")
    bench.fake.edit_issue(REPO, issue, body=meanwhile)
    bench.once()
    bench.fake.edit_issue(REPO, issue, body=INCOMPLETE)
    bench.settle()
    assert asked_for(bench, issue) == {"Version"}
    assert bench.requests(issue)[0].minimized == ""


def test_and_so_is_one_that_asked_again(bench: Bench):
    issue = bench.open()
    bench.settle()
    bench.fake.edit_issue(REPO, issue, body=COMPLETE)
    bench.settle()
    bench.fake.faults.drop(method="PATCH", path="/comments/", when="after")
    bench.fake.edit_issue(REPO, issue, body=INCOMPLETE)
    bench.once()
    bench.fake.edit_issue(REPO, issue, body=COMPLETE)
    bench.settle()
    assert asked_for(bench, issue) == set()
    assert bench.requests(issue)[0].minimized


def test_an_edit_that_met_a_limit_was_not_made(bench: Bench):
    issue = bench.open()
    bench.settle()
    before = bench.record(issue).request_body
    bench.fake.faults.secondary_limit(30, method="PATCH", path="/comments/")
    bench.fake.edit_issue(REPO, issue, body=COMPLETE)
    bench.once()
    assert bench.record(issue).request_body == before


def test_what_is_said_together_with_the_news_of_an_issue_counts(bench: Bench):
    issue = bench.open()
    bench.fake.comment(REPO, issue, "ann", "### Version\n\n1.2.3\n")
    bench.settle()
    assert bench.requests(issue) == []
    assert bench.labels(issue) == {"bug"}


def test_old_news_of_a_new_issue_are_not_believed(place: Place):
    issue = place.bench.open()
    (first,) = place.bench.waiting()
    place.fake.edit_issue(REPO, issue, body=COMPLETE)
    place.bench.waiting()  # and lost
    place.clock.now += DAY
    place.bench.hand_over([first])
    place.bench.settle()
    assert place.comments(issue) == []


def test_a_comment_is_hidden_as_soon_as_it_can_be(bench: Bench):
    issue = bench.open()
    bench.settle()
    bench.fake.faults.error(502, path="/graphql$")
    bench.fake.edit_issue(REPO, issue, body=COMPLETE)
    bench.settle()
    assert bench.requests(issue)[0].minimized


def test_a_label_that_waits_on_a_closed_issue_is_taken_off_by_an_answer(bench: Bench):
    issue = bench.open()
    first = bench.waiting()
    bench.fake.close(REPO, issue, by="octo-org")
    bench.fake.faults.error(502, method="POST", path=COMMENTS)
    for lane in bench.hand_over(first):
        bench.lanes.run(lane)
    bench.settle()
    assert bench.labels(issue) == {"bug", "needs-info"}
    bench.fake.comment(REPO, issue, "ann", "### Version\n\n1.2.3\n")
    bench.settle()
    assert bench.labels(issue) == {"bug"}
    assert bench.requests(issue) == []


def test_an_interrupted_edit_does_not_stay_begun_in_the_journal(bench: Bench):
    issue = bench.open()
    bench.settle()
    bench.fake.edit_issue(REPO, issue, body=EMPTY)
    (lane,) = bench.hand_over(bench.waiting())
    doomed = CutApp(bench.github, bench.installation.id, kind="edit_request")
    with pytest.raises(PowerCut):
        Lanes(bench.database, cast("GitHub", doomed), bench.pace).run(lane)
    bench.settle()
    assert asked_for(bench, issue) == {"Version", "What happened"}
    assert "intended" not in {it.state for it in bench.journal(issue)}
