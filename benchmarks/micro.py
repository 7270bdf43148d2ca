"""What the parts of one delivery cost, one by one, under pytest-benchmark: `pytest benchmarks/micro.py`."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

import orjson
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import shapes
from benchmarks.bodies import Sample, form_set, samples
from benchmarks.rounds import Part, Row
from bot.forms.check import Checker
from bot.forms.template import Submission
from bot.github.events import parse_event, signature_matches
from bot.render import Renderer
from bot.triage.decide import Context, decide
from bot.triage.issue import NO_HISTORY, Actor, Issue, Repository
from bot.triage.policy import DEFAULT_POLICY

NOW = datetime(2026, 1, 1, tzinfo=UTC)
COUNT = 500


def _samples(*, odd: bool, complete: bool = True) -> list[Sample]:
    found = (sample for sample in samples(100_000, form_set(), complete=complete) if sample.odd == odd)
    return list(islice(found, COUNT))


def test_load_five_forms(benchmark: BenchmarkFixture) -> None:
    assert len(benchmark(form_set).templates) == 5


def test_compile_a_checker(benchmark: BenchmarkFixture) -> None:
    assert benchmark(Checker, form_set())


def test_check_a_body(benchmark: BenchmarkFixture) -> None:
    checker, bodies = Checker(form_set()), cycle(_samples(odd=False))
    assert benchmark(lambda: checker.check(Submission("", next(bodies).body))).match.template


def test_check_an_odd_body(benchmark: BenchmarkFixture) -> None:
    checker, bodies = Checker(form_set()), cycle(_samples(odd=True))
    assert benchmark(lambda: checker.check(Submission("", next(bodies).body))).match.template


def test_verify_a_signature(benchmark: BenchmarkFixture) -> None:
    body = shapes.opened(1, "bench-1", _samples(odd=False)[0])
    header = "sha256=" + hmac.new(shapes.SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert benchmark(signature_matches, shapes.SECRET.encode(), body, header)


def test_read_a_payload(benchmark: BenchmarkFixture) -> None:
    body = shapes.opened(1, "bench-1", _samples(odd=False)[0])
    assert benchmark(lambda: parse_event("issues", orjson.loads(body))).issue


def test_decide_and_word_a_request(benchmark: BenchmarkFixture) -> None:
    repository = Repository(1, "octo-org", "bench-1", "https://github.com/octo-org/bench-1")
    context = Context(repository, Checker(form_set()), DEFAULT_POLICY, Renderer(), "triage")
    issue = Issue(1, "", "", Actor("reporter"), NOW, NOW)
    bodies = cycle(_samples(odd=False, complete=False))

    def plan() -> int:
        return len(decide(replace(issue, body=next(bodies).body), context, NO_HISTORY, NOW).actions)

    assert benchmark(plan) >= 2


def run() -> Part:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = ["-q", "-p", "no:cacheprovider", "--benchmark-max-time=0.5", f"--benchmark-json={report}"]
        command = [sys.executable, "-m", "pytest", *options, str(Path(__file__))]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent)
        assert done.returncode == 0, done.stdout
        found = json.loads(report.read_text())["benchmarks"]
    rows = [Row(_words(each["name"]), 1e6 * each["stats"]["median"], "µs") for each in found]
    return Part("The parts of one delivery, one by one", rows)


def _words(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")
