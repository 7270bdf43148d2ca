"""Runs one target under one engine for a time: `python -m tests.fuzz.engines ENGINE TARGET SECONDS FOLDER`."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LONGEST_INPUT = 16_384


def targets() -> dict[str, Any]:
    """All of them, by name; imported here, since atheris must have the say before."""
    from tests.fuzz import edge, forms, markdown, policy  # noqa: PLC0415

    return {**forms.TARGETS, **markdown.TARGETS, **policy.TARGETS, **edge.TARGETS}


def by_hypothesis(name: str, seconds: float, folder: Path) -> None:
    """Inputs put together from words; a failing one is made as small as can be."""
    from hypothesis import HealthCheck, given, settings  # noqa: PLC0415
    from hypothesis.database import DirectoryBasedExampleDatabase  # noqa: PLC0415

    target = targets()[name]
    count = 0

    @settings(
        max_examples=500,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=DirectoryBasedExampleDatabase(folder / "examples"),
        print_blob=False,
    )
    @given(target.inputs())
    def examine(data: bytes) -> None:
        nonlocal count
        count += 1
        (folder / "hypothesis.input").write_bytes(data)
        target.examine(data)

    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            examine()
    finally:
        print(f"stat::number_of_executed_units: {count}")


def by_atheris(name: str, seconds: float, folder: Path) -> None:
    """Inputs grown from the seeds, kept where they reach code that none before had reached."""
    import atheris  # noqa: PLC0415

    with atheris.instrument_imports(include=["bot", "yaml"]):
        target = targets()[name]
    words = folder / "words"
    words.write_text("".join(f'"{_quoted(word.encode())}"\n' for word in target.words), encoding="ascii")
    corpus, seeds = folder / "corpus", folder / "seeds"
    for each in (corpus, seeds):
        each.mkdir(exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (seeds / str(number)).write_bytes(seed)
    options = {
        "max_total_time": int(seconds),
        "max_len": LONGEST_INPUT,
        "timeout": 30,
        "rss_limit_mb": target.most_memory,
        "dict": words,
        "artifact_prefix": f"{folder}/",
        "print_final_stats": 1,
    }
    atheris.Setup(
        [sys.argv[0], *(f"-{key}={value}" for key, value in options.items()), str(corpus), str(seeds)], target.examine
    )
    atheris.Fuzz()


def _quoted(word: bytes) -> str:
    """As libFuzzer's dictionaries have it."""
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"\\x{byte:02x}" for byte in word)


ENGINES: dict[str, Callable[[str, float, Path], None]] = {"hypothesis": by_hypothesis, "atheris": by_atheris}


def main() -> None:
    engine, name, seconds, folder = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_DATA, (2 * targets()[name].most_memory * 1024**2,) * 2)
    ENGINES[engine](name, float(seconds), Path(folder))


if __name__ == "__main__":
    main()
