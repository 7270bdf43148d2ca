"""Every target by a few inputs, so that what is fuzzed once in a while holds, and can be run, at any time."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import edge, forms, policy
from tests.fuzz.target import GROW, PART, Target, grown, parts

TARGETS = {**forms.TARGETS, **policy.TARGETS, **edge.TARGETS}


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_target_holds_for_whatever_comes(name: str, data: st.DataObject):
    TARGETS[name].examine(data.draw(TARGETS[name].inputs()))


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_for_its_seeds(name: str):
    for seed in TARGETS[name].seeds:
        TARGETS[name].examine(seed)


def test_an_input_that_costs_too_much_is_a_failure():
    with pytest.raises(AssertionError, match="took"):
        Target(lambda _: None, (), longest=0.0).examine(b"")


def test_inputs_are_cut_into_parts_and_grown():
    assert parts(f"a{PART}b{PART}c".encode(), 2) == ["a", f"b{PART}c"]
    assert parts(b"", 2) == ["", ""]
    assert grown(f"<{GROW}ab{GROW}>", 9) == "<ababab>"
    assert grown(f"a{GROW}b", 9) == f"a{GROW}b"
