"""Deliveries that somebody kept and sends again under another GUID, which is not signed."""

from __future__ import annotations

import pytest

from tests.bot.work.bench import COMPLETE, REPO, Bench, again
from tests.bot.work.place import DAY, STALE, Place
from tests.fakes.github import changes
from tests.fakes.github.model import Delivery, Issue


def send_again(bench: Bench, event: str, action: str) -> None:
    kept = [one for one in bench.fake.hooks.deliveries if (one.event, one.action) == (event, action)]
    send(bench, kept[-1])


def send(bench: Bench, kept: Delivery) -> None:
    for lane in bench.hand_over([again(kept)]):
        bench.lanes.run(lane)
    bench.settle()


@pytest.mark.parametrize(("days", "wanted"), [(29, "closed"), (31, "open")])
def test_a_command_said_long_ago_is_not_carried_out(place: Place, days: int, wanted: str):
    issue = place.fake.open_issue(REPO, "ann", "It broke", COMPLETE)
    place.bench.settle()
    place.fake.comment(REPO, issue, "ann", "/close")
    kept = place.bench.waiting()  # and lost
    place.clock.now += days * DAY
    for delivery in kept:
        send(place.bench, delivery)
    assert issue.state == wanted


def test_a_late_command_does_not_close_what_a_person_has_opened_since(place: Place):
    issue, lost = with_a_command(place, "/close")
    place.fake.close(REPO, issue, by="mia")
    place.fake.reopen(REPO, issue, by="mia")
    arrive_late(place, lost)
    assert issue.state == "open"
    assert not issue.comments[-1].reactions


def test_nor_does_it_put_on_a_label_that_a_person_has_taken_off_since(place: Place):
    issue, lost = with_a_command(place, "/label extra")
    place.fake.label(REPO, issue, "extra", by="mia")
    place.fake.unlabel(REPO, issue, "extra", by="mia")
    arrive_late(place, lost)
    assert place.bench.labels(issue) == {"bug"}


def test_what_was_done_before_a_late_command_or_by_bots_since_does_not_overrule_it(place: Place):
    place.fake.collaborator(REPO, "other[bot]")
    issue = place.bench.open(COMPLETE)
    place.fake.close(REPO, issue, by="mia")
    place.fake.reopen(REPO, issue, by="mia")
    place.clock.now += 60
    place.fake.comment(REPO, issue, "mia", "/close")
    place.clock.now += 60
    place.fake.close(REPO, issue, by="other[bot]")
    place.fake.reopen(REPO, issue, by="other[bot]")
    place.clock.now += 3600
    place.bench.settle()
    assert issue.state == "closed"


def test_a_command_in_time_asks_nobody_what_was_done_since(place: Place):
    _, said = with_a_command(place, "/label extra", after=0)
    place.bench.forget_calls()
    for delivery in said:
        send(place.bench, delivery)
    assert not place.bench.calls("GET", "/events")


@pytest.mark.parametrize("text", ["/label extra", "/needs-info"])
def test_a_late_command_of_somebody_who_may_not_use_it_makes_the_bot_read_nothing(place: Place, text: str):
    _, lost = with_a_command(place, text, by="stranger")
    place.bench.settle()
    place.clock.now += 3600
    place.bench.forget_calls()
    for delivery in lost:
        send(place.bench, delivery)
    assert not place.bench.calls("GET", "/events")
    assert not place.bench.calls("GET", "/comments")


def test_of_thousands_of_changes_the_last_are_read(place: Place):
    other = place.bench.open(COMPLETE)
    place.fake.label(REPO, other, "extra", by="mia")
    issue, lost = with_a_command(place, "/label extra")
    issue.timeline[:0] = other.timeline[-1:] * 3000
    place.fake.label(REPO, issue, "extra", by="mia")
    place.fake.unlabel(REPO, issue, "extra", by="mia")
    place.bench.forget_calls()
    arrive_late(place, lost)
    assert place.bench.labels(issue) == {"bug"}
    assert len(place.bench.calls("GET", "/events")) < 10


def with_a_command(place: Place, text: str, *, after: int = 60, by: str = "mia") -> tuple[Issue, list[Delivery]]:
    """An issue, and the news of a command said there so many seconds ago, which are lost."""
    issue = place.bench.open(COMPLETE)
    place.bench.settle()
    place.fake.comment(REPO, issue, by, text)
    place.clock.now += after
    return issue, place.bench.waiting()


def arrive_late(place: Place, lost: list[Delivery]) -> None:
    place.bench.settle()
    place.clock.now += 3600
    for delivery in lost:
        send(place.bench, delivery)


@pytest.mark.parametrize("order", ["together", "newest first"])
def test_an_author_who_has_answered_before_the_command_arrives_is_not_waited_for(place: Place, order: str):
    bench = place.bench
    issue = bench.open(COMPLETE)
    bench.settle()
    place.fake.comment(REPO, issue, "mia", "/needs-info")
    place.clock.now += 60
    place.fake.comment(REPO, issue, "ann", "It is the blue one.")
    if order == "newest first":
        for delivery in reversed(bench.waiting()):
            send(bench, delivery)
    bench.settle()
    assert bench.labels(issue) == {"bug"}
    place.clock.now += 60
    place.fake.comment(REPO, issue, "mia", "/needs-info")
    bench.settle()
    assert bench.labels(issue) == {"bug", "needs-info"}


def test_news_of_a_label_taken_off_that_come_late_do_not_keep_it_off(place: Place):
    bench, issue = place.bench, with_its_label_off(place)
    place.fake.label(REPO, issue, "bug", by="mia")
    bench.settle()
    send_again(bench, "issues", "unlabeled")
    assert kept_off(place, issue) == set()


def test_where_the_label_is_gone_the_same_news_keep_it_off(place: Place):
    bench, issue = place.bench, with_its_label_off(place)
    place.fake.edit_issue(REPO, issue, title="It broke again")
    kept = bench.waiting()
    assert [one.action for one in kept][-2:] == ["unlabeled", "edited"]
    for delivery in reversed(kept):
        send(bench, delivery)
    assert kept_off(place, issue) == {"bug"}


def test_news_that_an_issue_was_pinned_which_come_late_do_not_keep_it_from_being_stale(place: Place):
    place.commit(STALE)
    (issue,) = place.quiet()
    pin(place, issue, on=True)
    lost = place.bench.waiting()
    pin(place, issue, on=False)
    place.bench.settle()
    for delivery in lost:
        send(place.bench, delivery)
    place.wait(61)
    assert "stale" in place.bench.labels(issue)


@pytest.mark.parametrize("on", [True, False])
def test_an_issue_that_is_pinned_is_never_stale_though_the_news_came_late(place: Place, *, on: bool):
    place.commit(STALE)
    (issue,) = place.quiet()
    pin(place, issue, on=on)
    late = place.bench.waiting()
    if not on:
        pin(place, issue, on=True)
    place.clock.now += 60
    place.fake.comment(REPO, issue, "mia", "Does it still happen?")
    place.bench.settle()
    for delivery in late:
        send(place.bench, delivery)
    place.wait(61)
    assert "stale" not in place.bench.labels(issue)


def pin(place: Place, issue: Issue, *, on: bool) -> None:
    place.clock.now += 60
    issue.pinned = on
    changes.touch(place.fake, issue)
    by = changes.By(place.fake.repository(REPO).owner)
    changes.tell(place.fake, place.fake.repository(REPO), issue, "pinned" if on else "unpinned", by)


def with_its_label_off(place: Place) -> Issue:
    """One from which a person took the bot's label, a minute after it was put on and a minute ago."""
    issue = place.bench.open()
    place.bench.settle()
    place.clock.now += 60
    place.fake.unlabel(REPO, issue, "bug", by="mia")
    place.clock.now += 60
    return issue


def kept_off(place: Place, issue: Issue) -> set[str]:
    return place.bench.record(issue).labels_removed_by_people
