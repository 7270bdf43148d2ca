"""Zombie assignee: somebody is down for it, and has not been heard of for long."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.issuebash.conversation import words
from bot.issuebash.desk import Desk
from bot.issuebash.report import Evidence, Hit
from bot.issuebash.rule import Rule, has_gap
from bot.issuebash.thread import Thread


def find(thread: Thread, desk: Desk) -> Hit | None:
    """Counted from the last thing that any of the assignees said or did there, else from being assigned."""
    issue = thread.issue
    names = {login.lower() for login in issue.assignees}
    if not names:
        return None
    under_way = [link for link in thread.links if link.state == "open" and link.author.login.lower() in names]
    heard = _heard(thread, names)
    days = desk.settings.sections.zombie_assignee.days
    if under_way or desk.age(heard) < timedelta(days=days):
        return None
    who = ", ".join(issue.assignees)
    facts = (Evidence(f"Assigned to {who}, and no word of theirs since", thread.url, heard),)
    others = [link for link in thread.links if link.state == "open"]
    counter = [
        Evidence(f"Somebody else's pull request #{one.number} is open", one.url, one.linked_at) for one in others[:1]
    ]
    if has_gap(thread):
        counter.append(Evidence("Some comments in the middle were not read"))
    return Hit("zombie_assignee", "C" if has_gap(thread) else "B", "free_assignee", 1, facts, tuple(counter))


def _heard(thread: Thread, names: set[str]) -> datetime:
    times = [thread.issue.created_at]
    times += [comment.created_at for comment in words(thread) if comment.author.login.lower() in names]
    times += [event.at for event in thread.events if event.actor.login.lower() in names]
    times += [one.at for one in thread.events if one.kind == "assigned" and one.subject.lower() in names]
    times += [link.merged_at or link.linked_at for link in thread.links if link.author.login.lower() in names]
    return max(times)


RULE = Rule(
    id="zombie_assignee",
    title="Zombie assignee",
    meaning=lambda it: (
        f"Assigned, and for {it.zombie_assignee.days} days no word of the assignee and no open pull request of theirs."
    ),
    find=find,
    needs=frozenset({"assignees", "comments", "events", "links"}),
)
