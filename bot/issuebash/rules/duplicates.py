"""Duplicates: a maintainer said so, or titles are alike and the same error is shown; never a title alone."""

from __future__ import annotations

from datetime import datetime

from bot.issuebash.conversation import words
from bot.issuebash.desk import Desk
from bot.issuebash.phrases import duplicate_of, takes_back
from bot.issuebash.report import Evidence, Hit, Tier
from bot.issuebash.rule import Rule, issue_url, said, since_reopened, unread_since
from bot.issuebash.signature import signature
from bot.issuebash.thread import Thread, TimelineEvent
from bot.triage.issue import Comment

_LIKE = 0.5
_LIKE_WITH_PLACE = 0.25
"""Where the errors agree in their place in the code as well."""
_MOST = 10


def find(thread: Thread, desk: Desk) -> Hit | None:
    """What was said or marked before it was reopened was settled otherwise."""
    begun = since_reopened(thread)
    marks = [event for event in thread.events if event.kind in {"duplicate", "undone_duplicate"} and event.at >= begun]
    if marks and marks[-1].kind == "duplicate":
        return _marked(thread, desk, marks[-1])
    if marks:
        return _said(thread, desk, marks[-1].at)
    return _said(thread, desk, begun) or _shown(thread, desk)


def _marked(thread: Thread, desk: Desk, mark: TimelineEvent) -> Hit | None:
    """By GitHub's own mark."""
    later = [one for one in words(thread) if one.created_at > mark.at]
    if _is_taken_back(later, desk):
        return None
    facts = (
        Evidence(f"{mark.actor.login} marked it as a duplicate of {mark.subject}", thread.url, mark.at),
        *_other(thread, mark.subject),
    )
    return Hit("duplicates", "A", "close_as_duplicate", 1, facts, _since(thread, later))


def _said(thread: Thread, desk: Desk, begun: datetime) -> Hit | None:
    """By a maintainer's words, the last ones of that kind."""
    heard = [comment for comment in words(thread) if comment.created_at >= begun]
    for place in range(len(heard) - 1, -1, -1):
        comment, later = heard[place], heard[place + 1 :]
        found = duplicate_of(comment.body, desk.repository.full_name)
        if found is None or found.number == thread.number or not desk.is_maintainer(comment.author):
            continue
        if _is_taken_back(later, desk) or unread_since(thread, comment.created_at):
            return None
        tier: Tier = "C" if not found.plain else "B" if later else "A"
        called = "called it a duplicate of" if found.plain else "pointed to"
        facts = (said(thread, comment, f"{called} #{found.number}"), *_other(thread, f"#{found.number}"))
        return Hit("duplicates", tier, "close_as_duplicate", 1, facts, _since(thread, later))
    return None


def _is_taken_back(later: list[Comment], desk: Desk) -> bool:
    return any(desk.is_maintainer(one.author) and takes_back(one.body) for one in later)


def _since(thread: Thread, later: list[Comment]) -> tuple[Evidence, ...]:
    return tuple(said(thread, one, "wrote since") for one in later[-2:])


def _other(thread: Thread, name: str) -> tuple[Evidence, ...]:
    """A link to the issue that stays open; the words alone link nowhere."""
    url = issue_url(thread, name)
    return (Evidence(f"{name} is the one to keep", url),) if url else ()


def _shown(thread: Thread, desk: Desk) -> Hit | None:
    """An older issue with a like title and the same error."""
    own = signature(thread.issue.body)
    if desk.similar is None or own is None or not own.is_telling:
        return None
    least = _LIKE_WITH_PLACE if own.frames else _LIKE
    for other in desk.similar.same_error(thread, str(own), _MOST):
        if other.number < thread.number and other.likeness >= least:
            counter = (
                (Evidence(f"#{other.number} is closed: this may be its return"),) if other.state == "closed" else ()
            )
            facts = (
                Evidence(f"#{other.number} has a like title: {other.title}", other.url),
                Evidence(f"Both show the same {own.kind}"),
            )
            return Hit("duplicates", "B", "close_as_duplicate", 2, facts, counter)
    return None


RULE = Rule(
    id="duplicates",
    title="Duplicates",
    meaning=lambda _: (
        "A maintainer called it a duplicate or pointed to another issue, or an older one has a like title and shows the"
        " same error."
    ),
    find=find,
    needs=frozenset({"comments", "associations"}),
)
