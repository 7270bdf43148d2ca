"""What an issue still lacks: which template it follows, and what its author should be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote

from bot.forms.check import Checker
from bot.forms.load import TemplateSet
from bot.forms.template import Answer, Check, Finding, Submission, Template
from bot.triage.issue import Issue, Repository
from bot.triage.wording import Choice

Kind = Literal["complete", "incomplete", "ambiguous", "free_form", "no_templates"]


@dataclass(frozen=True, slots=True)
class Need:
    """What was found, and what to ask for."""

    check: Check
    templates: tuple[Template, ...] = ()
    """The template recognised, or all rivals that cannot be told apart."""
    findings: tuple[Finding, ...] = ()
    choices: tuple[Choice, ...] = ()
    """Templates to point to; only for free-form issues."""

    def __bool__(self) -> bool:
        return bool(self.findings or self.choices)


def find_need(issue: Issue, checker: Checker, asked: Sequence[str] = ()) -> Need:
    """Check an issue together with what people supplied in comments.

    `asked` names fields (id or label) that a maintainer wants answered whether the template requires them or not.
    """
    submission = Submission(issue.title, issue.body, issue.labels, issue.type)
    replies = tuple(
        comment.body for comment in issue.comments if not comment.by_this_app and not comment.author.is_bot
    )
    check = checker.check(submission, replies)
    if check.match.rivals:
        return Need(check, check.match.rivals, _shared_findings(check.match.rivals, submission, replies))
    if check.match.template is not None:
        return Need(check, (check.match.template,), check.findings + _asked_findings(check, asked))
    return Need(check)


def choices(issue: Issue, repository: Repository, templates: TemplateSet) -> tuple[Choice, ...]:
    """List the templates to point a free-form issue to: those its title or labels hint at, else all in the chooser."""
    shown = [template for template in templates.templates if template.shown]
    return tuple(
        Choice(template, f"{repository.html_url}/issues/new?template={quote(template.file, safe='')}")
        for template in [template for template in shown if _hinted(issue, template)] or shown
    )


def _hinted(issue: Issue, template: Template) -> bool:
    prefix = template.title.strip().casefold()
    return bool(prefix) and issue.title.strip().casefold().startswith(prefix)


def _shared_findings(rivals: Sequence[Template], submission: Submission, replies: Sequence[str]) -> tuple[Finding, ...]:
    """Give what every rival would ask for, by label."""
    return ()


def _asked_findings(check: Check, asked: Sequence[str]) -> tuple[Finding, ...]:
    wanted = {name.casefold() for name in asked}
    found = {finding.field.id for finding in check.findings}
    return tuple(
        Finding(answer.field, answer.status, answer.reason or "A maintainer asks for it.", answer.unticked)
        for answer in check.answers
        if answer.status != "answered" and answer.field.id not in found and named(answer, wanted)
    )


def named(answer: Answer, names: set[str]) -> bool:
    """Tell whether a field is meant by one of these case-folded ids or labels."""
    return answer.field.id.casefold() in names or answer.field.label.casefold() in names
