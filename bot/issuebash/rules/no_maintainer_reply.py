"""No maintainer reply: filed a while ago, and no maintainer has said a word."""

from __future__ import annotations

from datetime import timedelta

from bot.issuebash.conversation import first_response_at, words
from bot.issuebash.desk import Desk
from bot.issuebash.report import Evidence, Hit
from bot.issuebash.rule import Rule, has_gap, said
from bot.issuebash.thread import Thread


def find(thread: Thread, desk: Desk) -> Hit | None:
    """Where comments in the middle were not read, nobody can say that none was a maintainer's."""
    issue = thread.issue
    days = desk.settings.sections.no_maintainer_reply.days
    if issue.author.is_bot or desk.is_maintainer(issue.author) or desk.age(issue.created_at) < timedelta(days=days):
        return None
    if has_gap(thread) or first_response_at(thread, desk.maintainers) is not None:
        return None
    fact = Evidence(
        f"Filed by {issue.author.login or 'somebody'}, and no maintainer wrote", thread.url, issue.created_at
    )
    others = [comment for comment in words(thread) if comment.author.login != issue.author.login]
    counter = [said(thread, comment, "replied, who is no maintainer") for comment in others[-1:]]
    labelled = [event for event in thread.events if event.kind == "labeled" and desk.is_maintainer(event.actor)]
    counter += [
        Evidence(f"{one.actor.login} put on the label {one.subject}", thread.url, one.at) for one in labelled[-1:]
    ]
    return Hit("no_maintainer_reply", "A", "reply", 2, (fact,), tuple(counter))


RULE = Rule(
    id="no_maintainer_reply",
    title="No maintainer reply",
    meaning=lambda it: (
        f"Filed {it.no_maintainer_reply.days} days ago or more by somebody who is no maintainer, and none has replied."
    ),
    find=find,
    needs=frozenset({"comments", "associations"}),
)
