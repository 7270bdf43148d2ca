"""The year before the bot came: issues as a small project has them, for the report and the bash of the demo."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.fakes.github import FakeGitHub

PAGES = {
    "docs/howto/log-to-a-remote-server.md": "# Log to a remote tracking server\n\n## Set the tracking URI\n",
    "docs/howto/turn-it-off.md": "# Turn logging off for one run\n",
}
_DAY = 86_400.0
_TRACE = """\
```pytb
Traceback (most recent call last):
  File "train.py", line 12, in <module>
    model.fit(x, y)
  File "/usr/lib/python3.11/site-packages/autolog/keras.py", line 88, in on_epoch_end
    self._run.log_batch(rows)
  File "/usr/lib/python3.11/site-packages/autolog/store.py", line 41, in log_batch
    raise StoreClosed("the run has ended")
autolog.store.StoreClosed: the run has ended
```"""


@contextmanager
def _past(fake: FakeGitHub) -> Iterator[History]:
    present = fake.clock
    try:
        yield History(fake)
    finally:
        fake.clock = present


class History:
    """Goes to a day in the past, and there people do what they do."""

    def __init__(self, fake: FakeGitHub) -> None:
        self._fake = fake
        self._now = time.time()

    def days_ago(self, days: float) -> FakeGitHub:
        at = self._now - days * _DAY
        self._fake.clock = lambda: at
        return self._fake


def live_through(fake: FakeGitHub, repo: str) -> None:
    """Before the App is installed, so that no delivery tells of it."""
    with _past(fake) as past:
        _answered_in_time(past, repo)
        _what_is_left(past, repo)
        _what_was_fixed(past, repo)


def _answered_in_time(past: History, repo: str) -> None:
    """Most issues of a year are soon answered and closed."""
    titles = (
        "Metric names with a slash are split", "Validation loss is logged twice", "Support Python 3.13",
        "Log the batch size", "Typo in the quick start", "Images are logged upside down", "Tag runs with the commit",
        "Progress bar hides the warning", "Wrong step after resuming", "Optimizer state is not logged",
    )  # fmt: skip
    for number, title in enumerate(titles):
        filed = 360 - number * 30
        issue = past.days_ago(filed).open_issue(repo, f"user-{number}", title, "It is as the title says.")
        past.days_ago(filed - 1 - number % 4).comment(repo, issue, "maya", "Thank you, I will take a look.")
        past.days_ago(filed - 9).close(repo, issue, by="maya")


def _what_is_left(past: History, repo: str) -> None:
    popular = past.days_ago(330).open_issue(repo, "quinn", "Log to Weights and Measures, too", "Many of us use both.")
    past.days_ago(320).comment(repo, popular, "maya", "An interesting idea. Let us see who else wants it.")
    for number in range(6):
        past.days_ago(300 - number * 20).comment(repo, popular, f"fan-{number}", "I would use this as well.")
    first = past.days_ago(150).open_issue(repo, "rosa", "StoreClosed when fit is called twice", _TRACE)
    past.days_ago(149).comment(repo, first, "maya", "I can see it here as well. The run is closed too early.")
    past.days_ago(60).open_issue(repo, "sam", "fit called twice ends in StoreClosed", _TRACE)
    asked = past.days_ago(90).open_issue(repo, "tove", "Nothing is logged on Windows", "No error, just nothing.")
    past.days_ago(88).comment(repo, asked, "maya", "Which version of autolog is it? Could you post the output?")
    ours = past.days_ago(70).open_issue(repo, "uma", "Learning rate is always 0.001", "Whatever I set.")
    past.days_ago(69).comment(repo, ours, "maya", "Which optimizer do you use?")
    past.days_ago(66).comment(repo, ours, "uma", "Adam, with a CosineDecay schedule.")
    past.days_ago(40).open_issue(
        repo, "viktor", "How do I log to a remote tracking server?", "I have MLflow on another machine."
    )
    past.days_ago(25).open_issue(repo, "wanda", "Custom metrics have no name", "They come as `metric_1`.")


def _what_was_fixed(past: History, repo: str) -> None:
    issue = past.days_ago(120).open_issue(
        repo, "xaver", "Run stays open after an exception", "It says RUNNING forever."
    )
    past.days_ago(119).comment(repo, issue, "maya", "Good catch.")
    fix = past.days_ago(50).open_pull_request(repo, "nico", "End the run when training raises")
    past.days_ago(50).mention(repo, issue, fix, closing=True)
    # Merged into another branch, GitHub leaves the issue open.
    past.days_ago(45).merge(repo, fix, by="maya", base="0.5")
    past.days_ago(30).release(repo, "v0.5.0")
