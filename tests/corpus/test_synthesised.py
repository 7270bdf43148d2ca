"""For every real template a faithful submission is composed, as GitHub would, and must come back as it was filed."""

from __future__ import annotations

import random
from collections.abc import Iterator

from bot.forms.check import Checker
from bot.forms.template import Submission, Template, Value
from tests.bot.forms.submissions import fill_in, render, some_value
from tests.corpus.corpus import template_sets

ROUNDS = 3


def repositories(kind: str) -> Iterator[tuple[str, Checker, Template]]:
    for repository, loaded in template_sets().items():
        checker = Checker(loaded)
        for template in loaded.templates:
            if template.kind == kind and template.fields:
                yield repository, checker, template


def as_read(value: Value) -> Value:
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def test_every_form_comes_back_as_filed():
    count = 0
    for repository, checker, template in repositories("form"):
        for number in range(ROUNDS):
            chance = random.Random(f"{repository} {template.path} {number}")
            values = [some_value(field, chance) for field in template.fields]
            result = checker.check(Submission(f"{template.title} it broke", render(template, values)))
            place = (repository, template.file, number)
            assert result.match.template == template, (place, [rival.file for rival in result.match.rivals])
            for answer, value in zip(result.answers, values, strict=True):
                assert answer.value == as_read(value), (place, answer.field.label)
            assert result.findings == (), place
            count += 1
    assert count >= 98 * ROUNDS


def test_markdown_templates_come_back_with_what_was_written_under_each_section():
    recognised = open_ = lost = count = 0
    for repository, checker, template in repositories("markdown"):
        body, written = fill_in(template, random.Random(f"{repository} {template.path}"))
        result = checker.check(Submission(f"{template.title} it broke", body, template.labels))
        count += 1
        if result.match.template == template:
            recognised += 1
            lost += sum(written[answer.field.id] not in str(answer.value) for answer in result.answers)
        elif template in result.match.rivals or template.text.strip() in {
            t.text.strip() for t in _twins(result.match.template)
        }:
            open_ += 1
    assert count >= 700
    # The rest are legacy templates that live on in the chooser with small changes, and texts that ask for nothing.
    assert recognised >= 0.98 * count
    assert recognised + open_ >= 0.99 * count
    assert lost == 0


def _twins(template: Template | None) -> tuple[Template, ...]:
    return (template,) if template else ()
