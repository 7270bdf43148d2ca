"""Where a conversation stands after a maintainer asked its author for something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.issuebash.conversation import is_author, is_nobody
from bot.issuebash.phrases import asks, asks_plainly, mentioned, promises
from bot.issuebash.thread import Thread
from bot.triage.issue import Actor, Comment
from bot.triage.plan import REQUEST_MARKER


@dataclass(frozen=True, slots=True)
class Ask:
    """The last thing that was asked of the author."""

    comment: Comment
    by_bot: bool
    """It is the bot's own Request, posted for the maintainers."""
    plain: bool
    """Its words leave no doubt; else it is a question mark alone."""
    reply: Comment | None
    """The author's first word since."""
    last_reply: Comment | None
    """The author's last word since."""
    words_since: tuple[Comment, ...]
    """All that people wrote since, oldest first."""
    taken_up: bool
    """Since the author's last word a maintainer wrote without asking, or promised something."""


def last_ask(thread: Thread, is_maintainer: Callable[[Actor], bool]) -> Ask | None:
    """None where nobody asked, or where the author is a maintainer, a bot, or gone."""
    issue = thread.issue
    if issue.author.is_bot or is_nobody(issue.author) or is_maintainer(issue.author):
        return None
    heard = [comment for comment in issue.comments if not comment.author.is_bot or _is_request(comment)]
    place = next((at for at in range(len(heard) - 1, -1, -1) if _is_ask(heard[at], thread, is_maintainer)), None)
    if place is None:
        return None
    ask, since = heard[place], tuple(comment for comment in heard[place + 1 :] if not comment.author.is_bot)
    theirs = [at for at, comment in enumerate(since) if is_author(comment.author, thread)]
    after = since[theirs[-1] + 1 :] if theirs else since
    return Ask(
        comment=ask,
        by_bot=ask.author.is_bot,
        plain=ask.author.is_bot or asks_plainly(ask.body),
        reply=since[theirs[0]] if theirs else None,
        last_reply=since[theirs[-1]] if theirs else None,
        words_since=since,
        taken_up=any(is_maintainer(comment.author) for comment in after),
    )


def _is_request(comment: Comment) -> bool:
    return comment.by_this_app and comment.body.startswith(REQUEST_MARKER)


def _is_ask(comment: Comment, thread: Thread, is_maintainer: Callable[[Actor], bool]) -> bool:
    if comment.author.is_bot:
        return True
    if not is_maintainer(comment.author) or is_author(comment.author, thread):
        return False
    spoken_to = mentioned(comment.body)
    if spoken_to and thread.issue.author.login.lower() not in spoken_to:
        return False
    return asks(comment.body) and not promises(comment.body)
