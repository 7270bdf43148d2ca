"""A Report: sections of issues with the evidence for each, and the numbers; the same whatever form it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.issuebash.numbers import Numbers
from bot.triage.issue import Repository

REPORT_MARKER = "<!-- community-triage-bot:report -->"
"""The first line of a posted report; believed only in an issue that the app itself wrote."""
BASH_MARKER = "<!-- community-triage-bot:bash -->"
"""The same of a bash's tracking issue."""

Tier = Literal["A", "B", "C"]
"""Of evidence. A: a fact of the platform; B: two signals that agree; C: a heuristic."""

Effort = Literal[1, 2, 3]
"""What the suggested action takes. 1: a click; 2: a sentence; 3: reading and thinking."""

Suggestion = Literal[
    "ask_for_retest",
    "close_as_answered",
    "close_as_duplicate",
    "close_as_fixed",
    "decide",
    "free_assignee",
    "look_again",
    "plan_or_decline",
    "point_to_answer",
    "remind_author",
    "reply",
    "see_what_is_left",
]
"""The fixed table of suggested actions; their words are the forms' business."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact, dated and linked where that is possible. `text` may quote people: every form escapes it."""

    text: str
    url: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that applies to an issue, with what speaks for it and what against."""

    rule: str
    tier: Tier
    suggestion: Suggestion
    effort: Effort
    facts: tuple[Evidence, ...]
    counter: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """An issue in its home section."""

    number: int
    title: str
    url: str
    author: str
    created_at: datetime
    last_human_at: datetime
    comments: int
    reactions: int | None
    """None where they are not known."""
    labels: tuple[str, ...]
    hit: Hit
    tags: tuple[str, ...] = ()
    """Ids of other rules that apply too."""


@dataclass(frozen=True, slots=True)
class Section:
    rule: str
    title: str
    meaning: str
    """One sentence: what is in here, with the policy's parameters in place."""
    rows: tuple[Row, ...]
    """Best first; cut to the wanted limit."""
    total: int
    not_known: str = ""
    """Why the rule could not be asked, as a sentence: `The export tells no pull requests.`; empty where it could."""


@dataclass(frozen=True, slots=True)
class Report:
    repository: Repository
    at: datetime
    sections: tuple[Section, ...]
    """In order; those without rows, too."""
    numbers: Numbers
    open_issues: int
    """Without those that the bot itself posted."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Reason (pinned, locked, milestone …) -> open issues that no rule was asked about."""
    in_no_section: int | None = 0
    """None where only some sections were asked for."""
    """0 also where only some sections were asked for: the others would have had it."""
    source: str = ""
    """Where the facts are from: `GitHub`, or the export's file name with its newest change."""
    partial: str = ""
    """What is missing because reading stopped before its end, as a sentence; empty when all was read."""
