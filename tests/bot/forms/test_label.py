"""Labels are compared by their words; drift between revisions is tolerated, different questions are not mixed up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.forms.label import fold, similarity, slug, squeeze, unify_line_ends


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("What happened?", "what happened"),
        ("  **C++**  / C# ", "c c"),
        ("ÜBER-Straße", "über strasse"),
        (" 🐛 ", "🐛"),
        ("a_b", "a b"),
    ],
)
def test_folding_keeps_the_words(text: str, folded: str):
    assert fold(text) == folded


def test_slugs_and_squeezed_texts():
    assert slug("What happened?") == "what-happened"
    assert squeeze(" A\r\n\tb ") == "a b"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("describe the issue", "describe the issue", True),
        ("describe the issue", "descripe the issue", True),
        ("steps to reproduce", "steps to reproduce it", True),
        ("expected behavior", "expected behaviour", True),
        ("expected behavior", "actual behavior", False),
        ("question 1", "question 2", False),
        ("version", "python version and platform", False),
        ("logs", "", False),
        ("", "logs", False),
        ("a" * 201, "a" * 202, False),
        ("alpha beta gamma", "gamma beta alpha", False),
    ],
)
def test_likeness(one: str, other: str, alike: bool):
    assert (similarity(one, other) >= 0.8) is alike
    assert (similarity(other, one) >= 0.8) is alike


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_is_a_share(one: str, other: str):
    assert 0 <= similarity(fold(one), fold(other)) <= 1
    assert similarity(one, one) == 1


@given(st.text(alphabet="a\r\n", max_size=12))
def test_line_ends_become_one_kind(text: str):
    assert unify_line_ends(text).split("\n") == text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
