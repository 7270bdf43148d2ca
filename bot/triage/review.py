"""Compares a policy with the templates it speaks of, and finds names that lead nowhere."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

from bot.forms.load import TemplateSet
from bot.forms.template import Field, Problem, Template
from bot.triage.policy import Policy


def review(policy: Policy, templates: TemplateSet) -> tuple[Problem, ...]:
    """Warn of template files, fields and options that a policy names and the templates do not have."""
    return tuple(_review(policy, templates.templates))


def _review(policy: Policy, templates: Sequence[Template]) -> Iterator[Problem]:
    for file in policy.labels.templates:
        _, problem = _templates(policy, ("labels", "templates", file), templates)
        yield from problem
    for file, named in policy.labels.answers.items():
        place: tuple[str, ...] = ("labels", "answers", file)
        found, problem = _templates(policy, place, templates)
        yield from problem
        for name, options in named.items():
            fields, problem = _fields(policy, (*place, name), found)
            yield from problem
            for option in options:
                yield from _option(policy, (*place, name, option), fields)
    for file, rules in policy.fields.items():
        found, problem = _templates(policy, ("fields", file), templates)
        yield from problem
        for name in rules:
            _, problem = _fields(policy, ("fields", file, name), found)
            yield from problem
    for title, printout in policy.printouts.items():
        for file, filled in printout.fields.items():
            place = ("printouts", title, "fields", file)
            found, problem = _templates(policy, place, templates)
            yield from problem
            for name in filled:
                _, problem = _fields(policy, (*place, name), found)
                yield from problem


def _templates(
    policy: Policy, place: tuple[str, ...], templates: Sequence[Template]
) -> tuple[Sequence[Template], tuple[Problem, ...]]:
    file = place[-1]
    if file == "*":
        return templates, ()
    found = [template for template in templates if _same(file, template.file)]
    files = [template.file for template in templates]
    return found, () if found else _unknown(policy, place, f"No template file is called `{file}`", files)


def _fields(
    policy: Policy, place: tuple[str, ...], templates: Sequence[Template]
) -> tuple[Sequence[Field], tuple[Problem, ...]]:
    name = place[-1]
    fields = [field for template in templates for field in template.fields]
    found = [field for field in fields if _same(name, field.id) or _same(name, field.label)]
    if found or not templates:
        return found, ()
    return (), _unknown(policy, place, f"No field has the id or label `{name}`", [field.id for field in fields])


def _option(policy: Policy, place: tuple[str, ...], fields: Sequence[Field]) -> tuple[Problem, ...]:
    options = [option.label for field in fields for option in field.options]
    if not options or any(_same(place[-1], option) for option in options):
        return ()
    return _unknown(policy, place, f"The field has no option `{place[-1]}`", options)


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _unknown(policy: Policy, place: tuple[str, ...], message: str, known: Iterable[str]) -> tuple[Problem, ...]:
    near = difflib.get_close_matches(place[-1], list(known), n=1)
    hint = f"; did you mean `{near[0]}`?" if near else "."
    return (policy.problem(place, message + hint, "warning"),)
