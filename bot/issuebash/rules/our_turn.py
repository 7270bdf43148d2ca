"""Our turn: the author gave what a maintainer had asked for, and nobody came back to it."""

from __future__ import annotations

from bot.issuebash.asking import last_ask
from bot.issuebash.desk import Desk
from bot.issuebash.phrases import thanks, works_now
from bot.issuebash.report import Evidence, Hit
from bot.issuebash.rule import Rule, is_labelled, said, unread_since
from bot.issuebash.thread import Thread
from bot.triage.labels import WAIT_FOR_AUTHOR


def find(thread: Thread, desk: Desk) -> Hit | None:
    """The author's word is the last one between them and the maintainers."""
    ask = last_ask(thread, desk.is_maintainer)
    if ask is None or ask.reply is None or ask.last_reply is None or ask.taken_up:
        return None
    if unread_since(thread, ask.last_reply.created_at):
        return None
    if works_now(ask.reply.body) or (thanks(ask.reply.body) and not ask.by_bot):
        return None
    facts = [said(thread, ask.comment, "asked the author for something"), said(thread, ask.reply, "answered")]
    counter: tuple[Evidence, ...] = ()
    if is_labelled(thread, *WAIT_FOR_AUTHOR):
        counter = (Evidence("A label still says that it waits for the author"),)
    return Hit("our_turn", "A", "reply", 2, tuple(facts), counter)


RULE = Rule(
    id="our_turn",
    title="Our turn",
    meaning=lambda _: "The author answered what a maintainer had asked, and no maintainer has written since.",
    find=find,
    needs=frozenset({"comments", "associations"}),
)
