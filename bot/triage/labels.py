"""Which labels an issue should carry, and the actions that get it there without undoing what people did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.forms.load import TemplateSet
from bot.forms.template import Template
from bot.triage.issue import History, Issue
from bot.triage.need import Need, is_named
from bot.triage.plan import Action, AddLabels, CreateLabel, RemoveLabel
from bot.triage.policy import Labels
from bot.triage.printed import Printed

MAX_LABELS = 100
MAX_NAME = 50
WAIT_FOR_AUTHOR = (
    "needs-info", "needs info", "needs_info", "more-information", "more information", "info-needed",
    "awaiting response", "awaiting-response", "waiting for", "waiting-for", "needs-repro", "no-response",
)  # fmt: skip
"""How labels that wait for the author are called in the wild: theirs hold one of these."""


@dataclass(frozen=True, slots=True)
class LabelStock:
    """The labels of a repository: those that exist, and those that may be created."""

    policy: Labels
    known: Mapping[str, str] | None
    """Lower case -> as written; None where not known, then every label is taken to exist."""

    def real_name(self, label: str) -> str | None:
        """Give the label's name as the repository writes it; None where it is absent and may not be created."""
        key = label.lower()
        if len(label) > MAX_NAME:
            return None
        if self.known is None:
            return label
        return self.known.get(key) or next((name for name in self.policy.create if name.lower() == key), None)

    def add(self, labels: Iterable[str], because: str, *, for_person: bool = False) -> Iterator[Action]:
        """Plan to create what is missing and to add all in one call; `labels` are real names."""
        labels = tuple(labels)
        for label in labels:
            if self.known is not None and label.lower() not in self.known:
                new = self.policy.create[label]
                yield CreateLabel(
                    name=label,
                    color=new.color,
                    description=new.description,
                    because="The repository does not have it yet, and the policy lets the bot create it.",
                )
        if labels:
            yield AddLabels(labels=labels, for_person=for_person, because=because)


def label_actions(
    issue: Issue,
    stock: LabelStock,
    templates: TemplateSet,
    history: History,
    need: Need,
    printed: Printed,
    *,
    waiting: bool,
) -> Iterator[Action]:
    """Plan labels to create, to add and to remove, for an open issue; `waiting`: its author is to answer something."""
    wanted = _wanted(issue, stock.policy, history, need, waiting=waiting)
    wanted |= {label.lower(): label for label in printed.wanted}
    present = {label.lower() for label in issue.labels}
    # A label that was put on and is gone was taken off by a person, also where the news of that was lost.
    removed = history.labels_removed_by_people | ((history.labels_by_bot | history.labels_by_people) - present)
    add = [
        name
        for key, label in wanted.items()
        if key not in present and key not in removed and (name := stock.real_name(label))
    ]
    add = add[: max(0, MAX_LABELS - len(present))]
    yield from stock.add(add, " ".join((need.reason, *_reasons(add, printed))))
    removable = _removable(stock.policy, templates, need) | {label.lower() for label in printed.decided}
    removable -= wanted.keys()
    for label in issue.labels:
        if label.lower() in removable and is_the_bots(label, history):
            yield RemoveLabel(label=label, because=f"It does not apply any more. {need.reason}")


def _reasons(labels: Sequence[str], printed: Printed) -> Iterable[str]:
    added = {label.lower() for label in labels}
    return dict.fromkeys(because for label, because in printed.wanted.items() if label.lower() in added)


def take_back(issue: Issue, policy: Labels, history: History, because: str) -> Iterator[Action]:
    """Plan to remove needs-info where the bot put it on."""
    for label in issue.labels:
        if same(label, policy.needs_info) and is_the_bots(label, history):
            yield RemoveLabel(label=label, because=because)


def is_the_bots(label: str, history: History) -> bool:
    """Tell whether the bot put a label on and may take it off."""
    return label.lower() in history.labels_by_bot - history.labels_by_people


def same(label: str, other: str | None) -> bool:
    """Compare label names as GitHub does."""
    return other is not None and label.lower() == other.lower()


def _wanted(issue: Issue, policy: Labels, history: History, need: Need, *, waiting: bool) -> dict[str, str]:
    labels = [*_of_templates(need.templates, policy), *_of_answers(need, policy)]
    held = any(same(label, policy.needs_info) and not is_the_bots(label, history) for label in issue.labels)
    state = policy.needs_info if waiting else policy.needs_triage
    if state and not (held and not waiting):
        labels.append(state)
    return {label.lower(): label for label in labels}


def _of_templates(templates: Sequence[Template], policy: Labels) -> Iterator[str]:
    """Give the labels that all these templates share; GitHub puts on a template's own only through its web chooser."""
    said = {file.lower(): labels for file, labels in policy.templates.items()}
    each = [(*template.labels, *said.get(template.file.lower(), ()), *said.get("*", ())) for template in templates]
    for label in each[0] if each else ():
        if all(label.lower() in {other.lower() for other in others} for others in each[1:]):
            yield label


def _of_answers(need: Need, policy: Labels) -> Iterator[str]:
    files = {"*", *(template.file.lower() for template in need.templates)}
    rules = [
        (field.casefold(), {option.casefold(): labels for option, labels in options.items()})
        for file, fields in policy.answers.items()
        if file.lower() in files
        for field, options in fields.items()
    ]
    for answer in need.answers if rules else ():
        chosen = (answer.value,) if isinstance(answer.value, str) else answer.value or ()
        for name, options in rules:
            if is_named(answer, {name}):
                for value in chosen:
                    yield from options.get(value.casefold(), ())


def _removable(policy: Labels, templates: TemplateSet, need: Need) -> set[str]:
    """Give the labels that follow from a template or an answer, so that the bot's own can be taken off again.

    Where no single template is recognised they stay: a heading broken by an edit is no reason to relabel. The label of
    an answer goes when there is another answer, not when there is none any more.
    """
    labels = {policy.needs_info or "", policy.needs_triage or ""}
    if len(need.templates) == 1:
        labels |= {label for template in templates.templates for label in template.labels}
        labels |= {label for names in policy.templates.values() for label in names}
        unanswered = [answer for answer in need.answers if answer.status != "answered"]
        for fields in policy.answers.values():
            for field, options in fields.items():
                if not any(is_named(answer, {field.casefold()}) for answer in unanswered):
                    labels |= {label for names in options.values() for label in names}
    return {label.lower() for label in labels}
