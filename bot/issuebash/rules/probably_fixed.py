"""Probably fixed: a pull request that was to fix it is merged, and the issue is still open."""

from __future__ import annotations

import re
from typing import Final

from bot.issuebash.conversation import words
from bot.issuebash.desk import Desk
from bot.issuebash.phrases import still_happens, thanks, works_now
from bot.issuebash.report import Evidence, Hit, Tier
from bot.issuebash.rule import Rule, comment_url, said, since_reopened
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
_LOWER: Final[dict[Tier, Tier]] = {"A": "B", "B": "C"}
_WORD = re.compile(r"[^\W_]{4,}")


def find(thread: Thread, desk: Desk) -> Hit | None:
    """A pull request merged since the last reopening; what people said after it counts against."""
    begun = since_reopened(thread)
    merged = [
        link
        for link in thread.links
        if link.merged_at is not None and link.merged_at >= begun and _is_about(link, thread)
    ]
    if any(_REVERTS.search(link.title) for link in merged):
        return None
    best = max(merged, key=lambda link: (_strength(link), link.merged_at), default=None)
    if best is None or best.merged_at is None:
        return None
    later = [comment for comment in words(thread) if comment.created_at > best.merged_at]
    doubts = [comment for comment in later if still_happens(comment.body)]
    tier = _tier(best)
    if doubts or any(_is_unclear(comment, desk) for comment in later):
        if tier == "C":
            return None
        tier = "C" if doubts else _LOWER[tier]
    open_ones = [link for link in thread.links if link.state == "open" and link.will_close]
    if open_ones and tier != "A":
        # The work goes on in another one.
        return None
    verb = "is to close this issue" if best.will_close else "mentions it"
    facts = (Evidence(f"{_name(best, desk)} was merged, which {verb}: {best.title}", best.url, best.merged_at),)
    return Hit(
        "probably_fixed", tier, "close_as_fixed", 1, facts, _counter(thread, desk, best, doubts_count=len(doubts))
    )


def _counter(thread: Thread, desk: Desk, merged: PullRequest, *, doubts_count: int) -> tuple[Evidence, ...]:
    found: list[Evidence] = []
    for comment in words(thread):
        if merged.merged_at is None or comment.created_at <= merged.merged_at:
            continue
        if still_happens(comment.body):
            found.append(said(thread, comment, "wrote after that that it still happens"))
        elif desk.is_maintainer(comment.author) and not doubts_count:
            found.append(
                Evidence(
                    "A maintainer wrote after that and left it open", comment_url(thread, comment), comment.created_at
                )
            )
    if not merged.to_default_branch:
        found.append(Evidence("It was merged into a branch that is not the default one", merged.url))
    return tuple(found[-3:])


def _is_about(link: PullRequest, thread: Thread) -> bool:
    """Without a promise or a word for fixing, the titles must have a word in common, and not of other work."""
    if _strength(link) or _REVERTS.search(link.title):
        return True
    if _BESIDE.search(link.title):
        return False
    theirs = {word.lower() for word in _WORD.findall(link.title)}
    return not theirs.isdisjoint(word.lower() for word in _WORD.findall(thread.issue.title))


def _is_unclear(comment: Comment, desk: Desk) -> bool:
    """Who writes on an issue that a merge should have settled seldom does so because all is well."""
    return not (desk.is_maintainer(comment.author) or works_now(comment.body) or thanks(comment.body))


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
    own = link.repository.lower() == desk.repository.full_name.lower()
    return f"Pull request {'' if own else link.repository}#{link.number}"


RULE = Rule(
    id="probably_fixed",
    title="Probably fixed",
    meaning=lambda _: "A pull request that is linked or mentions the issue was merged since it was last opened.",
    find=find,
    needs=frozenset({"links", "events", "comments"}),
)
