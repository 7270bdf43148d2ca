"""Composes bodies as GitHub does: a form's answers under their labels, a markdown template filled in by its author."""

from __future__ import annotations

import random
from collections.abc import Sequence

from bot.forms.markdown import sections
from bot.forms.template import Field, Template, Value

NO_RESPONSE = "_No response_"


def render(template: Template, values: Sequence[Value]) -> str:
    """The body of a form filed with these values; GitHub's own line ends are LF, typed ones are kept."""
    parts = [
        f"### {field.label}\n\n{_shown(field, value)}" for field, value in zip(template.fields, values, strict=True)
    ]
    return "\n\n".join(parts)


def _shown(field: Field, value: Value) -> str:
    if field.type == "checkboxes":
        ticked = value or ()
        return "\n".join(f"- [{'X' if option.label in ticked else ' '}] {option.label}" for option in field.options)
    if not value:
        return NO_RESPONSE
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"```{field.render}\n{value}\n```\n" if field.render else value


WORDS = [
    "the",
    "model",
    "was",
    "saved",
    "twice",
    "and",
    "then",
    "it",
    "could",
    "not",
    "be",
    "loaded",
    "again",
    "on",
    "another",
    "machine",
    "because",
    "a",
    "file",
    "is",
    "missing",
]
BLOCKS = (
    "```python\nimport this\n### not a heading here\nprint('x')\n```",
    "1. first\n2. second\n3. third",
    "#### A heading of my own\n\nand text under it",
    "### Something I wrote myself\n\nwith more text",
    "- [ ] a task of mine\n- [x] another one",
    "> quoted words\n> and more",
    'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nValueError: no',
)


def some_value(field: Field, chance: random.Random) -> Value:
    """Anything a person might enter; now and then nothing in an optional field."""
    if field.type == "checkboxes":
        return tuple(option.label for option in field.options if option.required or chance.random() < 0.5)
    if not field.required and chance.random() < 0.3:
        return None
    if field.type == "dropdown":
        labels = [option.label for option in field.options]
        if field.multiple:
            chosen = chance.sample(labels, chance.randint(1, min(3, len(labels))))
            return tuple(label for label in labels if label in chosen)
        return chance.choice(labels)
    words = " ".join(chance.choices(WORDS, k=chance.randint(3, 12)))
    if field.type == "input":
        return chance.choice((words, "1.2.3", "22", "No", "https://example.com/page"))
    if field.prefill and chance.random() < 0.5:
        return f"{field.prefill}\r\n{words}"
    return (
        "\r\n\r\n".join([words, *chance.sample(BLOCKS, chance.randint(0, 2))])
        .replace("\n", "\r\n")
        .replace("\r\r", "\r")
    )


def fill_in(template: Template, chance: random.Random) -> tuple[str, dict[str, str]]:
    """A markdown template with words of the author under each section; and what was written, by field id."""
    lines = template.text.split("\n")
    written: dict[str, str] = {}
    ends = [section.mark.line for section in sections(template.text)[1:]] + [len(lines)]
    for field, section, end in reversed(list(zip(template.fields, sections(template.text), ends, strict=False))):
        words = " ".join(chance.choices(WORDS, k=6))
        written[field.id] = words
        if section.style == "key" and not section.mark.rest:
            lines[section.mark.line] += f" {words}"
        else:
            lines[end:end] = [words, ""]
    return "\n".join(lines), written
