"""What people did to a waiting issue counts, also where nobody told the bot of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.store.schedules import POLICY
from tests.bot.work.bench import COMPLETE, REPO
from tests.bot.work.place import DAY, STALE, Place
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
    place.commit(STALE)
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


def test_what_the_bot_said_before_its_database_was_lost_is_taken_back_once_the_author_answers(place: Place):
    issue = place.warned()
    place.new_database()
    place.fake.comment(REPO, issue, "ann0", "Yes, it does.")
    place.bench.settle()
    place.chores.run(place.bench.repository_id, POLICY)
    place.wait(0)
    assert "stale" not in place.bench.labels(issue)
    assert "over" in place.said(issue)[0]


def test_what_the_bot_closed_before_its_database_was_lost_is_opened_again_by_an_answer(place: Place):
    issue = place.warned()
    place.wait(8)
    assert place.state(issue) == "closed"
    place.new_database()
    place.fake.comment(REPO, issue, "ann0", "Yes, it does.")
    place.bench.settle()
    place.chores.run(place.bench.repository_id, POLICY)
    place.wait(0)
    assert place.state(issue) == "open"


def test_nobody_is_warned_on_the_day_on_which_the_app_comes(place: Place):
    place.commit(STALE)
    (issue,) = place.quiet()
    place.clock.now += 61 * DAY
    place.new_database()
    place.fake.open_issue(REPO, "zoe", "Another", COMPLETE)
    place.bench.settle()
    place.chores.run(place.bench.repository_id, POLICY)
    for hours in (0, 2, 21.5):
        place.wait(hours / 24)
        assert place.comments(issue) == []
    place.wait(1 / 24)
    assert len(place.comments(issue)) == 1


def label_by_a_bot(place: Place, issue: Issue, name: str, *, on: bool) -> None:
    with place.fake.lock:
        repository, found = place.fake.find(REPO, issue)
        by = changes.By(place.fake.account("old-stale", "Bot"))
        if on:
            changes.add_labels(place.fake, repository, found, by, [name])
        else:
            changes.remove_label(place.fake, repository, found, by, name)
    place.bench.settle()


def test_the_label_that_another_bot_puts_on_warns_nobody(place: Place):
    place.commit(STALE)
    (issue,) = place.quiet()
    place.wait(2)
    label_by_a_bot(place, issue, "stale", on=True)
    place.wait(1.1)
    assert place.comments(issue) == []
    place.fake.unlabel(REPO, issue, "stale", by="mia")
    place.fake.label(REPO, issue, "stale", by="mia")
    place.bench.settle()
    place.wait(1.1)
    assert len(place.comments(issue)) == 1, "a person's word it is"


def test_the_label_that_another_bot_takes_off_takes_nothing_back(place: Place):
    issue = place.warned()
    label_by_a_bot(place, issue, "stale", on=False)
    assert "notice stale" in place.said(issue)[0]
    place.wait(8)
    assert issue.state == "closed"


def test_a_bot_that_never_stops_talking_keeps_nothing_open(place: Place):
    issue = place.warned()
    for _ in range(20):
        place.clock.now += 10 / 24 * DAY
        place.fake.comment(REPO, issue, "ci", "Build failed", bot=True)
        place.bench.forget_calls()
        place.bench.settle()
        assert issue.state == "closed" or not place.bench.calls("GET", "/comments"), "nobody looks for that"
        place.wait(0)
    assert issue.state == "closed"


def test_an_opening_that_github_refuses_once_is_done_later(place: Place):
    issue = place.warned()
    place.wait(8)
    place.clock.now += DAY
    place.fake.faults.error(403, method="PATCH", path=f"/issues/{issue.number}$", times=1)
    place.fake.comment(REPO, issue, "ann0", "Yes, it does.")
    place.bench.settle()
    assert place.state(issue) == "closed"
    assert [line.split()[2] for line in place.said(issue)] == ["stale", "closing"]
    assert [it.note for it in place.bench.journal(issue) if it.kind == "retract_notice"] == ["left out: not opened"] * 2
    place.wait(1.1)
    assert place.state(issue) == "open"
    assert [line.split()[2] for line in place.said(issue)] == ["over", "over"]
