"""When GitHub fails, limits, forgets or moves things: everything is done in the end, and nothing twice."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.e2e.town import ANSWERS, Home, Town

GAPS = {"what": "It stops."}
THANKS = "Everything that was missing is here now"


def asked_once(home: Home) -> None:
    issue = home.file(GAPS)
    home.asked(issue)
    assert home.labels(issue) == {"bug", "needs-info"}


@pytest.mark.parametrize("fault", ["error", "drop"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("ending", ["/comments$", "/labels$"])
def test_a_failed_write_is_found_again_before_it_is_repeated(town: Town, fault: str, when: str, ending: str):
    home = town.found()
    getattr(town.running.fake.faults, fault)(method="POST", path=f"{home.name}/.*{ending}", when=when)
    asked_once(home)
    assert home.writes().count("POST /issues/1/comments") == (2 if ending == "/comments$" and when == "before" else 1)


@pytest.mark.parametrize("status", [500, 503])
def test_a_failed_read_is_tried_again(town: Town, status: int):
    home = town.found()
    town.running.fake.faults.error(status, method="GET", path=home.name, times=2)
    asked_once(home)


def test_a_lost_answer_to_an_edit_leaves_the_edit_right(town: Town):
    home = town.found()
    issue = home.file(GAPS)
    comment = home.asked(issue)
    town.running.fake.faults.drop(method="PATCH", path=f"{home.name}/issues/comments/", when="after")
    home.edit(issue, ANSWERS)
    town.until(lambda: bool(comment.minimized), 30)
    town.quiet()
    assert THANKS in comment.body
    assert home.labels(issue) == {"bug"}


def test_a_label_that_is_gone_already_is_no_trouble(town: Town):
    home = town.found()
    issue = home.file(GAPS)
    comment = home.asked(issue)
    town.running.fake.hooks.hold()
    town.running.fake.unlabel(home.name, issue, "needs-info", by="maya")
    town.running.fake.hooks.discard()
    town.running.fake.hooks.release()
    home.edit(issue, ANSWERS)
    town.until(lambda: bool(comment.minimized))
    town.quiet()
    assert home.labels(issue) == {"bug"}


@pytest.mark.parametrize(
    "limit",
    [
        {"retry_after": 1, "method": "GET"},
        {"retry_after": 1, "method": "POST", "status": 429},
        {"reset_in": 2, "method": "POST"},
        {"reset_in": 2, "method": "GET", "status": 429},
    ],
    ids=str,
)
def test_a_limit_is_waited_out(town: Town, limit: dict[str, Any]):
    home = town.found()
    faults = town.running.fake.faults
    order = faults.primary_limit if "reset_in" in limit else faults.secondary_limit
    order(**limit, path=home.name)
    asked_once(home)


def test_an_expired_token_is_replaced(town: Town):
    home = town.found()
    asked_once(home)
    town.running.fake.expire_tokens()
    asked_once(home)


def test_one_failing_repository_does_not_hold_up_the_others(town: Town):
    bad, good = town.found(), town.found()
    town.running.fake.faults.error(502, path=f"{bad.name}/", times=-1)
    late = bad.file(GAPS)
    prompt = good.file(GAPS)
    town.until(lambda: bool(good.comments(prompt)), 5)
    assert bad.comments(late) == []
    town.running.fake.faults.clear()
    town.until(lambda: bool(bad.comments(late)), 60)
    town.quiet()


def test_a_renamed_repository_is_followed(town: Town):
    home = town.found()
    issue = home.file(GAPS)
    comment = home.asked(issue)
    town.running.fake.hooks.hold()
    town.running.fake.rename(home.name, "moved-house")
    town.running.fake.hooks.discard()  # the news is lost: the bot goes on using the former name for a while
    town.running.fake.hooks.release()
    home.name = "octo-org/moved-house"
    home.edit(issue, ANSWERS)
    town.until(lambda: bool(comment.minimized))
    asked_once(home)


def test_a_repository_is_renamed_while_a_delivery_waits(town: Town):
    home = town.found()
    asked_once(home)
    town.running.fake.hooks.hold()
    issue = home.file(GAPS)
    town.running.fake.rename(home.name, "moved-again")
    home.name = "octo-org/moved-again"
    town.running.fake.hooks.release(lambda held: [one for one in held if one.event == "issues"])
    town.until(lambda: bool(home.comments(issue)))
    town.quiet()
    assert home.labels(issue) == {"bug", "needs-info"}


def test_a_deleted_issue_is_let_go(town: Town):
    home = town.found()
    issue = home.file(GAPS)
    home.asked(issue)
    town.running.fake.hooks.hold()
    home.edit(issue, ANSWERS)
    town.running.fake.delete_issue(home.name, issue, by="maya")
    town.running.fake.hooks.release()
    town.quiet()
    asked = home.file(GAPS, title="Another")
    home.asked(asked)


def test_reads_that_lag_behind_are_not_trusted(town: Town):
    home = town.found()
    fake = town.running.fake
    issue = home.file(GAPS)
    comment = home.asked(issue)
    time.sleep(1.1)  # GitHub's times are whole seconds
    fake.read_lag = 1.5
    home.edit(issue, ANSWERS)
    town.until(lambda: bool(comment.minimized), 30)
    fake.read_lag = 0.0
    town.quiet()
    assert home.labels(issue) == {"bug"}
    assert len(home.comments(issue)) == 1


@pytest.mark.parametrize("fault", ["limit", "absent"])
def test_without_graphql_the_comment_is_taken_back_all_the_same(town: Town, fault: str):
    home = town.found()
    issue = home.file(GAPS)
    comment = home.asked(issue)
    faults = town.running.fake.faults
    if fault == "limit":
        faults.graphql_limit(2)
    else:
        faults.error(404, path="/graphql$", times=-1)
    home.edit(issue, ANSWERS)
    town.until(lambda: THANKS in comment.body)
    town.quiet()
    faults.clear()
    assert home.labels(issue) == {"bug"}


def test_a_repository_that_may_not_be_written_to_ends_as_a_dead_letter(town: Town):
    home = town.found(archived=True)
    issue = home.file(GAPS)
    town.quiet()
    assert home.comments(issue) == []
    asked_once(town.found())
