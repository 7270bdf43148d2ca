"""Which labels an issue should carry, and the actions that get it there without touching what people did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.triage.issue import History, Issue
from bot.triage.need import Need
from bot.triage.plan import Action, AddLabels, CreateLabel, RemoveLabel
from bot.triage.policy import Policy

MAX_LABELS = 100


def label_actions(
    issue: Issue, policy: Policy, known: Mapping[str, str] | None, history: History, need: Need
) -> Iterator[Action]:
    """Plan labels to create, to add in one call, and to remove one by one."""
    wanted = {label.lower(): label for template in need.templates for label in template.labels}
    if need and policy.labels.needs_info:
        wanted[policy.labels.needs_info.lower()] = policy.labels.needs_info
    present = {label.lower(): label for label in issue.labels}
    creatable = {label.lower(): (label, new) for label, new in policy.labels.create.items()}
    add: list[str] = []
    for key, label in wanted.items():
        if key in present or key in history.labels_removed_by_people or key in history.labels_by_bot:
            continue
        if known is None or key in known:
            add.append(known[key] if known else label)
        elif key in creatable:
            name, new = creatable[key]
            yield CreateLabel(
                name=name, color=new.color, description=new.description, because="The policy lets the bot create it."
            )
            add.append(name)
    if add:
        yield AddLabels(labels=tuple(add), because="They belong to the template or to what was found.")
    for key, label in present.items():
        if key not in wanted and key in history.labels_by_bot and key not in history.labels_by_people:
            yield RemoveLabel(label=label, because="It no longer applies.")
