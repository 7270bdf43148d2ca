"""How often a report is right about a made-up repository, section by section."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from bot.issuebash.report import Report, Tier
from bot.issuebash.rules import RULES
from bot.store import threads
from bot.store.database import Database
from bot.store.search import index_pages
from bot.store.times import to_ms
from bot.triage.issue import Repository
from bot.triage.report_policy import ReportSection
from bot.work.reports import Source, make
from tests.fakes.community.cast import PROJECT
from tests.fakes.community.community import Community
from tests.fakes.community.draft import FULL_NAME, URL, Made

REPOSITORY = Repository(1, FULL_NAME.partition("/")[0], PROJECT, URL)
EVERY_ROW = ReportSection().model_copy(update={"limit": 1_000_000})
_AT_ONCE = 500


@dataclass(slots=True)
class Score:
    """Of one section."""

    shown: Counter[Tier] = field(default_factory=Counter)
    """Rows, by their tier of evidence."""
    right: Counter[Tier] = field(default_factory=Counter)
    belong: int = 0
    """Issues that the truth sees there."""
    found: int = 0
    """Of them: there, or with its tag elsewhere."""
    wrong: Counter[str] = field(default_factory=Counter)
    """Stories of the rows that are not right."""
    missed: Counter[str] = field(default_factory=Counter)
    """Stories of those that were not found."""

    def precision(self, *tiers: Tier) -> float | None:
        """Of these tiers, of all if none is named; None without rows."""
        chosen = tiers or ("A", "B", "C")
        shown = sum(self.shown[tier] for tier in chosen)
        return sum(self.right[tier] for tier in chosen) / shown if shown else None

    @property
    def recall(self) -> float | None:
        return self.found / self.belong if self.belong else None


def settle(database: Database, community: Community) -> None:
    """Fills a mirror with the community, as a fill would have."""
    found = (made.thread for made in community.issues())
    while batch := list(islice(found, _AT_ONCE)):
        with database.write() as connection:
            threads.save(connection, REPOSITORY.id, batch, to_ms(community.now))
    with database.write() as connection:
        index_pages(connection, REPOSITORY.id, community.pages)


def report_on(database: Database, community: Community, settings: ReportSection = EVERY_ROW) -> Report:
    source = Source("a made-up repository", releases=community.releases)
    return make(database, REPOSITORY, settings, source, community.now)


def scores(report: Report, truth: Iterable[Made]) -> Mapping[str, Score]:
    """Section -> how often it is right. `report` must have every row."""
    found: dict[str, Score] = {rule.id: Score() for rule in RULES}
    rows = {row.number: row for section in report.sections for row in section.rows}
    for made in truth:
        row = rows.get(made.thread.number)
        there = {row.hit.rule, *row.tags} if row else set()
        if row is not None:
            score, tier = found[row.hit.rule], row.hit.tier
            score.shown[tier] += 1
            if row.hit.rule in made.belongs:
                score.right[tier] += 1
            else:
                score.wrong[made.plot] += 1
        for section in made.belongs:
            found[section].belong += 1
            found[section].found += section in there
            if section not in there:
                found[section].missed[made.plot] += 1
    return found


def table(found: Mapping[str, Score]) -> str:
    lines = [f"{'section':<22}{'rows':>6}{'right':>8}{'A':>7}{'B':>7}{'C':>7}{'belong':>9}{'found':>8}"]
    for name, score in found.items():
        shares = (score.precision(), score.precision("A"), score.precision("B"), score.precision("C"), score.recall)
        right, *tiers, recall = ("" if share is None else f"{share:.0%}" for share in shares)
        cells = "".join(f"{tier:>7}" for tier in tiers)
        lines.append(f"{name:<22}{score.shown.total():>6}{right:>8}{cells}{score.belong:>9}{recall:>8}")
    return "\n".join(lines)
