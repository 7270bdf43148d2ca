"""What the policy says of Printouts: which fields their values fill, and which labels follow from them."""

from __future__ import annotations

from typing import Annotated

from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from bot.forms.label import fold
from bot.forms.printout import LONGEST_KEY
from bot.triage.keys import LabelName, LabelNames, Section, listed, quoted

RELEASE = "release"
"""In place of a version: the latest one that is released on GitHub."""


def _with_a_word(text: str) -> str:
    if not any(character.isalnum() for character in text):
        raise ValueError("must hold a word, as it is printed")
    return text


def _bound(value: str) -> str:
    if value == RELEASE:
        return value
    try:
        Version(value)
    except InvalidVersion as error:
        raise ValueError("must be `release`, or a version such as 1.8 or 2.0.1") from error
    return value


_Word = Annotated[
    str,
    BeforeValidator(quoted),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_KEY),
    AfterValidator(_with_a_word),
]
_Words = Annotated[tuple[_Word, ...], BeforeValidator(listed, json_schema_input_type=_Word | list[_Word])]


class VersionRule(Section):
    """A label for reports against an old version."""

    older_than: Annotated[str, BeforeValidator(quoted), StringConstraints(max_length=50), AfterValidator(_bound)] = (
        Field(
            RELEASE,
            description='`release`: the latest one on GitHub when the issue was filed; or a version: "1.8", in quotes.',
        )
    )
    label: LabelName = Field(description="On while the version that was printed is older.")


class PrintoutSection(Section):
    """What one program prints for bug reports, a line `key: value` for each fact."""

    fields: dict[str, dict[str, _Words]] = Field(
        {}, description="Template file name (or *): field id or label: key or keys whose values answer the field."
    )
    labels: dict[_Word, dict[str, LabelNames]] = Field(
        {}, description="Key: its value, or the first word of it: labels."
    )
    versions: dict[_Word, VersionRule] = Field({}, description="Key: what becomes of issues whose version is old.")


def _told_apart(printouts: dict[str, PrintoutSection]) -> dict[str, PrintoutSection]:
    if len({fold(title) for title in printouts}) < len(printouts):
        raise ValueError("two of the titles are the same but for case and punctuation")
    return printouts


Printouts = Annotated[dict[_Word, PrintoutSection], AfterValidator(_told_apart)]
