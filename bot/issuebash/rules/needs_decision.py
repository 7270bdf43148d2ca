"""Needs decision: by its label, the maintainers have to make up their minds."""

from __future__ import annotations

from bot.issuebash.conversation import last_word
from bot.issuebash.desk import Desk
from bot.issuebash.report import Evidence, Hit
from bot.issuebash.rule import Rule, said
from bot.issuebash.thread import Thread


def find(thread: Thread, desk: Desk) -> Hit | None:
    wanted = {label.lower() for label in desk.settings.sections.needs_decision.labels}
    label = next((label for label in thread.issue.labels if label.lower() in wanted), None)
    if label is None:
        return None
    put_on = [one for one in thread.events if one.kind == "labeled" and one.subject.lower() == label.lower()]
    at = put_on[-1].at if put_on else None
    word = last_word(thread)
    facts = [Evidence(f"It has the label {label}", thread.url, at)]
    facts += [] if word is None else [said(thread, word, "wrote last")]
    return Hit("needs_decision", "A", "decide", 3, tuple(facts))


RULE = Rule(
    id="needs_decision",
    title="Needs decision",
    meaning=lambda it: f"It has one of the labels {', '.join(it.needs_decision.labels) or '(none is named)'}.",
    find=find,
    needs=frozenset({"labels"}),
)
