"""An issue bash from its start to its wrap-up, of the service as people run it, with its board in a real browser."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, sync_playwright

from tests.e2e.town import FORMS, OWNER, Home, Town, environment
from tests.fakes.github import Running
from tests.fakes.github.model import Comment, Issue
from tests.fakes.process import served, triage
from tests.fakes.programs import program

BROWSER = program("chromium", "chromium-browser", "google-chrome")
PICTURES = os.environ.get("TRIAGE_PICTURES")
"""A folder for screenshots to look at; none are taken without it."""
MONTH = 30 * 86_400


@dataclass
class House(Home):
    """A repository, and what commands beside the service are given."""

    env: dict[str, str]


@pytest.fixture
def home(github: Running, tmp_path: Path) -> Iterator[House]:
    """A public repository with five questions that nobody answered in a month, and the service."""
    app = github.fake.add_app()
    github.fake.account(OWNER, "Organization")
    github.fake.install(app, OWNER)
    env = environment(github, app) | {"TRIAGE_DATA_DIR": str(tmp_path / "data")}
    with served(tmp_path, env) as service:
        app.webhook_url = f"{service.url}/webhook"
        home = House(town := Town(github, app, service), town.found(FORMS).name, env)
        for maintainer in ("maya", "noah"):
            github.fake.collaborator(home.name, maintainer)
        for number in range(1, 6):
            github.fake.open_issue(
                home.name, f"user-{number}", f"Question <{number}>", "Why?", created_at=time.time() - MONTH
            )
        home.town.quiet()
        yield home
        assert service.stop() == 0, service.log[-4000:]


def until(reached: Callable[[], object], patience: float = 20) -> None:
    deadline = time.monotonic() + patience
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Sitting:
    """What maintainers say and see."""

    def __init__(self, home: House) -> None:
        self.home, self.fake, self.app = home, home.town.running.fake, home.town.app
        issues = self.fake.repository(home.name).issues.values()
        until(lambda: any(it.title.startswith("Issue bash of") for it in issues))
        self.issue: Issue = next(it for it in issues if it.title.startswith("Issue bash of"))
        self.address = f"{home.town.service.url}/bash/{home.name}/{self.issue.number}"

    def say(self, who: str, text: str, *reactions: str) -> None:
        comment = self.fake.comment(self.home.name, self.issue, who, text)
        until(lambda: len(comment.reactions) == len(reactions))
        assert [it.content for it in comment.reactions] == list(reactions), text

    def data(self) -> dict[str, dict[str, str]]:
        board = httpx.get(f"{self.address}.json").json()
        return {str(item["number"]): item for batch in board["batches"] for item in batch["items"]}

    def comments(self) -> list[Comment]:
        return self.fake.comments_by(self.app, self.home.name, self.issue)


def test_a_bash_from_start_to_wrap_up(home: House):
    fake = home.town.running.fake
    asked = fake.open_issue(home.name, "maya", "Let us begin")
    home.town.quiet()
    fake.comment(home.name, asked, "maya", "/bash start 2h --sections no_maintainer_reply, our_turn --batch 2")
    sitting = Sitting(home)
    assert [line[:5] for line in (sitting.issue.body or "").splitlines() if line.startswith("- [")] == ["- [ ]"] * 5

    sitting.say("maya", "/claim #1, #2", "+1")
    sitting.say("noah", "/claim batch 1", "-1")
    sitting.say("noah", "/claim batch 2\n/claim #99", "+1", "confused")
    sitting.say("stranger", "/claim #5", "-1")
    assert sitting.data()["3"]["word"] == "claimed by noah"
    sitting.say("noah", "/release #4\n/done #3 fix", "+1")
    sitting.say("maya", "/done #3 kept\n/done #1 duplicate 2", "+1")
    fake.close(home.name, 2, by="maya")
    until(lambda: sitting.data()["2"]["word"] == "closed")
    words = {number: item["word"] for number, item in sitting.data().items()}
    assert words == {"1": "duplicate of #2", "2": "closed", "3": "kept open", "4": "free", "5": "free"}
    sitting.say("noah", "/done #3 fix", "+1")

    sitting.say("maya", "/bash finish", "+1")
    until(lambda: sitting.issue.state == "closed")
    _, wrap_up = sitting.comments()
    assert "**3 of 5 issues done**" in wrap_up.body
    assert "Open issues: 6 before, 5 after." in wrap_up.body
    assert "Thank you, maya, noah." in wrap_up.body
    sitting.say("maya", "/claim #5", "confused")
    home.town.quiet()
    assert len(sitting.comments()) == 2


def test_from_the_command_line(home: House):
    told = ("--repo", home.name)
    assert "there has been no bash" in triage("bash", "status", *told, env=home.env).stderr
    assert "none is running" in triage("bash", "finish", *told, env=home.env).stderr
    begun = triage("bash", "start", *told, "--section", "no_maintainer_reply", "--batch", "3", env=home.env)
    sitting = Sitting(home)
    assert begun.stdout == f"https://github.com/{home.name}/issues/{sitting.issue.number}\n"
    again = triage("bash", "start", *told, env=home.env)
    assert (again.returncode, sitting.issue.title in again.stderr) == (2, False)
    assert f"one is running already: {begun.stdout.strip()}" in again.stderr
    sitting.say("maya", "/claim #2", "+1")
    shown = triage("bash", "status", *told, env=home.env).stdout
    assert "0 of 5 done" in shown
    assert re.search(r"#2 +claimed by maya +Question <2>", shown)
    assert "Batch 2, No maintainer reply: 0 of 2 done" in shown
    assert triage("bash", "finish", *told, env=home.env).returncode == 0
    assert sitting.issue.state == "closed"
    assert "it ended at" in triage("bash", "status", *told, env=home.env).stdout


def test_nothing_is_shown_of_a_private_repository(home: House):
    home.town.running.fake.repository(home.name).private = True
    home.file({"what": "It stops."})
    home.town.quiet()
    triage("bash", "start", "--repo", home.name, env=home.env)
    sitting = Sitting(home)
    assert httpx.get(sitting.address).status_code == 404
    assert httpx.get(f"{sitting.address}.json").status_code == 404


@pytest.fixture
def page() -> Iterator[Page]:
    if BROWSER is None:
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-quic"])
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.on("console", lambda message: pytest.fail(message.text) if message.type == "error" else None)
        yield page
        browser.close()


def look(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def test_the_board_follows_in_a_browser(home: House, page: Page):
    asked = home.town.running.fake.open_issue(home.name, "maya", "Let us begin")
    home.town.quiet()
    home.town.running.fake.comment(home.name, asked, "maya", "/bash start --batch 3")
    sitting = Sitting(home)
    page.goto(sitting.address)
    row = page.locator('[data-item="2"]')
    assert row.locator(".word").inner_text() == "free"
    assert "Question <2>" in row.inner_text()
    look(page, "board-at-the-start")
    sitting.say("maya", "/claim #2", "+1")
    page.get_by_text("claimed by maya").wait_for(timeout=10_000)
    sitting.say("maya", "/done #2 fix", "+1")
    page.get_by_text("to be fixed").wait_for(timeout=10_000)
    assert page.locator("#done").inner_text() == "1"
    look(page, "board-in-the-middle")
    page.set_viewport_size({"width": 390, "height": 800})
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    look(page, "board-on-a-phone-dark")
    sitting.say("maya", "/bash finish", "+1")
    page.get_by_text("The bash has ended.").wait_for(timeout=10_000)
    look(page, "board-at-the-end")


def test_the_board_is_readable_without_a_script(home: House):
    triage("bash", "start", "--repo", home.name, env=home.env)
    sitting = Sitting(home)
    sitting.say("maya", "/done #2 kept", "+1")
    shown = httpx.get(sitting.address).text
    assert "Question &lt;2&gt;" in shown
    assert "kept open" in shown
    assert f"https://github.com/{home.name}/issues/{sitting.issue.number}" in shown
