"""Brings a made-up repository to the fake GitHub, with all that happened in it."""

from __future__ import annotations

from itertools import count
from typing import Final

from bot.issuebash.thread import EventKind, PullRequest, Thread, TimelineEvent
from bot.triage.issue import Actor
from tests.fakes.community import cast
from tests.fakes.community.community import Community
from tests.fakes.community.draft import FULL_NAME
from tests.fakes.github.fake import FakeGitHub
from tests.fakes.github.model import Account, Comment, Issue, Label, Reaction, Release, Repository, TimelineItem

_KINDS: Final[dict[EventKind, str]] = {
    "assigned": "AssignedEvent",
    "closed": "ClosedEvent",
    "duplicate": "MarkedAsDuplicateEvent",
    "labeled": "LabeledEvent",
    "reopened": "ReopenedEvent",
}


def put_on(fake: FakeGitHub, community: Community) -> Repository:
    """No webhook tells of what is put there: it happened before anybody listened."""
    repository = fake.add_repository(FULL_NAME, {"README.md": f"# {cast.PROJECT}"})
    for one in cast.MAINTAINERS:
        fake.collaborator(FULL_NAME, one.login, "write")
    repository.releases = [Release(one.tag, one.published_at.timestamp()) for one in community.releases]
    stage = _Stage(fake, repository)
    for made in community.issues():
        stage.put(made.thread)
    repository.next_number = community.size * 4 + 1
    return repository


class _Stage:
    def __init__(self, fake: FakeGitHub, repository: Repository) -> None:
        self._fake, self._repository = fake, repository
        self._ids = count(1_000_000)

    def put(self, thread: Thread) -> None:
        told = thread.issue
        issue = Issue(
            id=next(self._ids),
            number=told.number,
            title=told.title,
            body=told.body,
            author=self._account(told.author),
            created_at=told.created_at.timestamp(),
            updated_at=told.updated_at.timestamp(),
            labels=[self._label(name) for name in told.labels],
            assignees=[self._fake.account(login) for login in told.assignees],
            state=told.state,
            state_reason=told.state_reason or None,
            closed_at=None if told.closed_at is None else told.closed_at.timestamp(),
            locked=told.locked,
            milestone=told.milestone,
            pinned=thread.pinned,
            sub_issues=(thread.open_sub_issues, 0),
        )
        issue.reactions = [
            Reaction(place, issue.author or self._repository.owner, "+1", issue.created_at)
            for place in range(told.reactions)
        ]
        for said in told.comments:
            at = said.created_at.timestamp()
            comment = Comment(next(self._ids), self._account(said.author), said.body, at, at)
            issue.comments.append(comment)
            self._fake.comments[comment.id] = (self._repository, issue, comment)
        issue.timeline = [self._event(one) for one in thread.events]
        issue.timeline += [self._mention(one, issue.number) for one in thread.links]
        self._repository.issues[issue.number] = issue

    def _event(self, told: TimelineEvent) -> TimelineItem:
        item = TimelineItem(_KINDS[told.kind], self._account(told.actor), told.at.timestamp())
        if told.kind == "labeled":
            item.label = self._label(told.subject)
        if told.kind == "assigned":
            item.assignee = self._fake.account(told.subject)
        if told.kind == "duplicate":
            item.other = self._repository.issues[int(told.subject.rpartition("#")[2])]
        return item

    def _mention(self, told: PullRequest, number: int) -> TimelineItem:
        at = told.linked_at.timestamp()
        merged = None if told.merged_at is None else told.merged_at.timestamp()
        pull = Issue(
            id=next(self._ids),
            number=told.number,
            title=told.title,
            body=f"For #{number}.",
            author=self._account(told.author),
            created_at=at,
            updated_at=merged or at,
            state="open" if merged is None else "closed",
            closed_at=merged,
            is_pull_request=True,
            merged_at=merged,
            base="" if told.to_default_branch else "stable",
            closes=[number] if told.will_close else [],
        )
        self._repository.issues[pull.number] = pull
        return TimelineItem("CrossReferencedEvent", pull.author, at, other=pull, will_close=told.will_close)

    def _account(self, actor: Actor) -> Account:
        if actor.association == "CONTRIBUTOR":
            self._repository.contributors.add(actor.login.lower())
        return self._fake.account(actor.login, "Bot" if actor.is_bot else "User")

    def _label(self, name: str) -> Label:
        known = self._repository.labels
        return known.setdefault(name.lower(), Label(next(self._ids), name))
