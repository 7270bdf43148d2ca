"""A text's own words, without what is quoted, code or hidden."""

from __future__ import annotations

import pytest

from bot.triage.prose import prose


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("It broke.", "It broke."),
        ("It `broke` here", "It here"),
        ("Look:\r\n```\nNo such file\n```\nSo it is", "Look: So it is"),
        ("<!-- hidden --> seen", "seen"),
        ("> They said so\n\nI did not", "I did not"),
        ("An `open span", "An open span"),
        ("An `open\n\nspan` of two", "An open span of two"),
        ("`a` " * 16_000, ""),
    ],
)
def test_code_and_hidden_parts_are_left_out(text: str, own: str):
    assert " ".join(prose(text).split()) == own
