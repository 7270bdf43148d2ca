"""What the policy says of reports and bashes: when, where, and the parameters of each section."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from croniter import CroniterBadDateError, croniter
from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, StringConstraints

from bot.triage.keys import LabelNames, Section, Texts, quoted

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""The calendar is the same in every 400 years, and no day that comes at all keeps away for longer than eight."""
Days = Annotated[StrictInt, Field(ge=1, le=3650)]


class SectionSettings(Section):
    """Of a section without parameters."""

    enabled: StrictBool = Field(default=True, description="false: the section is left out.")


class WaitingOnAuthor(SectionSettings):
    days: Days = Field(14, description="Since the last ask.")


def _version(value: str) -> str:
    try:
        Version(value)
    except InvalidVersion as error:
        raise ValueError("must be a version, such as 1.8 or 2.0.1") from error
    return value


class Outdated(SectionSettings):
    minors: Annotated[StrictInt, Field(ge=1, le=100)] = Field(2, description="Minor releases behind the latest one.")
    oldest_supported: Annotated[str, BeforeValidator(quoted), AfterValidator(_version)] | None = Field(
        None, description='Whatever is older is outdated, too: "1.8", in quotes. null: no such version.'
    )


class NoMaintainerReply(SectionSettings):
    days: Days = Field(7, description="Since it was filed.")


class PopularAndOld(SectionSettings):
    days: Days = Field(180, description="Since it was filed.")
    reactions: Annotated[StrictInt, Field(ge=1)] = Field(5, description="At least so many.")


class ZombieAssignee(SectionSettings):
    days: Days = Field(60, description="Without a word of the assignee and without an open pull request.")


class VoicesAfterClose(SectionSettings):
    people: Annotated[StrictInt, Field(ge=2)] = Field(2, description="At least so many besides maintainers.")
    days: Days = Field(90, description="Written within so many days.")


class NeedsDecision(SectionSettings):
    labels: LabelNames = Field(
        ("needs-decision", "needs decision", "rfc", "proposal", "discussion"), description="Any of these."
    )


class Sections(Section):
    """Which sections a report has, and from when on an issue is in one."""

    probably_fixed: SectionSettings = SectionSettings()
    waiting_on_author: WaitingOnAuthor = WaitingOnAuthor()
    our_turn: SectionSettings = SectionSettings()
    outdated: Outdated = Outdated()
    easy_to_answer: SectionSettings = SectionSettings()
    answered: SectionSettings = SectionSettings()
    duplicates: SectionSettings = SectionSettings()
    no_maintainer_reply: NoMaintainerReply = NoMaintainerReply()
    popular_and_old: PopularAndOld = PopularAndOld()
    zombie_assignee: ZombieAssignee = ZombieAssignee()
    needs_decision: NeedsDecision = NeedsDecision()
    voices_after_close: VoicesAfterClose = VoicesAfterClose()


def _cron(value: str) -> str:
    if len(value.split()) != 5 or not croniter.is_valid(value):
        raise ValueError("must be a cron line of five fields, such as `0 6 * * 1` for Mondays at six")
    if not value.split(maxsplit=1)[0].isdigit():
        raise ValueError("begins with the minute, a number: a report comes once an hour at most")
    try:
        croniter(value, _ANY_TIME).get_next(datetime)
    except CroniterBadDateError as error:
        raise ValueError("names a day that never comes") from error
    return value


class ReportSection(Section):
    """The issue-bash report."""

    schedule: Annotated[str, StringConstraints(max_length=100), AfterValidator(_cron)] | None = Field(
        None, description="When to write one, as cron has it, in UTC: `0 6 * * 1` is Mondays at six. null: never."
    )
    post: Literal["issue", "page"] = Field(
        "issue", description="`issue`: posted as an issue, which the next one replaces; `page`: kept for its web page."
    )
    limit: Annotated[StrictInt, Field(ge=1, le=500)] = Field(20, description="Rows in each section.")
    exempt_labels: LabelNames = Field(
        ("pinned", "security", "lifecycle/frozen"), description="Issues with one of these stay out."
    )
    docs: Texts = Field(("docs",), description="Folders whose Markdown pages count as answers, beside the README.")
    sections: Sections = Sections()


class BashSection(Section):
    """The issue-bash event."""

    hours: Annotated[StrictInt, Field(ge=1, le=72)] = Field(3, description="How long one lasts unless said otherwise.")
    batch: Annotated[StrictInt, Field(ge=1, le=50)] = Field(10, description="Issues in one batch.")
    lease_minutes: Annotated[StrictInt, Field(ge=5, le=480)] = Field(45, description="How long a claim holds.")
