"""Files that a repository's owner pushes to fill up what the service keeps."""

from __future__ import annotations

import pytest

from tests.bot.work.bench import REPO, Bench

MISTAKES = {
    "many": "\n".join(f"no such key {number}: 1" for number in range(10_000)),
    "long": "? " + "no such key" * 20_000 + "\n: 1",
}


@pytest.mark.parametrize("policy", MISTAKES.values(), ids=MISTAKES)
def test_of_thousands_of_mistakes_the_first_are_told(bench: Bench, policy: str):
    bench.fake.push(REPO, {".github/triage.yml": policy})
    bench.open()
    bench.settle(30)
    (entry,) = [it for it in bench.journal() if it.kind == "policy_broken"]
    assert "no such key" in entry.because
    assert len(entry.because) < 11_000
    if policy == MISTAKES["many"]:
        assert entry.because.endswith("There are 9,980 problems more.")
