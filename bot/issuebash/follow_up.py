"""What became of a bash's issues afterwards, as their threads tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.issuebash.event import Bash, Item
from bot.issuebash.thread import PullRequest, Thread

DAYS = (14, 30)
"""After its end at which it is looked up whether what was closed stayed closed."""


def followed(bash: Bash, threads: Mapping[int, Thread], now: datetime) -> Bash:
    """`threads` by number; an issue whose thread is not there stays as it was."""
    items = tuple(_follow(item, threads[item.number]) if item.number in threads else item for item in bash.items)
    return replace(bash, items=items, checks=tuple(day for day in DAYS if _is_past(bash, day, now)))


def next_check(bash: Bash) -> datetime | None:
    """None where nothing more is looked up."""
    ahead = (day for day in DAYS if day not in bash.checks)
    return next((_end(bash) + timedelta(days=day) for day in ahead), None)


def _is_past(bash: Bash, days: int, now: datetime) -> bool:
    return now >= _end(bash) + timedelta(days=days)


def _end(bash: Bash) -> datetime:
    return bash.finished_at or bash.ends_at


def _follow(item: Item, thread: Thread) -> Item:
    issue = thread.issue
    if item.disposition in {"closed", "duplicate"} and item.at is not None and item.reopened_at is None:
        again = (event.at for event in thread.events if event.kind == "reopened" and event.at > item.at)
        return replace(item, reopened_at=next(again, None))
    if item.disposition != "fix":
        return item
    link = _best(thread.links)
    is_fixed = issue.state == "closed" and (issue.state_reason == "completed" or (link and link.merged_at))
    return replace(
        item,
        owner=", ".join(issue.assignees),
        pull_request=f"{link.repository}#{link.number}" if link else "",
        fixed_at=issue.closed_at if is_fixed else None,
    )


def _best(links: tuple[PullRequest, ...]) -> PullRequest | None:
    """The merged one, else an open one; what was closed unmerged fixes nothing."""
    alive = [link for link in links if link.state != "closed"]
    return max(alive, key=lambda link: (link.state == "merged", link.will_close, link.linked_at), default=None)
