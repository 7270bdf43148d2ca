"""Answered: the author says that it is settled, or a question got its answer long ago."""

from __future__ import annotations

from datetime import timedelta

from bot.issuebash.conversation import is_author, words
from bot.issuebash.desk import Desk
from bot.issuebash.phrases import asks, is_answer, promises, still_happens, thanks, works_now
from bot.issuebash.questions import is_question
from bot.issuebash.report import Evidence, Hit, Tier
from bot.issuebash.rule import Rule, said, since_reopened, unread_since
from bot.issuebash.thread import Thread
from bot.triage.issue import Comment

_SETTLED_AFTER = timedelta(days=30)


def find(thread: Thread, desk: Desk) -> Hit | None:
    # Who reopened it did not think so.
    begun = since_reopened(thread)
    heard = [comment for comment in words(thread) if comment.created_at >= begun]
    place = next((at for at in range(len(heard) - 1, -1, -1) if is_author(heard[at].author, thread)), None)
    if place is not None and not any(still_happens(comment.body) for comment in heard[place + 1 :]):
        hit = None if unread_since(thread, heard[place].created_at) else _by_author(thread, heard, place)
        if hit is not None:
            return hit
    return _by_silence(thread, desk, heard)


def _by_author(thread: Thread, heard: list[Comment], place: int) -> Hit | None:
    """The author's last word says so: two signals where somebody else wrote before. Thanks count only then."""
    word, before = heard[place], heard[:place]
    answer = next((comment for comment in reversed(before) if not is_author(comment.author, thread)), None)
    works = works_now(word.body)
    if not works and not (
        answer is not None and thanks(word.body) and not asks(answer.body) and not promises(answer.body)
    ):
        return None
    facts = [] if answer is None else [said(thread, answer, "answered")]
    facts.append(said(thread, word, "wrote that it is settled" if works else "gave thanks"))
    later = heard[place + 1 :]
    counter = tuple(said(thread, comment, "wrote since") for comment in later[-2:])
    tier: Tier = "B" if works and answer is not None else "C"
    return Hit("answered", tier, "close_as_answered", 1, tuple(facts), counter)


def _by_silence(thread: Thread, desk: Desk, heard: list[Comment]) -> Hit | None:
    """A question whose last word is a maintainer's answer, and nobody asked on for a month."""
    if not heard or not is_question(thread):
        return None
    last = heard[-1]
    if (
        not desk.is_maintainer(last.author)
        or is_author(last.author, thread)
        or desk.age(last.created_at) < _SETTLED_AFTER
    ):
        return None
    if not is_answer(last.body):
        return None
    counter = (Evidence("The author never said whether that helped"),)
    return Hit("answered", "C", "close_as_answered", 1, (said(thread, last, "answered, and nobody asked on"),), counter)


RULE = Rule(
    id="answered",
    title="Answered",
    meaning=lambda _: "The author says that it is settled, or a maintainer's answer to a question stands for 30 days.",
    find=find,
    needs=frozenset({"comments", "associations"}),
)
