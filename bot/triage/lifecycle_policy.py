"""What the policy says of issues that wait: when to remind, to warn and to close, and whom to leave alone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field, StrictBool, StrictInt, model_validator

from bot.triage.keys import Jinja, LabelName, Section

MOST_DAYS = 3650


def _never(value: object) -> object:
    """-1 and false are how the well-known tools say "never"."""
    return None if value is False or (value == -1 and not isinstance(value, bool)) else value


def _split(value: object) -> object:
    return tuple(part for each in value.split(",") if (part := each.strip())) if isinstance(value, str) else value


def _day(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be a day such as 2030-01-31")
    try:
        return datetime.fromisoformat(value.strip()).date()
    except ValueError:
        raise ValueError("must be a day such as 2030-01-31") from None


_Count = Annotated[StrictInt, Field(ge=1, le=MOST_DAYS)]
_Days = Annotated[_Count | None, BeforeValidator(_never, json_schema_input_type=_Count | Literal[-1, False] | None)]
_Names = Annotated[tuple[LabelName, ...], BeforeValidator(_split, json_schema_input_type=str | list[str])]
_Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=str)]


def _also(name: str, *others: str) -> AliasChoices:
    """The key as this policy spells it, and as the well-known tools do."""
    first, *rest = name.split("_")
    camel = first + "".join(part.capitalize() for part in rest)
    return AliasChoices(*dict.fromkeys((name, camel, name.replace("_", "-"), *others)))


class _Spelled(Section):
    """A section whose keys may be spelled in several ways."""

    @model_validator(mode="before")
    @classmethod
    def _one_spelling(cls, data: Any) -> Any:
        for field in cls.model_fields.values() if isinstance(data, dict) else ():
            if isinstance(field.validation_alias, AliasChoices):
                given = [str(key) for key in field.validation_alias.choices if key in data]
                if len(given) > 1:
                    raise ValueError(f"{' and '.join(f'`{key}`' for key in given)} are one key: keep one of them")
        return data


class Waiting(_Spelled):
    """What both lifecycles share."""

    days_until_close: _Days = Field(
        None,
        validation_alias=_also("days_until_close", "days-before-close", "days-before-issue-close"),
        description="From the warning to closing, at least. null: nothing is closed.",
    )
    close_reason: Literal["completed", "not_planned"] = Field(
        "not_planned", validation_alias=_also("close_reason", "close-issue-reason"), description="As GitHub shows it."
    )
    close_comment: Jinja | None = Field(
        None,
        validation_alias=_also("close_comment", "close-issue-message"),
        description="Said on closing, instead of the built-in words.",
    )
    exempt_labels: _Names = Field(
        ("pinned", "security", "lifecycle/frozen"),
        validation_alias=_also("exempt_labels", "exempt-issue-labels"),
        description="Issues with one of these are left alone.",
    )
    exempt_authors: _Names = Field((), validation_alias=_also("exempt_authors"), description="Logins.")
    exempt_assignees: _Names = Field(
        (),
        validation_alias=AliasChoices("exempt_assignees", "exempt-assignees", "exempt-issue-assignees"),
        description="Logins.",
    )
    exempt_all_assignees: StrictBool = Field(
        default=False,
        validation_alias=_also("exempt_all_assignees", "exempt-all-issue-assignees", "exemptAssignees"),
        description="Whoever is assigned, the issue is left alone.",
    )
    exempt_milestones: _Names = Field(
        (),
        validation_alias=AliasChoices("exempt_milestones", "exempt-milestones", "exempt-issue-milestones"),
        description="Their titles.",
    )
    exempt_all_milestones: StrictBool = Field(
        default=False,
        validation_alias=_also("exempt_all_milestones", "exempt-all-issue-milestones", "exemptMilestones"),
        description="Whatever its milestone, the issue is left alone.",
    )
    exempt_reactions: Annotated[StrictInt, Field(ge=1)] | None = Field(
        None,
        validation_alias=_also("exempt_reactions"),
        description="Issues with so many reactions or more are left alone.",
    )
    start_date: _Day | None = Field(
        None, validation_alias=_also("start_date"), description="Issues opened before this day are left alone."
    )
    only_labels: _Names = Field(
        (),
        validation_alias=_also("only_labels", "only-issue-labels"),
        description="Only issues with all of these.",
    )
    any_of_labels: _Names = Field(
        (),
        validation_alias=_also("any_of_labels", "any-of-issue-labels"),
        description="Only issues with one of these.",
    )
    limit_per_run: Annotated[StrictInt, Field(ge=1, le=500)] = Field(
        30, validation_alias=_also("limit_per_run"), description="Issues that one hourly sweep takes up, at most."
    )


class NeedsInfoSection(Waiting):
    """What becomes of an issue whose author was asked and does not answer."""

    days_until_reminder: _Days = Field(
        None,
        validation_alias=_also("days_until_reminder"),
        description="From the last word to the reminder, which is the warning, too. null: never.",
    )
    reminder_comment: Jinja | None = Field(
        None, validation_alias=_also("reminder_comment"), description="Said instead of the built-in reminder."
    )

    @model_validator(mode="after")
    def _warned(self) -> NeedsInfoSection:
        if self.days_until_close is not None and self.days_until_reminder is None:
            raise ValueError("days_until_close needs days_until_reminder: nothing is closed unwarned")
        return self


class StaleLabel(_Spelled):
    """Other times for issues with one label."""

    days_until_stale: _Days = Field(
        None,
        validation_alias=_also("days_until_stale", "days-before-stale", "days-before-issue-stale"),
        description="The section's own unless given. null: never.",
    )
    days_until_close: _Days = Field(
        None,
        validation_alias=_also("days_until_close", "days-before-close", "days-before-issue-close"),
        description="The section's own unless given. null: never.",
    )


class StaleSection(Waiting):
    """What becomes of an issue on which nobody says anything any more."""

    days_until_stale: _Days = Field(
        None,
        validation_alias=_also("days_until_stale", "days-before-stale", "days-before-issue-stale"),
        description="From the last word of a person to the warning. null: never.",
    )
    label: LabelName = Field(
        "stale",
        validation_alias=AliasChoices("label", "stale_label", "staleLabel", "stale-label", "stale-issue-label"),
        description="On while the warning stands; created where it is missing.",
    )
    mark_comment: Jinja | None = Field(
        None,
        validation_alias=_also("mark_comment", "stale-issue-message"),
        description="The warning, instead of the built-in words.",
    )
    labels: dict[LabelName, StaleLabel] = Field(
        {}, description="Other times for issues with one of these; the first that the issue has counts."
    )


def spell_out(definitions: dict[str, Any]) -> None:
    """Let the schema's definitions accept every spelling that the loader accepts."""
    for model in (NeedsInfoSection, StaleSection, StaleLabel):
        properties = definitions[model.__name__]["properties"]
        for name, field in model.model_fields.items():
            if isinstance(field.validation_alias, AliasChoices):
                for other in field.validation_alias.choices[1:]:
                    properties[other] = {"$ref": f"#/$defs/{model.__name__}/properties/{name}"}
