"""Outdated: a bug reported against a version far behind the latest release, and confirmed on none since."""

from __future__ import annotations

from packaging.version import Version

from bot.issuebash.conversation import words
from bot.issuebash.desk import Desk
from bot.issuebash.phrases import still_happens
from bot.issuebash.questions import is_bug
from bot.issuebash.report import Evidence, Hit
from bot.issuebash.rule import Rule, has_gap, said
from bot.issuebash.signature import signature
from bot.issuebash.thread import Release, Thread
from bot.issuebash.versions import met_with, minors_behind, parsed, released, spoken_of


def find(thread: Thread, desk: Desk) -> Hit | None:
    """The newest version that the issue or a comment speaks of counts."""
    issue = thread.issue
    known = released(desk.releases or ())
    if not known or has_gap(thread) or not is_bug(thread, shows_error=signature(issue.body) is not None):
        return None
    texts = [f"{issue.title}\n{issue.body}", *(comment.body for comment in words(thread))]
    found = [one for text in texts for one in spoken_of(text, desk.repository.name, known)]
    if not found:
        return None
    met = (one for comment in words(thread) if still_happens(comment.body) for one in met_with(comment.body, known))
    newest, is_named = max([*found, *((one, False) for one in met)])
    behind, minors = minors_behind(newest, known), desk.settings.sections.outdated.minors
    is_old_major = newest.major < known[0].major
    if behind == 0 or not (behind >= minors or is_old_major):
        return None
    latest = _release(known[0], desk)
    facts = (
        Evidence(f"Reported against {newest}, which is {behind} minor releases behind", thread.url, issue.created_at),
        Evidence(f"{known[0]} is the latest release", latest.url, latest.published_at),
    )
    return Hit("outdated", "B" if is_named else "C", "ask_for_retest", 1, facts, _counter(thread, desk, known, newest))


def _release(version: Version, desk: Desk) -> Release:
    return next(one for one in desk.releases or () if parsed(one.tag) == version)


def _counter(thread: Thread, desk: Desk, known: tuple[Version, ...], newest: Version) -> tuple[Evidence, ...]:
    """Whoever wrote of it after the next series was out may have met it there."""
    doubts = [one for one in words(thread) if still_happens(one.body)]
    if not doubts:
        return ()
    following = [one for one in known if one.release[:2] > newest.release[:2]]
    out_since = min(_release(one, desk).published_at for one in following)
    late = [one for one in doubts if one.created_at > out_since]
    return tuple(said(thread, comment, "wrote later that it happens, without a version") for comment in late[-2:])


RULE = Rule(
    id="outdated",
    title="Outdated",
    meaning=lambda it: (
        f"A bug reported against a version {it.outdated.minors} or more minor releases (or a major one) behind the"
        " latest, and confirmed on no newer one."
    ),
    find=find,
    needs=frozenset({"comments"}),
    needs_releases=True,
)
