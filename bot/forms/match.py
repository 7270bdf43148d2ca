"""Recognises the template a submission came from; names rivals it cannot tell apart, and says none where none fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.forms.label import fold, squeeze
from bot.forms.nonanswer import is_declined
from bot.forms.parse import Body, Place, Places, align, texts_at, with_moved
from bot.forms.sections import Marks, Traces, traces
from bot.forms.template import Match, Template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.forms.template import Submission

NO_MATCH = Match(None, 0.0)
_TIE = 0.05
_FOREIGN = 0.5
"""What a heading costs that belongs only to a sibling."""
_IN_CODE = 0.3
"""A label within a code block tells little of the form: a sibling's is easily pasted there."""
_COVERAGE = 0.3
_WHOLE = 0.2
_ENOUGH = 1.25
"""Evidence for a markdown template that cannot be chance: more than one heading that anybody might write."""
_LEAST_EXACT = 3
"""Labels from which a form's exact sequence needs no comparison with markdown templates."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One template, prepared for recognition."""

    template: Template
    labels: tuple[str, ...]
    """Folded first lines of the labels."""
    written: tuple[str, ...]
    """The same as they are written."""
    traces: Traces | None
    """Of a markdown template."""


@dataclass(frozen=True, slots=True)
class Score:
    """How well a submission fits one template."""

    candidate: Candidate
    places: Places
    total: float
    confidence: float


def heading_of(label: str) -> str:
    """The part of a label that stands on its heading's line."""
    return label.split("\n", 1)[0].rstrip()


def candidates(templates: Sequence[Template]) -> tuple[Candidate, ...]:
    """Prepare all templates."""
    return tuple(
        Candidate(
            template,
            tuple(fold(heading_of(field.label)) for field in template.fields),
            tuple(heading_of(field.label) for field in template.fields),
            traces(template) if template.kind == "markdown" else None,
        )
        for template in templates
    )


@dataclass(frozen=True, slots=True)
class Signature:
    """A sequence of labels that belongs to one form only and so decides by itself."""

    candidate: Candidate
    within: bool
    """All its labels are a larger sibling's too: a further heading may be that sibling's, worded anew."""

    def fits(self, text: str) -> bool:
        """Tell whether a body (one that starts with a line end) with this very sequence of labels is this form's."""
        return not self.within or text.count("\n### ") == len(self.candidate.labels)


def signatures(prepared: Sequence[Candidate]) -> Mapping[tuple[str, ...], Signature]:
    """Find the label sequences that decide by themselves.

    Shared ones, labels of several lines and short forms beside a markdown template with the same labels are left out.
    """
    found: dict[tuple[str, ...], list[Candidate]] = {}
    written = {label for each in prepared if each.traces for label in each.labels}
    for each in prepared:
        if each.traces is None:
            found.setdefault(tuple(field.label for field in each.template.fields), []).append(each)
    return {
        labels: Signature(owners[0], any(set(owners[0].labels) < set(other.labels) for other in prepared))
        for labels, owners in found.items()
        if len(owners) == 1
        and not any("\n" in label for label in labels)
        and (len(labels) >= _LEAST_EXACT or not written.intersection(owners[0].labels))
    }


def recognise(
    submission: Submission,
    body: Body,
    prepared: Sequence[Candidate],
    exact: Mapping[tuple[str, ...], Signature],
    known: frozenset[str],
) -> tuple[Match, Places]:
    """Find the template and where its fields stand. `known` are all labels of the repository as they are written."""
    written = [heading for heading in body.headings if heading.plain and heading.text in known]
    decided = exact.get(tuple(heading.text for heading in written))
    if decided is not None and decided.fits(f"\n{body.text}"):
        return Match(decided.candidate.template, 1.0), tuple(Place(heading.line, 1.0) for heading in written)
    scores = _scores(body, prepared)
    if not scores:
        return NO_MATCH, ()
    top = max(score.total for score in scores)
    tied = [score for score in scores if top - score.total < _TIE]
    if len(tied) > 1:
        tied = _told_apart(submission, body, tied)
    if len(tied) > 1:
        return Match(None, 1 / len(tied), tuple(score.candidate.template for score in tied)), ()
    return Match(tied[0].candidate.template, tied[0].confidence), tied[0].places


def _scores(body: Body, prepared: Sequence[Candidate]) -> list[Score]:
    marks = Marks(body) if any(each.traces for each in prepared) else None
    present = {heading.folded for heading in body.headings if not body.is_hidden(heading.line, -1)}
    present |= marks.headings() if marks else set()
    everyones = {label for each in prepared for label in each.labels} & present
    scores = []
    for each in prepared:
        foreign = len(everyones.difference(each.labels))
        if each.traces is None or marks is None:
            score = _score_form(each, body, foreign)
        else:
            score = _score_markdown(each, each.traces, marks, foreign)
        if score is not None:
            scores.append(score)
    return scores


def _score_form(candidate: Candidate, body: Body, foreign: int) -> Score | None:
    in_order = align(body, candidate.labels, candidate.written)
    places = with_moved(body, candidate.labels, in_order)
    count = len(places)
    weight = sum(place.weight * (_IN_CODE if body.is_hidden(place.line, -1) else 1.0) for place in places if place)
    found = sum(place is not None for place in places)
    # What was moved tells nothing unless the rest stands in order.
    enough = in_order if sum(place is not None for place in in_order) == 1 else places
    if not _is_enough(candidate, body, enough, foreign):
        return None
    coverage = weight / count
    whole = found == count
    total = weight + _COVERAGE * coverage + (_WHOLE if whole else 0.0) - _FOREIGN * foreign
    confidence = 0.5 + 0.45 * coverage + (0.04 if whole else 0.0) - 0.05 * foreign
    return Score(candidate, places, total, round(max(0.1, confidence), 3))


def _is_enough(candidate: Candidate, body: Body, places: Places, foreign: int) -> bool:
    """Tell whether so many of a form's labels are there that it cannot be chance."""
    count = len(places)
    found = sum(place is not None for place in places)
    if found == count or found > 3:
        return found > 1 or _opens_with(body, places) or not foreign
    if found == 1:
        longest = max(label.count(" ") for label, place in zip(candidate.labels, places, strict=True) if place)
        return count <= 3 and not foreign and longest > 1 and _opens_with(body, places)
    return found * 2 >= count if found == 2 else found * 3 >= count > 0 < found


def _opens_with(body: Body, places: Places) -> bool:
    first = min(place.line for place in places if place)
    return not body.between(0, first).strip()


def _score_markdown(candidate: Candidate, wanted: Traces, marks: Marks, foreign: int) -> Score | None:
    places = marks.place(wanted)
    strength = sum(place.weight for place in places if place)
    comments, lines = marks.verbatim(wanted)
    coverage = strength / len(places) if places else 0.0
    evidence = strength + min(comments, 2) + 0.3 * min(lines, 5)
    thin = _is_thin(candidate, marks.body, places)
    # A template without sections is known by its words.
    its_words = not places and lines * 2 >= max(len(wanted.lines), 1)
    if evidence < _ENOUGH and not comments and not its_words and (coverage < 0.5 or strength < 0.9 or thin):
        return None
    total = evidence + _COVERAGE * min(1.0, coverage) - _FOREIGN * foreign
    confidence = min(0.95, 0.3 + 0.1 * evidence + 0.25 * min(1.0, coverage)) - 0.05 * foreign
    return Score(candidate, places, total, round(max(0.1, confidence), 3))


def _is_thin(candidate: Candidate, body: Body, places: Places) -> bool:
    """Tell whether one heading of one word is all there is, and not even at the body's start as in the template."""
    found = [(label, place) for label, place in zip(candidate.labels, places, strict=True) if place]
    if len(found) != 1 or " " in found[0][0]:
        return False
    return found[0][1].weight < 1 or not _opens_with(body, places)


def _told_apart(submission: Submission, body: Body, tied: list[Score]) -> list[Score]:
    """Narrow a tie by what else tells, the strongest first; stops as soon as one is left."""
    for evidence in (_options, _prefills, _title, _labels, _type, _shown):
        ranked = [(evidence(submission, body, score), score) for score in tied]
        best = max(rank for rank, _ in ranked)
        tied = [score for rank, score in ranked if rank == best]
        if len(tied) == 1:
            break
    return tied


def _options(submission: Submission, body: Body, score: Score) -> float:
    """How many of the options in the body are this template's, less those that are not."""
    del submission
    told = 0
    for field, text in zip(score.candidate.template.fields, texts_at(body, score.places), strict=True):
        if not field.options or not text or is_declined(text.strip()):
            continue
        folded = {fold(option.label) for option in field.options}
        lines = [fold(line.partition("]")[2] or line) for line in text.split("\n") if line.strip()]
        if field.multiple:
            lines = [fold(part) for line in text.split("\n") for part in line.split(", ") if part.strip()]
        told += sum(1 if line in folded else -1 for line in lines)
    return told


def _prefills(submission: Submission, body: Body, score: Score) -> float:
    """How many of the template's prefilled texts still stand in the body."""
    del submission
    whole = squeeze(body.text)
    texts = [squeeze(field.prefill) for field in score.candidate.template.fields]
    return sum(1 for text in texts if text and text in whole)


def _title(submission: Submission, body: Body, score: Score) -> float:
    del body
    prefix = squeeze(score.candidate.template.title)
    return len(prefix) if prefix and squeeze(submission.title).startswith(prefix) else 0


def _labels(submission: Submission, body: Body, score: Score) -> float:
    """How many of the template's labels the issue carries, less those it lacks; to carry none of them says nothing."""
    del body
    ours = {label.casefold() for label in score.candidate.template.labels}
    theirs = {label.casefold() for label in submission.labels}
    return len(ours & theirs) - 0.5 * len(ours - theirs) if ours & theirs else 0


def _type(submission: Submission, body: Body, score: Score) -> float:
    del body
    ours = score.candidate.template.type.casefold()
    return float(bool(ours) and ours == submission.type.casefold())


def _shown(submission: Submission, body: Body, score: Score) -> float:
    """A legacy template beside its copy in the chooser is what nobody is offered any more."""
    del submission, body
    return float(score.candidate.template.shown)
