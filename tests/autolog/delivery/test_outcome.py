"""A failure is told once, whatever its words are, and not at all to somebody who wants silence."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import autolog
from autolog.integration import Integration
from autolog.options import Options
from autolog.outcome import forget, harmless


class Unfriendly:
    """An object of the user's that does not like to be looked at."""

    @property
    def options(self) -> Any:
        raise RuntimeError("hands off")


@harmless("do it")
def failing(*args: object, **kwargs: object) -> None:
    error = next((each for each in args if isinstance(each, Exception)), ValueError("no"))
    raise error


def told(function: Callable[[], object]) -> list[str]:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        function()
    return [str(each.message) for each in seen if issubclass(each.category, autolog.AutologWarning)]


@pytest.fixture
def integration() -> Iterator[Integration]:
    def broken(module: Any, patches: Any) -> None:
        raise ValueError("no")

    there = Integration({"json": broken})
    yield there
    there.disable()


def test_a_failure_is_told_once_whatever_its_words_and_each_kind_of_it():
    def fail() -> None:
        for number in range(5):
            failing(OSError(f"no space left for {number}"))
            failing(ValueError(f"not {number}"))

    assert told(fail) == [
        "autolog could not do it (OSError: no space left for 0). Training goes on.",
        "autolog could not do it (ValueError: not 0). Training goes on.",
    ]


@pytest.mark.parametrize(("said", "shown"), [("y" * 300, "y" * 300), ("y" * 301, "y" * 299 + "…")])
def test_an_error_of_many_words_is_cut_and_that_can_be_seen(said: str, shown: str):
    assert told(lambda: failing(ValueError(said))) == [
        f"autolog could not do it (ValueError: {shown}). Training goes on."
    ]


@pytest.mark.parametrize("silent", [True, False])
@pytest.mark.parametrize(
    "given",
    [
        lambda options: failing(options, "name"),
        lambda options: failing("module", options, print, (), {}),
        lambda options: failing(SimpleNamespace(options=options)),
        lambda options: failing("module", Unfriendly(), SimpleNamespace(options="theirs"), options),
        lambda options: failing("module", run=SimpleNamespace(options=options)),
    ],
)
def test_silence_is_kept_wherever_the_options_are(given: Callable[[Options], object], silent: bool):
    assert len(told(lambda: given(Options(silent=silent)))) == (0 if silent else 1)


@pytest.mark.parametrize("silent", [True, False])
def test_what_was_given_no_options_is_silent_if_all_that_is_on_is(integration: Integration, silent: bool):
    assert len(told(lambda: integration.enable(Options(silent=silent)))) == (0 if silent else 1)
    assert len(told(failing)) == (0 if silent else 1)
    integration.disable()
    forget()
    assert len(told(failing)) == 1
