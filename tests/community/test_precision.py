"""What a report says of made-up repositories is right most of the time, and finds most of what there is."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.store.database import Database
from tests.fakes.community import Community
from tests.fakes.community.scores import Score, report_on, scores, settle, table

FLOORS = {
    # Section: right, right where the evidence is no guess (tiers A and B), found.
    "probably_fixed": (0.60, 0.85, 0.85),
    "duplicates": (0.85, 0.85, 0.50),
    "answered": (0.75, 0.90, 0.60),
    "our_turn": (0.90, 0.90, 0.75),
    "waiting_on_author": (0.90, 0.95, 0.80),
    "easy_to_answer": (0.50, 0.70, 0.25),
    "outdated": (0.90, 0.90, 0.90),
    "no_maintainer_reply": (0.85, 0.85, 0.95),
    "needs_decision": (0.95, 0.95, 0.95),
    "popular_and_old": (0.95, 0.95, 0.95),
    "zombie_assignee": (0.90, 0.90, 0.90),
    "voices_after_close": (0.85, 0.85, 0.80),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Score]:
    community = Community(4000, seed=20)
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('mirror') / 'mirror.db'}")
    database.migrate()
    settle(database, community)
    result = scores(report_on(database, community), community.issues())
    database.close()
    return result


@pytest.mark.parametrize("section", FLOORS)
def test_a_section_is_right_and_finds_what_there_is(section: str, found: Mapping[str, Score]):
    score, (right, sure, recall) = found[section], FLOORS[section]
    assert score.shown.total() >= 5
    shares = (score.precision(), score.precision("A", "B"), score.recall)
    reached = [share is None or share >= floor for share, floor in zip(shares, (right, sure, recall), strict=True)]
    assert all(reached), f"{score.wrong.most_common(3)}, {score.missed.most_common(3)}\n{table(found)}"


def test_every_section_has_a_floor(found: Mapping[str, Score]):
    assert set(FLOORS) == set(found)
