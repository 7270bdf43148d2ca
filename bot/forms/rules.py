"""What a policy may ask of a field's answer beyond the template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Rules for one field; unset means no rule. All set ones must hold."""

    required: bool | None = None
    """Overrides the template's own `required`; this is how markdown sections become required."""
    allow_na: bool = True
    """True: `N/A`, `none` and `not applicable` answer the field, whatever the other rules ask of an answer."""
    min_length: int | None = None
    """Characters of the trimmed answer."""
    pattern: str | None = None
    """RE2, searched anywhere in the answer."""
    one_of: tuple[str, ...] = ()
    """Accepted answers, compared without case and outer blanks."""
    code_block: bool = False
    traceback: bool = False
    python: bool = False
    """The code in the answer must parse as Python."""
    url: bool = False
    version: bool = False
    """The answer must contain a version number (PEP 440 or semver)."""
    message: str | None = None
    """Said instead of the built-in reason when a rule fails."""


Rules = Mapping[str, Mapping[str, FieldRule]]
"""Template file name (or `*` for all) -> field id or label -> rule. Names are compared without case."""

NO_RULES: Rules = {}
