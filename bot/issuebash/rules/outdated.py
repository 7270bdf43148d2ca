"""Outdated: a bug reported against a version far behind the latest release, and confirmed on none since."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from bot.issuebash.conversation import words
from bot.issuebash.desk import Desk
from bot.issuebash.phrases import sentences, sightings, still_happens
from bot.issuebash.questions import is_bug
from bot.issuebash.report import Evidence, Hit
from bot.issuebash.rule import Rule, has_gap, said
from bot.issuebash.signature import signature
from bot.issuebash.thread import Thread
from bot.issuebash.versions import met_with, minors_behind, released, spoken_of
from bot.triage.issue import Comment
from bot.triage.release import Release, latest, parsed
from bot.triage.report_policy import Sections


def find(thread: Thread, desk: Desk) -> Hit | None:
    """The newest version that somebody met it with counts, in the issue or a comment."""
    issue = thread.issue
    known = released(desk.releases or ())
    if not known or has_gap(thread) or not is_bug(thread, shows_error=signature(issue.body) is not None):
        return None
    told = list(spoken_of(f"{issue.title}\n{issue.body}", desk.repository.name, known))
    later = [one for comment in words(thread) for one in _named_in(comment, desk, known)]
    if not told and not later:
        return None
    met = [*later, *((version, False) for comment in words(thread) for version in _met_in(comment, desk, known))]
    newest, is_named = max([*told, *met])
    why = _why(newest, known, desk)
    if not why:
        return None
    latest = _release(known[0], desk)
    verb = "Reported against" if any(version == newest for version, _ in told) else "Last met with"
    facts = (
        Evidence(f"{verb} {newest}, which {why}", thread.url, issue.created_at),
        Evidence(f"{known[0]} is the latest release", latest.url, latest.published_at),
    )
    return Hit("outdated", "B" if is_named else "C", "ask_for_retest", 1, facts, _counter(thread, desk, known, newest))


def _named_in(comment: Comment, desk: Desk, known: tuple[Version, ...]) -> list[tuple[Version, bool]]:
    """As in a report; without those of which the writer only says that it works there, or asks to try them."""
    name = desk.repository.name
    found = list(spoken_of(comment.body, name, known))
    if not found:
        return []
    seen = [sentence for sentence, _ in sightings(comment.body)]
    others = [sentence for sentence in sentences(comment.body) if sentence not in seen]
    denied = {version for sentence in others for version, _ in spoken_of(sentence, name, known)}
    denied -= {version for sentence in seen for version, _ in spoken_of(sentence, name, known)}
    return [(version, is_named) for version, is_named in found if version not in denied]


def _met_in(comment: Comment, desk: Desk, known: tuple[Version, ...]) -> Iterator[Version]:
    """Where the project need not be named. The newest code was at least what was released last."""
    for sentence, on_newest in sightings(comment.body):
        yield from met_with(sentence, known)
        if on_newest and (newest := latest(desk.releases or (), comment.created_at)):
            yield newest


def _why(version: Version, known: tuple[Version, ...], desk: Desk) -> str:
    """In which way it is too old, as the end of a sentence; empty where it is not."""
    settings = desk.settings.sections.outdated
    behind = minors_behind(version, known)
    if settings.oldest_supported and version < Version(settings.oldest_supported):
        return f"is no longer supported: {settings.oldest_supported} is the oldest that is"
    if behind and (behind >= settings.minors or version.major < known[0].major):
        return f"is {behind} minor release{'' if behind == 1 else 's'} behind"
    return ""


def _release(version: Version, desk: Desk) -> Release:
    return next(one for one in desk.releases or () if parsed(one.tag) == version)


def _counter(thread: Thread, desk: Desk, known: tuple[Version, ...], newest: Version) -> tuple[Evidence, ...]:
    """Whoever wrote of it after the next series was out may have met it there."""
    doubts = [one for one in words(thread) if still_happens(one.body)]
    if not doubts:
        return ()
    following = [one for one in known if one.release[:2] > newest.release[:2]] or [known[0]]
    out_since = min(_release(one, desk).published_at for one in following)
    late = [one for one in doubts if one.created_at > out_since]
    return tuple(said(thread, comment, "wrote later that it happens, without a version") for comment in late[-2:])


def _or_older(sections: Sections) -> str:
    oldest = sections.outdated.oldest_supported
    return f", or older than {oldest}" if oldest else ""


RULE = Rule(
    id="outdated",
    title="Outdated",
    meaning=lambda it: (
        f"A bug reported against a version {it.outdated.minors} or more minor releases (or a major one) behind the"
        f" latest{_or_older(it)}, and confirmed on no newer one."
    ),
    find=find,
    needs=frozenset({"comments"}),
    needs_releases=True,
)
