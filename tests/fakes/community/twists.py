"""The stories that look like others and are not, and those of closed issues."""

from __future__ import annotations

from dataclasses import replace

from tests.fakes.community import cast, speech
from tests.fakes.community.draft import Draft
from tests.fakes.community.plots import BUGS, Past, Plot, fix_title, work_title


def merged_and_still_broken(draft: Draft, _: Past) -> None:
    draft.report_bug()
    draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.within(0.01, 0.1))
    merged = draft.within(0.3, 0.7)
    draft.pull(fix_title(draft), merged, merged=merged, will_close=draft.random.random() < 0.6)
    who = draft.author if draft.random.random() < 0.5 else draft.peer()
    draft.confirm(who, draft.after(merged, 10, 60))


def merged_beside_it(draft: Draft, _: Past) -> None:
    """A pull request mentions it, and is not about fixing it."""
    draft.report_bug()
    draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.within(0.01, 0.1))
    merged = draft.within(0.3, 0.9)
    draft.pull(work_title(draft), merged, merged=merged)


def merged_elsewhere(draft: Draft, _: Past) -> None:
    """Another project fixed something, and named this issue."""
    draft.report_bug()
    draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.within(0.01, 0.1))
    merged = draft.within(0.3, 0.9)
    draft.pull(f"Fix our use of {draft.bug.func}", merged, merged=merged)
    draft.links[-1] = replace(draft.links[-1], repository="lakeside/consumer")


def merged_in_part(draft: Draft, _: Past) -> None:
    """What was merged is not all, as a maintainer says."""
    draft.report_bug()
    merged = draft.within(0.3, 0.9)
    draft.pull(fix_title(draft), merged, merged=merged, will_close=draft.random.random() < 0.6)
    draft.say(draft.maintainer(), speech.IN_PART, draft.after(merged, 0.1, 3))


def fixed_and_back(draft: Draft, _: Past) -> None:
    """Closed by a fix, reopened since; or the fix was taken back."""
    draft.report_bug()
    draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.within(0.01, 0.1))
    merged = draft.within(0.2, 0.4)
    draft.pull(fix_title(draft), merged, merged=merged, will_close=True)
    if draft.random.random() < 0.6:
        draft.do("closed", draft.maintainer(), merged)
        draft.do("reopened", draft.maintainer(), draft.after(merged, 3, 40))
    else:
        back = draft.after(merged, 3, 20)
        draft.pull(f'Revert "{draft.links[0].title}"', back, merged=back)


def asked_lately(draft: Draft, _: Past) -> None:
    draft.report_bug()
    draft.say(draft.maintainer(), speech.ASK, draft.ago(0.5, 13))


def maintainers_silence(draft: Draft, _: Past) -> None:
    """The author answered, a maintainer took it from there, and nothing came of it."""
    draft.report_bug()
    asked = draft.say(draft.maintainer(), speech.ASK, draft.within(0.01, 0.2))
    replied = draft.say(draft.author, speech.REPLY, draft.after(asked, 0.1, 10))
    draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.after(replied, 0.1, 10))


def asked_each_other(draft: Draft, _: Past) -> None:
    """A question of one maintainer to another, or to nobody."""
    draft.report_bug()
    draft.say(draft.maintainer(), speech.TO_OTHERS, draft.within(0.01, 0.5))


def retested(draft: Draft, _: Past) -> None:
    """Filed against an old version, and met in a new one."""
    draft.report_bug()
    draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.within(0.0, 0.05))
    who = draft.author if draft.random.random() < 0.5 else draft.peer()
    draft.confirm(who, draft.ago(1, 30))


def thanks_and_more(draft: Draft, _: Past) -> None:
    """Thanks that end nothing."""
    draft.ask_question() if draft.random.random() < 0.6 else draft.report_bug()
    answered = draft.say(draft.maintainer(), speech.ANSWER, draft.within(0.01, 0.5))
    draft.say(draft.author, speech.THANKS_BUT, draft.after(answered, 0.1, 10))


def not_settled(draft: Draft, _: Past) -> None:
    """The author's last word sounds like an end, and is none."""
    draft.report_bug()
    helper = draft.maintainer() if draft.random.random() < 0.6 else draft.peer()
    helped = draft.say(helper, speech.ANSWER, draft.within(0.01, 0.4))
    draft.say(draft.author, speech.NOT_SETTLED, draft.after(helped, 0.1, 20))


def duplicate_and_back(draft: Draft, past: Past) -> None:
    """Closed as a duplicate, and reopened since."""
    other = past.earlier(draft, *BUGS)
    draft.report_bug()
    who, at = draft.maintainer(), draft.within(0.01, 0.3)
    draft.say(who, speech.DUPLICATE, at, 0 if other is None else other.number)
    draft.do("closed", who, at)
    again = draft.after(at, 1, 20)
    draft.do("reopened", draft.author, again)
    draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.after(again, 1, 5))


def no_duplicate(draft: Draft, past: Past) -> None:
    other = past.earlier(draft, *BUGS)
    draft.report_bug()
    draft.say(draft.maintainer(), speech.NO_DUPLICATE, draft.within(0.01, 0.5), 0 if other is None else other.number)
    draft.say(draft.author, speech.REPLY, draft.ago(0, 1))
    draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.ago(0, 0.5))


def title_alike(draft: Draft, past: Past) -> None:
    """The same function fails, and not in the same way."""
    other = past.earlier(draft, *BUGS)
    shown = draft.bug
    if other is not None:
        draft.bug = cast.Bug(
            other.bug.func, other.bug.noun, other.bug.param, other.bug.cond, shown.kind, shown.message, shown.helper
        )
    draft.report_bug()
    draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.within(0.01, 0.5))


def taken_and_under_way(draft: Draft, _: Past) -> None:
    draft.report_bug()
    taker = draft.maintainer()
    at = draft.say(taker, speech.ACKNOWLEDGE, draft.within(0.01, 0.3))
    draft.assignees = (taker.login,)
    draft.do("assigned", taker, at, taker.login)
    draft.pull(fix_title(draft), draft.ago(2, 40))
    draft.links[-1] = cast.by(draft.links[-1], taker)


def exempt(draft: Draft, past: Past) -> None:
    """Whatever it looks like, it stays out."""
    asked_like = draft.random.choice((merged_beside_it, thanks_and_more, asked_each_other))
    asked_like(draft, past)
    match draft.random.randrange(6):
        case 0:
            draft.pinned = True
        case 1:
            draft.locked = True
        case 2:
            draft.milestone = "3.0"
        case 3:
            draft.label("security")
        case 4:
            draft.open_sub_issues = 3
        case _:
            draft.title = f"Path traversal in {draft.bug.func}, possible vulnerability"


def closed_bug(draft: Draft, _: Past) -> None:
    draft.report_bug()
    at = draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.within(0.0, 0.1))
    merged = draft.after(at, 1, 90)
    draft.pull(fix_title(draft), merged, merged=merged, will_close=True)
    draft.close(merged)


def closed_question(draft: Draft, _: Past) -> None:
    draft.ask_question()
    at = draft.say(draft.maintainer(), speech.ANSWER, draft.within(0.0, 0.1))
    if draft.random.random() < 0.5:
        at = draft.say(draft.author, speech.WORKS, draft.after(at, 0.1, 10))
    draft.close(draft.after(at, 0, 20), draft.author if draft.random.random() < 0.3 else None)


def closed_wish(draft: Draft, _: Past) -> None:
    draft.wish()
    if draft.random.random() < 0.7:
        draft.say(draft.maintainer(), speech.ANSWER, draft.within(0.0, 0.1))
    draft.close(draft.within(0.1, 0.6))


def closed_as_stale(draft: Draft, _: Past) -> None:
    draft.report_bug()
    draft.say(draft.maintainer(), speech.ASK, draft.within(0.0, 0.1))
    draft.say(cast.BOTS[2], speech.BOTS[:1], draft.within(0.2, 0.3))
    draft.close(draft.within(0.3, 0.5), cast.BOTS[2])


def broken_again(draft: Draft, past: Past) -> None:
    """Several people, after it was closed."""
    closed_bug(draft, past)
    for _ in range(draft.random.randint(2, 4)):
        draft.say(draft.peer(), (*speech.STILL, *speech.ME_TOO), draft.ago(1, 80))
    draft.belongs.add("voices_after_close")


def thanks_after_close(draft: Draft, past: Past) -> None:
    closed_bug(draft, past)
    for _ in range(draft.random.randint(1, 3)):
        draft.say(draft.peer(), speech.WORKS, draft.ago(1, 80))


def one_voice_after_close(draft: Draft, past: Past) -> None:
    closed_bug(draft, past)
    who = draft.peer()
    for _ in range(draft.random.randint(1, 3)):
        draft.say(who, speech.STILL, draft.ago(1, 80))
    draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.ago(0, 1))


OPEN_TWISTS = (
    Plot(merged_and_still_broken, 3, least=60),
    Plot(merged_beside_it, 4, least=10),
    Plot(merged_elsewhere, 2, least=10),
    Plot(merged_in_part, 2, least=10),
    Plot(fixed_and_back, 2, least=60),
    Plot(asked_lately, 3),
    Plot(maintainers_silence, 4, least=20),
    Plot(asked_each_other, 3, least=5),
    Plot(retested, 3, least=60),
    Plot(thanks_and_more, 4, least=5),
    Plot(not_settled, 3, least=5),
    Plot(duplicate_and_back, 1, least=30),
    Plot(no_duplicate, 3, least=5),
    Plot(title_alike, 3),
    Plot(taken_and_under_way, 2, least=5),
    Plot(exempt, 3, least=10),
)
CLOSED = (
    Plot(closed_bug, 10, least=30),
    Plot(closed_question, 6, least=30),
    Plot(closed_wish, 4, least=10),
    Plot(closed_as_stale, 3, least=100),
    Plot(broken_again, 0.8, least=120),
    Plot(thanks_after_close, 0.8, least=120),
    Plot(one_voice_after_close, 0.8, least=120),
)
