"""The stories that issues have, with where each belongs: the plain ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.triage.issue import Actor
from tests.fakes.community import cast, speech
from tests.fakes.community.draft import Draft


class Past(Protocol):
    """What was filed before."""

    def earlier(self, draft: Draft, *plots: str) -> Draft | None:
        """One of these stories, as it was when it was filed."""
        ...


@dataclass(frozen=True, slots=True)
class Plot:
    tell: Callable[[Draft, Past], None]
    weight: float
    least: float = 0.0
    """Days that the issue must be old."""

    @property
    def name(self) -> str:
        return self.tell.__name__


def fix_title(draft: Draft) -> str:
    return draft.random.choice(
        (
            f"Fix {draft.bug.func} {draft.bug.cond}",
            f"fix: {draft.bug.noun} handling in {draft.bug.func}",
            f"[BUG] {draft.bug.func}: guard against {draft.bug.param}",
            f"Handle missing {draft.bug.param} in {draft.bug.func}",
            f"Resolve crash in {draft.bug.func}",
            f"{draft.bug.func}: do not fail {draft.bug.cond}",
            f"Rework the {draft.bug.noun} cache",
            f"Correct {draft.bug.param} in {draft.bug.func} (#{draft.number})",
        )
    )


def work_title(draft: Draft) -> str:
    return draft.random.choice(
        (
            f"Add tests for {draft.bug.func}",
            f"Refactor {draft.bug.noun}",
            f"Bump the linter, silence {draft.bug.func}",
            f"Docs: mention {draft.bug.param}",
            f"Prepare {draft.bug.noun} for the new scheduler",
            f"Changelog for {cast.current(draft.releases, draft.now)}",
            f"Better message when {draft.bug.func} fails",
            f"Fix typo in {draft.bug.noun} docs",
            f"Part 1 of the {draft.bug.noun} rewrite",
            f"Improve the speed of {draft.bug.func}",
        )
    )


def fixed_but_open(draft: Draft, _: Past) -> None:
    """Merged, and forgotten: the promise to close came too late, or the branch was another one."""
    draft.report_bug()
    if draft.random.random() < 0.7:
        draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.within(0.02, 0.2))
    merged = draft.within(0.3, 0.9)
    draft.pull(
        fix_title(draft),
        merged,
        merged=merged,
        will_close=draft.random.random() < 0.5,
        base=draft.random.random() < 0.85,
    )
    if draft.random.random() < 0.25:
        draft.say(draft.maintainer(), speech.AFTER_MERGE, draft.after(merged, 0.1, 3))
    if draft.random.random() < 0.1:
        draft.say(draft.author, speech.WORKS, draft.after(merged, 4, 30))
        draft.belongs.add("answered")
    draft.belongs.add("probably_fixed")


def asked_and_silent(draft: Draft, _: Past) -> None:
    draft.report_bug()
    asked = draft.say(draft.maintainer(), speech.ASK, draft.within(0.01, 0.3))
    if draft.random.random() < 0.4:
        draft.label(draft.random.choice(("needs-info", "awaiting response", "needs-repro")), at=asked)
    if draft.random.random() < 0.25:
        draft.say(draft.peer(), speech.ME_TOO, draft.after(asked, 5, 60))
    if draft.random.random() < 0.3:
        draft.say(draft.random.choice(cast.BOTS), speech.BOTS, draft.after(asked, 20, 90))
    if (draft.now - asked).days >= 14:
        draft.belongs.add("waiting_on_author")


def asked_and_answered(draft: Draft, _: Past) -> None:
    draft.report_bug()
    asked = draft.say(draft.maintainer(), speech.ASK, draft.within(0.01, 0.4))
    replied = draft.say(draft.author, speech.REPLY, draft.after(asked, 0.1, 20))
    if draft.random.random() < 0.3:
        draft.say(draft.random.choice(cast.BOTS), speech.BOTS, draft.after(replied, 20, 90))
    if draft.random.random() < 0.2:
        draft.say(draft.peer(), speech.ME_TOO, draft.after(replied, 2, 90))
    draft.belongs.add("our_turn")


def old_version(draft: Draft, _: Past) -> None:
    draft.report_bug(behind=draft.random.choice((0, 0, 0, 1, 3)))
    if draft.random.random() < 0.5:
        draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.within(0.0, 0.05))


def easy_question(draft: Draft, past: Past) -> None:
    """Somebody asked much the same before, and got an answer; or the docs have it."""
    other = past.earlier(draft, "answered_question", "closed_question")
    if draft.random.random() < 0.35 or other is None:
        draft.topic = cast.Topic(draft.random.choice(cast.DOC_TOPICS), draft.topic.param)
    else:
        draft.topic = other.topic
    draft.ask_question()
    if draft.random.random() < 0.2:
        draft.say(draft.peer(), speech.ME_TOO, draft.within(0.1, 0.9))
    draft.belongs.add("easy_to_answer")


def hard_question(draft: Draft, _: Past) -> None:
    draft.ask_question()
    if draft.random.random() < 0.3:
        draft.say(draft.peer(), speech.PEERS_TALK, draft.within(0.1, 0.9))


def answered_question(draft: Draft, _: Past) -> None:
    draft.ask_question()
    answered = draft.say(draft.maintainer(), speech.ANSWER, draft.within(0.01, 0.4))
    if draft.random.random() < 0.5:
        draft.say(draft.author, speech.WORKS, draft.after(answered, 0.1, 20))
        draft.belongs.add("answered")
    elif (draft.now - answered).days >= 30:
        draft.belongs.add("answered")


def solved_bug(draft: Draft, _: Past) -> None:
    draft.report_bug()
    helper = draft.maintainer() if draft.random.random() < 0.6 else draft.peer()
    helped = draft.say(helper, speech.ANSWER, draft.within(0.01, 0.4))
    draft.say(draft.author, speech.WORKS, draft.after(helped, 0.1, 20))
    draft.belongs.add("answered")


def called_duplicate(draft: Draft, past: Past) -> None:
    other = past.earlier(draft, *BUGS)
    draft.report_bug(None if other is None else other.bug)
    if other is None:
        return
    at, who = draft.within(0.01, 0.5), draft.maintainer()
    draft.say(who, speech.DUPLICATE, at, other.number)
    if draft.random.random() < 0.25:
        draft.do("duplicate", who, at, f"brookside/rivulet#{other.number}")
    draft.belongs.add("duplicates")


def same_trace(draft: Draft, past: Past) -> None:
    """Nobody noticed yet."""
    other = past.earlier(draft, *BUGS)
    draft.report_bug(None if other is None else other.bug)
    if other is None:
        return
    if draft.random.random() < 0.3:
        draft.say(draft.peer(), speech.ME_TOO, draft.within(0.1, 0.9))
    draft.belongs.add("duplicates")


def unanswered_bug(draft: Draft, _: Past) -> None:
    draft.report_bug()
    for _place in range(draft.random.choice((0, 0, 1, 2))):
        draft.say(draft.peer(), draft.random.choice((speech.ME_TOO, speech.PEERS_TALK)), draft.within(0.05, 0.95))
    if draft.random.random() < 0.2:
        draft.say(draft.random.choice(cast.BOTS), speech.BOTS, draft.within(0.05, 0.95))


def unanswered_wish(draft: Draft, _: Past) -> None:
    draft.wish()
    draft.reactions = draft.random.choice((0, 0, 1, 1, 2, 3, 9))


def wanted_wish(draft: Draft, _: Past) -> None:
    """Popular; and the maintainers said so long ago."""
    draft.wish()
    draft.reactions = draft.random.randint(4, 80)
    draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.within(0.01, 0.2))
    for _place in range(draft.random.randint(0, 6)):
        draft.say(draft.peer(), speech.ME_TOO, draft.within(0.2, 1))


def zombie(draft: Draft, _: Past) -> None:
    draft.report_bug() if draft.random.random() < 0.6 else draft.wish()
    taker: Actor = draft.maintainer() if draft.random.random() < 0.4 else draft.peer()
    at = draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.within(0.01, 0.1))
    draft.assignees = (taker.login,)
    taken = draft.after(at, 0, 5)
    draft.do("assigned", taker, taken, taker.login)
    heard = taken
    if draft.random.random() < 0.5:
        heard = draft.say(taker, ("I'll take this.", "Working on it!", "on it", "Can I have this one?"), taken)
    if (draft.now - heard).days >= 60:
        draft.belongs.add("zombie_assignee")


def to_decide(draft: Draft, _: Past) -> None:
    draft.wish()
    draft.reactions = draft.random.randint(0, 8)
    at = draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.within(0.01, 0.3))
    draft.label(draft.random.choice(("needs-decision", "RFC", "Needs Decision")), at=at)
    if draft.random.random() < 0.5:
        draft.say(draft.maintainer(), speech.TO_OTHERS, draft.after(at, 1, 20))


def agreed_wish(draft: Draft, _: Past) -> None:
    """In good hands: nothing to do in a bash."""
    draft.wish()
    draft.reactions = draft.random.choice((0, 1, 1, 2, 3))
    draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.within(0.01, 0.3))


def agreed_bug(draft: Draft, _: Past) -> None:
    draft.report_bug()
    draft.say(draft.maintainer(), speech.ACKNOWLEDGE, draft.within(0.01, 0.3))


BUGS = ("unanswered_bug", "agreed_bug", "old_version", "asked_and_answered", "closed_bug")
"""Stories that begin with an error of their own."""
PLAIN = (
    Plot(fixed_but_open, 8, least=10),
    Plot(asked_and_silent, 9, least=2),
    Plot(asked_and_answered, 8, least=2),
    Plot(old_version, 7),
    Plot(easy_question, 6),
    Plot(hard_question, 5),
    Plot(answered_question, 6, least=2),
    Plot(solved_bug, 4, least=2),
    Plot(called_duplicate, 4),
    Plot(same_trace, 4),
    Plot(unanswered_bug, 7),
    Plot(unanswered_wish, 5),
    Plot(wanted_wish, 4),
    Plot(zombie, 4, least=5),
    Plot(to_decide, 3, least=5),
    Plot(agreed_wish, 6),
    Plot(agreed_bug, 5),
)
