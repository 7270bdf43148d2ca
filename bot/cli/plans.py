"""Tells a Plan to people, and to machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from bot.triage.notices import NOTICE_MARKER
from bot.triage.plan import (
    Action,
    AddLabels,
    Close,
    CreateLabel,
    EditRequest,
    PostNotice,
    PostRequest,
    React,
    RemoveLabel,
    RetractNotice,
)

if TYPE_CHECKING:
    from bot.triage.plan import Plan


def headline(action: Action) -> str:
    """What would be done, in a few words."""
    match action:
        case CreateLabel():
            words = f"create the label {action.name}"
        case AddLabels():
            words = f"add {', '.join(action.labels)}"
        case RemoveLabel():
            words = f"remove {action.label}"
        case PostRequest():
            words = "ask in a comment"
        case EditRequest():
            words = "resolve the Request" if action.resolved else "change the Request"
        case PostNotice():
            words = {"reminder": "remind", "stale": "warn", "closing": "say that it closes"}[kind_of(action)]
        case RetractNotice():
            words = "take the notice back"
        case React():
            words = f"react with {action.content} to comment {action.comment_id}"
        case Close():
            words = f"close as {action.reason.replace('_', ' ')}"
        case _:
            words = action.kind
    return words


def kind_of(action: PostNotice) -> str:
    """`reminder`, `stale` or `closing`."""
    return action.body.removeprefix(NOTICE_MARKER).split(" ", 1)[0]


def as_text(plan: Plan) -> Iterator[str]:
    """The verdict, then each action with its because, and what a comment would say."""
    yield f"  {plan.verdict}"
    for number, action in enumerate(plan.actions, 1):
        yield f"  {number}. {headline(action)}, because: {action.because}"
        if isinstance(action, PostRequest | EditRequest | PostNotice):
            yield from (f"     | {line}".rstrip() for line in action.body.splitlines())
    if not plan:
        yield "  Nothing to do."


def as_json(plan: Plan) -> dict[str, Any]:
    return {
        "verdict": plan.verdict,
        "actions": [
            {"kind": action.kind} | {item.name: getattr(action, item.name) for item in fields(action)}
            for action in plan.actions
        ],
    }
