"""A town of repositories under one fake GitHub, with the real service looking after them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.fakes.github import Running, key_pair
from tests.fakes.github.chooser import Answers, fill
from tests.fakes.github.model import App, Comment, Issue
from tests.fakes.process import Served

OWNER = "octo-org"
PATIENCE = 40.0

BUG = """\
name: Bug report
description: Something does not work
title: "[Bug] "
labels: [bug]
body:
  - type: markdown
    attributes: {value: Thank you for telling us.}
  - type: textarea
    id: what
    attributes: {label: "What happened?", description: "And what did you expect?"}
    validations: {required: true}
  - type: input
    id: version
    attributes: {label: Version, placeholder: "1.2.3"}
    validations: {required: true}
  - type: dropdown
    id: system
    attributes: {label: Operating system, options: [Linux, macOS, Windows]}
    validations: {required: true}
  - type: textarea
    id: logs
    attributes: {label: Logs, render: shell}
"""
IDEA = """\
name: Idea
description: Something that would be good to have
labels: [idea]
body:
  - type: textarea
    id: wish
    attributes: {label: Describe the idea}
    validations: {required: true}
  - type: textarea
    id: why
    attributes: {label: "Why is it useful?"}
    validations: {required: true}
"""
FORMS = {".github/ISSUE_TEMPLATE/bug.yml": BUG, ".github/ISSUE_TEMPLATE/idea.yml": IDEA}
ANSWERS: dict[str, str] = {"what": "It stops after a minute.", "version": "2.1.0", "system": "Linux"}


def environment(running: Running, app: App) -> dict[str, str]:
    return {
        "GITHUB_API_URL": running.url,
        "APP_ID": str(app.id),
        "PRIVATE_KEY": key_pair()[0],
        "WEBHOOK_SECRET": app.webhook_secret,
        "LOG_LEVEL": "debug",
    }


@dataclass
class Town:
    """Everything there; each test founds a repository of its own."""

    running: Running
    app: App
    service: Served
    founded: int = 0

    def found(
        self,
        files: Mapping[str, str] = FORMS,
        labels: tuple[str, ...] = ("bug", "idea", "needs-info"),
        owner: str = OWNER,
        **settings: Any,
    ) -> Home:
        """A new repository, with these files and labels; `settings` are fields of Repository."""
        self.founded += 1
        name = f"{owner}/home-{self.founded:03d}"
        self.running.fake.add_repository(name, files, labels=labels, **settings)
        return Home(self, name)

    def undone(self) -> float:
        """Deliveries that the service has taken and not finished."""
        text = httpx.get(f"{self.service.url}/metrics", timeout=10).text
        found = re.search(r"^triage_deliveries_undone (\S+)$", text, re.MULTILINE)
        assert found, text
        return float(found[1])

    def until(self, reached: Callable[[], bool], seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > deadline:
                raise AssertionError("it did not happen; the service's log ends so:\n" + self.service.log[-3000:])
            time.sleep(0.03)

    def quiet(self) -> None:
        """Until all is delivered and worked off, also what the bot's own writes caused."""
        fake = self.running.fake
        while True:
            fake.hooks.wait(PATIENCE)
            self.until(lambda: self.undone() == 0)
            sent = len(fake.hooks.deliveries)
            time.sleep(0.15)
            if len(fake.hooks.deliveries) == sent and self.undone() == 0:
                return


@dataclass
class Home:
    """One repository of the town."""

    town: Town
    name: str

    def file(
        self,
        answers: Answers,
        *,
        author: str = "alice",
        title: str = "It stops",
        template: str = "bug.yml",
        templates_of: str = "",
    ) -> Issue:
        """By the web form; the labels of the template that exist are on it from the start."""
        fake = self.town.running.fake
        filled = fill(fake.repository(templates_of or self.name), template, title, answers)
        return fake.open_issue(self.name, author, filled.title, filled.body, filled.labels)

    def edit(self, issue: Issue, answers: Answers, *, by: str = "", template: str = "bug.yml") -> None:
        fake = self.town.running.fake
        body = fill(fake.repository(self.name), template, "", answers).body
        fake.edit_issue(self.name, issue, by=by, body=body)

    def post(self, body: str | None, *, author: str = "alice", title: str = "Help", bot: bool = False) -> Issue:
        """By the API, past the forms."""
        return self.town.running.fake.open_issue(self.name, author, title, body, bot=bot)

    def say(self, issue: Issue, author: str, body: str) -> Comment:
        return self.town.running.fake.comment(self.name, issue, author, body)

    def comments(self, issue: Issue) -> list[Comment]:
        """The bot's."""
        return self.town.running.fake.comments_by(self.town.app, self.name, issue)

    def labels(self, issue: Issue) -> set[str]:
        return set(self.town.running.fake.labels_of(self.name, issue))

    def asked(self, issue: Issue) -> Comment:
        """The bot's one comment, once it is there and all is quiet."""
        self.town.until(lambda: bool(self.comments(issue)))
        self.town.quiet()
        (comment,) = self.comments(issue)
        return comment

    def writes(self) -> list[str]:
        """What the bot wrote in this repository: method and path below it."""
        start = f"/repos/{self.name}"
        return [
            f"{one.method} {one.path.removeprefix(start)}"
            for one in self.town.running.exchanges
            if one.method != "GET" and one.path.startswith(f"{start}/")
        ]


def block_of(comment: Comment) -> str:
    """The block to copy that the comment offers, as the copy button gives it."""
    found = re.search(r"(?ms)^(`{3,}|~{3,})\w*\n(.*?)^\1$", comment.body)
    assert found, comment.body
    return found[2]
