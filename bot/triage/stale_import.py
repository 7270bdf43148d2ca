"""Turns the configuration of the well-known tools for stale issues into a policy, and tells what has no place in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import AliasChoices, ValidationError

from bot.forms.template import Problem
from bot.triage.labels import WAIT_FOR_AUTHOR
from bot.triage.lifecycle_policy import NeedsInfoSection, StaleSection
from bot.triage.places import Places

_ACTION = "actions/stale"
_DEFAULTS = {"days_until_stale": 60, "days_until_close": 7}
"""Of these tools; here nothing is stale unless the policy says so."""
_SPELLINGS = {
    str(spelling): name
    for name, told in StaleSection.model_fields.items()
    if isinstance(told.validation_alias, AliasChoices)
    for spelling in told.validation_alias.choices
}
_TYPED = {"days_until_stale", "days_until_close", "limit_per_run", "exempt_all_assignees", "exempt_all_milestones"}
"""Numbers and yes/no: a workflow may put quotes around them, a policy may not."""
_WITHOUT_MEANING = frozenset({"repo-token", "ascending", "sort-by", "enable-statistics", "issues", "only"})
_SAID = {
    "operations-per-run": "It counts calls; here `limit_per_run` counts issues, 30 an hour unless set.",
    "debug-only": "To try it first, run `triage simulate --lifecycle`; `dry_run: true` is for all that the bot does.",
    "remove-stale-when-updated": "Any word of a person takes the warning back, always.",
    "remove-issue-stale-when-updated": "Any word of a person takes the warning back, always.",
    "ignore-updates": "Any word of a person counts, always; those of bots and changes of labels never do.",
    "ignore-issue-updates": "Any word of a person counts, always; those of bots and changes of labels never do.",
    "unmarkComment": "Nothing new is said then: the warning itself is edited and folded away.",
    "close-issue-label": "No label is put on at closing; `close_reason` shows that it was not done.",
}
_NO_PLACE = "It has no place in the policy."
_DAY = "\n\n{% if day %}It stays open until the end of {{ day }}, and longer if anybody answers.{% endif %}\n"
_DAY_ADDED = "A sentence that names the day was added: nothing is closed before a warning has told until when."
_COMMENTS = frozenset({"mark_comment", "close_comment"})
_ASKED = {"days_until_stale": "days_until_reminder", "mark_comment": "reminder_comment"}
"""What is of `stale` there, and of `needs_info` here, where the author was asked."""


@dataclass(slots=True)
class Imported:
    """A policy, as far as it could be carried over; `problems` tell what was not."""

    policy: dict[str, Any] = field(default_factory=dict)
    """Empty where the file configures no such tool."""
    problems: list[Problem] = field(default_factory=list)


def convert(text: bytes, path: str) -> Imported:
    """Read a workflow with steps of actions/stale, or a stale.yml."""
    places = Places(text, path)
    if places.problems or not isinstance(places.value, dict):
        return Imported(problems=list(places.problems))
    return _Conversion(places, path).run(places.value)


class _Conversion:
    """One file."""

    def __init__(self, places: Places, path: str) -> None:
        self._places, self._path = places, path
        self._made = Imported()

    def run(self, content: Mapping[str, Any]) -> Imported:
        steps = list(_steps(content))
        merged = {**content, **_mapping(content.get("issues"))}
        if not steps and "jobs" not in content and not _SPELLINGS.keys().isdisjoint(merged):
            steps = [((), {"staleLabel": "wontfix", **merged})]
        for place, inputs in steps:
            self._step(place, inputs)
        return self._made

    def _step(self, place: tuple[str | int, ...], inputs: Mapping[str, Any]) -> None:
        if inputs.get("only") == "pulls":
            self._tell(place, "only", "It is about pull requests alone; the bot leaves them alone.")
            return
        section, told = self._section(inputs)
        kept = self._placed(place, section)
        for key, name, problem in told:
            if name is None or name in kept:
                self._tell(place, key, problem)
        if any(_is_about_pulls(key) for key in inputs):
            self._tell(place, "", "Pull requests are left alone: what is said of them has no place in the policy.")

    def _placed(self, place: tuple[str | int, ...], section: dict[str, Any]) -> Collection[str]:
        """Put it where it belongs in the policy; which of its keys were used."""
        policy = self._made.policy
        only = section.get("only_labels", []) or section.get("any_of_labels", [])
        label = only[0] if len(only) == 1 else ""
        if section["days_until_stale"] is None and section["days_until_close"] is not None:
            return self._by_label(place, section, label)
        if _waits_for_author(label) and "needs_info" not in policy:
            return self._asked(place, section, label)
        if policy.get("stale", {}).get("days_until_stale") is None:
            policy["stale"] = section
            return section.keys() | _COMMENTS
        if label:
            return self._other_times(place, section, label)
        self._tell(place, "", "There is one section `stale` only: this step is left out.")
        return ()

    def _by_label(self, place: tuple[str | int, ...], section: dict[str, Any], label: str) -> Collection[str]:
        """A step that marks nothing, and closes what others have marked: the usual way to wait for an answer."""
        if not label or "needs_info" in self._made.policy:
            message = "It marks nothing and closes what others mark. A label alone closes nothing here: it is left out."
            self._tell(place, "", message)
            return ()
        days = section["days_until_close"]
        halves = {"days_until_stale": max(1, days // 2), "days_until_close": max(1, days - days // 2)}
        kept = self._asked(place, section | halves, label)
        self._tell(place, "", f"Nothing is closed unwarned: of its {days} days the author is reminded after half.")
        return kept

    def _asked(self, place: tuple[str | int, ...], section: dict[str, Any], label: str) -> Collection[str]:
        shared = NeedsInfoSection.model_fields.keys() - {"only_labels", "any_of_labels"}
        kept = {name: there for name in section if (there := _ASKED.get(name, name)) in shared}
        self._made.policy["needs_info"] = {there: section[name] for name, there in kept.items()}
        if label.lower() != "needs-info":
            self._made.policy["labels"] = {"needs_info": label}
        self._tell(place, "", f"It became `needs_info`, with `{label}` for the label: a reminder, then closing.")
        return kept.keys() | _COMMENTS

    def _other_times(self, place: tuple[str | int, ...], section: dict[str, Any], label: str) -> Collection[str]:
        times = {name: section[name] for name in _DEFAULTS}
        self._made.policy["stale"].setdefault("labels", {})[label] = times
        others = section.keys() - _DEFAULTS.keys() - {"only_labels", "any_of_labels"}
        message = f"It became `stale: labels: {label}`, which takes its days alone."
        if others:
            message += f" Left out: {', '.join(f'`{name}`' for name in sorted(others))}."
        self._tell(place, "", message)
        return times.keys()

    def _section(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str | None, str]]]:
        """What a section `stale` would hold, and what is to be told: the key, what it is here, and why."""
        found: dict[str, Any] = dict(_DEFAULTS)
        told: list[tuple[str, str | None, str]] = []
        # What is said of issues alone comes after what is said of all, and so counts.
        for key, value in sorted(inputs.items(), key=lambda item: "issue" in item[0]):
            name = _SPELLINGS.get(key)
            if _is_about_pulls(key) or key in _WITHOUT_MEANING:
                continue
            if name is not None:
                problem = self._take(found, name, value)
            else:
                is_usual = str(value).lower() == ("true" if key.startswith("remove-") else "false")
                problem = "" if is_usual else _SAID.get(key, _NO_PLACE)
            if problem:
                told.append((key, name, problem))
        return found, told

    @staticmethod
    def _take(found: dict[str, Any], name: str, value: Any) -> str:
        """Put the value where it belongs; else say why not."""
        if isinstance(value, str) and "${{" in value:
            return "An expression is worked out by GitHub when the workflow runs: put its value into the policy."
        if name in _COMMENTS and not value:
            return "Something is always said: the built-in words, unless the policy has others."
        if name in _COMMENTS and re.search(r"\{[{%#]", str(value)):
            return "Braces have a meaning in the policy's comments: put it there by hand."
        if name in _TYPED and isinstance(value, str):
            value = {"true": True, "false": False}.get(value.lower(), int(value) if _is_number(value) else value)
        at_once = name == "days_until_close" and value == 0 and value is not False
        value = 1 if at_once else f"{str(value).rstrip()}{_DAY}" if name == "mark_comment" else value
        try:
            taken = StaleSection.model_validate({name: value}).model_dump(mode="json")[name]
        except ValidationError:
            return f"`{value}` cannot be carried over: see `{name}` in the policy's reference."
        if name in _DEFAULTS or taken != StaleSection().model_dump(mode="json")[name]:
            found[name] = taken
        if at_once:
            return "Here it is a day at least: nobody could answer a warning in no time."
        return _DAY_ADDED if name == "mark_comment" else ""

    def _tell(self, place: tuple[str | int, ...], key: str, message: str) -> None:
        line, column = self._places.of((*place, key) if key else place, key=True)
        named = f"{key}: {message}" if key else message
        self._made.problems.append(Problem(self._path, line, column, named, "warning"))


def _steps(content: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """Each step of the action, with where its inputs stand."""
    for name, job in _mapping(content.get("jobs")).items():
        steps = _mapping(job).get("steps")
        for at, step in enumerate(steps if isinstance(steps, list) else []):
            if str(_mapping(step).get("uses", "")).partition("@")[0] == _ACTION:
                yield ("jobs", name, "steps", at, "with"), _mapping(step.get("with"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _waits_for_author(label: str) -> bool:
    return any(word in label.lower() for word in WAIT_FOR_AUTHOR)


def _is_about_pulls(key: str) -> bool:
    return "-pr-" in f"{key}-" or key in {"pulls", "delete-branch"}


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]{1,6}", text) is not None
