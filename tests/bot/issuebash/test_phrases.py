"""What people say in passing, and what only sounds like it."""

from __future__ import annotations

import pytest

from bot.issuebash import phrases


@pytest.mark.parametrize(
    "text",
    [
        "This still happens on 3.1.",
        "Still getting the same error with the latest release",
        "I can confirm this.",
        "Same here!",
        "me too",
        "The issue persists.",
        "It is not fixed.",
        "I am still seeing it.",
        "still broken for me",
        "This isn't fixed in 2.4.",
        "It still does not work.",
        "I see this in 3.0.1, too",
        "> please retest\n\nStill crashes.",
        "The exact same trace after the upgrade.",
        "Running into this since Monday.",
        "The patch does not help in my case.",
        "It is broken with v3.1.",
        "Had it again today. Please reopen!",
    ],
)
def test_it_still_happens(text: str):
    assert phrases.still_happens(text)


@pytest.mark.parametrize(
    "text",
    [
        "This no longer happens.",
        "Does this still happen?",
        "Please check whether it still happens on 3.1.",
        "Let me know if it still fails.",
        "It does not happen any more, still thanks for looking.",
        "> It still happens\n\nFor me all is well.",
        "```\nstill fails\n```",
        "I cannot reproduce this.",
        "I will look at it.",
        "We can't confirm this, same here as above",
        "This is still open because of me.",
        "It's gone, with the same result as on main.",
        "The docs for this are broken down by topic.",
        "",
    ],
)
def test_it_does_not_say_that_it_still_happens(text: str):
    assert not phrases.still_happens(text)


@pytest.mark.parametrize(
    "text",
    [
        "Works now, thanks!",
        "That solved it.",
        "It works for me now.",
        "This is fixed in 3.1, closing.",
        "The problem is gone.",
        "I can no longer reproduce it. You can close this.",
        "no longer happens",
        "It doesn't happen any more with 3.0.",
        "That was it!",
        "it’s been resolved",
        "Upgrading solved it.",
        "Never mind, my mistake.",
        "That did the trick.",
        "Everything runs fine.",
        "It's gone in 3.1.",
    ],
)
def test_it_works_now(text: str):
    assert phrases.works_now(text)


@pytest.mark.parametrize(
    "text",
    [
        "This is not fixed.",
        "Is this fixed?",
        "It should be fixed by then.",
        "I hope this gets fixed soon, when it is fixed I will upgrade.",
        "That worked, but now another error comes up.",
        "That was fixed in 3.0. It still crashes for me, though.",
        "Can you tell me when this is resolved",
        "I will work with it since I have to if it works",
    ],
)
def test_it_does_not_say_that_it_works_now(text: str):
    assert not phrases.works_now(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thanks!", True),
        ("Thank you, got it.", True),
        ("Thanks. What about Windows?", False),
        ("One. Two. Three. Four. Five, thanks.", False),
        ("No.", False),
        ("Ah, ok. Thank you!", True),
        ("Thank you! Have a nice day.", True),
        ("Thank you. I ran it and got the old error.", False),
        ("Thanks, but it is slow.", False),
        ("Thank you, I'll try it tomorrow.", False),
        ("Thanks, that doesn't change a thing.", False),
        ("I edited the first post as you wanted. Thanks", False),
        ("Thanks for looking. Here it is: https://example.org/log", False),
    ],
)
def test_thanks_end_a_conversation_unless_they_ask_on(text: str, *, expected: bool):
    assert phrases.thanks(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "Could you share the traceback?",
        "Please provide a minimal example",
        "We need more information to help",
        "Which version are you on?",
        "please also try the nightly",
        "Let us know how it goes.",
        "A reproducer would help a lot.",
        "It would be good to see the configuration",
    ],
)
def test_a_plea_is_an_ask_whose_words_leave_no_doubt(text: str):
    assert phrases.asks(text)
    assert phrases.asks_plainly(text)


def test_a_question_mark_alone_asks_without_such_words():
    assert phrases.asks("Really?")
    assert not phrases.asks_plainly("Really?")


@pytest.mark.parametrize("text", ["I see.", "```\nplease provide x\n```", "> could you?", "This is by design."])
def test_a_statement_a_quote_and_code_ask_nothing(text: str):
    assert not phrases.asks(text)


@pytest.mark.parametrize(
    "text", ["I'll take a look.", "We are working on it", "PRs are welcome", "A fix is coming", "I'll see to it"]
)
def test_a_promise_is_heard(text: str):
    assert phrases.promises(text)


def test_no_promise_is_heard_in_anything_else():
    assert not phrases.promises("You could look at the docs.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Duplicate of #12", 12),
        ("This is a duplicate of octo/widgets#12.", 12),
        ("dup of https://github.com/octo/widgets/issues/12", 12),
        ("duplicate of other/place#12", None),
        ("> duplicate of #12\n\nI do not think so.", None),
        ("see #12", None),
        ("Duplicate: #12", 12),
        ("I believe this duplicates #12.", 12),
        ("Same as #12.", 12),
        ("Already tracked in #12.", 12),
        ("Closing in favour of #12.", 12),
        ("Is this a duplicate of #12?", None),
        ("Not a duplicate of #12: the cache is at fault there.", None),
        ("It may be a duplicate of #12.", None),
        ("It looked like a duplicate of #12 at first.", None),
        ("Not what I meant. Duplicate of #12", 12),
    ],
)
def test_the_number_after_duplicate_of(text: str, expected: int | None):
    assert phrases.duplicate_of(text, "octo/widgets") == expected


def test_those_spoken_to_are_found_outside_code_and_addresses():
    assert phrases.mentioned("@Ann and a@b.c, `@maya`: see") == {"ann"}


def test_a_very_long_line_of_one_word_costs_no_time():
    assert not phrases.still_happens("still " * 50_000)
    assert not phrases.works_now("work" * 50_000)
