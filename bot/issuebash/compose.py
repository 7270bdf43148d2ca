"""Composes a Report: asks every rule about every issue, in one pass, keeping only the rows that will be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from heapq import heappush, heappushpop

from bot.issuebash.conversation import last_human_at
from bot.issuebash.desk import Desk
from bot.issuebash.exempt import is_own, left_out
from bot.issuebash.numbers import Numbers
from bot.issuebash.rank import order
from bot.issuebash.report import Hit, Report, Row, Section
from bot.issuebash.rule import Rule
from bot.issuebash.rules import RULES
from bot.issuebash.thread import Aspect, Thread

_ASPECTS: dict[Aspect, str] = {
    "associations": "who is a maintainer",
    "assignees": "who is assigned",
    "comments": "comments",
    "events": "the issues' history",
    "labels": "labels",
    "links": "linked pull requests",
    "locked": "which issues are locked",
    "milestone": "milestones",
    "pinned": "which issues are pinned",
    "reactions": "reactions",
    "sub_issues": "sub-issues",
}


class _Shelf:
    """The best rows of one section, and how many there were."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[_Worst] = []
        self.total = 0

    def put(self, row: Row) -> None:
        self.total += 1
        entry = _Worst(row)
        if len(self._heap) < self._most:
            heappush(self._heap, entry)
        else:
            heappushpop(self._heap, entry)

    def rows(self) -> tuple[Row, ...]:
        return tuple(sorted((entry.row for entry in self._heap), key=order))


class _Worst:
    """Turns the order round: the heap's top is the row that goes first when a better one comes."""

    __slots__ = ("key", "row")

    def __init__(self, row: Row) -> None:
        self.row, self.key = row, order(row)

    def __lt__(self, other: _Worst) -> bool:
        return self.key > other.key


def compose(
    threads: Iterable[Thread],
    closed: Iterable[Thread],
    numbers: Numbers,
    desk: Desk,
    *,
    sections: Collection[str] = (),
    source: str = "",
    partial: str = "",
) -> Report:
    """`threads`: the open issues; `closed`: those closed ones that people wrote on since. Each is seen once.

    `sections` limits the report to these rules; an issue's home is then the first of them.
    """
    settings = desk.settings.sections
    wanted = [rule for rule in RULES if getattr(settings, rule.id).enabled and (not sections or rule.id in sections)]
    missing = {rule.id: _not_known(rule, desk) for rule in wanted}
    shelves = {rule.id: _Shelf(desk.settings.limit) for rule in wanted}
    of_open = [rule for rule in wanted if not rule.of_closed and not missing[rule.id]]
    of_closed = [rule for rule in wanted if rule.of_closed and not missing[rule.id]]
    out: Counter[str] = Counter()
    homeless = seen = 0
    for thread in threads:
        if is_own(thread):
            continue
        seen += 1
        reason = left_out(thread, desk.settings.exempt_labels)
        if reason:
            out[reason] += 1
        elif not _shelve(thread, of_open, desk, shelves):
            homeless += 1
    for thread in closed:
        if of_closed and not left_out(thread, desk.settings.exempt_labels):
            _shelve(thread, of_closed, desk, shelves)
    return Report(
        repository=desk.repository,
        at=desk.now,
        sections=tuple(
            Section(rule.id, rule.title, rule.meaning(settings), shelves[rule.id].rows(), shelves[rule.id].total,
                    missing[rule.id])
            for rule in wanted
        ),
        numbers=numbers,
        open_issues=seen,
        left_out=dict(sorted(out.items())),
        in_no_section=None if sections else homeless,
        source=source,
        partial=partial,
    )  # fmt: skip


def _shelve(thread: Thread, rules: list[Rule], desk: Desk, shelves: dict[str, _Shelf]) -> bool:
    """The home is the first rule's; that another one is surer of its hit makes it no better to act on."""
    hits = list(_hits(thread, rules, desk))
    if not hits:
        return False
    home, *others = hits
    tags = tuple(hit.rule for hit in others)
    shelves[home.rule].put(_row(thread, home, tags, desk))
    return True


def _hits(thread: Thread, rules: list[Rule], desk: Desk) -> Iterator[Hit]:
    """What is not known of this issue alone, such as a talk that was cut off, is not guessed at either."""
    for rule in rules:
        hit = rule.find(thread, desk) if rule.needs <= thread.known else None
        if hit is not None:
            yield hit


def _row(thread: Thread, hit: Hit, tags: tuple[str, ...], desk: Desk) -> Row:
    issue = thread.issue
    return Row(
        number=issue.number,
        title=issue.title,
        url=thread.url,
        author=issue.author.login,
        created_at=issue.created_at,
        last_human_at=last_human_at(thread),
        comments=thread.comments_total,
        reactions=issue.reactions if "reactions" in desk.known else None,
        labels=issue.labels,
        hit=hit,
        tags=tags,
    )


def _not_known(rule: Rule, desk: Desk) -> str:
    """Why a rule cannot be asked, as a sentence; empty where it can."""
    lacking = [_ASPECTS[aspect] for aspect in sorted(rule.needs - desk.known)]
    if rule.needs_releases and desk.releases is None:
        lacking.append("releases")
    if rule.needs_search and desk.similar is None:
        lacking.append("what else was asked")
    return f"The source does not tell {' or '.join(lacking)}." if lacking else ""
