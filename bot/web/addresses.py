"""What may stand in an address where a repository or an issue is named; any other address is nobody's page."""

from __future__ import annotations

from starlette.convertors import IntegerConvertor, StringConvertor, register_url_convertor


class Name(StringConvertor):
    """Of an owner or a repository, and nothing that a database refuses to look for."""

    regex = r"[A-Za-z0-9_.-]{1,100}"


class Number(IntegerConvertor):
    """Of an issue: no repository has more of them, and no number is too long to be read."""

    regex = r"[0-9]{1,9}"


def register() -> None:
    """Make `{owner:name}` and `{number:issue}` known to routes."""
    register_url_convertor("name", Name())
    register_url_convertor("issue", Number())
