"""The words of the forms package: Template and Field, Submission, Match, Answer, Finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

FieldType = Literal["input", "textarea", "dropdown", "checkboxes", "upload", "section"]
"""The form's element types that reach a body; `section` is a markdown template's part."""

Status = Literal["answered", "missing", "unchanged", "placeholder", "invalid"]
"""How a field was answered; `missing` on an optional field is no Finding."""

Value = str | tuple[str, ...] | None
"""One text, the ticked or chosen options, or None where nothing was given."""

MOST_FIELDS = 200
"""Of one template; what it costs to find them all in a body grows with the square."""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a dropdown, or one box of checkboxes (where `required` means it must be ticked)."""

    label: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a template asks for, in the order of the template."""

    id: str
    """The element's id, or a slug of the label; unique within its template."""
    label: str
    """As in the template, trimmed; this is the heading in the body."""
    type: FieldType
    required: bool = False
    """For checkboxes: true when any option is required."""
    description: str = ""
    placeholder: str = ""
    prefill: str = ""
    """The `value` a form puts into the editor, or the instruction text of a markdown section."""
    options: tuple[Option, ...] = ()
    multiple: bool = False
    render: str = ""
    """The language of the fence that GitHub wraps around the answer; empty for none."""


@dataclass(frozen=True, slots=True)
class Template:
    """One issue form or markdown template of a repository."""

    file: str
    """File name within its folder, e.g. `bug_report.yml`; the name people and the command line use."""
    path: str
    """Path from the repository's root, e.g. `.github/ISSUE_TEMPLATE/bug_report.yml`."""
    kind: Literal["form", "markdown"]
    name: str
    fields: tuple[Field, ...]
    description: str = ""
    title: str = ""
    """The prefix GitHub puts into the title box."""
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    type: str = ""
    shown: bool = True
    """False where GitHub's chooser leaves it out (no front matter, a name too short or used twice)."""
    text: str = ""
    """What a markdown template puts into the editor, below its front matter; empty for a form."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a template, config or policy file. Lines and columns count from 1; 0 means the whole file."""

    path: str
    line: int
    column: int
    message: str
    """For people: what is wrong, which value, how to mend it."""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.severity}: {self.message}"


@dataclass(frozen=True, slots=True)
class ContactLink:
    name: str
    url: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Chooser:
    """The settings in `config.yml`."""

    blank_issues: bool = True
    links: tuple[ContactLink, ...] = ()


@dataclass(frozen=True, slots=True)
class Submission:
    """An issue as filed: what recognition and checks may look at."""

    title: str = ""
    body: str = ""
    labels: tuple[str, ...] = ()
    type: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Which template a submission came from, and how sure that is."""

    template: Template | None
    confidence: float
    """0 to 1; 0 where no template was recognised."""
    rivals: tuple[Template, ...] = ()
    """All templates that the submission cannot tell apart; then `template` is None."""


class Answer(NamedTuple):
    """What a submission says in one field; a tuple, as nothing is cheaper and every field of an issue is one."""

    field: Field
    status: Status
    value: Value = None
    reason: str = ""
    """For people; empty when answered."""
    unticked: tuple[str, ...] = ()
    """Required boxes left open, by their option's label."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A field the author should be asked for: required (or under a policy rule) and not well answered."""

    field: Field
    status: Status
    reason: str
    unticked: tuple[str, ...] = ()


class Check(NamedTuple):
    """The whole result for one submission."""

    match: Match
    answers: tuple[Answer, ...] = ()
    """In the template's order; empty where no template was recognised."""
    findings: tuple[Finding, ...] = ()

    @property
    def complete(self) -> bool:
        """True when a template was recognised and nothing need be asked."""
        return self.match.template is not None and not self.findings
