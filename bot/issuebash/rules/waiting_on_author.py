"""Waiting on author: a maintainer asked something, and the author has not answered for a while."""

from __future__ import annotations

from datetime import timedelta

from bot.issuebash.asking import Ask, last_ask
from bot.issuebash.conversation import deeds, is_author
from bot.issuebash.desk import Desk
from bot.issuebash.phrases import still_happens
from bot.issuebash.report import Evidence, Hit, Tier
from bot.issuebash.rule import Rule, is_labelled, said, unread_since
from bot.issuebash.thread import Thread
from bot.triage.labels import WAIT_FOR_AUTHOR


def find(thread: Thread, desk: Desk) -> Hit | None:
    """The ask is the maintainers' last word: where they wrote on without asking, the author's silence is theirs."""
    ask = last_ask(thread, desk.is_maintainer)
    days = desk.settings.sections.waiting_on_author.days
    if ask is None or ask.reply is not None or ask.taken_up or desk.age(ask.comment.created_at) < timedelta(days=days):
        return None
    if _is_heard_of(thread, ask) or unread_since(thread, ask.comment.created_at):
        return None
    facts = [said(thread, ask.comment, "asked the author for something")]
    labelled = is_labelled(thread, *WAIT_FOR_AUTHOR)
    if labelled:
        facts.append(Evidence("A label says that it waits for the author"))
    return Hit(
        "waiting_on_author", _tier(ask, labelled=labelled), "remind_author", 1, tuple(facts), _counter(thread, ask)
    )


def _is_heard_of(thread: Thread, ask: Ask) -> bool:
    """The author did something since, if not in words; or somebody mends it without waiting for them."""
    did = any(event.at > ask.comment.created_at and is_author(event.actor, thread) for event in deeds(thread))
    return did or any(link.state == "open" and link.will_close for link in thread.links)


def _tier(ask: Ask, *, labelled: bool) -> Tier:
    if ask.by_bot or (labelled and ask.plain):
        return "A"
    return "B" if labelled or ask.plain else "C"


def _counter(thread: Thread, ask: Ask) -> tuple[Evidence, ...]:
    doubts = [comment for comment in ask.words_since if still_happens(comment.body)]
    if doubts:
        return tuple(said(thread, comment, "wrote since that it happens to them, too") for comment in doubts[-2:])
    return tuple(said(thread, comment, "wrote since") for comment in ask.words_since[-1:])


RULE = Rule(
    id="waiting_on_author",
    title="Waiting on author",
    meaning=lambda it: (
        f"The maintainers' last word asks the author for something and is {it.waiting_on_author.days} days old or more."
    ),
    find=find,
    needs=frozenset({"comments", "associations"}),
)
