"""Carries out slash commands on paper: what each would do, and the issue and history as they would be then."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bot.forms.check import Checker
from bot.triage.commands import NEEDS_INFO
from bot.triage.issue import Actor, Command, History, Issue
from bot.triage.labels import MAX_LABELS, LabelStock, same
from bot.triage.need import find_need, is_named
from bot.triage.plan import Action, Close, React, Remember, RemoveLabel, Reopen
from bot.triage.policy import Policy


@dataclass(frozen=True, slots=True)
class Obeyed:
    """The issue and its history as after the commands, and the actions that get them there."""

    issue: Issue
    history: History
    actions: tuple[Action, ...] = ()
    look: bool = False
    """Somebody permitted asked for a look, whatever the issue's age."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """One command and all it may look at."""

    command: Command
    issue: Issue
    history: History
    policy: Policy
    checker: Checker
    stock: LabelStock

    @property
    def because(self) -> str:
        return f"{self.command.actor.login} wrote /{self.command.name}."

    def overtaken(self, *, added: bool) -> frozenset[str]:
        """Labels, lower case, that a person put on since, or took off; the empty text for opened again, or closed."""
        at = self.command.at
        since = (it for it in self.history.changed_by_hand if at is not None and it.at > at)
        return frozenset(it.label for it in since if it.added is added)


@dataclass(frozen=True, slots=True)
class _Effect:
    actions: tuple[Action, ...] = ()
    issue: Mapping[str, Any] = field(default_factory=dict)
    """What changes of the issue by the actions."""
    history: Mapping[str, Any] = field(default_factory=dict)
    """What changes of the history by the actions."""
    remember: Mapping[str, Any] = field(default_factory=dict)
    """What changes of the history by the command's own word."""
    look: bool = False


_Reaction = Literal["+1", "-1", "confused"]
_Answer = _Effect | _Reaction | None
"""What a command does, or why not: `-1` for one its writer may not use, `confused` for one that names nothing; None for
one that came late, when people had done something else by hand: nobody waits for an answer then."""


def obey(issue: Issue, history: History, policy: Policy, checker: Checker, stock: LabelStock) -> Obeyed:
    """Take the commands in order, each on what the ones before it left."""
    actions: list[Action] = []
    reactions: set[tuple[int, str]] = set()
    look = False
    for command in history.commands:
        desk = _Desk(command, issue, history, policy, checker, stock)
        answer = _carry_out(desk)
        effect = answer if isinstance(answer, _Effect) else _Effect()
        actions += effect.actions
        reaction: _Reaction | None = "+1" if isinstance(answer, _Effect) else answer
        if reaction and (command.comment_id, reaction) not in reactions and not command.actor.is_bot:
            actions.append(React(comment_id=command.comment_id, content=reaction, because=desk.because))
            reactions.add((command.comment_id, reaction))
        actions.append(Remember(command_done=command.id, because=desk.because, **effect.remember))
        issue = replace(issue, **effect.issue)
        history = replace(history, **effect.history, **effect.remember)
        look = look or effect.look
    return Obeyed(issue, replace(history, commands=()), tuple(actions), look)


def forget(history: History, because: str) -> tuple[Action, ...]:
    """Put commands aside without carrying them out or answering."""
    return tuple(Remember(command_done=command.id, because=because) for command in history.commands)


def _carry_out(desk: _Desk) -> _Answer:
    carry_out = _COMMANDS.get(desk.command.name)
    if carry_out is None:
        return "confused"
    return carry_out(desk) if is_permitted(desk.command, desk.issue.author, desk.policy) else "-1"


def is_permitted(command: Command, author: Actor, policy: Policy) -> bool:
    """`author`: of the issue that it was said in."""
    actor = command.actor
    if actor.is_bot:
        return False
    permission = policy.commands.permission(command.name)
    if permission in {"anyone", "nobody"}:
        return permission == "anyone"
    is_author = bool(actor.login) and actor.login.lower() == author.login.lower()
    return actor.is_maintainer or (permission == "author" and is_author)


def _label(desk: _Desk) -> _Answer:
    stock = desk.stock
    known = None if stock.known is None else {*stock.known, *(name.lower() for name in stock.policy.create)}
    present = {label.lower() for label in desk.issue.labels}
    named = [stock.real_name(name) for name in _names(desk.command.arguments, known)]
    if not named or None in named:
        return "confused"
    # Those that people have put on themselves are as wished.
    taken_off = desk.overtaken(added=False)
    wanted = [name for name in dict.fromkeys(named) if name and name.lower() not in taken_off]
    if not wanted:
        return None
    add = tuple(name for name in wanted if name.lower() not in present)
    if len(present) + len(add) > MAX_LABELS:
        return "confused"
    keys = {name.lower() for name in wanted}
    return _Effect(
        tuple(stock.add(add, desk.because, for_person=True)),
        issue={"labels": (*desk.issue.labels, *add)},
        history={
            "labels_by_people": desk.history.labels_by_people | {name.lower() for name in add},
            "labels_by_bot": desk.history.labels_by_bot - {name.lower() for name in add},
            "labels_removed_by_people": desk.history.labels_removed_by_people - keys,
        },
    )


def _unlabel(desk: _Desk) -> _Answer:
    present = {label.lower() for label in desk.issue.labels}
    put_on, taken_off = desk.overtaken(added=True), desk.overtaken(added=False)
    named = {name.lower() for name in _names(desk.command.arguments, present | put_on | taken_off)}
    keys = named - put_on
    if not named or not keys <= present | taken_off:
        return "confused"
    if not keys:
        return None
    waiting_ends = (desk.policy.labels.needs_info or "").lower() in keys
    return _Effect(
        tuple(
            RemoveLabel(label=label, for_person=True, because=desk.because)
            for label in desk.issue.labels
            if label.lower() in keys
        ),
        issue={"labels": tuple(label for label in desk.issue.labels if label.lower() not in keys)},
        history={
            "labels_by_people": desk.history.labels_by_people - keys,
            "labels_by_bot": desk.history.labels_by_bot - keys,
            "labels_removed_by_people": desk.history.labels_removed_by_people | keys,
        },
        remember={"needs_info_by_maintainer": False, "asked_fields": ()} if waiting_ends else {},
    )


def _needs_info(desk: _Desk) -> _Answer:
    """Ask for the named fields; without any, or when they are answered, wait for the author's next word.

    That word may have come first: commands arrive late, and together with what was said after them.
    """
    answers = find_need(desk.issue, desk.checker).answers
    labels = {name.casefold() for answer in answers for name in (answer.field.id, answer.field.label)}
    names = {name.casefold() for name in _names(desk.command.arguments, labels)}
    if not names <= labels:
        return "confused"
    asked = tuple(answer.field.id for answer in answers if is_named(answer, names))
    is_open = any(answer.status != "answered" for answer in answers if answer.field.id in asked)
    key = (desk.policy.labels.needs_info or "").lower()
    return _Effect(
        # A person's word for the label outweighs that it was once taken off.
        history={
            "labels_removed_by_people": desk.history.labels_removed_by_people - {key},
            "labels_by_bot": _still(desk.history.labels_by_bot, key, desk.issue),
            "labels_by_people": _still(desk.history.labels_by_people, key, desk.issue),
        },
        remember={
            "asked_fields": tuple(dict.fromkeys((*desk.history.asked_fields, *asked))),
            "needs_info_by_maintainer": desk.history.needs_info_by_maintainer
            or not (is_open or _has_spoken_since(desk)),
            "skipped": False,
        },
        look=True,
    )


def _has_spoken_since(desk: _Desk) -> bool:
    """Whether the author has said or edited anything after the command."""
    command, author, edited_at = desk.command, desk.issue.author.login, desk.history.edited_at
    return any(it.author.login == author and it.id > command.comment_id for it in desk.issue.comments) or (
        edited_at is not None and command.at is not None and edited_at > command.at
    )


def _still(keys: frozenset[str], key: str, issue: Issue) -> frozenset[str]:
    return keys if any(same(label, key) for label in issue.labels) else keys - {key}


def _triage(_: _Desk) -> _Effect:
    return _Effect(remember={"skipped": False, "settled": ""}, look=True)


def _skip_triage(_: _Desk) -> _Effect:
    return _Effect(remember={"skipped": True, "needs_info_by_maintainer": False, "asked_fields": ()})


def _close(desk: _Desk) -> _Answer:
    word = "-".join(desk.command.arguments).lower().replace("_", "-")
    if word not in {"", "completed", "not-planned"}:
        return "confused"
    if desk.issue.state == "closed":
        return _Effect()
    if "" in desk.overtaken(added=True):
        return None
    action = Close(reason="completed" if word == "completed" else "not_planned", because=desk.because)
    return _Effect((action,), issue={"state": "closed"}, remember={"closed_by_bot": True})


def _reopen(desk: _Desk) -> _Answer:
    if desk.issue.state == "open":
        return _Effect()
    if "" in desk.overtaken(added=False):
        return None
    # What a maintainer closed by hand stays closed until a maintainer says otherwise.
    if not (desk.command.actor.is_maintainer or desk.history.closed_by_bot):
        return "-1"
    return _Effect((Reopen(because=desk.because),), issue={"state": "open"}, remember={"closed_by_bot": False})


_COMMANDS: dict[str, Callable[[_Desk], _Answer]] = {
    "label": _label,
    "unlabel": _unlabel,
    NEEDS_INFO: _needs_info,
    "triage": _triage,
    "skip-triage": _skip_triage,
    "close": _close,
    "reopen": _reopen,
}


def _names(arguments: Sequence[str], known: Collection[str] | None) -> list[str]:
    """Join words to the longest known names, so that `/label good first issue` needs no quotes."""
    names: list[str] = []
    start = 0
    while start < len(arguments):
        ends = range(len(arguments), start, -1)
        end = next((end for end in ends if known and " ".join(arguments[start:end]).casefold() in known), start + 1)
        names.append(" ".join(arguments[start:end]))
        start = end
    return names
