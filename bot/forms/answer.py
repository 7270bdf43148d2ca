"""Builds, for each field, the function that reads the text under its heading into an Answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.forms.label import are_few, fold, similarity, squeeze, without_links
from bot.forms.markdown import comments, without_comments
from bot.forms.nonanswer import is_declined, is_filler, is_not_applicable, offers_not_applicable, unchanged_test
from bot.forms.rules import FieldRule
from bot.forms.ruling import Ruling, compile_rule
from bot.forms.template import Answer, Field, Option, Status, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Read = Callable[[str], Answer]

_TASK = re.compile(r"[ \t]*(?:[-*+]|\d{1,2}[.)])[ \t]*\[(.{0,3}?)\][ \t]*(.*)")
_BULLET = re.compile(r"[ \t]*(?:[-*+]|\d{1,2}[.)])[ \t]+(.*)")
_PUNCTUATION = "-_.…* "
_ALIKE = 0.85
_SAYS_SOMETHING = re.compile(r"(?:(?:`{3,}|~{3,})[^\n`]*\n\s*+)?[\[({+\-#>.!\"'@/ ]*+[^\W_][^\n]*?[^\W_]")
"""Text, maybe in a code block, whose first line with words has two letters or digits: no filler, nothing declined."""
_SURELY_LONG = 40
"""No filler is longer."""
NO_RULE = FieldRule()

_EMPTY = "This field is empty."
_ABSENT = "This section is not in the issue."
_FILLER = "This does not say anything yet."
_UNCHANGED = "This field still holds the template's own text."
_EXAMPLE = "This is the example from the form; please put your own answer here."
_NOT_APPLICABLE = "This is needed here; `N/A` is not enough."
_UNTICKED = "No box is ticked."


@dataclass(frozen=True, slots=True)
class Reader:
    """All that is needed to read one field."""

    field: Field
    """With `required` as the rules have it."""
    read: Read
    absent: Answer
    """For a submission without this field's heading."""


def build_reader(field: Field, rule: FieldRule, known_comments: frozenset[str] = frozenset()) -> Reader:
    """Compile one field and its rule. `known_comments` are a markdown template's own, folded."""
    ruling = compile_rule(rule, field)
    if field.type == "checkboxes":
        read = _checkboxes(field, ruling)
    elif field.type == "dropdown":
        read = _dropdown(field, rule, ruling)
    else:
        read = _text(field, rule, ruling, known_comments)
    unticked = tuple(option.label for option in field.options if option.required) if field.type == "checkboxes" else ()
    return Reader(field, read, Answer(field, "missing", None, _ABSENT, unticked))


def _text(field: Field, rule: FieldRule, ruling: Ruling | None, known_comments: frozenset[str]) -> Read:
    judge = _text_judge(field, rule)
    missing = Answer(field, "missing", None, _EMPTY)
    render = field.render

    def closely(text: str) -> Answer:
        text = text.strip()
        if render:
            text = unwrap(text)
        elif known_comments:
            text = without_comments(text, known_comments).strip()
        if is_declined(text):
            return missing
        status, reason = judge(text)
        # Nothing more is asked of a question that does not apply; a rule that wants an answer has `allow_na: false`.
        if ruling is not None and status == "answered" and not is_not_applicable(text):
            reason = ruling(text)
            status = "invalid" if reason else status
        return Answer(field, status, text, reason)

    if ruling is not None or known_comments or not (rule.allow_na or offers_not_applicable(field)):
        return closely
    return _at_a_glance(field, closely)


def _at_a_glance(field: Field, closely: Read) -> Read:
    """Take most answers by one look at their start: they are long, or start like no filler does."""
    long, short = _suspect_starts(field)
    limit = _SURELY_LONG + 2 * len(field.placeholder)
    longest_prefill = 2 * len(field.prefill) + _SURELY_LONG
    fence, says_something, make = f"```{field.render}\n" if field.render else "", _SAYS_SOMETHING.match, tuple.__new__

    def read(text: str) -> Answer:
        text = text.strip()
        if len(text) > limit:
            if (text[0] in long and len(text) <= longest_prefill) or not (text[0].isalpha() or says_something(text)):
                return closely(text)
        elif not text or text[0] in short or not says_something(text):
            return closely(text)
        if fence:
            wrapped = text.startswith(fence) and text.endswith("\n```")
            text = text[len(fence) : -4].strip("\n") if wrapped else unwrap(text)
        return make(Answer, (field, "answered", text, "", ()))

    return read


def _either_case(letters: str) -> str:
    return letters.lower() + letters.upper()


def _suspect_starts(field: Field) -> tuple[frozenset[str], frozenset[str]]:
    """First letters of what must be looked at closely, whatever its length and if it is short.

    The text the form puts there; and `N/A`, `TBD`, the form's example, or any of these in a fence.
    """
    prefilled = {letter for line in field.prefill.split("\n") for letter in _either_case(line.strip()[:1])}
    fence = set("`~" if field.prefill and field.render else "")
    return frozenset(prefilled | fence), frozenset(prefilled | set(_either_case("natx`~<" + field.placeholder[:1])))


def _text_judge(field: Field, rule: FieldRule) -> Callable[[str], tuple[Status, str]]:
    """Judge a text that is there, before any rule: whether it is the author's own and says something."""
    na_allowed = rule.allow_na or offers_not_applicable(field)
    na_offered = offers_not_applicable(field)
    example = squeeze(field.placeholder)
    own = frozenset(fold(comment.text) for comment in comments(field.prefill))
    prefills = {field.prefill, without_comments(field.prefill, own).strip()} - {""}
    unchanged = [unchanged_test(prefill) for prefill in prefills]

    def judge(text: str) -> tuple[Status, str]:
        if is_not_applicable(text):
            if na_offered or (na_allowed and squeeze(text) != example):
                return "answered", ""
            return "placeholder", rule.message or _NOT_APPLICABLE
        if any(is_unchanged(text) for is_unchanged in unchanged):
            return "unchanged", _UNCHANGED
        if own and not without_comments(text, own).strip():
            return "unchanged", _UNCHANGED
        if is_filler(text):
            return "placeholder", _FILLER
        if example and len(text) < 2 * len(field.placeholder) + _SURELY_LONG and squeeze(text) == example:
            return "placeholder", _EXAMPLE
        return "answered", ""

    return judge


def unwrap(text: str) -> str:
    """Take off the fence that GitHub puts around the answer of a field with `render`; other text stays as it is."""
    if not text.startswith(("```", "~~~")):
        return text
    first, _, rest = text.partition("\n")
    mark = first[: len(first) - len(first.lstrip(first[0]))]
    inner, newline, last = rest.rpartition("\n")
    if not last.strip().strip(mark[0]) and len(last.strip()) >= len(mark):
        return inner.strip("\n") if newline else ""
    return text


def _dropdown(field: Field, rule: FieldRule, ruling: Ruling | None) -> Read:
    judge = _text_judge(field, rule)
    options = {option.label: option.label for option in field.options}
    folded = {fold(option.label): option.label for option in field.options}
    by_length: dict[int, dict[str, str]] = {}
    for label in sorted(options, key=len, reverse=True):
        by_length.setdefault(len(label), {}).setdefault(label.casefold(), label)
    missing = Answer(field, "missing", None, "Nothing is chosen here.")

    def finish(value: Value, text: str) -> Answer:
        status: Status = "answered"
        reason = ""
        if is_not_applicable(text) or (text not in options and is_filler(text)) or not fold(text).strip(_PUNCTUATION):
            status, reason = judge(text)
        if ruling is not None and status == "answered" and not is_not_applicable(text):
            reason = ruling(value)
            status = "invalid" if reason else status
        return Answer(field, status, value, reason)

    ready = {label: finish((label,) if field.multiple else label, label) for label in options}
    certain = {label for label in options if ready[label].status == "answered" and ruling is None and "," not in label}

    def read(text: str) -> Answer:
        text = text.strip()
        found = ready.get(text)
        if found is not None:
            return found
        if field.multiple and len(certain) == len(options) and certain.issuperset(choices := text.split(", ")):
            return Answer(field, "answered", tuple(choices))
        if is_declined(text) or (text.casefold() == "none" and "none" not in folded):
            return missing
        if not field.multiple:
            return finish(folded.get(fold(text), text), text)
        return finish(tuple(_split(text, by_length, folded)), text)

    return read


def _split(text: str, by_length: Mapping[int, Mapping[str, str]], folded: Mapping[str, str]) -> Iterable[str]:
    """Split the choices of a multiple dropdown; options may hold commas, so the longest one that fits is taken.

    `by_length` has the longest first: there may be thousands of options, but these have few lengths.
    """
    for line in text.split("\n"):
        bullet = _BULLET.match(line)
        rest = (bullet[1] if bullet else line).strip()
        while rest:
            fitting = (
                alike.get(rest[:end].casefold()) for end, alike in by_length.items() if rest[end : end + 1] in {"", ","}
            )
            option = next(filter(None, fitting), None)
            choice = option or rest.split(", ", 1)[0]
            yield option or folded.get(fold(choice), choice.strip(" ,")) or choice
            rest = rest[len(choice) :].lstrip(", ")


def _checkboxes(field: Field, ruling: Ruling | None) -> Read:
    required = tuple(option.label for option in field.options if option.required)
    empty = Answer(field, "missing", None, _box_reason(required) or _EMPTY, required)
    # As GitHub writes them; the empty label stands for a box that is not ticked.
    lines = {f"- [{mark}] {option.label}": option.label for option in field.options for mark in "xX"}
    lines |= {f"- [ ] {option.label}": "" for option in field.options}

    def read(text: str) -> Answer:
        text = text.strip()
        labels = [lines.get(line) for line in text.split("\n")]
        if None not in labels:
            return finish(tuple([label for label in labels if label]))
        if is_declined(text):
            return empty
        return finish(tuple(_ticked(text, field.options)))

    def finish(ticked: tuple[str, ...]) -> Answer:
        given = frozenset(ticked)
        unticked = tuple([label for label in required if label not in given])
        if unticked:
            return Answer(field, "missing", ticked, _box_reason(unticked), unticked)
        if not ticked:
            return Answer(field, "missing", ticked, _UNTICKED)
        reason = ruling(ticked) if ruling is not None else ""
        return Answer(field, "invalid" if reason else "answered", ticked, reason)

    return read


def _box_reason(unticked: Sequence[str]) -> str:
    if not unticked:
        return ""
    names = ", ".join(f"“{label}”" for label in unticked)
    end = "" if unticked[-1].endswith((".", "!", "?")) else "."
    return f"{'This box is' if len(unticked) == 1 else 'These boxes are'} not ticked: {names}{end}"


def _ticked(text: str, options: Sequence[Option]) -> Iterable[str]:
    """The ticked options, named as in the template; a ticked line that the template lacks is kept as it stands."""
    first_lines = {option.label.split("\n", 1)[0]: option.label for option in options}
    # People copy the box as they see it, without the address of a link in it.
    by_text = {fold(without_links(line)): label for line, label in first_lines.items()}
    by_text |= {fold(line): label for line, label in first_lines.items()}
    tasks = [(task[1], task[2]) for line in text.split("\n") if (task := _TASK.match(line))]
    if not tasks:
        bullets = (_BULLET.match(line) for line in text.split("\n"))
        yield from (by_text[fold(bullet[1])] for bullet in bullets if bullet and fold(bullet[1]) in by_text)
        return
    named = {fold(label) for _, label in tasks} & set(by_text)
    others = [option for option in by_text if option not in named]
    others = others if are_few(others, (label for _, label in tasks)) else []
    labels = {option.label for option in options}
    for mark, label in tasks:
        if mark.strip():
            yield (
                label.strip()
                if label.strip() in labels
                else by_text.get(fold(label)) or _nearest(fold(label), by_text, others) or label.strip()
            )


def _nearest(folded: str, by_text: dict[str, str], others: Sequence[str]) -> str | None:
    """The option of an earlier wording, of those that are no other line's."""
    scores = [(similarity(folded, option), option) for option in others]
    score, option = max(scores, default=(0.0, ""))
    return by_text[option] if score >= _ALIKE else None
