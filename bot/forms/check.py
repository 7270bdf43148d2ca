"""The Checker: recognises, parses and checks submissions against one repository's templates.

Nearly every form body carries the labels of one form exactly as they are, in order. Those take the fast path: one
compiled pattern over all labels cuts the body, the sequence of labels names the form. All others take the careful path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from bot.forms.answer import NO_RULE, Read, Reader, build_reader
from bot.forms.label import fold, unify_line_ends
from bot.forms.match import Candidate, Signature, candidates, heading_of, recognise, signatures
from bot.forms.parse import Body, Place, texts_at, with_reworded
from bot.forms.printout import NO_FILLINGS, Fillings, find_printouts, text_of
from bot.forms.replies import texts_in_reply
from bot.forms.rules import NO_RULES, Rules
from bot.forms.template import Answer, Check, Finding, Match, Submission, Template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.forms.load import TemplateSet

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Plan:
    """How to read the submissions of one template."""

    match: Match
    """For a submission recognised beyond doubt."""
    labels: tuple[str, ...]
    readers: tuple[Reader, ...]
    reads: tuple[Read, ...]
    """Those of the readers, to be at hand on the fast path."""
    fillings: Mapping[int, Sequence[tuple[str, Sequence[str]]]]
    """By a field's place: titles of Printouts, and the keys whose values answer it."""


class Checker:
    """Compiled once per repository; safe to share between threads."""

    def __init__(self, templates: TemplateSet, rules: Rules = NO_RULES, fillings: Fillings = NO_FILLINGS) -> None:
        self.templates = templates
        self._rules, self._fillings = rules, fillings
        self._candidates = candidates(templates.templates)
        self._plans = {each.template.path: _plan(each, rules, fillings) for each in self._candidates}
        self._exact = signatures(self._candidates)
        self._known = frozenset(heading_of(field.label) for each in templates.templates for field in each.fields)
        self._fast = {
            labels: (self._plans[signature.candidate.template.path], signature)
            for labels, signature in self._exact.items()
        }
        words = "|".join(re.escape(label) for label in sorted(self._known, key=lambda label: (-len(label), label)))
        self._cut = re.compile(rf"\n### ({words})[ \t]*(?=\n|\Z)").split

    def only(self, template: Template) -> Checker:
        """One that knows no other template."""
        return Checker(replace(self.templates, templates=(template,)), self._rules, self._fillings)

    def check(self, submission: Submission, replies: Sequence[str] = ()) -> Check:
        """Check one submission; `replies` are comment bodies, oldest first, that may supply what the body lacks."""
        text = "\n" + unify_line_ends(submission.body)
        pieces = self._cut(text)
        found = self._fast.get(tuple(pieces[1::2]))
        if found is None or not _is_plain(pieces, text, found[1]):
            return self._carefully(submission, text[1:], replies)
        plan = found[0]
        answers = tuple([read(piece) for read, piece in zip(plan.reads, pieces[2::2], strict=True)])
        return _result(plan, plan.match, answers, submission.body, replies)

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
        return _result(plan, match, answers, submission.body, replies)


def _is_plain(pieces: Sequence[str], text: str, signature: Signature) -> bool:
    """Tell whether a body is as GitHub writes it: nothing before the form, nothing around it, no sibling's heading."""
    return not (pieces[0].strip() or pieces[-1].rstrip().endswith("</details>")) and signature.fits(text)


def _plan(candidate: Candidate, rules: Rules, fillings: Fillings) -> _Plan:
    template = candidate.template
    chosen = _for_file(template, rules)
    comments = candidate.traces.comments if candidate.traces else frozenset()
    readers = []
    for field in template.fields:
        rule = chosen.get(field.id.casefold()) or chosen.get(field.label.casefold()) or NO_RULE
        required = field.required if rule.required is None else rule.required
        readers.append(build_reader(replace(field, required=required), rule, comments))
    reads = tuple(reader.read for reader in readers)
    return _Plan(Match(template, 1.0), candidate.labels, tuple(readers), reads, _fillings_for(template, fillings))


def _for_file(template: Template, files: Mapping[str, Mapping[str, _T]]) -> dict[str, _T]:
    """What is said of the fields of one template, that under `*` first so that its own wins."""
    chosen: dict[str, _T] = {}
    for wanted in ("*", template.file.casefold()):
        for name, fields in files.items():
            if name.casefold() == wanted:
                chosen |= {field.casefold(): said for field, said in fields.items()}
    return chosen


def _fillings_for(template: Template, fillings: Fillings) -> dict[int, list[tuple[str, Sequence[str]]]]:
    found: dict[int, list[tuple[str, Sequence[str]]]] = {}
    for title, files in fillings.items():
        chosen = _for_file(template, files)
        for index, field in enumerate(template.fields):
            keys = chosen.get(field.id.casefold()) or chosen.get(field.label.casefold())
            if keys:
                found.setdefault(index, []).append((title, keys))
    return found


def _skip_label(body: Body, place: Place | None, label: str) -> Place | None:
    """Pass over the further lines of a label that has several."""
    rest = [fold(line) for line in label.split("\n")[1:]]
    if place is None or not rest:
        return place
    following = [fold(line) for line in body.lines[place.line + 1 : place.line + 1 + len(rest)]]
    return replace(place, length=1 + len(rest)) if following == rest else place


def _result(plan: _Plan, match: Match, answers: tuple[Answer, ...], body: str, replies: Sequence[str]) -> Check:
    if not [answer for answer in answers if answer[1] != "answered"]:
        return Check(match, answers)
    if plan.fillings:
        answers = _printed(plan, answers, body)
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
        if plan.fillings:
            filled = list(_printed(plan, filled, reply))
            open_fields = [index for index in open_fields if filled[index].status != "answered"]
    return tuple(filled)


def _printed(plan: _Plan, answers: Sequence[Answer], text: str) -> tuple[Answer, ...]:
    """Take for open fields what a Printout in the text tells of them."""
    filled = list(answers)
    wanted = {index: said for index, said in plan.fillings.items() if answers[index].status != "answered"}
    titles = {title for said in wanted.values() for title, _ in said}
    printouts = find_printouts(text, titles) if wanted else {}
    for index, said in wanted.items():
        for title, keys in said:
            answer = plan.readers[index].read(text_of(printouts.get(title, {}), keys))
            # What was printed is nobody's placeholder, also where it equals the form's own example.
            if answer.status not in {"missing", "invalid"}:
                filled[index] = answer._replace(status="answered", reason="")
    return tuple(filled)
