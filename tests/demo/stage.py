"""The stage of the demo: the fake GitHub and the real service, and what is expected to happen between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.demo.history import PAGES, live_through
from tests.demo.page import Page
from tests.demo.screen import Screen
from tests.fakes.github import FakeGitHub, files_below, key_pair, serve
from tests.fakes.github.chooser import Answers, fill
from tests.fakes.github.model import App, Comment, Issue, Repository
from tests.fakes.process import Served, served, triage

CHECKOUT = Path(__file__).resolve().parents[2]
REPO = "autolog-ml/autolog"
LABELS = {
    "bug": "d73a4a", "documentation": "0075ca", "enhancement": "a2eeef", "installation": "fef2c0",
    "needs-triage": "fbca04", "help wanted": "008672",
}  # fmt: skip
PATIENCE = 30.0
"""Seconds the bot gets for each thing it should do."""


@dataclass
class Expectation:
    """Where an issue should be, checked when it gets there and again at the end."""

    issue: Issue
    labels: set[str]
    asks: tuple[str, ...] | None
    """Texts that the bot's one comment holds; None for no comment."""
    folded: bool
    state: str


@dataclass
class Stage:
    fake: FakeGitHub
    app: App
    service: Served
    environment: dict[str, str]
    """What the service was started with, for commands of the same installation."""
    screen: Screen
    expected: dict[int, Expectation] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    checks: int = 0

    @property
    def repository(self) -> Repository:
        return self.fake.repository(REPO)

    # What people do.

    def file(self, author: str, template: str, title: str, answers: Answers) -> Issue:
        """By the form on the web page."""
        filled = fill(self.repository, template, title, answers)
        return self.fake.open_issue(REPO, author, filled.title, filled.body, filled.labels)

    def post(self, author: str, title: str, body: str | None, *, bot: bool = False) -> Issue:
        """By the API, past all forms."""
        return self.fake.open_issue(REPO, author, title, body, bot=bot)

    def edit(self, issue: Issue, template: str, answers: Answers) -> None:
        self.fake.edit_issue(REPO, issue, body=fill(self.repository, template, "", answers).body)

    def reply(self, issue: Issue, author: str, body: str) -> Comment:
        return self.fake.comment(REPO, issue, author, body)

    def run(self, *arguments: str) -> str:
        """A command where the service runs, as its administrator would give it; what it printed."""
        done = triage(*arguments, env=self.environment)
        self.judge(f"triage {' '.join(arguments)}", [done.stderr.strip()] if done.returncode else [])
        return done.stdout

    # What should come of it.

    def comments(self, issue: Issue) -> list[Comment]:
        return self.fake.comments_by(self.app, REPO, issue)

    def expect(
        self,
        issue: Issue,
        what: str,
        *,
        labels: set[str],
        asks: tuple[str, ...] | None = None,
        folded: bool = False,
        state: str = "open",
    ) -> None:
        """Waits until the issue is there, shows it, and remembers it for the end."""
        expectation = self.expected[issue.number] = Expectation(issue, labels, asks, folded, state)
        self.fake.hooks.wait()
        self.until(lambda: not self.differences(expectation))
        self.screen.issue(issue, self.comments(issue))
        self.judge(what, self.differences(expectation))

    def expect_reaction(self, comment: Comment, what: str, content: str) -> None:
        self.until(lambda: bool(comment.reactions))
        self.screen.reactions(comment)
        given = [reaction.content for reaction in comment.reactions]
        self.judge(what, [] if given == [content] else [f"the reactions are {given}, not {content}"])

    def differences(self, expected: Expectation) -> list[str]:
        with self.fake.lock:
            issue, found = expected.issue, []
            labels, comments = {label.name for label in issue.labels}, self.comments(issue)
        if labels != expected.labels:
            found.append(f"#{issue.number} has the labels {sorted(labels)}, not {sorted(expected.labels)}")
        if len(comments) != (expected.asks is not None):
            found.append(f"#{issue.number} has {len(comments)} comments by the bot")
        for text in expected.asks or ():
            found += [f"#{issue.number}: the comment lacks {text!r}" for one in comments if text not in one.body]
        if expected.folded and not all(comment.minimized for comment in comments):
            found.append(f"#{issue.number}: the comment is not folded away")
        if issue.state != expected.state:
            found.append(f"#{issue.number} is {issue.state}")
        return found

    def judge(self, what: str, differences: list[str]) -> None:
        self.checks += 1
        if not differences:
            self.screen.good(what)
            return
        self.failures += [f"{what}: {difference}" for difference in differences]
        for difference in differences:
            self.screen.bad(f"{what}: {difference}")

    def wait_for_issue(self, title: str) -> Issue | None:
        """The one that the bot opens, by how its title begins."""

        def found() -> Issue | None:
            issues = self.repository.issues.values()
            return next((one for one in issues if one.title.startswith(title) and one.app is not None), None)

        self.until(lambda: found() is not None)
        self.judge("The bot opens an issue for it.", [] if found() else ["there is none"])
        return found()

    def until(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not reached() and time.monotonic() < deadline:
            time.sleep(0.02)

    def settle(self) -> None:
        """Nothing more may happen: no further write for a second, and all is as it was left."""
        self.fake.hooks.wait()
        quiet_since, count = time.monotonic(), len(self.fake.hooks.deliveries)
        while time.monotonic() < quiet_since + 1:
            time.sleep(0.05)
            if len(self.fake.hooks.deliveries) != count:
                quiet_since, count = time.monotonic(), len(self.fake.hooks.deliveries)
        late = [one for expectation in self.expected.values() for one in self.differences(expectation)]
        self.judge("Nothing changed afterwards.", late)
        failed = [f"{one.event}: {one.status_code} {one.status}" for one in self.fake.hooks.failed]
        self.judge("The service took every delivery.", failed)
        errors = [line for line in self.service.log.splitlines() if '"level": "error"' in line]
        self.judge("The service logged no error.", errors)


@contextmanager
def stage(folder: Path, screen: Screen) -> Iterator[Stage]:
    """GitHub and the service, both on loopback; the repository carries this checkout's own templates and policy."""
    fake = FakeGitHub()
    app = fake.add_app("community-triage", owner="autolog-ml")
    files = files_below(CHECKOUT, ".github/ISSUE_TEMPLATE/*", ".github/triage.yml")
    fake.add_repository(REPO, {**files, **PAGES})
    for name, color in LABELS.items():
        fake.create_label(REPO, name, color)
    fake.collaborator(REPO, "maya", "maintain")
    live_through(fake, REPO)
    with serve(fake, app=lambda service: Page(fake, service)) as github:
        environment = {
            "GITHUB_API_URL": github.url,
            "APP_ID": str(app.id),
            "PRIVATE_KEY": key_pair()[0],
            "WEBHOOK_SECRET": app.webhook_secret,
            "LOG_LEVEL": "info",
            "TRIAGE_DATA_DIR": str(folder / "data"),
        }
        with served(folder, environment) as service:
            app.webhook_url = f"{service.url}/webhook"
            fake.install(app, "autolog-ml")
            yield Stage(fake, app, service, environment, screen)
            service.stop()
