"""Whatever people do and however GitHub fails and delivers, every issue ends where its text says it should."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Literal

import pytest

from tests.e2e.town import ANSWERS, Home, Town
from tests.fakes.github.model import Issue

LABELS = {"what": "What happened?", "version": "Version", "system": "Operating system"}


class Chaos:
    """Random deeds on a few issues, and random faults, from one seed."""

    def __init__(self, home: Home, seed: int) -> None:
        self.home, self.chance = home, random.Random(seed)
        self.fake = home.town.running.fake
        self.answers: dict[int, dict[str, str]] = {}
        self.issues: list[Issue] = []

    def some_answers(self) -> dict[str, str]:
        return {name: text for name, text in ANSWERS.items() if self.chance.random() < 0.6}

    def deed(self) -> None:
        if len(self.issues) < 3 or self.chance.random() < 0.15:
            answers = self.some_answers()
            issue = self.home.file(answers)
            self.issues.append(issue)
            self.answers[issue.number] = answers
            return
        issue = self.chance.choice(self.issues)
        kind = self.chance.random()
        if kind < 0.6:
            self.answers[issue.number] = answers = self.some_answers()
            self.home.edit(issue, answers)
        elif kind < 0.8:
            self.home.say(issue, "bob", "Me too. I do not know the version.")
        elif issue.state == "open":
            self.fake.close(self.home.name, issue)
            self.fake.reopen(self.home.name, issue)

    def fault(self) -> None:
        where = f"/{self.home.name}/"
        when: Literal["before", "after"] = "before" if self.chance.random() < 0.5 else "after"
        match self.chance.randrange(6):
            case 0:
                self.fake.faults.error(self.chance.choice((500, 502, 503)), path=where, when=when)
            case 1:
                self.fake.faults.drop(path=where, when=when)
            case 2:
                self.fake.faults.secondary_limit(1, path=where)
            case 3:
                self.fake.hooks.hold()
            case 4:
                self.fake.hooks.shuffle(self.chance.randrange(1000))
            case _:
                self.fake.hooks.copies(self.chance.choice((1, 2)))

    def calm(self) -> None:
        self.fake.hooks.copies(1)
        self.fake.hooks.release()
        self.fake.hooks.wait()
        self.fake.faults.clear()

    def wrong(self) -> Iterator[str]:
        for issue in self.issues:
            missing = {label for name, label in LABELS.items() if name not in self.answers[issue.number]}
            labels, comments = self.home.labels(issue), self.home.comments(issue)
            where = f"#{issue.number} lacks {sorted(missing)}"
            if labels != ({"bug", "needs-info"} if missing else {"bug"}):
                yield f"{where} and is labelled {sorted(labels)}"
            if len(comments) > 1 or (missing and not comments):
                yield f"{where} and has {len(comments)} comments"
            for comment in comments:
                named = {label for label in LABELS.values() if f"**{label}**" in comment.body}
                if named != missing or bool(comment.minimized) == bool(missing):
                    yield f"{where} and is asked for {sorted(named)} ({comment.minimized or 'shown'})"


@pytest.mark.parametrize("seed", range(4))
def test_it_ends_right(town: Town, seed: int):
    chaos = Chaos(town.found(), seed)
    for _ in range(40):
        chaos.deed()
        if chaos.chance.random() < 0.4:
            chaos.fault()
        time.sleep(chaos.chance.choice((0, 0, 0.02, 0.1, 0.3)))
    chaos.calm()
    town.until(lambda: not list(chaos.wrong()), 40)
    town.quiet()
    assert list(chaos.wrong()) == []
