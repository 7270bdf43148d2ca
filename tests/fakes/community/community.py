"""A made-up repository of any size: always the same for the same seed, issue by issue, without holding them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from bot.triage.release import Release
from tests.fakes.community import cast
from tests.fakes.community.draft import Draft, Made
from tests.fakes.community.plots import PLAIN, Plot
from tests.fakes.community.twists import CLOSED, OPEN_TWISTS

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
YEARS = 4
_OPEN = (*PLAIN, *OPEN_TWISTS)
_TRIES = 12


@dataclass(frozen=True, slots=True)
class Community:
    """Issues are numbered from 1, by when they were filed; pull requests have the numbers above."""

    size: int
    seed: int = 1
    now: datetime = NOW

    @property
    def releases(self) -> tuple[Release, ...]:
        return cast.releases(self.now, YEARS)

    @property
    def pages(self) -> tuple[tuple[str, str, str, str], ...]:
        """Of the docs: path, title, headings, address."""
        return tuple(
            (
                f"docs/{func}.md",
                f"How to {func.replace('_', ' a ', 1).replace('_', ' ')}",
                f"{func} Parameters Examples strict lazy timeout backend",
                f"https://github.com/brookside/rivulet/blob/main/docs/{func}.md",
            )
            for func in cast.DOC_TOPICS
        )

    def issues(self) -> Iterator[Made]:
        releases = self.releases
        for index in range(self.size):
            draft, plot = self._begin(index, releases)
            plot.tell(draft, self)
            _add_what_is_plain(draft)
            yield draft.made(plot.name)

    def earlier(self, draft: Draft, *plots: str) -> Draft | None:
        """The `Past` of the plots: an earlier issue of one of these stories as it was begun, found by trying."""
        for _ in range(_TRIES if draft.number > 1 else 0):
            other, plot = self._begin(draft.random.randrange(draft.number - 1), draft.releases)
            if plot.name in plots:
                return other
        return None

    def _begin(self, index: int, releases: Sequence[Release]) -> tuple[Draft, Plot]:
        random = Random(f"{self.seed}/{index}")
        span = timedelta(days=365 * YEARS)
        created = self.now - span + span * ((index + random.random()) / self.size)
        created = min(created, self.now - timedelta(hours=1)).replace(microsecond=0)
        age = (self.now - created).days
        open_share = 0.75 if age < 30 else 0.4 if age < 365 else 0.2
        plots = [one for one in (_OPEN if random.random() < open_share else CLOSED) if one.least <= age] or PLAIN[3:4]
        (plot,) = random.choices(plots, [one.weight for one in plots])
        draft = Draft(
            number=index + 1,
            first_pull=self.size + 1 + index * 3,
            now=self.now,
            created=created,
            releases=releases,
            random=random,
            bug=cast.bug(random),
            topic=cast.topic(random),
            author=cast.person(random),
        )
        return draft, plot


def _add_what_is_plain(draft: Draft) -> None:
    """Sections that are defined by counting belong to whatever story has the counts."""
    if draft.closed is not None or {"security"} & set(draft.labels) or _stays_out(draft):
        draft.belongs &= {"voices_after_close"}
        return
    if draft.reactions >= 5 and draft.age >= 180:
        draft.belongs.add("popular_and_old")
    if {one.lower() for one in draft.labels} & {"needs-decision", "needs decision", "rfc"}:
        draft.belongs.add("needs_decision")
    staff = {one.login for one in cast.MAINTAINERS} | {cast.FORMER.login}
    if draft.age >= 7 and not any(who.login in staff for who, _, _ in draft.comments):
        draft.belongs.add("no_maintainer_reply")
    if draft.behind >= 2:
        draft.belongs.add("outdated")


def _stays_out(draft: Draft) -> bool:
    return bool(
        draft.pinned or draft.locked or draft.milestone or draft.open_sub_issues or "vulnerability" in draft.title
    )
