"""A Report as versioned JSON, for programs; also how the bot itself keeps one."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from bot.issuebash.report import Report

VERSION = 1
"""Raised when a reader of the old form would misread the new one; new keys alone do not."""


@dataclass(frozen=True, slots=True)
class _Document:
    version: Literal[1]
    report: Report


class NotAReportError(ValueError):
    """The JSON is no report of a version that is understood."""


def dump(report: Report) -> bytes:
    return _adapter().dump_json(_Document(1, report))


def load(content: bytes) -> Report:
    """Raises NotAReportError."""
    try:
        return _adapter().validate_json(content).report
    except ValueError as error:
        raise NotAReportError(f"This is no report of version {VERSION}: {error}") from error


def schema() -> dict[str, Any]:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Issue-bash report"}
    found = _adapter().json_schema(mode="serialization")
    return {**head, **{key: value for key, value in found.items() if key != "title"}}


@cache
def _adapter() -> TypeAdapter[_Document]:
    return TypeAdapter(_Document)
