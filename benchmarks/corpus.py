"""Accuracy over the corpus of real templates and bodies, where it is there."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks.rounds import Part, Row
from bot.forms.check import Checker
from bot.forms.load import load
from bot.forms.template import Check, Submission

TITLE = "Accuracy over the corpus of real templates and bodies"
DECLINED = {"", "_No response_", "None"}


@dataclass(frozen=True, slots=True)
class Case:
    """One real body with what people say about it."""

    told: dict[str, Any]
    found: Check


def folder() -> Path | None:
    """TRIAGE_CORPUS, or `../shared/corpus` beside the checkout."""
    beside = Path(__file__).parents[2] / "shared" / "corpus"
    found = Path(os.environ.get("TRIAGE_CORPUS") or beside)
    return found if (found / "bodies.jsonl").is_file() else None


def run() -> Part:
    corpus = folder()
    if corpus is None:
        return Part(TITLE, [], ["the corpus is not here: no figures (TRIAGE_CORPUS names its folder)"])
    cases = list(_cases(corpus))
    certain = [case for case in cases if case.told["template_certainty"] == "high" and _is_form(case.told["template"])]
    right = [case for case in certain if _named(case.found) == case.told["template"]]
    lost = Counter(label for case in right for label in _lost(case))
    labelled = [case for case in cases if case.told["label"]]
    false = [case.told["id"] for case in labelled if _asked_in_vain(case)]
    rows = [
        Row(f"recognised, of {len(certain)} form bodies", 100 * len(right) / len(certain), "%", want=">= 99"),
        Row("fields lost in them", lost.total(), "", want="0"),
        Row(f"false asks, of {len(labelled)} bodies that people judged", len(false), "", want="0"),
    ]
    return Part(TITLE, [*rows, *_templates(corpus)], [f"false asks: {', '.join(false)}"] if false else [])


def _cases(corpus: Path) -> Iterator[Case]:
    checkers: dict[str, Checker] = {}
    for line in (corpus / "bodies.jsonl").read_bytes().splitlines():
        told = orjson.loads(line)
        repository = told["repo"]
        if repository not in checkers:
            checkers[repository] = Checker(load(_files(corpus / "templates" / repository.replace("/", "__"))))
        yield Case(told, checkers[repository].check(Submission(told["title"] or "", told["body"] or "")))


def _files(place: Path) -> dict[str, bytes]:
    return {
        f".github/ISSUE_TEMPLATE/{path.name}": path.read_bytes()
        for path in sorted(place.glob("*"))
        if path.suffix.lower() in {".yml", ".yaml", ".md"}
    }


def _is_form(template: str | None) -> bool:
    return bool(template) and str(template).endswith((".yml", ".yaml"))


def _named(found: Check) -> str | None:
    return found.match.template.file if found.match.template else None


def _lost(case: Case) -> Iterator[str]:
    """Fields whose very heading stands in the body with text below it, and for which nothing was read."""
    body = re.sub(r"\r\n?", "\n", case.told["body"])
    for answer in case.found.answers:
        below = re.search(rf"(?m)^### {re.escape(answer.field.label)}[ \t]*\n+(?!###)(\S.*)$", body)
        if below and below[1].strip() not in DECLINED and answer.value is None:
            yield answer.field.label


def _asked_in_vain(case: Case) -> bool:
    """We would ask for a field that people found answered."""
    label = case.told["label"]
    wanting = {entry.partition(" :: ")[0] for entry in label["missing_required"]} | {*label["placeholder_or_unchanged"]}
    return any(finding.field.label not in wanting for finding in case.found.findings)


def _templates(corpus: Path) -> Iterator[Row]:
    loaded = reported = silent = 0
    for place in sorted((corpus / "templates").glob("*__*")):
        found = load(_files(place))
        loaded += len(found.templates)
        reported += len({problem.path for problem in found.problems})
        known = {template.path for template in found.templates} | {problem.path for problem in found.problems}
        silent += len([path for path in _files(place) if path not in known and "config.y" not in path.lower()])
    yield Row("template files loaded", loaded, "")
    yield Row("template files with a problem reported", reported, "")
    yield Row("template files neither loaded nor reported", silent, "", want="0")
