"""Real templates: whatever the Request asks for, its own block, filled in and pasted into a reply, answers it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.forms.template import Finding, Submission, Template
from tests.bot.forms.submissions import render
from tests.bot.triage.world import AUTHOR, World, context, issue
from tests.corpus.corpus import checker, lines, template_sets

FORMS = [
    pytest.param(repository, form, id=f"{repository}/{form.file}")
    for repository, found in template_sets().items()
    for form in found.templates
    if form.kind == "form"
]
BLOCK = re.compile(r"^(`{3,})markdown\n(.*?)\n\1$", re.DOTALL | re.MULTILINE)


def world(repository: str, body: str, title: str) -> World:
    return World(replace(context(), checker=checker(repository)), issue(body, title=title))


def filled_in(block: str, findings: Sequence[Finding]) -> str:
    """Fill in a block as its reader would: a box ticked, an option taken, a few words written."""
    answered = []
    fields = iter(finding.field for finding in findings)
    field = None
    for line in block.split("\n"):
        answered.append(line.replace("- [ ]", "- [x]"))
        if line.startswith("### "):
            field = next(fields)
            if field.type == "dropdown":
                answered.append(field.options[0].label)
            elif field.type != "checkboxes" and not field.render:
                answered.append("It stops after a minute, and here is more.")
        elif field and field.render and line == f"```{field.render}":
            answered.append("some output")
    return "\n".join(answered)


@pytest.mark.parametrize(("repository", "form"), FORMS)
def test_the_block_filled_in_and_pasted_answers_the_request(repository: str, form: Template):
    body = render(form, [None] * len(form.fields))
    findings = checker(repository).check(Submission(form.title, body)).findings
    here = world(repository, body, form.title)
    here.settle()
    assert not here.decide()
    assert bool(findings) == (here.history.request is not None)
    if findings:
        block = BLOCK.search(here.request.body)
        assert block
        here.comment(AUTHOR, filled_in(block[2], findings))
        here.settle()
        assert here.request.resolved
        assert not here.decide()


def test_no_real_issue_is_asked_twice_or_at_length():
    for entry in lines("bodies.jsonl"):
        here = world(entry["repo"], entry["body"] or "", entry["title"] or "")
        here.settle()
        assert not here.decide(), entry["id"]
        assert here.posted <= 1
        assert here.history.request is None or len(here.request.body) < 5000, entry["id"]
