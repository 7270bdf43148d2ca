"""When GitHub fails: nothing is done twice, nothing is lost, and what fails does not hold up the rest."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import orjson
import pytest
import sqlalchemy as sa
import structlog

from bot.store import deliveries, issues, lanes, repositories, tables
from bot.store.deliveries import NewDelivery
from bot.work.lanes import Lanes
from bot.work.pace import Pace
from bot.work.service import requeue_dead
from tests.bot.work.bench import COMPLETE, FORM, INCOMPLETE, REPO, Bench, CutApp, PowerCut
from tests.bot.work.place import DAY, Place
from tests.fakes.github.model import Issue

if TYPE_CHECKING:
    from bot.work.ports import GitHub

COMMENTS = "/comments$"
SECRET = "acme/secret"


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_comment_whose_answer_was_lost_is_found_and_not_written_again(bench: Bench, status: int):
    bench.fake.faults.error(status, method="POST", path=COMMENTS, when="after")
    issue = bench.open()
    bench.settle()
    assert len(bench.requests(issue)) == 1
    assert len(bench.calls("POST", "/comments")) == 1
    assert bench.record(issue).request_comment_id == bench.requests(issue)[0].id
    assert "unknown" in {it.state for it in bench.journal(issue)}


def test_a_comment_that_was_never_written_is_written_within_seconds(bench: Bench):
    bench.fake.faults.drop(method="POST", path=COMMENTS, times=2)
    issue = bench.open()
    bench.settle()
    assert len(bench.requests(issue)) == 1


def test_labels_whose_answer_was_lost_are_still_the_bots_own(bench: Bench):
    bench.fake.faults.drop(method="POST", path="/labels$", when="after")
    issue = bench.open()
    bench.settle()
    assert bench.record(issue).labels_by_bot == {"bug", "needs-info"}
    bench.fake.edit_issue(REPO, issue, body=COMPLETE)
    bench.settle()
    assert bench.labels(issue) == {"bug"}


def test_a_label_taken_off_with_its_answer_lost_was_not_taken_off_by_a_person(bench: Bench):
    issue = bench.open()
    bench.settle()
    bench.fake.faults.drop(method="DELETE", when="after")
    bench.fake.edit_issue(REPO, issue, body=COMPLETE)
    bench.settle()
    assert bench.labels(issue) == {"bug"}
    bench.fake.edit_issue(REPO, issue, body=INCOMPLETE + "Sorry.")
    bench.settle()
    assert bench.labels(issue) == {"bug", "needs-info"}


@pytest.mark.parametrize("told", [False, True])
def test_a_label_put_on_with_its_answer_lost_stays_off_where_a_person_took_it_off(bench: Bench, *, told: bool):
    bench.fake.faults.drop(method="POST", path="/labels$", when="after")
    issue = bench.open()
    bench.once()
    assert bench.labels(issue) == {"bug", "needs-info"}
    bench.fake.unlabel(REPO, issue, "needs-info", by="maya")
    if not told:
        bench.waiting()
    bench.settle()
    assert bench.labels(issue) == {"bug"}
    assert bench.record(issue).labels_removed_by_people == {"needs-info"}
    assert len(bench.requests(issue)) == 1


def test_a_label_taken_off_with_its_answer_lost_stays_on_where_a_person_put_it_on(bench: Bench):
    issue = bench.open()
    bench.settle()
    bench.fake.faults.drop(method="DELETE", when="after")
    bench.fake.edit_issue(REPO, issue, body=COMPLETE)
    bench.once()
    assert bench.labels(issue) == {"bug"}
    bench.fake.label(REPO, issue, "needs-info", by="maya")
    bench.waiting()
    bench.settle()
    assert bench.labels(issue) == {"bug", "needs-info"}
    assert bench.record(issue).labels_by_people == {"needs-info"}


def test_labels_that_were_never_put_on_are_put_on_after_all(bench: Bench):
    bench.fake.faults.drop(method="POST", path="/labels$", when="before")
    issue = bench.open()
    bench.once()
    assert bench.labels(issue) == set()
    bench.settle()
    assert bench.labels(issue) == {"bug", "needs-info"}
    assert bench.record(issue).labels_by_bot == {"bug", "needs-info"}


def test_they_are_though_a_person_took_one_off_before(place: Place):
    bench = place.bench
    issue = bench.open(COMPLETE)
    bench.settle()
    bench.fake.label(REPO, issue, "needs-info", by="mia")
    bench.fake.unlabel(REPO, issue, "needs-info", by="mia")
    bench.waiting()  # and lost
    place.clock.now += 60
    lose_the_next_labels(place, issue)
    bench.settle()
    assert bench.labels(issue) == {"bug", "needs-info"}


def test_nor_does_it_matter_that_a_person_took_one_off_before_another_asked_for_it(place: Place):
    bench = place.bench
    issue = bench.open()
    bench.settle()
    place.clock.now += 60
    bench.fake.unlabel(REPO, issue, "needs-info", by="mia")
    bench.settle()
    place.clock.now += 60
    bench.fake.faults.drop(method="POST", path="/labels$", when="before")
    bench.fake.comment(REPO, issue, "mia", "/needs-info version")
    bench.once()
    assert bench.labels(issue) == {"bug"}
    place.clock.now += 1
    bench.settle()
    assert bench.labels(issue) == {"bug", "needs-info"}


def test_what_was_done_to_an_issue_is_listed_once_for_a_look(place: Place):
    bench = place.bench
    issue = bench.open(COMPLETE)
    bench.settle()
    bench.fake.comment(REPO, issue, "mia", "/label extra")
    late = bench.waiting()
    place.clock.now += 3600
    lose_the_next_labels(place, issue)
    bench.forget_calls()
    bench.hand_over(late)
    bench.settle()
    assert bench.labels(issue) == {"bug", "extra", "needs-info"}
    assert len(bench.calls("GET", "/events")) == 1


def lose_the_next_labels(place: Place, issue: Issue) -> None:
    """The issue lacks something from now on, and GitHub never gets to hear of the label for that."""
    place.fake.faults.drop(method="POST", path="/labels$", when="before")
    place.fake.edit_issue(REPO, issue, body=INCOMPLETE)
    place.bench.once()
    assert "needs-info" not in place.bench.labels(issue)
    place.clock.now += 1


def test_an_issue_that_cannot_be_read_for_a_while_is_read_later(bench: Bench):
    issue = bench.open()
    bench.settle()
    bench.fake.faults.error(502, method="GET", path=rf"/issues/{issue.number}$", times=2)
    bench.fake.edit_issue(REPO, issue, body=COMPLETE)
    bench.settle()
    assert bench.record(issue).request_resolved


@pytest.mark.parametrize("where", ["labels", "comments"])
def test_at_a_limit_the_lane_waits_without_holding_a_worker(bench: Bench, where: str):
    bench.fake.faults.secondary_limit(30, method="POST", path=f"/{where}$")
    issue = bench.open()
    began = time.monotonic()
    bench.once()
    assert time.monotonic() - began < 15
    assert len(bench.requests(issue)) == 0
    now = round(time.time() * 1000)
    with bench.database.read() as connection:
        assert lanes.due(connection, now + 25_000) == []
        assert lanes.due(connection, now + 31_000) == [lanes.of_repository(bench.repository_id)]
        (pending,) = deliveries.pending(connection, lanes.of_repository(bench.repository_id), now, 10)
    assert pending.attempts == 0


def test_after_a_limit_only_what_is_left_is_done(bench: Bench):
    bench.fake.faults.secondary_limit(1, method="POST", path=COMMENTS)
    issue = bench.open()
    bench.once()
    assert bench.labels(issue) == {"bug", "needs-info"}
    bench.settle()
    assert len(bench.requests(issue)) == 1
    assert len(bench.calls("POST", f"/issues/{issue.number}/labels")) == 1


def test_a_limit_met_while_reading_loses_nothing(bench: Bench):
    bench.fake.faults.secondary_limit(1, method="GET", path="/git/trees/")
    made = [bench.open() for _ in range(3)]
    bench.settle()
    assert [len(bench.requests(issue)) for issue in made] == [1, 1, 1]


def test_what_is_forbidden_becomes_a_dead_letter_that_can_be_run_again(bench: Bench):
    fault = bench.fake.faults.error(403, method="POST", path=COMMENTS, times=-1)
    issue = bench.open()
    bench.settle()
    (letter,) = bench.dead()
    assert "post_request" in letter.reason
    assert "403" in letter.reason
    # What could be done was done all the same.
    assert bench.labels(issue) == {"bug", "needs-info"}

    fault.times = 0
    assert requeue_dead(bench.database, datetime.now(UTC)) == 1
    bench.settle()
    assert len(bench.requests(issue)) == 1
    assert bench.dead() == []


@pytest.mark.parametrize("path", ["/access_tokens$", "^/app$"])
def test_while_github_refuses_the_key_work_is_held_back(bench: Bench, path: str):
    bench.restart()
    fault = bench.fake.faults.error(401, path=path, times=-1)
    made = [bench.open() for _ in range(3)]
    bench.once()
    assert bench.dead() == []
    assert bench.undone() == 3
    fault.times = 0
    bench.settle()
    assert [len(bench.requests(issue)) for issue in made] == [1, 1, 1]


def test_under_suspension_work_is_held_back_and_goes_on_afterwards(bench: Bench):
    asked = bench.open()
    bench.settle()
    issue = bench.open()
    bench.fake.suspend(bench.installation)
    bench.once()
    assert bench.dead() == []
    assert bench.undone() == 1
    # What happens meanwhile GitHub does not tell.
    bench.fake.edit_issue(REPO, asked, body=COMPLETE)
    bench.fake.suspend(bench.installation, suspended=False)
    bench.settle()
    assert len(bench.requests(issue)) == 1
    assert bench.record(asked).request_resolved


def test_a_suspension_that_is_met_while_acting_costs_no_attempt(bench: Bench):
    bench.open(COMPLETE)
    bench.settle()
    issue = bench.open()
    bench.installation.suspended_at = bench.fake.clock()
    bench.once()
    with bench.database.read() as connection:
        (pending,) = deliveries.pending(connection, lanes.of_repository(bench.repository_id), 10**15, 10)
    assert pending.attempts == 0
    bench.installation.suspended_at = None
    with bench.database.write() as connection:
        lanes.mark_due(connection, lanes.of_repository(bench.repository_id), 1)
    bench.settle()
    assert len(bench.requests(issue)) == 1


def test_a_command_that_failed_for_good_is_no_other_deliverys_and_runs_again_with_its_own(bench: Bench):
    issue = bench.open(COMPLETE)
    bench.settle()
    fault = bench.fake.faults.error(403, method="PATCH", path=rf"/issues/{issue.number}$", times=-1)
    bench.fake.comment(REPO, issue, "octo-org", "/close")
    bench.settle()
    (letter,) = bench.dead()
    fault.times = 0
    bench.fake.edit_issue(REPO, issue, body=COMPLETE + "More words.")
    bench.settle()
    assert bench.record(issue).state == "open"
    assert requeue_dead(bench.database, datetime.now(UTC), [letter.guid]) == 1
    bench.settle()
    assert bench.record(issue).state == "closed"
    # Carried out once is carried out for good.
    bench.fake.reopen(REPO, issue, by="octo-org")
    bench.settle()
    assert bench.record(issue).state == "open"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", r"/issues/\d+$"), ("POST", r"/issues/\d+/labels$"), ("POST", COMMENTS)]
)
def test_what_github_does_not_show_yet_is_not_gone(bench: Bench, method: str, path: str):
    bench.fake.faults.error(404, method=method, path=path)
    issue = bench.open()
    bench.fake.comment(REPO, issue, "ann", "Hello?")
    bench.settle()
    assert len(bench.requests(issue)) == 1
    assert bench.labels(issue) == {"bug", "needs-info"}
    assert bench.record(issue).state == "open"


@pytest.mark.parametrize("told", [True, False])
def test_an_issue_of_a_repository_that_the_app_may_not_see_for_a_while_is_not_gone(bench: Bench, *, told: bool):
    bench.fake.add_repository(SECRET, {".github/ISSUE_TEMPLATE/bug.yml": FORM}, labels=["bug"], private=True)
    acme = bench.fake.install(bench.app, "acme", [SECRET])
    issue = bench.fake.open_issue(SECRET, "ann", "It broke", INCOMPLETE)
    bench.settle()
    bench.fake.choose_repositories(acme, removed=[SECRET])
    if not told:
        bench.waiting()  # and lost
    look_now(bench, SECRET, issue)
    bench.fake.choose_repositories(acme, added=[SECRET])
    bench.fake.edit_issue(SECRET, issue, body=COMPLETE)
    bench.hand_over([it for it in bench.waiting() if it.event != "issues"])
    look_now(bench, SECRET, issue)
    (request,) = bench.fake.comments_by(bench.app, SECRET, issue)
    assert "Version" not in request.body


def test_a_repository_that_the_app_may_not_see_is_asked_for_by_the_day_until_it_is_given_back(place: Place):
    bench = place.bench
    bench.fake.add_repository(SECRET, {".github/ISSUE_TEMPLATE/bug.yml": FORM}, labels=["bug"], private=True)
    acme = bench.fake.install(bench.app, "acme", [SECRET])
    opened = [bench.fake.open_issue(SECRET, "ann", "It broke", INCOMPLETE) for _ in range(3)]
    bench.settle()
    bench.fake.choose_repositories(acme, removed=[SECRET])
    bench.waiting()  # and lost
    bench.forget_calls()
    look_now(bench, SECRET, *opened)
    assert bench.calls("GET", SECRET) == [f"GET /repos/{SECRET}"]
    bench.forget_calls()
    place.clock.now += 2 * 3600
    bench.settle()
    assert not bench.calls()
    bench.fake.choose_repositories(acme, added=[SECRET])
    bench.fake.edit_issue(SECRET, opened[0], body=COMPLETE)
    bench.waiting()  # and lost
    place.clock.now += DAY
    bench.settle()
    (request,) = bench.fake.comments_by(bench.app, SECRET, opened[0])
    assert "Version" not in request.body


def test_an_issue_that_is_not_there_when_its_time_comes_is_gone(bench: Bench):
    issue = bench.open()
    bench.settle()
    bench.fake.delete_issue(REPO, issue, by="octo-org")
    bench.waiting()  # and lost
    bench.forget_calls()
    look_now(bench, REPO, issue)
    assert bench.record(issue).state == "gone"
    assert bench.calls() == [f"GET /repos/{REPO}/issues/{issue.number}", f"GET /repos/{REPO}"]


def test_a_dead_letter_from_before_a_rename_does_not_bring_the_old_name_back(bench: Bench):
    fault = bench.fake.faults.error(403, method="POST", path=COMMENTS, times=-1)
    bench.open()
    bench.settle()
    bench.fake.rename(REPO, "shown")
    bench.settle()
    fault.times = 0
    requeue_dead(bench.database, datetime.now(UTC))
    bench.settle()
    assert bench.dead() == []
    with bench.database.read() as connection:
        (known,) = repositories.every(connection)
    assert known.repository.name == "shown"


def test_dead_letters_can_be_chosen(bench: Bench):
    fault = bench.fake.faults.error(403, method="POST", path=COMMENTS, times=-1)
    bench.open()
    bench.open()
    bench.settle()
    fault.times = 0
    first, second = bench.dead()
    assert requeue_dead(bench.database, datetime.now(UTC), [first.guid]) == 1
    bench.settle()
    assert [letter.guid for letter in bench.dead()] == [second.guid]


def test_an_issue_that_keeps_failing_is_given_up_and_the_others_are_not(bench: Bench):
    bench.fake.faults.error(500, method="POST", path=rf"/issues/1{COMMENTS}", times=-1)
    bad, good = bench.open(), bench.open()
    bench.settle(60)
    assert bad.number == 1
    assert not bench.requests(bad)
    assert len(bench.requests(good)) == 1
    (letter,) = bench.dead()
    assert "500" in letter.reason


def test_a_request_too_long_for_github_is_given_up_with_its_reason(bench: Bench):
    bench.fake.faults.error(422, method="POST", path=COMMENTS, times=-1)
    bench.open()
    bench.settle()
    (letter,) = bench.dead()
    assert "422" in letter.reason


def test_while_github_is_away_a_lane_asks_now_and_then_only(bench: Bench):
    bench.restart(Pace(first_wait=30.0))
    bench.fake.faults.drop(times=-1)
    for _ in range(5):
        bench.open()
    bench.once()
    assert len(bench.calls()) <= 4
    now = round(time.time() * 1000)
    with bench.database.read() as connection:
        assert lanes.due(connection, now + 20_000) == []
        assert lanes.due(connection, now + 200_000) == [lanes.of_repository(bench.repository_id)]
        assert deliveries.count_undone(connection) == 5


def test_a_crash_before_the_outcome_is_known_writes_nothing_twice(bench: Bench):
    issue = bench.open()
    doomed = CutApp(bench.github, bench.installation.id)
    (lane,) = bench.hand_over(bench.waiting())
    with pytest.raises(PowerCut):
        Lanes(bench.database, cast("GitHub", doomed)).run(lane)
    assert doomed.writer.written == ["add_labels", "post_request"]
    assert bench.record(issue).intent.post

    bench.settle()
    assert len(bench.requests(issue)) == 1
    assert len(bench.calls("POST", f"/issues/{issue.number}/labels")) == 1
    assert bench.record(issue).labels_by_bot == {"bug", "needs-info"}
    assert [(it.kind, it.state) for it in bench.journal(issue)] == [
        ("add_labels", "unknown"),
        ("post_request", "unknown"),
    ]


def test_a_delivery_that_cannot_be_understood_is_given_up_and_the_others_are_not(bench: Bench):
    issue = bench.open()
    lane = lanes.of_repository(bench.repository_id)
    with bench.database.write() as connection:
        deliveries.add(connection, [NewDelivery("poison", "issues", lane, b"{", 1)])
    bench.settle()
    assert len(bench.requests(issue)) == 1
    (letter,) = bench.dead()
    assert (letter.guid, letter.attempts) == ("poison", 2)
    assert "JSONDecodeError" in letter.reason or "unexpected end" in letter.reason


@pytest.mark.parametrize(
    ("event", "body"),
    [
        # No database holds such a number, so the whole batch's transaction breaks.
        ("issues", {"action": "edited", "issue": {"number": 2**63, "title": "sesame", "body": ""}}),
        ("issues", {"action": "labeled", "label": {"name": "bug"}, "issue": {"number": 2**63 + 1}}),
    ],
)
def test_a_delivery_that_breaks_its_whole_lane_is_given_up_and_the_others_are_not(
    bench: Bench, event: str, body: dict[str, object]
):
    lane = lanes.of_repository(bench.repository_id)
    with bench.database.write() as connection:
        deliveries.add(connection, [NewDelivery("poison", event, lane, orjson.dumps(body), 1)])
    issue = bench.open()
    bench.settle(60)
    assert len(bench.requests(issue)) == 1
    (letter,) = bench.dead()
    assert letter.guid == "poison"
    assert "OverflowError" in letter.reason
    assert "sesame" not in letter.reason


def test_an_installations_delivery_that_breaks_its_lane_is_given_up(bench: Bench):
    with bench.database.write() as connection:
        deliveries.add(connection, [NewDelivery("poison", "installation", "installation:1", b"{", 1)])
        lanes.mark_due(connection, "installation:1", 1)
    bench.settle(60)
    assert [letter.guid for letter in bench.dead()] == ["poison"]


def test_a_due_look_that_breaks_its_lane_is_let_go(bench: Bench):
    asked = bench.open()
    bench.settle()
    with bench.database.write() as connection:
        issues.look_at(connection, bench.repository_id, asked.number, 1)
        connection.execute(sa.update(tables.issues).values(labels_by_bot="{"))
    bench.settle(60)
    with bench.database.read() as connection:
        assert issues.due(connection, bench.repository_id, 10**15, 10) == []


def test_every_line_of_the_log_tells_the_delivery_and_no_secret(bench: Bench):
    bench.fake.faults.error(403, method="POST", path=COMMENTS)
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        issue = bench.open()
        (opened,) = bench.waiting()
        bench.hand_over([opened])
        bench.settle()
    said = [line for line in lines if line["event"] in {"decided", "carried out"}]
    assert {(line["issue"], line["delivery"]) for line in said} == {(issue.number, opened.guid)}
    assert "ghs_" not in str(lines)
    assert "It fell over" not in str(lines)


def look_now(bench: Bench, repo: str, *some: Issue) -> None:
    bench.settle()
    with bench.database.write() as connection:
        for issue in some:
            issues.look_at(connection, bench.fake.repository(repo).id, issue.number, bench.now())
    bench.settle()
