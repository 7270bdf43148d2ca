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
        "The fix does not work.",
        "Not working for me",
        "Experiencing this with 2.4",
        "I'm seeing the same",
        "Happens to me as well",
        "Issue is reproducible for me",
        "the fix was incomplete",
        "Can confirm that the patch doesn't help",
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
        "Can confirm the fix works, thank you",
        "Can confirm it is fixed in 2.3",
        "Can confirm this works now",
        "I was seeing the same before the update",
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
        "Can confirm the fix works, thank you",
        "Can confirm it is fixed in 2.3",
        "Can confirm this works now",
        "Works with the latest release.",
        "Working fine after upgrading to 2.4.",
        "Solved, feel free to close",
        "The issue went away after a clean install.",
        "No errors since I switched to 2.4.",
        "I no longer see the error.",
        "Works now, I'll close it.",
        "Thanks, that worked!",
        "Fixed in 2.4.",
        "Sorry for the noise!",
        "All good now!",
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
        # It did once, or with something else.
        "It worked before 2.0.",
        "2.3.1. It works with v1.",
        "It was fixed in 1.4 and regressed in 1.5.",
        "Works fine after downgrading to 1.9 here as well.",
        "Downgrading to 2.3 solved it.",
        "The problem is solved by rolling back to 1.9.",
        "Works with Python 3.8.",
        "It works.",
        # By a way around, for some, or for the moment.
        "The workaround did the trick in the meantime.",
        "It works now only if I disable the cache.",
        "Fixed it locally by commenting out the check.",
        "I have fixed it in my PR #44, please review.",
        "It works for me now and then.",
        "After a restart it works again.",
        "Everything is fine on Linux.",
        "Works now on Linux but not on Windows",
        # A part of it.
        "The first problem is solved. The second one happens every time.",
        "That fixed the first error",
        # Something else is fixed, closed, gone or mistaken.
        "The size is fixed to 10 by the header.",
        "It hangs on closing the dialog.",
        "I disagree with closing this.",
        "I don't think this can be closed.",
        "Please reconsider closing.",
        "You can close the dialog and it crashes.",
        "The data is gone after the crash.",
        "I no longer have that machine.",
        "My bad, here is the full traceback:",
        "Sorry, my mistake, I meant version 2.1.",
        "Never mind the first trace, here is the right one.",
        "I can't reproduce it with the minimal example, only in our production app.",
        # Who has so much to say is not at the end.
        "It works now. One. Two. Three. Four.",
        "It works now. " + "And then there is what I wanted to tell you about the whole of my set-up here " * 3,
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
        "Need more info to act on this one.",
        "Without a minimal example there's not much we can do",
        "We'd need the input file for that.",
        "We need your log.",
        "Please let us know which version this was",
        "Please update to 2.3 and tell us whether it helps",
        "any news on this",
    ],
)
def test_a_plea_is_an_ask_whose_words_leave_no_doubt(text: str):
    assert phrases.asks(text)
    assert phrases.asks_plainly(text)


@pytest.mark.parametrize(
    "text",
    [
        "Confirmed. We need a better API here before this can be fixed.",
        "Fixed by the rewrite. Let me know if you have further questions.",
        "Please let me know if that helps.",
        "I'd need more time to look at this",
        "We need some refactoring",
        "I think we need a new release",
        "More details in the design doc",
        "I will provide more details later",
        "Here's a minimal example that reproduces it on main",
        "Any update from upstream will be posted here",
        "It would be good to get this fixed",
        "It would be nice to have this feature",
        "Please open a PR if you are interested",
        "Would you like to open a pull request for that?",
        "Please update to 2.3 where this is fixed",
    ],
)
def test_what_is_told_offered_or_left_to_the_reader_is_no_plea(text: str):
    assert not phrases.asks_plainly(text)


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
    found = phrases.duplicate_of(text, "octo/widgets")
    assert (None if found is None else found.number) == expected


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Duplicate of #12", True),
        ("Closing as duplicate, see #12", True),
        ("Closing this as a duplicate of #12.", True),
        ("Duplicate of **#12**", True),
        ("This is a duplicate of #12, let's continue there.", True),
        ("Hi @ann, thanks! Duplicate of #12", True),
        ("It's a duplicate of [#12](https://github.com/octo/widgets/issues/12)", True),
        ("Already reported as #12", False),
        ("Already tracked in #12.", False),
        ("Superseded by #12", False),
        ("This is the same bug as #12", False),
        ("Looks like a dup of #12", False),
    ],
)
def test_a_duplicate_may_be_called_so_in_so_many_words_or_only_hinted_at(text: str, *, plain: bool):
    assert phrases.duplicate_of(text, "octo/widgets") == (12, plain)


@pytest.mark.parametrize(
    "text",
    [
        "The Windows part of this is tracked in #12.",
        "This is **no** duplicate of #12.",
        "Never a duplicate of #12",
        "Marked as duplicate of #12 by mistake",
        "Closed #11 as a duplicate of #12, keeping this one open.",
        "Closed #11 as a duplicate of #12.",
        "#11 is a duplicate of #12",
        "My earlier PR #3 is superseded by #12",
        "This regression was discussed in #12",
        "We should do the same as #12 here",
        "handled by #12, which got reverted",
        "Duplicate #12 was closed",
    ],
)
def test_other_words_beside_a_number_make_no_duplicate(text: str):
    assert phrases.duplicate_of(text, "octo/widgets") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Reopening, I was wrong: this is a different bug.", True),
        ("This isn't a duplicate.", True),
        ("Not the same after all.", True),
        ("Let's go on there.", False),
    ],
)
def test_a_duplicate_can_be_taken_back(text: str, *, expected: bool):
    assert phrases.takes_back(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("This only covers Linux, keeping it open for Windows.", True),
        ("One part is left.", True),
        ("Leaving this open for now", True),
        ("The fix will be in the next release.", False),
        ("Released.", False),
    ],
)
def test_who_keeps_it_open_says_that_something_is_left(text: str, *, expected: bool):
    assert phrases.keeps_open(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Use `fit`.", True),
        ("Yes.", True),
        ("Thanks for the report, this is by design.", True),
        ("This is by design. Closing.", True),
        ("It is in the guide. Let me know if you have further questions.", True),
        ("Could you share it?", False),
        ("I'll look into it.", False),
        ("Closing this as stale.", False),
        ("Hi @ann! Closing, thanks.", False),
        ("Thanks for the report!", False),
        ("Duplicate of #3", False),
        ("👍", False),
        ("> Use `fit`.", False),
    ],
)
def test_an_answer_tells_the_reader_something(text: str, *, expected: bool):
    assert phrases.is_answer(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+1 on 2.4.0", [("+1 on 2.4.0", False)]),
        ("Reproduced on main.", [("reproduced on main.", True)]),
        ("The latest docs say nothing.", []),
        ("Please try 2.4.0.", []),
        ("Does it happen with 2.4.0?", []),
        ("It is fixed in 2.4.0, but I see another trace.", []),
        ("Works now with 2.4.0.", []),
        ("I saw 2.4.0. It works now.", []),
    ],
)
def test_a_version_is_met_where_nobody_asks_for_it_or_praises_it(text: str, expected: list[tuple[str, bool]]):
    assert list(phrases.sightings(text)) == expected


def test_those_spoken_to_are_found_outside_code_and_addresses():
    assert phrases.mentioned("@Ann and a@b.c, `@maya`: see") == {"ann"}


def test_a_very_long_line_of_one_word_costs_no_time():
    assert not phrases.still_happens("still " * 50_000)
    assert not phrases.works_now("work" * 50_000)
