"""The ledger of a bash: who holds what, what became of it, and that no order of words loses any of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.issuebash.event import DISPOSITIONS, Answer, Bash, Claim, Item, Said, apply, batched, finish

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEASE = timedelta(minutes=45)


def item(number: int, section: str = "answered") -> Item:
    return Item(number, f"Issue {number}", f"https://github.com/o/r/issues/{number}", section, "close_as_answered", 0)


def bash(*numbers: int, batch: int = 2) -> Bash:
    items = batched(map(item, numbers or range(1, 6)), batch)
    return Bash("maya", START, START + timedelta(hours=3), LEASE, items, open_before=9)


def spoken(at: datetime, by: str, text: str, comment: int) -> Said:
    name, *words = text.split()
    return Said(at, name, tuple(words), by, comment)


class Table:
    """People around a bash; each says something a minute after the one before."""

    def __init__(self, *numbers: int) -> None:
        self.bash, self.now, self.comments = bash(*numbers), START, 0

    def say(self, by: str, text: str, *, late: int = 0) -> Answer:
        """`late`: it was written so many minutes before the last word, and is heard only now."""
        self.now += timedelta(minutes=0 if late else 1)
        self.comments += 1
        said = spoken(self.now - timedelta(minutes=late), by, text, self.comments)
        self.bash, answer = apply(self.bash, said)
        return answer

    def sees(self, name: str, number: int, by: str = "") -> None:
        self.now += timedelta(minutes=1)
        self.bash, _ = apply(self.bash, Said(self.now, name, (), by, number=number))

    def __getitem__(self, number: int) -> Item:
        return next(it for it in self.bash.items if it.number == number)

    def held(self) -> dict[int, str]:
        return {it.number: it.held_by(self.now) for it in self.bash.items if it.held_by(self.now)}


def test_batches_hold_one_section_each():
    found = batched([item(1), item(2), item(3), item(4, "our_turn"), item(5, "our_turn")], 2)
    assert [(it.number, it.batch) for it in found] == [(1, 1), (2, 1), (3, 2), (4, 3), (5, 3)]


def test_issues_and_batches_are_claimed_released_and_claimed_by_others():
    table = Table()
    assert table.say("maya", "claim #1") == "done"
    assert table.say("noah", "claim #1") == "refused"
    assert table.say("noah", "claim batch 1") == "partly", "what is free of it"
    assert table.held() == {1: "maya", 2: "noah"}
    assert table.say("noah", "release #1") == "refused"
    assert table.say("MAYA", "release #1") == "done"
    assert table.say("noah", "claim 1 #3") == "done"
    assert table.held() == {1: "noah", 2: "noah", 3: "noah"}
    assert table.say("noah", "release #2 #3 #4") == "partly", "what is his of it"
    assert table.held() == {1: "noah"}


def test_a_claim_runs_out_and_is_renewed_by_saying_it_again():
    table = Table()
    table.say("maya", "claim #1")
    table.now += timedelta(minutes=30)
    assert table.say("maya", "claim #1") == "done"
    table.now += timedelta(minutes=30)
    assert table.held() == {1: "maya"}
    table.now += timedelta(minutes=30)
    assert table.held() == {}
    assert table.say("noah", "claim #1") == "done"


def test_the_first_comment_wins_though_it_is_heard_later():
    table = Table()
    table.say("noah", "claim #1")
    table.now += timedelta(minutes=10)
    assert table.say("maya", "claim #1", late=15) == "done"
    assert table.held() == {1: "maya"}
    assert table.say("maya", "claim #1") == "done"
    assert table.say("noah", "claim #1", late=5) == "refused"


def test_a_lease_counts_from_when_it_was_said():
    table = Table()
    table.say("noah", "claim #1")
    table.now += timedelta(hours=2)
    table.say("olga", "claim #1")
    assert table.say("maya", "claim #1", late=60) == "done", "it would have been hers for a while"
    assert table.held() == {1: "olga"}


def test_of_two_words_the_later_one_counts_in_whatever_order_they_are_heard():
    table = Table()
    table.say("maya", "done #1 fix")
    table.say("maya", "done #1 kept", late=5)
    assert table[1].disposition == "fix"
    table.say("noah", "claim #2")
    table.say("noah", "release #2")
    assert table.say("noah", "claim #2", late=1) == "done"
    assert table.held() == {}, "he gave it back after that"
    table.say("noah", "bash finish")
    assert table.say("olga", "done #3 kept", late=1) == "done", "said before the end"
    assert (table[3].disposition, table.bash.finished_by) == ("kept", "noah")
    assert table.bash.participants == {"maya", "noah", "olga"}


def test_what_was_looked_up_afterwards_outlives_a_late_word():
    table = Table()
    table.say("maya", "done #1 fix")
    table.say("maya", "bash finish")
    kept = replace(table[1], owner="noah", pull_request="o/r#9", fixed_at=table.now)
    table.bash = replace(table.bash, items=(kept, *table.bash.items[1:]))
    table.say("olga", "done #3 kept", late=1)
    assert table[1] == kept


@pytest.mark.parametrize("word", DISPOSITIONS)
def test_what_became_of_an_issue_is_written_down_and_can_be_put_right(word: str):
    table = Table()
    table.say("maya", "claim #1")
    assert table.say("noah", "done #1 kept") == "refused", "maya holds it"
    more = " of #7" if word == "duplicate" else ""
    assert table.say("maya", f"done #1 {word}{more}") == "done"
    assert (table[1].disposition, table[1].by, table[1].at, table[1].claim) == (word, "maya", table.now, None)
    assert table.say("noah", "claim #1") == "refused", "there is nothing left to do"
    assert table.say("noah", "done #1 kept") == "done"
    assert table[1].disposition == "kept"
    assert [it.number for it in table.bash.undecided] == [2, 3, 4, 5]
    assert table.bash.participants == {"maya", "noah"}


@pytest.mark.parametrize(
    "text",
    [
        "claim", "claim #99", "claim #1 #99", "claim batch", "claim batch 9", "claim batch #x", "claim one", "claim ²",
        "release #99", "done #1", "done #1 eaten", "done #1 duplicate", "done #1 duplicate of", "done #1 duplicate #1",
        "done #1 kept today", "done kept", "bash", "bash start", "bash finish now", "dance", "claim 123456789012345",
    ],
)  # fmt: skip
def test_what_names_nothing_is_unclear_and_changes_nothing(text: str):
    table = Table()
    before = table.bash
    assert table.say("maya", text) == "unclear"
    assert table.bash == before


def test_a_finished_bash_hears_nothing_more():
    table = Table()
    table.say("maya", "claim #1")
    assert table.say("noah", "bash finish") == "done"
    assert (table.bash.finished_at, table.bash.finished_by) == (table.now, "noah")
    assert table.held() == {}
    assert table.say("maya", "done #1 kept") == "refused"
    assert finish(table.bash, "", table.now + timedelta(hours=1)) == table.bash


def test_what_is_closed_by_hand_counts_and_outweighs_a_word_that_it_contradicts():
    table = Table()
    table.say("noah", "claim #1")
    table.sees("closed", 1, "maya")
    table.say("maya", "done #2 duplicate #7")
    table.sees("closed", 2, "noah")
    table.sees("closed", 3)
    table.say("maya", "done #4 kept")
    table.sees("closed", 4, "noah")
    table.say("maya", "done #5 fix")
    table.sees("closed", 5, "noah")
    table.sees("closed", 99, "olga")
    assert [(it.number, it.disposition, it.by) for it in table.bash.items] == [
        (1, "closed", "maya"),
        (2, "duplicate", "maya"),
        (3, "closed", ""),
        (4, "closed", "noah"),
        (5, "fix", "maya"),
    ]
    assert table.bash.participants == {"maya", "noah"}


def test_what_was_closed_by_mistake_is_free_again():
    table = Table()
    table.sees("closed", 1, "maya")
    table.sees("reopened", 1, "maya")
    assert (table[1].disposition, table[1].by, table[1].at) == (None, "", None)
    assert table.say("noah", "claim #1") == "done"
    table.say("noah", "done #2 kept")
    table.sees("reopened", 2)
    assert table[2].disposition == "kept", "it was not closed"


def test_what_is_opened_again_afterwards_is_told_of_until_it_is_closed_again():
    table = Table()
    table.sees("closed", 1, "maya")
    table.say("maya", "done #2 kept")
    table.say("maya", "bash finish")
    table.sees("reopened", 1)
    reopened = table.now
    table.sees("reopened", 1)
    table.sees("reopened", 2)
    assert [(it.disposition, it.reopened_at) for it in table.bash.items[:2]] == [("closed", reopened), ("kept", None)]
    table.sees("closed", 1)
    assert [it.reopened_at for it in table.bash.items[:2]] == [None, None]
    table.sees("closed", 4)
    assert table[4].disposition is None, "what is closed afterwards was not closed here"


people = st.sampled_from(["maya", "Maya", "noah", "olga"])
words = st.sampled_from(
    [f"{verb} {what}" for verb in ("claim", "release") for what in ("#1", "#2", "#1 #3", "batch 1", "batch 2", "#9")]
    + [f"done #{number} {word}" for number in (1, 2, 3, 9) for word in ("kept", "fix", "duplicate #7", "closed")]
)
talk = st.lists(st.tuples(people, words, st.integers(0, 50)), max_size=30)


@given(talk)
def test_in_any_talk_a_claim_has_one_holder_and_a_disposition_is_never_lost(said: list[tuple[str, str, int]]):
    table = Table()
    history = [table.bash]
    for by, text, minutes in said:
        table.now += timedelta(minutes=minutes)
        before, held = table.bash, table.held()
        answer = table.say(by, text)
        if answer in {"refused", "unclear"}:
            assert table.bash == before
        for number, holder in table.held().items():
            assert held.get(number, holder).lower() in {holder.lower(), ""} or holder.lower() == by.lower()
            assert table[number].disposition is None
        history.append(table.bash)
    for earlier, later in pairwise(history):
        decided = {it.number for it in earlier.items if it.disposition}
        assert decided <= {it.number for it in later.items if it.disposition}
        assert earlier.participants <= later.participants
    assert [it.number for it in table.bash.items] == [1, 2, 3, 4, 5]


@given(talk)
def test_said_twice_is_said_once(said: list[tuple[str, str, int]]):
    table = Table()
    for by, text, _ in said:
        table.say(by, text)
        assert apply(table.bash, spoken(table.now, by, text, table.comments))[0] == table.bash


@given(talk, st.randoms(use_true_random=False))
def test_the_order_in_which_words_are_heard_changes_nothing(said: list[tuple[str, str, int]], random: Random):
    # All of these come to something, whatever was said before.
    now, words = START, []
    for number, (by, _, minutes) in enumerate(said):
        now += timedelta(minutes=minutes)
        words.append(spoken(now, by, f"done #{number % 5 + 1} {random.choice(['kept', 'fix', 'asked'])}", number))
    in_order = heard = bash()
    for one in words:
        in_order, _ = apply(in_order, one)
    for one in random.sample(words, len(words)):
        heard, _ = apply(heard, one)
    assert heard == in_order


@given(st.permutations([("maya", 10), ("noah", 20), ("olga", 30)]))
def test_in_whatever_order_claims_are_heard_the_first_said_holds(order: list[tuple[str, int]]):
    found = bash()
    for by, comment in order:
        found, _ = apply(found, spoken(START, by, "claim #1", comment))
    assert found.items[0].claim == Claim("maya", START + LEASE)
