"""What people did to a waiting issue counts, also where nobody told the bot of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.bot.work.bench import COMPLETE, REPO
from tests.bot.work.place import DAY, Place
from tests.fakes.github import changes
from tests.fakes.github.model import Issue


def close_and_reopen(place: Place, issue: Issue) -> None:
    place.fake.close(REPO, issue, by="mia")
    place.clock.now += 60
    place.fake.reopen(REPO, issue, by="mia")


def pin(place: Place, issue: Issue) -> None:
    issue.pinned = True
    changes.touch(place.fake, issue)


def lock_for_a_month(place: Place, issue: Issue) -> None:
    place.fake.lock_issue(REPO, issue, by="mia")
    place.wait(30)
    place.fake.unlock_issue(REPO, issue, by="mia")


@pytest.mark.parametrize(
    "done",
    [
        close_and_reopen,
        pin,
        lock_for_a_month,
        lambda place, issue: place.fake.edit_issue(REPO, issue, title="Still broken in 2.0"),
        lambda place, issue: place.fake.edit_issue(REPO, issue, body=f"{issue.body}\n\nStill so in 2.0"),
        lambda place, issue: place.fake.edit_issue(REPO, issue, by="mia", title="Broken in 2.0, too?"),
        lambda place, issue: place.fake.edit_comment(issue.comments[0], "Does it? I could not try.", by="mia"),
        lambda place, issue: place.fake.edit_comment(place.comments(issue)[0], "We keep this.", by="mia"),
    ],
    ids=["reopened", "pinned", "unlocked", "title", "text", "title by another", "comment", "warning"],
)
def test_a_warned_issue_is_not_closed_though_the_news_were_lost(place: Place, done: Callable[[Place, Issue], None]):
    issue = place.warned()
    place.clock.now += 3 * DAY
    done(place, issue)
    place.bench.waiting()  # and lost
    for days in (1, 5, 1.1, 2):
        place.wait(days)
    assert issue.state == "open"
    assert "stale" not in place.bench.labels(issue)


@pytest.mark.parametrize("lost", [False, True])
def test_an_answer_edited_into_an_older_comment_is_heard(place: Place, *, lost: bool):
    place.commit("stale: {days_until_stale: 60, days_until_close: 7}")
    issue = place.fake.open_issue(REPO, "ann0", "It broke", COMPLETE)
    place.clock.now += 60
    comment = place.fake.comment(REPO, issue, "ann0", "More:")
    place.clock.now += 60
    place.fake.comment(REPO, issue, "mia", "Does it still happen?")
    place.bench.settle()
    place.wait(61)
    assert "stale" in place.bench.labels(issue)
    place.clock.now += DAY
    place.fake.edit_comment(comment, "More: yes, also with 2.0.")
    if lost:
        place.bench.waiting()
        place.wait(1)
    place.bench.settle()
    assert "stale" not in place.bench.labels(issue)
    place.wait(61)
    place.wait(8)
    assert (issue.state, len(place.comments(issue))) == ("open", 1), "the maintainers have the next word"


def test_a_person_who_changes_the_words_of_a_warning_takes_it_back(place: Place):
    issue = place.warned()
    place.clock.now += 60
    (warning,) = place.comments(issue)
    marker = warning.body.splitlines()[0]
    place.fake.edit_comment(warning, f"{marker}\nWe keep this open until the end of 2040.", by="mia")
    place.bench.settle()
    assert "over" in place.said(issue)[0]
    place.wait(8)
    assert issue.state == "open"


def test_a_person_who_opens_and_closes_it_within_the_hour_is_the_one_who_closed_it(place: Place):
    issue = place.warned()
    place.wait(8)
    assert issue.state == "closed"
    place.clock.now += 600
    place.fake.reopen(REPO, issue, by="mia")
    place.clock.now += 600
    place.fake.close(REPO, issue, by="mia")
    place.bench.waiting()  # and lost
    place.clock.now += DAY
    place.fake.comment(REPO, issue, "ann0", "It still matters.")
    place.bench.settle()
    assert place.state(issue) == "closed"
    assert not place.bench.record(issue).closed_by_bot
    assert "over" in place.said(issue)[0]
