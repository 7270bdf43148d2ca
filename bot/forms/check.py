"""The Checker: recognises, parses and checks submissions against one repository's templates.

Nearly every form body carries the labels of one form exactly as they are, in order. Those take the fast path: one
compiled pattern over all labels cuts the body, the sequence of labels names the form. All others take the careful path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.forms.answer import NO_RULE, Read, Reader, build_reader
from bot.forms.label import fold, unify_line_ends
from bot.forms.match import Candidate, Signature, candidates, heading_of, recognise, signatures
from bot.forms.parse import Body, Place, texts_at, with_reworded
from bot.forms.replies import texts_in_reply
from bot.forms.rules import NO_RULES, FieldRule, Rules
from bot.forms.template import Answer, Check, Finding, Match, Submission, Template

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.forms.load import TemplateSet


@dataclass(frozen=True, slots=True)
class _Plan:
    """How to read the submissions of one template."""

    match: Match
    """For a submission recognised beyond doubt."""
    labels: tuple[str, ...]
    readers: tuple[Reader, ...]
    reads: tuple[Read, ...]
    """Those of the readers, to be at hand on the fast path."""


class Checker:
    """Compiled once per repository; safe to share between threads."""

    def __init__(self, templates: TemplateSet, rules: Rules = NO_RULES) -> None:
        self.templates = templates
        self._candidates = candidates(templates.templates)
        self._plans = {each.template.path: _plan(each, rules) for each in self._candidates}
        self._exact = signatures(self._candidates)
        self._known = frozenset(heading_of(field.label) for each in templates.templates for field in each.fields)
        self._fast = {
            labels: (self._plans[signature.candidate.template.path], signature)
            for labels, signature in self._exact.items()
        }
        words = "|".join(re.escape(label) for label in sorted(self._known, key=lambda label: (-len(label), label)))
        self._cut = re.compile(rf"\n### ({words})[ \t]*(?=\n|\Z)").split

    def check(self, submission: Submission, replies: Sequence[str] = ()) -> Check:
        """Check one submission; `replies` are comment bodies, oldest first, that may supply what the body lacks."""
        text = "\n" + unify_line_ends(submission.body)
        pieces = self._cut(text)
        found = self._fast.get(tuple(pieces[1::2]))
        if found is None or not _is_plain(pieces, text, found[1]):
            return self._carefully(submission, text[1:], replies)
        plan = found[0]
        answers = tuple([read(piece) for read, piece in zip(plan.reads, pieces[2::2], strict=True)])
        return _result(plan, plan.match, answers, replies)

    def _carefully(self, submission: Submission, text: str, replies: Sequence[str]) -> Check:
        body = Body(text)
        match, places = recognise(submission, body, self._candidates, self._exact, self._known)
        if match.template is None:
            return Check(match)
        plan = self._plans[match.template.path]
        if match.template.kind == "form":
            places = with_reworded(body, plan.labels, places)
            places = tuple(
                _skip_label(body, place, field.label)
                for place, field in zip(places, match.template.fields, strict=True)
            )
        texts = texts_at(body, places)
        answers = tuple(
            reader.absent if text is None else reader.read(text)
            for reader, text in zip(plan.readers, texts, strict=True)
        )
        return _result(plan, match, answers, replies)


def _is_plain(pieces: Sequence[str], text: str, signature: Signature) -> bool:
    """Tell whether a body is as GitHub writes it: nothing before the form, nothing around it, no sibling's heading."""
    return not (pieces[0].strip() or pieces[-1].rstrip().endswith("</details>")) and signature.fits(text)


def _plan(candidate: Candidate, rules: Rules) -> _Plan:
    template = candidate.template
    chosen = _rules_for(template, rules)
    comments = candidate.traces.comments if candidate.traces else frozenset()
    readers = []
    for field in template.fields:
        rule = chosen.get(field.id.casefold()) or chosen.get(field.label.casefold()) or NO_RULE
        required = field.required if rule.required is None else rule.required
        readers.append(build_reader(replace(field, required=required), rule, comments))
    return _Plan(Match(template, 1.0), candidate.labels, tuple(readers), tuple(reader.read for reader in readers))


def _rules_for(template: Template, rules: Rules) -> dict[str, FieldRule]:
    """The rules for one template, those under `*` first so that its own ones win."""
    chosen: dict[str, FieldRule] = {}
    for wanted in ("*", template.file.casefold()):
        for name, fields in rules.items():
            if name.casefold() == wanted:
                chosen |= {field.casefold(): rule for field, rule in fields.items()}
    return chosen


def _skip_label(body: Body, place: Place | None, label: str) -> Place | None:
    """Pass over the further lines of a label that has several."""
    rest = [fold(line) for line in label.split("\n")[1:]]
    if place is None or not rest:
        return place
    following = [fold(line) for line in body.lines[place.line + 1 : place.line + 1 + len(rest)]]
    return replace(place, length=1 + len(rest)) if following == rest else place


def _result(plan: _Plan, match: Match, answers: tuple[Answer, ...], replies: Sequence[str]) -> Check:
    if not [answer for answer in answers if answer[1] != "answered"]:
        return Check(match, answers)
    if replies:
        answers = _filled(plan, answers, replies)
    findings = tuple(
        Finding(answer.field, answer.status, answer.reason, answer.unticked)
        for answer in answers
        if answer.status != "answered" and (answer.field.required or answer.status == "invalid")
    )
    return Check(match, answers, findings)


def _filled(plan: _Plan, answers: tuple[Answer, ...], replies: Sequence[str]) -> tuple[Answer, ...]:
    """Take what the body lacks from the latest reply that gives it under the field's heading."""
    filled = list(answers)
    open_fields = [index for index, answer in enumerate(answers) if answer.status != "answered"]
    for reply in reversed(replies):
        if not open_fields:
            break
        texts = texts_in_reply(reply, plan.labels)
        for index in tuple(open_fields):
            text = texts.get(plan.labels[index])
            answer = plan.readers[index].read(text) if text is not None else None
            if answer is not None and answer.status == "answered":
                filled[index] = answer
                open_fields.remove(index)
    return tuple(filled)
