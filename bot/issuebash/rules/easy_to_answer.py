"""Easy to answer: a question without a maintainer's reply, where a similar one was answered or the docs have it."""

from __future__ import annotations

from bot.issuebash.conversation import first_response_at
from bot.issuebash.desk import Desk
from bot.issuebash.questions import is_question
from bot.issuebash.report import Evidence, Hit
from bot.issuebash.rule import Rule, has_gap
from bot.issuebash.thread import Thread

_LIKE = 0.6
_VERY_LIKE = 0.75
_PAGE = 0.6
_MOST = 5


def find(thread: Thread, desk: Desk) -> Hit | None:
    """A likely answer is named; whether it is one, the maintainer sees at a glance."""
    author = thread.issue.author
    if (
        desk.similar is None
        or author.is_bot
        or desk.is_maintainer(author)
        or not is_question(thread)
        or has_gap(thread)
    ):
        return None
    if first_response_at(thread, desk.maintainers) is not None:
        return None
    answered = [one for one in desk.similar.issues(thread, _MOST) if one.answered and one.likeness >= _LIKE]
    pages = [one for one in desk.similar.pages(thread, _MOST) if one.likeness >= _PAGE]
    if not answered and not pages:
        return None
    facts = [Evidence(f"#{one.number} is alike and was answered: {one.title}", one.url) for one in answered[:2]]
    facts += [Evidence(f"The docs have a page on it: {one.title}", one.url) for one in pages[:2]]
    sure = (answered and pages) or (answered and answered[0].likeness >= _VERY_LIKE)
    counter = (Evidence("Likeness of titles alone does not say that the question is the same"),) if not sure else ()
    return Hit("easy_to_answer", "B" if sure else "C", "point_to_answer", 2, tuple(facts), counter)


RULE = Rule(
    id="easy_to_answer",
    title="Easy to answer",
    meaning=lambda _: "A question no maintainer has replied to, where a similar one was answered or a docs page fits.",
    find=find,
    needs=frozenset({"comments", "associations"}),
    needs_search=True,
)
