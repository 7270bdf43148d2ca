"""docs/autolog tells of every option, variable and command, and of times and sizes as they are in the code."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("mlflow")

import click
from click.testing import CliRunner

import autolog
from autolog import runs
from autolog.cli import main
from autolog.delivery import buffer, journal, outbox, records
from autolog.keras import values
from tests.autolog.stage import ROOT
from tests.docs.reading import DOCS, blocks, text_of

PAGES = sorted((DOCS / "autolog").glob("*.md"))
OPTIONS, HOW, TROUBLE = (DOCS / f"autolog/{name}.md" for name in ("options", "how-it-works", "troubleshooting"))


def shown() -> dict[str, str]:
    """The options and defaults that the page names."""
    return dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", text_of(OPTIONS), re.MULTILINE))


@pytest.mark.parametrize("call", [autolog.keras.autolog, autolog.tensorflow.autolog], ids=["keras", "tensorflow"])
def test_every_option_is_named_with_its_default(call: Callable[..., Any]):
    there = {each.name: repr(each.default) for each in inspect.signature(call).parameters.values()}
    assert shown() == there


def test_every_option_is_one_of_the_call_for_all():
    autolog.autolog(**{name: None for name in shown() if name in {"run_name", "extra_tags"}}, disable=True)
    with pytest.raises(TypeError):
        autolog.autolog(checkpoints=True)


def test_every_word_of_mlflows_own_autologging_is_answered():
    import mlflow.keras
    import mlflow.tensorflow

    theirs = {
        name
        for call in (mlflow.keras.autolog, mlflow.tensorflow.autolog)
        for name in inspect.signature(call).parameters
    }
    assert not [name for name in sorted(theirs) if f"`{name}`" not in text_of(OPTIONS)]
    absent = set(re.findall(r"`(\w+)`", text_of(OPTIONS).partition("These words are not here")[2].partition("\n\n")[0]))
    assert absent == theirs - set(shown()) - {name for name in theirs if name.startswith("checkpoint_save")}


def test_every_variable_that_is_read_is_named():
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "autolog/src").rglob("*.py"))
    read = set(re.findall(r"environ(?:\.get\(|\[)\"([A-Z_]+)\"", code))
    assert "AUTOLOG_SPOOL_DIR" in read
    frameworks = {"KERAS_BACKEND", "KERAS_HOME"}
    assert not [name for name in sorted(read - frameworks) if not any(f"`{name}`" in text_of(page) for page in PAGES)]


def commands(group: click.Group = main, words: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    """All of them by their words, those within groups, too."""
    found: dict[tuple[str, ...], click.Command] = {}
    for name, command in group.commands.items():
        found[(*words, name)] = command
        if isinstance(command, click.Group):
            found |= commands(command, (*words, name))
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_is_shown_as_it_explains_itself(words: tuple[str, ...]):
    printed = CliRunner().invoke(main, [*words, "--help"], prog_name="autolog", terminal_width=78).output
    assert printed.strip() in [block.text.strip() for block in blocks(OPTIONS)]


COMMANDS = sorted(
    {
        command
        for page in (*PAGES, ROOT / "README.md", ROOT / "autolog/README.md")
        for block in blocks(page)
        for command in block.commands
        if command.startswith("autolog ")
    }
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_the_docs_is_understood(command: str):
    words = tuple(command.split()[1:])
    (found,) = [each for name, each in commands().items() if words[: len(name)] == name and not _is_group(each)]
    options = {option for parameter in found.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def _is_group(command: click.Command) -> bool:
    return isinstance(command, click.Group)


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (HOW, f"waits at most {runs.START_SECONDS:.0f} seconds"),
        (HOW, f"waits at most {outbox.WAIT_SECONDS:.0f} seconds"),
        (HOW, f"{outbox.IN_TROUBLE_SECONDS:.0f} second if the"),
        (HOW, f"up to {journal.MEMORY_BYTES // 1_000_000} MB are kept in memory"),
        (HOW, f"{buffer.POINTS:,} values"),
        (HOW, f"{records.ENTITIES:,}, of which {records.PARAMS} params and {records.TAGS} tags"),
        (HOW, f"the folder `{journal.REFUSED}`"),
        (TROUBLE, f"more than {records.KEY_LENGTH} characters"),
        (TROUBLE, f"a param at {runs.PARAM_LENGTH:,} characters, a tag at {runs.TAG_LENGTH:,}"),
        (TROUBLE, f"up to {values.LONGEST_VECTOR} of them"),
    ],
)
def test_times_and_sizes_are_those_of_the_code(page: Any, sentence: str):
    assert sentence in " ".join(text_of(page).split())
    assert (outbox.FLUSH_SECONDS, runs.LOCAL_START_SECONDS) == (1, 60), "told in words"
