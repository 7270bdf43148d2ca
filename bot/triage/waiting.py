"""Which clock runs for an issue that waits, whom it waits for, and since when nobody has said anything."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal

from bot.triage.commands import ParsedCommand, is_bare, parse_commands
from bot.triage.issue import Actor, Comment, History, Issue
from bot.triage.labels import same
from bot.triage.lifecycle_policy import StaleSection, Waiting
from bot.triage.policy import Policy

_START = datetime(1970, 1, 1, tzinfo=UTC)
_GHOST = "ghost"


@dataclass(frozen=True, slots=True)
class Track:
    """The clock that runs for an issue."""

    kind: Literal["reminder", "stale"]
    """Also the notice that stands before closing."""
    section: Waiting
    until_notice: int
    """Days."""
    until_close: int | None


def track_of(issue: Issue, history: History, policy: Policy) -> Track | None:
    """None where the policy lets it wait for ever."""
    asked = policy.needs_info
    if asked.days_until_reminder is not None and _is_asked(issue, history, policy.labels.needs_info):
        return Track("reminder", asked, asked.days_until_reminder, asked.days_until_close)
    stale = policy.stale
    days, close = _times(issue, stale)
    return None if days is None else Track("stale", stale, days, close)


def _is_asked(issue: Issue, history: History, label: str | None) -> bool:
    """Whether its author was asked for something: the label says so, as people may take it off or put it on."""
    if label is None:
        request = history.request
        return history.needs_info_by_maintainer or (request is not None and not request.resolved)
    return any(same(each, label) for each in issue.labels)


def least_days(policy: Policy) -> int | None:
    """The shortest silence after which anything may be due."""
    stale = policy.stale
    given = (
        policy.needs_info.days_until_reminder,
        stale.days_until_stale,
        *(each.days_until_stale for each in stale.labels.values()),
    )
    return min((days for days in given if days is not None), default=None)


def _times(issue: Issue, stale: StaleSection) -> tuple[int | None, int | None]:
    for name, own in stale.labels.items():
        if any(same(label, name) for label in issue.labels):
            given = own.model_fields_set
            return (
                own.days_until_stale if "days_until_stale" in given else stale.days_until_stale,
                own.days_until_close if "days_until_close" in given else stale.days_until_close,
            )
    return stale.days_until_stale, stale.days_until_close


def exempt(issue: Issue, history: History, section: Waiting, app: str) -> str:
    """Say why the lifecycle leaves an issue alone; empty where it does not. `app`: the bot's login."""
    labels, assignees = _lower(issue.labels), _lower(issue.assignees)
    start = section.start_date and datetime.combine(section.start_date, time(), UTC)
    reasons = {
        "A maintainer said to leave it alone.": history.skipped,
        "The bot itself opened it.": issue.author.is_bot and issue.author.login.lower() == app.lower(),
        "It is pinned.": history.pinned,
        "It was transferred from another repository.": issue.transferred_in,
        "The policy exempts it by a label.": not labels.isdisjoint(_lower(section.exempt_labels)),
        "The policy exempts its author.": issue.author.login.lower() in _lower(section.exempt_authors),
        "The policy exempts it by its assignee.": (section.exempt_all_assignees and bool(assignees))
        or not assignees.isdisjoint(_lower(section.exempt_assignees)),
        "The policy exempts it by its milestone.": bool(issue.milestone)
        and (section.exempt_all_milestones or issue.milestone.lower() in _lower(section.exempt_milestones)),
        "Many people care about it.": section.exempt_reactions is not None
        and issue.reactions >= section.exempt_reactions,
        "It is older than the policy's start date.": issue.created_at < (start or _START),
        "The policy is about other labels.": not _lower(section.only_labels) <= labels
        or (bool(section.any_of_labels) and labels.isdisjoint(_lower(section.any_of_labels))),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def quiet_since(issue: Issue, history: History) -> datetime:
    """When a person last took part, by the comments and by what deliveries told."""
    times = [comment.created_at for comment in issue.comments if not comment.author.is_bot]
    return max((issue.created_at, history.last_human_at or issue.created_at, *times))


def asked_at(history: History) -> datetime:
    """When the bot's own open Request was put; long ago where there is none."""
    request = history.request
    return request.asked_at or _START if request and not request.resolved else _START


def asked_by_label(issue: Issue, history: History, label: str | None) -> tuple[datetime, ...]:
    """When a person put on the label that says that the author is asked; none where it is off, or by the bot."""
    if not any(same(each, label) for each in issue.labels):
        return ()
    return tuple(at for name, at in history.labelled_at if same(name, label))


def maintainers_owe(issue: Issue, history: History, needs_info: str | None = None) -> bool:
    """Tell whether the next word is the maintainers': from the start, and after each word of the author.

    The bot's open Request is put for them, and whether an edit answers it the bot can tell by itself. Where the author
    is a maintainer or a bot, nobody owes anything. Where the author's account was deleted, the words of all deleted
    accounts count as the author's: better not to close than to pass over an answer. `needs_info`: the label by which
    a maintainer may ask without a word.
    """
    author = issue.author
    if author.is_bot or author.is_maintainer or issue.next_word_hidden:
        return False
    words = [
        (comment.created_at, by_author)
        for comment in issue.comments
        if not comment.author.is_bot
        and (
            (by_author := _may_be_author(comment.author, issue))
            or (comment.author.is_maintainer and is_reply(comment, needs_info))
        )
    ]
    words += [(at, False) for at in asked_by_label(issue, history, needs_info)]
    request = history.request
    if request is not None and not request.resolved:
        words.append((asked_at(history), False))
    elif history.edited_at is not None:
        words.append((history.edited_at, True))
    # Said in the same second: the author's word counts as the later one.
    return max(words, default=(_START, True))[1]


def is_reply(comment: Comment, needs_info: str | None = None) -> bool:
    """Whether a maintainer's comment is a word to the author: commands to the bot are none, but those that ask."""
    return not is_bare(comment.body) or any(_asks(command, needs_info) for command in parse_commands(comment.body))


def _asks(command: ParsedCommand, needs_info: str | None) -> bool:
    labels = command.arguments if command.name == "label" else ()
    return command.name == "needs-info" or any(same(label, needs_info) for label in (*labels, " ".join(labels)))


def _may_be_author(actor: Actor, issue: Issue) -> bool:
    return is_author(actor, issue) or actor.login.lower() == issue.author.login.lower() == _GHOST


def is_author(actor: Actor, issue: Issue) -> bool:
    """Deleted accounts are nobody: two of them need not be the same."""
    login = actor.login.lower()
    return login == issue.author.login.lower() and login not in {"", _GHOST}


def days(number: int) -> timedelta:
    return timedelta(days=number)


def _lower(names: Collection[str]) -> set[str]:
    return {name.lower() for name in names}
