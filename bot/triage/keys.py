"""The kinds of values that the policy's keys take, each with its check."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from bot.forms.pattern import compile_pattern


def quoted(value: object) -> object:
    if isinstance(value, bool | int | float):
        raise ValueError("put quotes around it: YAML reads it as a number or a yes/no")
    return value


def listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def compiles(pattern: str) -> str:
    compile_pattern(pattern)
    return pattern


def colour_of(value: str) -> str:
    if not re.fullmatch(r"#?[0-9a-fA-F]{6}", value):
        raise ValueError("a colour is six hex digits, such as d4c5f9")
    return value.removeprefix("#").lower()


LabelName = Annotated[
    str, BeforeValidator(quoted), StringConstraints(strip_whitespace=True, min_length=1, max_length=50)
]
LabelNames = Annotated[
    tuple[LabelName, ...], BeforeValidator(listed, json_schema_input_type=LabelName | list[LabelName])
]
Texts = Annotated[tuple[str, ...], BeforeValidator(listed, json_schema_input_type=str | list[str])]
Colour = Annotated[
    str,
    BeforeValidator(quoted),
    AfterValidator(colour_of),
    Field(json_schema_extra={"pattern": "^#?[0-9a-fA-F]{6}$"}),
]
Jinja = Annotated[str, StringConstraints(min_length=1, max_length=5000)]


class Section(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
