"""Duplicates: a maintainer said so, or titles are alike and the same error is shown; never a title alone."""

from __future__ import annotations

from bot.issuebash.conversation import is_maintainer, words
from bot.issuebash.desk import Desk
from bot.issuebash.phrases import duplicate_of
from bot.issuebash.report import Evidence, Hit
from bot.issuebash.rule import Rule, said
from bot.issuebash.signature import signature
from bot.issuebash.thread import Thread

_LIKE = 0.5
_LIKE_WITH_PLACE = 0.25
"""Where the errors agree in their place in the code as well."""
_MOST = 10


def find(thread: Thread, desk: Desk) -> Hit | None:
    return _declared(thread, desk) or _shown(thread, desk)


def _declared(thread: Thread, desk: Desk) -> Hit | None:
    """By GitHub's own mark, or by a maintainer's words, and not taken back since."""
    marks = [event for event in thread.events if event.kind in {"duplicate", "undone_duplicate"}]
    if marks and marks[-1].kind == "duplicate":
        mark = marks[-1]
        fact = Evidence(f"{mark.actor.login} marked it as a duplicate of {mark.subject}", thread.url, mark.at)
        return Hit("duplicates", "A", "close_as_duplicate", 1, (fact,))
    for comment in words(thread):
        number = duplicate_of(comment.body, desk.repository.full_name)
        if number is None or number == thread.number or not is_maintainer(comment.author, desk.maintainers):
            continue
        if marks:
            return None
        later = [one for one in words(thread) if one.created_at > comment.created_at]
        counter = tuple(said(thread, one, "wrote since") for one in later[-2:])
        fact = said(thread, comment, f"called it a duplicate of #{number}")
        return Hit("duplicates", "A" if not later else "B", "close_as_duplicate", 1, (fact,), counter)
    return None


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
        "A maintainer called it a duplicate, or an older issue has a like title and shows the same error."
    ),
    find=find,
    needs=frozenset({"comments", "associations"}),
)
