"""What people do in a soak, and what an issue must look like after it, whatever went wrong on the way."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.e2e.town import ANSWERS
from tests.fakes.github.chooser import fill
from tests.fakes.github.model import Issue, Repository
from tests.soak.town import MAINTAINER, Town

HEADINGS = {"what": "What happened?", "version": "Version", "system": "Operating system"}
NEEDS_INFO, EXTRA = "needs-info", "extra"


@dataclass
class Story:
    """One issue, told by those who deal with it; the bot's own doings are read from the fake."""

    town: Town
    repository: Repository
    issue: Issue
    answers: dict[str, str]
    """In its text."""
    told: set[str] = field(default_factory=set)
    """Fields answered in a comment."""
    left_alone: bool = False
    """A maintainer said /skip-triage."""
    taken_off: bool = False
    """A person took needs-info off."""
    labelled: bool = False
    """The web form put its template's label on."""
    given: bool = False
    """A person wants the label `extra` on it."""
    left: int = 0
    """Deeds still to come."""

    @property
    def name(self) -> str:
        return f"{self.repository.full_name}#{self.issue.number}"

    @property
    def missing(self) -> set[str]:
        return set(HEADINGS) - set(self.answers) - self.told

    # What people do.

    def go_on(self, chance: random.Random) -> None:
        self.left -= 1
        deeds = {
            self.edit: 8,
            self.answer: 5,
            self.chat: 2,
            self.close_or_open: 2,
            self.give_label: 1,
            self.ask_for_label: 1,
            self.take_label: 1,
            self.leave_alone: 1,
        }
        (deed,) = chance.choices(list(deeds), list(deeds.values()))
        with self.town.fake.lock:
            deed(chance)

    def edit(self, chance: random.Random) -> None:
        self.answers = some_answers(chance)
        body = fill(self.repository, "bug.yml", "", self.answers).body
        self.town.fake.edit_issue(self.repository.full_name, self.issue, body=body)

    def answer(self, chance: random.Random) -> None:
        """Under the field's heading, as the bot's block to copy has it."""
        if self.missing:
            name = chance.choice(sorted(self.missing))
            self.told.add(name)
            self._say(self._author, f"### {HEADINGS[name]}\n\n{ANSWERS[name]}\n")

    def chat(self, chance: random.Random) -> None:
        self._say(chance.choice(("bob", MAINTAINER)), "Me too, since yesterday.")

    def close_or_open(self, chance: random.Random) -> None:
        who = chance.choice((self._author, MAINTAINER))
        if self.issue.state == "open":
            self.town.fake.close(self.repository.full_name, self.issue, by=who)
        else:
            self.town.fake.reopen(self.repository.full_name, self.issue, by=who)

    def give_label(self, _: random.Random) -> None:
        self.given = True
        self.town.fake.label(self.repository.full_name, self.issue, EXTRA, by=MAINTAINER)

    def ask_for_label(self, _: random.Random) -> None:
        self.given = True
        self._say(MAINTAINER, f"/label {EXTRA}")

    def take_label(self, _: random.Random) -> None:
        if NEEDS_INFO in self._labels:
            self.taken_off = True
            self.town.fake.unlabel(self.repository.full_name, self.issue, NEEDS_INFO, by=MAINTAINER)

    def leave_alone(self, _: random.Random) -> None:
        self.left_alone = True
        self._say(MAINTAINER, "/skip-triage")

    def _say(self, who: str, text: str) -> None:
        self.town.fake.comment(self.repository.full_name, self.issue, who, text)

    @property
    def _author(self) -> str:
        assert self.issue.author
        return self.issue.author.login

    @property
    def _labels(self) -> list[str]:
        return [label.name for label in self.issue.labels]

    # What must have come of it.

    def wrong(self) -> Iterator[str]:
        labels, by_bot = self._labels, [one for one in self.issue.comments if one.author is self.town.app.bot]
        waiting = bool(self.missing) and not self.left_alone
        if len(by_bot) > 1:
            yield f"{len(by_bot)} comments of the bot's"
        if len(labels) != len(set(labels)):
            yield f"a label twice: {labels}"
        if "bug" not in labels and (self.labelled or (self.issue.state == "open" and not self.left_alone)):
            yield "the label of its template is not on it"
        if self.given and EXTRA not in labels:
            yield "the label that a person put on is gone"
        yield from self._against_people()
        yield from self._unanswered()
        if self.issue.state == "closed" and waiting:
            # Whether it was asked before it was closed is chance.
            return
        if waiting and not by_bot:
            yield f"never asked for {sorted(self.missing)}"
        if (NEEDS_INFO in labels) != (waiting and not self.taken_off):
            yield f"lacks {sorted(self.missing)} and is labelled {labels}"
        for comment in by_bot:
            named = {name for name, heading in HEADINGS.items() if f"**{heading}**" in comment.body}
            if named != (self.missing if waiting else set()):
                yield f"lacks {sorted(self.missing)} and is asked for {sorted(named)}"
            if bool(comment.minimized) == waiting:
                yield f"lacks {sorted(self.missing)} and its comment is {comment.minimized or 'shown'}"

    def _against_people(self) -> Iterator[str]:
        """People win, also for a moment."""
        refused: set[str] = set()
        for item in self.issue.timeline:
            name = item.label.name if item.label else ""
            if item.kind == "UnlabeledEvent" and item.actor is not self.town.app.bot:
                refused.add(name)
            elif item.kind == "LabeledEvent" and item.actor is self.town.app.bot and name in refused:
                yield f"the bot put {name} on again, which a person had taken off"

    def _unanswered(self) -> Iterator[str]:
        for comment in self.issue.comments:
            if comment.body.startswith("/") and [one.content for one in comment.reactions] != ["+1"]:
                yield f"{comment.body} was answered by {[one.content for one in comment.reactions]}"


def some_answers(chance: random.Random) -> dict[str, str]:
    return {name: text for name, text in ANSWERS.items() if chance.random() < 0.6}


def opened(town: Town, chance: random.Random, number: int) -> Story:
    """By the web form, or by the API past it: then its template's label is for the bot to put on."""
    repository, answers = chance.choice(town.repositories), some_answers(chance)
    with town.fake.lock:
        filled = fill(repository, "bug.yml", f"It stops ({number})", answers)
        labels = filled.labels if chance.random() < 0.7 else ()
        author = f"ann-{number % 97}"
        issue = town.fake.open_issue(repository.full_name, author, filled.title, filled.body, labels)
    return Story(town, repository, issue, answers, labelled=bool(labels), left=chance.choice((0, 1, 1, 2, 3, 5)))
