"""What became of a bash's issues two and four weeks later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.issuebash.event import Bash, Disposition, Item
from bot.issuebash.follow_up import followed, next_check
from bot.issuebash.thread import Thread
from tests.bot.issuebash.making import ANN, MAYA, NOW, ago, does, pull, thread

END = NOW - timedelta(days=15)


def bash(disposition: Disposition | None = "closed", **more: Any) -> Bash:
    item = Item(7, "It broke", "https://x/7", "answered", "close_as_answered", 1, disposition=disposition, at=END)
    begun = END - timedelta(hours=3)
    return Bash("maya", begun, END, timedelta(minutes=45), (replace(item, **more),), finished_at=END)


def after(found: Bash, *threads: Thread, days: int = 15) -> Item:
    return followed(found, {it.number: it for it in threads}, END + timedelta(days=days)).items[0]


def test_it_is_looked_up_after_two_weeks_and_after_four():
    found = bash()
    assert next_check(found) == END + timedelta(days=14)
    found = followed(found, {}, END + timedelta(days=14))
    assert (found.checks, next_check(found)) == ((14,), END + timedelta(days=30))
    found = followed(found, {}, END + timedelta(days=31))
    assert (found.checks, next_check(found)) == ((14, 30), None)
    assert next_check(replace(bash(), finished_at=None)) == END + timedelta(days=14)


def test_what_was_opened_again_after_it_was_closed_here_is_told():
    again = thread(events=(does("reopened", ANN, 40), does("closed", MAYA, 15), does("reopened", ANN, 3)))
    assert after(bash(), again).reopened_at == ago(3)
    assert after(bash("duplicate"), again).reopened_at == ago(3)
    assert after(bash("kept"), again).reopened_at is None
    assert after(bash(), thread()).reopened_at is None
    assert after(bash(reopened_at=ago(9)), again).reopened_at == ago(9)
    assert after(bash(), thread(number=8)) == bash().items[0]


def test_what_was_to_be_fixed_has_an_owner_a_pull_request_and_an_end():
    waiting = after(bash("fix"), thread(assignees=("nico", "ann")))
    assert (waiting.owner, waiting.pull_request, waiting.fixed_at) == ("nico, ann", "", None)
    begun = after(
        bash("fix"), thread(links=(pull(50, state="closed", merged_at=None), pull(51, state="open", merged_at=None)))
    )
    assert begun.pull_request.endswith("#51")
    merged = thread(links=(pull(51, state="open", merged_at=None), pull(52)), state="closed", closed_at=ago(2))
    done = after(bash("fix"), merged)
    assert (done.pull_request[-3:], done.fixed_at) == ("#52", ago(2))
    by_hand = after(bash("fix"), thread(state="closed", state_reason="completed", closed_at=ago(2)))
    assert by_hand.fixed_at == ago(2)
    declined = after(bash("fix"), thread(state="closed", state_reason="not_planned", closed_at=ago(2)))
    assert declined.fixed_at is None
