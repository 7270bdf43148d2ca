"""Voices after close: several people write on an issue that is closed."""

from __future__ import annotations

from datetime import timedelta

from bot.issuebash.conversation import words
from bot.issuebash.desk import Desk
from bot.issuebash.phrases import still_happens, thanks, works_now
from bot.issuebash.report import Evidence, Hit, Tier
from bot.issuebash.rule import Rule, has_gap, said
from bot.issuebash.thread import Thread
from bot.triage.issue import Comment


def find(thread: Thread, desk: Desk) -> Hit | None:
    """Thanks are no reason to look again, and maintainers know what they wrote."""
    issue, wanted = thread.issue, desk.settings.sections.voices_after_close
    if issue.state != "closed" or issue.closed_at is None:
        return None
    since = max(issue.closed_at, desk.now - timedelta(days=wanted.days))
    voices: dict[str, Comment] = {}
    for comment in words(thread):
        is_new = comment.created_at > since
        if (
            is_new
            and not desk.is_maintainer(comment.author)
            and not works_now(comment.body)
            and not thanks(comment.body)
        ):
            voices[comment.author.login.lower()] = comment
    if len(voices) < wanted.people:
        return None
    last = sorted(voices.values(), key=lambda one: one.created_at)[-2:]
    doubts = [one for one in voices.values() if still_happens(one.body)]
    least = "At least " if has_gap(thread) else ""
    facts = [Evidence(f"{least}{len(voices)} people wrote since the closing", thread.url, issue.closed_at)]
    facts += [said(thread, one, "wrote that it still happens" if one in doubts else "wrote") for one in last]
    replies = [one for one in words(thread) if one.created_at > last[-1].created_at and desk.is_maintainer(one.author)]
    counter = tuple(said(thread, one, "replied, who is a maintainer") for one in replies[-1:])
    # Who only wants to know when it comes is no reason to look again.
    tier: Tier = "A" if len(doubts) >= wanted.people else "B" if doubts else "C"
    return Hit("voices_after_close", tier, "look_again", 2, tuple(facts), counter)


RULE = Rule(
    id="voices_after_close",
    title="Voices after close",
    meaning=lambda it: (
        f"Closed, and {it.voices_after_close.people} people or more who are no maintainers wrote on it within"
        f" {it.voices_after_close.days} days."
    ),
    find=find,
    needs=frozenset({"comments", "associations"}),
    of_closed=True,
)
