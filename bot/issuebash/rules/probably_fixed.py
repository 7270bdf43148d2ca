"""Probably fixed: a pull request that was to fix it is merged, and the issue is still open."""

from __future__ import annotations

import re
from typing import Final

from bot.issuebash.conversation import words
from bot.issuebash.desk import Desk
from bot.issuebash.phrases import keeps_open, still_happens, thanks, works_now
from bot.issuebash.report import Evidence, Hit, Tier
from bot.issuebash.rule import Rule, said, since_reopened, unread_since
from bot.issuebash.thread import PullRequest, Thread
from bot.triage.issue import Comment

_FIXES = re.compile(r"\b(?:fix(?:e[sd])?|clos(?:e[sd]?|ing)|resolv(?:e[sd]?|ing)|bug ?fix|hotfix)\b", re.IGNORECASE)
_REVERTS = re.compile(r"^\s*(?:revert|back ?out)\b", re.IGNORECASE)
_BESIDE = re.compile(
    r"\b(?:part|step|wip|prepar\w*|refactor\w*|tests?|towards|partial\w*|docs?|documentation|typos?|changelog|bump\w*"
    r"|lint\w*|release|messages?|logging|clean ?ups?|rename\w*|deprecat\w*)\b",
    re.IGNORECASE,
)
"""Work that goes on around an issue; a bare mention by it says nothing of a fix."""
_LOWER: Final[dict[Tier, Tier]] = {"A": "B", "B": "C", "C": "C"}
_WORD = re.compile(r"[^\W_]{4,}")


def find(thread: Thread, desk: Desk) -> Hit | None:
    """A pull request merged since the last reopening; what people said after it counts against."""
    begun = since_reopened(thread)
    merged = [
        link
        for link in thread.links
        if link.merged_at is not None and link.merged_at >= begun and _is_about(link, thread, desk)
    ]
    if any(_REVERTS.search(link.title) for link in merged):
        return None
    best = max(merged, key=lambda link: (_strength(link), link.merged_at), default=None)
    if best is None or best.merged_at is None:
        return None
    since = best.merged_at
    later = [one for one in words(thread) if one.created_at > since and not _is_content(one)]
    tier = _lowered(_tier(best), later, desk, unread=unread_since(thread, since))
    open_ones = [link for link in thread.links if link.state == "open" and link.will_close]
    if tier is None or (open_ones and tier != "A"):
        # Where another one is to close it, the work goes on there.
        return None
    verb = "is to close this issue" if best.will_close else "mentions it"
    facts = (Evidence(f"{_name(best, desk)} was merged, which {verb}: {best.title}", best.url, since),)
    counter = _counter(thread, desk, best, later)
    if any(_is_doubt(one, desk) for one in later):
        return Hit("probably_fixed", tier, "see_what_is_left", 2, facts, counter)
    return Hit("probably_fixed", tier, "close_as_fixed", 1, facts, counter)


def _lowered(tier: Tier, later: list[Comment], desk: Desk, *, unread: bool) -> Tier | None:
    """What is left of it after all that was written since; None where that is nothing.

    Maintainers may write that it comes with the next release; others seldom write but to say that it is still there.
    """
    if unread or any(_is_doubt(one, desk) for one in later):
        return None if tier == "C" else "C"
    return _LOWER[tier] if later else tier


def _is_doubt(comment: Comment, desk: Desk) -> bool:
    return not desk.is_maintainer(comment.author) or still_happens(comment.body) or keeps_open(comment.body)


def _counter(thread: Thread, desk: Desk, merged: PullRequest, later: list[Comment]) -> tuple[Evidence, ...]:
    found: list[Evidence] = []
    for comment in later:
        if still_happens(comment.body):
            found.append(said(thread, comment, "wrote after that that it still happens"))
        elif desk.is_maintainer(comment.author):
            found.append(said(thread, comment, "wrote after that, who is a maintainer, and left it open"))
        else:
            found.append(said(thread, comment, "wrote after that"))
    if merged.merged_at is not None and unread_since(thread, merged.merged_at):
        found.append(Evidence("Some comments in the middle were not read"))
    if not merged.to_default_branch:
        found.append(Evidence("It was merged into a branch that is not the default one", merged.url))
    return tuple(found[-3:])


def _is_about(link: PullRequest, thread: Thread, desk: Desk) -> bool:
    """Without a promise or a word for fixing, the titles must have a word in common, and not of other work.

    What is merged elsewhere and only mentions the issue fixes something there.
    """
    if not link.will_close and not _is_own(link, desk):
        return False
    if _strength(link) or _REVERTS.search(link.title):
        return True
    if _BESIDE.search(link.title):
        return False
    theirs = {word.lower() for word in _WORD.findall(link.title)}
    return not theirs.isdisjoint(word.lower() for word in _WORD.findall(thread.issue.title))


def _is_content(comment: Comment) -> bool:
    """Who writes on an issue that a merge should have settled seldom does so because all is well."""
    return works_now(comment.body) or thanks(comment.body)


def _strength(link: PullRequest) -> int:
    """A promise to close outweighs a mention with a word for fixing, and that a bare mention."""
    if link.will_close:
        return 2
    return int(bool(_FIXES.search(link.title)) and not _BESIDE.search(link.title))


def _tier(link: PullRequest) -> Tier:
    if link.will_close:
        return "A" if link.to_default_branch else "B"
    return "B" if _strength(link) and link.to_default_branch else "C"


def _name(link: PullRequest, desk: Desk) -> str:
    return f"Pull request {'' if _is_own(link, desk) else link.repository}#{link.number}"


def _is_own(link: PullRequest, desk: Desk) -> bool:
    return link.repository.lower() == desk.repository.full_name.lower()


RULE = Rule(
    id="probably_fixed",
    title="Probably fixed",
    meaning=lambda _: "A pull request that is linked or mentions the issue was merged since it was last opened.",
    find=find,
    needs=frozenset({"links", "events", "comments"}),
)
