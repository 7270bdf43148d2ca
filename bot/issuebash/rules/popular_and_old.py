"""Popular and old: many want it, for long."""

from __future__ import annotations

from datetime import timedelta

from bot.issuebash.desk import Desk
from bot.issuebash.report import Evidence, Hit
from bot.issuebash.rule import Rule
from bot.issuebash.thread import Thread


def find(thread: Thread, desk: Desk) -> Hit | None:
    issue, wanted = thread.issue, desk.settings.sections.popular_and_old
    if issue.reactions < wanted.reactions or desk.age(issue.created_at) < timedelta(days=wanted.days):
        return None
    fact = Evidence(f"{issue.reactions} reactions since it was filed", thread.url, issue.created_at)
    under_way = [link for link in thread.links if link.state == "open"]
    counter = tuple(
        Evidence(f"Pull request #{one.number} is under way", one.url, one.linked_at) for one in under_way[:2]
    )
    return Hit("popular_and_old", "A", "plan_or_decline", 3, (fact,), counter)


RULE = Rule(
    id="popular_and_old",
    title="Popular and old",
    meaning=lambda it: (
        f"{it.popular_and_old.reactions} reactions or more, and open for {it.popular_and_old.days} days or more."
    ),
    find=find,
    needs=frozenset({"reactions"}),
)
