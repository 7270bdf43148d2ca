"""The policy: what `.github/triage.yml` may say, its defaults, and errors that name line and column."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from bot.forms.printout import Fillings
from bot.forms.rules import FieldRule, Rules
from bot.forms.template import Problem
from bot.triage.keys import Colour, Jinja, LabelName, LabelNames, Section, Texts, compiles
from bot.triage.lifecycle_policy import NeedsInfoSection, StaleSection, spell_out
from bot.triage.places import Places
from bot.triage.printout_policy import Printouts
from bot.triage.report_policy import BashSection, ReportSection

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

POLICY_PATH = ".github/triage.yml"
MOST_PATTERNS = 50
"""Of one policy: each may take memory for as long as the policy holds."""
MOST_PROBLEMS = 20
"""Told of one policy. A file can hold thousands; to place each takes time, and each push of one is kept in the journal
and the log."""
LONGEST_PROBLEM = 500
"""Characters: keys and values that are repeated may have any length."""
Permission = Literal["maintainers", "author", "anyone", "nobody"]
"""Each takes in the ones before it: `author` is the issue's author and the maintainers."""
CommandName = Literal[
    "label", "unlabel", "needs-info", "triage", "skip-triage", "close", "reopen", "bash", "claim", "release", "done"
]


class NewLabel(Section):
    """How a label looks that the bot may create."""

    color: Colour = "ededed"
    description: Annotated[str, StringConstraints(max_length=100)] = ""


NEEDS_INFO = NewLabel(color="d4c5f9", description="Waiting for details from the author")


class Labels(Section):
    """Which labels the bot puts on, and which of them it may create."""

    needs_info: LabelName | None = Field(
        "needs-info", description="On while the author is asked for something; null for none."
    )
    needs_triage: LabelName | None = Field(
        "needs-triage", description="On once a maintainer can take over, where the label exists; null for none."
    )
    templates: dict[str, LabelNames] = Field({}, description="Template file name: labels of its issues.")
    answers: dict[str, dict[str, dict[str, LabelNames]]] = Field(
        {}, description="Template file name (or *): field id or label: chosen option: labels."
    )
    create: dict[LabelName, NewLabel] = Field(
        {"needs-info": NEEDS_INFO}, description="Labels that are created where they are missing."
    )

    @model_validator(mode="before")
    @classmethod
    def _renamed_needs_info(cls, data: Any) -> Any:
        # A repository that merely renames needs-info still gets it created.
        name = data.get("needs_info") if isinstance(data, dict) else None
        return {"create": {name: NEEDS_INFO}, **data} if name and isinstance(name, str) else data

    @model_validator(mode="after")
    def _two_names(self) -> Self:
        if self.needs_info and self.needs_triage and self.needs_info.lower() == self.needs_triage.lower():
            raise ValueError("needs_info and needs_triage must be two labels")
        return self


class Exempt(Section):
    """Whose issues are left alone; bots always are."""

    maintainers: StrictBool = Field(default=False, description="Owners, members and collaborators.")
    logins: Texts = ()
    labels: LabelNames = ()


class WordingOverrides(Section):
    """Jinja templates said instead of the built-in comments."""

    request: Jinja | None = None
    choose_template: Jinja | None = None
    resolved: Jinja | None = None
    withdrawn: Jinja | None = None


class RequestSection(Section):
    """The one comment that asks for what is missing."""

    language: Literal["en", "de"] = "en"
    deadline_days: StrictInt | None = Field(
        None, ge=1, le=365, description="Named in the comment as the day to answer by; nothing is closed before then."
    )
    free_form: StrictBool = Field(default=True, description="Point issues from no template to the templates.")
    exempt: Exempt = Exempt()
    wording: WordingOverrides = WordingOverrides()


class RuleSection(Section):
    """Rules for one field; all set ones must hold."""

    required: StrictBool | None = None
    allow_na: StrictBool = True
    min_length: StrictInt | None = Field(None, ge=1, le=10_000)
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(compiles)] | None = None
    one_of: Texts = ()
    code_block: StrictBool = False
    traceback: StrictBool = False
    python: StrictBool = False
    url: StrictBool = False
    version: StrictBool = False
    message: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None


class Commands(Section):
    """Who may use each slash command."""

    label: Permission = "maintainers"
    unlabel: Permission = "maintainers"
    needs_info: Permission = Field("maintainers", alias="needs-info")
    triage: Permission = "author"
    skip_triage: Permission = Field("maintainers", alias="skip-triage")
    close: Permission = "author"
    reopen: Permission = "author"
    # Of a bash. What they say is kept in its ledger and changes no issue, so a policy may let `anyone` take part.
    bash: Permission = "maintainers"
    claim: Permission = "maintainers"
    release: Permission = "maintainers"
    done: Permission = "maintainers"

    def permission(self, name: str) -> Permission | None:
        """Who may use a command; None for an unknown one."""
        attribute = name.replace("-", "_")
        return getattr(self, attribute) if attribute in type(self).model_fields else None


class Policy(Section):
    """What the bot does in one repository."""

    enabled: StrictBool = Field(default=True, description="false: the bot does nothing here.")
    dry_run: StrictBool = Field(default=False, description="true: plans are kept in the journal and not carried out.")
    labels: Labels = Labels()
    request: RequestSection = RequestSection()
    fields: dict[str, dict[str, RuleSection]] = Field(
        {}, description="Template file name (or *): field id or label: rules for its answer."
    )
    printouts: Printouts = Field(
        {}, description="Title of what a program prints for bug reports: what its values mean here."
    )
    needs_info: NeedsInfoSection = NeedsInfoSection()
    stale: StaleSection = StaleSection()
    commands: Commands = Commands()
    report: ReportSection = ReportSection()
    bash: BashSection = BashSection()

    _path: str = PrivateAttr(POLICY_PATH)
    _places: Places | None = PrivateAttr(None)

    @field_validator("fields")
    @classmethod
    def _few_patterns(cls, fields: dict[str, dict[str, RuleSection]]) -> dict[str, dict[str, RuleSection]]:
        patterns = {rule.pattern for rules in fields.values() for rule in rules.values() if rule.pattern is not None}
        if len(patterns) > MOST_PATTERNS:
            raise ValueError(f"there may be at most {MOST_PATTERNS} patterns")
        return fields

    @cached_property
    def rules(self) -> Rules:
        """The field rules in the words of `bot.forms`."""
        return {
            file: {name: FieldRule(**rule.model_dump()) for name, rule in fields.items()}
            for file, fields in self.fields.items()
        }

    @cached_property
    def fillings(self) -> Fillings:
        """What Printouts fill, in the words of `bot.forms`."""
        return {title: section.fields for title, section in self.printouts.items() if section.fields}

    def problem(
        self, location: Sequence[Hashable], message: str, severity: Literal["error", "warning"] = "error"
    ) -> Problem:
        """Word a problem at a key of the file the policy was read from."""
        line, column = self._places.of(location, key=True) if self._places else (0, 0)
        return Problem(self._path, line, column, message, severity)

    def forget_places(self) -> None:
        """Let go of where each key stands, for who has told all that is wrong: it is most of what a policy weighs."""
        self._places = None


DEFAULT_POLICY = Policy()


class PolicyError(Exception):
    """A policy file that cannot be used."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load_policy(text: bytes, path: str = POLICY_PATH) -> Policy:
    """Read a policy file; an empty one is the default policy."""
    places = Places(text, path)
    if places.problems:
        raise PolicyError(_told(places.problems, len(places.problems), path))
    try:
        policy = Policy.model_validate({} if places.value is None else places.value)
    except ValidationError as error:
        details = error.errors()
        problems = [_problem(detail, places, path) for detail in details[:MOST_PROBLEMS]]
        raise PolicyError(_told(problems, len(details), path)) from error
    policy._path, policy._places = path, places  # noqa: SLF001 its own module; a policy is built nowhere else
    return policy


def json_schema() -> dict[str, Any]:
    """Describe the policy for editors and other tools."""
    schema = Policy.model_json_schema(by_alias=True)
    spell_out(schema["$defs"])
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Policy of the community triage bot"}
    return {**head, **{key: value for key, value in schema.items() if key != "title"}}


def _told(problems: Sequence[Problem], number: int, path: str) -> tuple[Problem, ...]:
    """The first ones, none of them endless."""
    told = [replace(problem, message=problem.message[:LONGEST_PROBLEM]) for problem in problems[:MOST_PROBLEMS]]
    if number > len(told):
        told.append(Problem(path, 0, 0, f"There are {number - len(told):,} problems more."))
    return tuple(told)


def _problem(detail: ErrorDetails, places: Places, path: str) -> Problem:
    location = detail["loc"]
    about_key = detail["type"] == "extra_forbidden" or "[key]" in location
    line, column = places.of(location, key=about_key)
    where = ".".join(str(part) for part in location if part != "[key]") + ": " if location else "The file "
    message = _message(detail)
    end = "" if message.endswith("?") else "."
    return Problem(path, line, column, f"{where}{message}{end}")


_MESSAGES = {
    "missing": "must be given",
    "model_type": "must be a mapping of keys to values",
    "dict_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list, or a single text",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "value_error": "{error}",
}
"""Pydantic's types of error, in words for people who never heard of it."""


def _message(detail: ErrorDetails) -> str:
    if detail["type"] == "extra_forbidden":
        *section, key = detail["loc"]
        near = difflib.get_close_matches(str(key), _keys(tuple(section)), n=1)
        return "there is no such key" + (f"; did you mean `{near[0]}`?" if near else "")
    context = detail.get("ctx", {})
    if "too_short" in detail["type"]:
        return f"must have at least {context['min_length']} character"
    if "too_long" in detail["type"]:
        return f"must have at most {context['max_length']} characters"
    return _MESSAGES[detail["type"]].format_map(context)


def _keys(section: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand in a section; a list's or mapping's items are found through their annotation."""
    model: Any = Policy
    for part in section:
        fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
        model = fields.get(str(part), model)
        while get_args(model):
            model = next((one for one in get_args(model)[::-1] if one is not type(None)), model)
        if not (isinstance(model, type) and issubclass(model, Section)):
            return []
    return [field.alias or name for name, field in model.model_fields.items()]
