"""What an issue still lacks: which template it follows, and what its author should be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from bot.forms.check import Checker
from bot.forms.load import TemplateSet
from bot.forms.template import Answer, Check, Finding, Submission, Template
from bot.triage.issue import Issue, Repository
from bot.triage.wording import Choice


@dataclass(frozen=True, slots=True)
class Need:
    """What was found, and what to ask for; false when there is nothing to ask."""

    templates: tuple[Template, ...] = ()
    """The template recognised, or all rivals that cannot be told apart."""
    answers: tuple[Answer, ...] = ()
    findings: tuple[Finding, ...] = ()
    choices: tuple[Choice, ...] = ()
    """Templates to point to; only for an issue that follows none."""

    def __bool__(self) -> bool:
        return bool(self.findings or self.choices)

    @property
    def reason(self) -> str:
        """For the journal."""
        if self.choices:
            return "The issue follows none of the repository's templates."
        if self.findings:
            return "To be answered: " + ", ".join(f"{one.field.label} ({one.status})" for one in self.findings) + "."
        if not self.templates:
            return "No template to check the issue against."
        if len(self.templates) > 1:
            return "Nothing to ask that all of these would: " + ", ".join(one.file for one in self.templates) + "."
        return f"Complete for {self.templates[0].file}."


def find_need(issue: Issue, checker: Checker) -> Need:
    """Check an issue together with what people supplied in comments."""
    submission = Submission(issue.title, issue.body, issue.labels, issue.type)
    replies = tuple(comment.body for comment in issue.comments if not (comment.by_this_app or comment.author.is_bot))
    check = checker.check(submission, replies)
    if check.match.rivals:
        rivals = check.match.rivals
        return Need(rivals, findings=_shared_findings(rivals, checker, submission, replies))
    if check.match.template is None:
        check = _whole_reply(check, issue, checker, replies)
    if check.match.template is None:
        return Need()
    return Need((check.match.template,), check.answers, check.findings)


def asked_findings(answers: Sequence[Answer], asked: Iterable[str]) -> tuple[Finding, ...]:
    """Give Findings for the open fields among those that a maintainer wants answered, required or not."""
    wanted = {name.casefold() for name in asked}
    return tuple(
        Finding(answer.field, answer.status, answer.reason or "A maintainer would like to know.", answer.unticked)
        for answer in answers
        if answer.status != "answered" and is_named(answer, wanted)
    )


def is_named(answer: Answer, names: Iterable[str]) -> bool:
    """Tell whether a field is meant by one of these case-folded ids or labels."""
    return answer.field.id.casefold() in names or answer.field.label.casefold() in names


def find_choices(issue: Issue, repository: Repository, templates: TemplateSet) -> tuple[Choice, ...]:
    """List the templates to point to: those whose title prefix the issue's title has, else all of the chooser."""
    title = issue.title.strip().casefold()
    shown = [template for template in templates.templates if template.shown]
    fitting = [one for one in shown if (prefix := one.title.strip().casefold()) and title.startswith(prefix)]
    return tuple(
        Choice(template, f"{repository.html_url}/issues/new?template={quote(template.file, safe='')}")
        for template in fitting or shown
    )


def _whole_reply(check: Check, issue: Issue, checker: Checker, replies: Sequence[str]) -> Check:
    """Check the latest comment that fills in a whole template, for an issue that itself follows none."""
    for reply in reversed(replies):
        supplied = checker.check(Submission(issue.title, reply, issue.labels, issue.type))
        if supplied.match.template is not None:
            return supplied
    return check


def _shared_findings(
    rivals: Sequence[Template], checker: Checker, submission: Submission, replies: Sequence[str]
) -> tuple[Finding, ...]:
    """Give what every rival would ask for, so that nobody is asked for a field of a template they did not use."""
    each = [checker.only(rival).check(submission, replies).findings for rival in rivals]
    labels = [{finding.field.label.casefold() for finding in findings} for findings in each]
    return tuple(
        finding for finding in each[0] if all(finding.field.label.casefold() in others for others in labels[1:])
    )
