"""A Draft: one issue while its story is told; it becomes a Thread with the truth beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from bot.issuebash.thread import EventKind, PullRequest, Thread, TimelineEvent
from bot.triage.issue import Actor, Comment, Issue
from bot.triage.release import Release
from tests.fakes.community import cast, speech
from tests.fakes.community.cast import PROJECT, Bug, Topic

FULL_NAME = f"brookside/{PROJECT}"
URL = f"https://github.com/{FULL_NAME}"


@dataclass(frozen=True, slots=True)
class Made:
    """An issue with its truth."""

    thread: Thread
    plot: str
    """The name of its story."""
    belongs: frozenset[str]
    """Sections of the report in which a maintainer who knows all would want to see it."""


@dataclass(slots=True)
class Draft:
    number: int
    first_pull: int
    """Number of the first pull request that it may have."""
    now: datetime
    created: datetime
    releases: Sequence[Release]
    random: Random
    bug: Bug
    topic: Topic
    author: Actor
    title: str = ""
    body: str = ""
    labels: list[str] = field(default_factory=list)
    comments: list[tuple[Actor, str, datetime]] = field(default_factory=list)
    events: list[TimelineEvent] = field(default_factory=list)
    links: list[PullRequest] = field(default_factory=list)
    belongs: set[str] = field(default_factory=set)
    reactions: int = 0
    assignees: tuple[str, ...] = ()
    milestone: str = ""
    closed: datetime | None = None
    locked: bool = False
    pinned: bool = False
    open_sub_issues: int = 0
    behind: int = 0
    """Releases since the newest one that somebody met the bug with; 0 where nobody told."""

    @property
    def age(self) -> float:
        return (self.now - self.created) / timedelta(days=1)

    def within(self, low: float, high: float) -> datetime:
        """A moment at such shares of the time from filing to now."""
        return self.created + (self.now - self.created) * self.random.uniform(low, high)

    def ago(self, low: float, high: float) -> datetime:
        """A moment so many days ago, not before it was filed."""
        at = self.now - timedelta(days=self.random.uniform(low, high))
        return max(at, self.created + timedelta(minutes=5))

    def after(self, at: datetime, low: float, high: float) -> datetime:
        """So many days after that, not after now."""
        return min(at + timedelta(days=self.random.uniform(low, high)), self.now - timedelta(hours=1))

    def maintainer(self) -> Actor:
        return cast.FORMER if self.random.random() < 0.03 else self.random.choice(cast.MAINTAINERS)

    def peer(self) -> Actor:
        """Somebody who is neither a maintainer nor the author."""
        while (found := cast.person(self.random)).login == self.author.login:
            pass
        return found

    def words(self, choices: Sequence[str], other: int = 0, at: datetime | None = None) -> str:
        text = self.random.choice(choices)
        return (
            text.replace("{v}", cast.current(self.releases, at or self.now))
            .replace("{old}", cast.current(self.releases, self.created, 2))
            .replace("{author}", self.author.login)
            .replace("{author2}", cast.MAINTAINERS[0].login)
            .replace("{peer}", self.random.choice(cast.MAINTAINERS).login)
            .replace("{func}", self.bug.func)
            .replace("{param}", self.bug.param)
            .replace("{n}", str(other or self.random.randint(1, max(self.number - 1, 1))))
        )

    def say(self, who: Actor, choices: Sequence[str], at: datetime, other: int = 0) -> datetime:
        text = self.words(choices, other, at)
        if who.is_maintainer and "@" not in text:
            text = self.words(speech.GREETINGS) + text
        if not who.is_bot and len(text) > 12:
            text += self.words(speech.CLOSINGS)
        self.comments.append((who, text, at))
        return at

    def confirm(self, who: Actor, at: datetime) -> None:
        """It happens there and then, with what was new then."""
        self.say(who, speech.STILL, at)
        self.behind = min(self.behind, self.newer_than(at))

    def newer_than(self, at: datetime) -> int:
        return sum(one.published_at > at for one in self.releases)

    def do(self, kind: EventKind, who: Actor, at: datetime, subject: str = "") -> None:
        self.events.append(TimelineEvent(kind, at, who, subject))

    def label(self, *names: str, at: datetime | None = None) -> None:
        for name in names:
            self.labels.append(name)
            self.do("labeled", self.random.choice(cast.MAINTAINERS), at or self.created + timedelta(hours=2), name)

    def pull(
        self, title: str, at: datetime, *, merged: datetime | None = None, will_close: bool = False, base: bool = True
    ) -> None:
        number = self.first_pull + len(self.links)
        self.links.append(
            PullRequest(
                repository=FULL_NAME,
                number=number,
                title=title,
                url=f"{URL}/pull/{number}",
                state="open" if merged is None else "merged",
                author=self.maintainer() if self.random.random() < 0.6 else self.peer(),
                linked_at=at,
                merged_at=merged,
                will_close=will_close,
                to_default_branch=base,
            )
        )

    def report_bug(self, bug: Bug | None = None, *, behind: int = 0) -> None:
        """`behind`: releases that had come out since the reporter's version."""
        shown = bug or self.bug
        body, version = self.random.choice(speech.BUG_BODIES), cast.current(self.releases, self.created, behind)
        self.behind = self.newer_than(self.created) + behind if "{version}" in body else 0
        self.title = shown.title(self.random)
        trace = shown.trace(self.random)
        what = self.random.choice(speech.WHAT).replace("{func}", shown.func).replace("{cond}", shown.cond)
        self.body = (
            body.replace("{what}", what)
            .replace("{func}", shown.func)
            .replace("{project}", PROJECT)
            .replace("{version}", version)
            .replace("{trace}", trace)
        )
        if self.random.random() < 0.6:
            self.label("bug")

    def ask_question(self) -> None:
        self.title = self.topic.question(self.random)
        self.body = (
            f"I'd like to use `{self.topic.func}` and do not understand `{self.topic.param}`.\n\nThanks in advance"
        )
        if self.random.random() < 0.4:
            self.label("question")

    def wish(self) -> None:
        self.title = self.topic.wish(self.random)
        self.body = f"`{self.topic.func}` could take `{self.topic.param}`. Today I do it by hand, which is slow."
        if self.random.random() < 0.6:
            self.label("enhancement")

    def close(self, at: datetime, who: Actor | None = None) -> None:
        self.closed = at
        self.do("closed", who or self.random.choice(cast.MAINTAINERS), at)

    def made(self, plot: str) -> Made:
        self.comments.sort(key=lambda it: it[2])
        self.events.sort(key=lambda it: it.at)
        comments = tuple(
            Comment(self.number * 1000 + place, who, text, at.replace(microsecond=0))
            for place, (who, text, at) in enumerate(self.comments)
        )
        changed = max([self.created, *(it[2] for it in self.comments), *(it.at for it in self.events)])
        issue = Issue(
            number=self.number,
            title=self.title,
            body=self.body,
            author=self.author,
            created_at=self.created,
            updated_at=changed,
            state="open" if self.closed is None else "closed",
            state_reason="" if self.closed is None else "completed",
            labels=tuple(dict.fromkeys(self.labels)),
            locked=self.locked,
            closed_at=self.closed,
            milestone=self.milestone,
            assignees=self.assignees,
            reactions=self.reactions,
            comments=comments,
        )
        thread = Thread(
            issue=issue,
            url=f"{URL}/issues/{self.number}",
            comments_total=len(comments),
            events=tuple(self.events),
            links=tuple(self.links),
            open_sub_issues=self.open_sub_issues,
            pinned=self.pinned,
        )
        return Made(thread, plot, frozenset(self.belongs))
