"""Recognise, parse and check of six-field bodies among five forms: ours against two parsers that are told the form."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import orjson

from benchmarks import peers
from benchmarks.bodies import FORMS, Sample, form_files, form_set, samples
from benchmarks.rounds import Part, Row, compare
from bot.forms.check import Checker
from bot.forms.template import Submission

BODIES = 6000
LINES = 30_000
PEERS = ("issue-parser", "issue-parser without template", "issue-forms-body-parser")
Rate = tuple[float, float]
"""Bodies per second of the clock, and per CPU second."""
NOTES = (
    "one body at a time in one warm process, all bodies different; ours is not told the form, issue-parser is",
    "issue-parser reads the form's YAML on every call (its only way to be given one); without a form it finds no form,",
    "knows no types and checks nothing; issue-forms-body-parser 3 takes no form at all. CPU seconds, as node uses a",
    "second core for its garbage and compiler; ratios are of bodies per CPU second, rates are per second of the clock",
)


def run(rounds: int, seconds: float) -> Part:
    bodies = list(samples(BODIES, form_set()))
    checker = Checker(form_set())
    wrong = sum(checker.check(Submission(s.title, s.body)).match.template != s.template for s in bodies)
    notes = [
        *NOTES,
        f"{wrong} of {len(bodies)} bodies not recognised; {sum(s.odd for s in bodies)} are odd on purpose",
    ]
    ours: list[Rate] = []
    theirs: dict[str, list[Rate]] = {peer: [] for peer in PEERS}
    with ExitStack() as stack:
        process = None
        if not peers.absent():
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            process = stack.enter_context(peers.script("parse.js", str(_write_input(Path(folder), bodies))))
        for warm in [False] + [True] * rounds:
            rate = _round(checker, bodies, seconds)
            if warm:
                ours.append(rate)
            if process is None:
                continue
            for peer in PEERS:
                answer = peers.ask(process, peer=peer, seconds=seconds)
                if warm:
                    theirs[peer].append((answer["count"] / answer["seconds"], answer["count"] / answer["cpu"]))
    rows = [_row(peer, ours, theirs[peer]) for peer in PEERS if theirs[peer]] or [_row("", ours, [])]
    return Part("Recognise, parse and check one body of six fields among five forms", [*rows, *_command(bodies)], notes)


def _row(peer: str, ours: list[Rate], theirs: list[Rate]) -> Row:
    by_cpu = compare("", "", [cpu for _, cpu in ours], peer, [cpu for _, cpu in theirs])
    by_clock = compare("", "", [clock for clock, _ in ours], peer, [clock for clock, _ in theirs])
    want = ">= 8, aim 15" if peer == PEERS[0] else ""
    return Row("Checker.check", by_clock.ours, "bodies/s", peer, by_clock.peer, by_cpu.ratio, want, by_clock.rounds)


def _round(checker: Checker, bodies: Sequence[Sample], seconds: float) -> Rate:
    count = 0
    cpu, start = time.process_time(), time.perf_counter()
    end = start + seconds
    while True:
        for sample in bodies:
            checker.check(Submission(sample.title, sample.body))
            count += 1
            if not count % 20 and time.perf_counter() >= end:
                return count / (time.perf_counter() - start), count / (time.process_time() - cpu)


def _write_input(folder: Path, bodies: Sequence[Sample]) -> Path:
    forms = {Path(path).name: text.decode() for path, text in form_files().items()}
    file = folder / "samples.json"
    listed = [{"id": s.id, "form": s.template.file, "body": s.body} for s in bodies]
    file.write_text(json.dumps({"forms": forms, "samples": listed}))
    return file


def _command(bodies: Sequence[Sample]) -> list[Row]:
    """`triage check --jsonl` from its start to its last line, and the first parser as such a command; file to file."""
    check = [sys.executable, "-m", "bot", "check", "--templates", str(FORMS), "--jsonl", "-"]
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        peer = ["node", str(peers.FOLDER / "jsonl.js"), str(_write_input(Path(folder), ()))]
        # The peer gets a tenth: it takes as long with that as ours with all.
        nothing, part, all_ = (_write_lines(Path(folder), bodies, count) for count in (0, LINES // 10, LINES))
        start_up = median(_timed(check, nothing, 0) for _ in range(3))
        for _ in range(5):
            ours.append(LINES / _timed(check, all_, LINES))
            if not peers.absent():
                theirs.append(LINES // 10 / _timed(peer, part, LINES // 10))
    what = f"triage check --jsonl, {LINES:,} lines, start included"
    return [
        compare(what, "bodies/s", ours, PEERS[0] if theirs else "", theirs, ">= 8, aim 15"),
        Row("triage check --jsonl, no line: its start alone", start_up, "s"),
    ]


def _write_lines(folder: Path, bodies: Sequence[Sample], count: int) -> Path:
    file = folder / f"{count}.jsonl"
    with file.open("wb") as lines:
        for number, sample in enumerate(islice(cycle(bodies), count)):
            line = {"id": f"{sample.id}-{number}", "title": sample.title, "body": sample.body, "labels": []}
            lines.write(orjson.dumps({**line, "form": sample.template.file}, option=orjson.OPT_APPEND_NEWLINE))
    return file


def _timed(command: list[str], lines: Path, expected: int) -> float:
    with lines.open("rb") as source, tempfile.TemporaryFile() as target:
        start = time.perf_counter()
        subprocess.run(command, stdin=source, stdout=target, check=True)
        seconds = time.perf_counter() - start
        target.seek(0)
        count = sum(1 for _ in target)
    assert count == expected, f"{command}: {count} lines, {expected} expected"
    return seconds
