"""Reads whole issues by GraphQL, up to 100 in a request: comments, timeline and pull requests with them.

What a request costs, by the formula that GitHub documents (the lists asked for, divided by 100 and rounded): 100 issues
with six lists each make 601, six points; 50 issues make 301, three. Nodes: 100 issues of at most 30 labels, 10
assignees, 25 comments, 5 pull requests and 50 events are 12,100 of the 500,000 allowed. Of a longer talk the first 5
and the last 20 comments are read and no more: the rules ask who spoke first and who spoke last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from bot.github import payloads
from bot.github.client import Client
from bot.github.errors import Forbidden, NotFound, Rejected
from bot.github.reader import Identity
from bot.issuebash.thread import EVERYTHING, Aspect, EventKind, PullRequest, Thread, TimelineEvent
from bot.triage.issue import Actor, Comment, Issue, Repository
from bot.triage.release import Release

_KINDS: Final[dict[str, EventKind]] = {
    "AssignedEvent": "assigned",
    "ClosedEvent": "closed",
    "LabeledEvent": "labeled",
    "LockedEvent": "locked",
    "MarkedAsDuplicateEvent": "duplicate",
    "RenamedTitleEvent": "renamed",
    "ReopenedEvent": "reopened",
    "TransferredEvent": "transferred",
    "UnassignedEvent": "unassigned",
    "UnlabeledEvent": "unlabeled",
    "UnlockedEvent": "unlocked",
    "UnmarkedAsDuplicateEvent": "undone_duplicate",
}
_HIDDEN = re.compile(r"<!--[^>]{0,2000}-->")
"""Hints of a template, such as `<!-- Fixes #1 -->`."""
_NAMED = re.compile(
    r"(?<![\w/&#.-])(?:https?://[\w.:-]{1,100}/)?(?P<place>[\w.-]{1,60}/[\w.-]{1,100})?(?:#|/issues/)(?P<number>\d{1,9})\b"
)
_OPTIONAL: Final[dict[str, tuple[str, Aspect]]] = {
    "isPinned": ("        isPinned\n", "pinned"),
    "subIssuesSummary": ("        subIssuesSummary { total completed }\n", "sub_issues"),
}
"""Fields that servers of an older release lack: left out when they say so."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a request cost of the hourly points, and what it left."""

    cost: int
    remaining: int
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class ThreadPage:
    threads: tuple[Thread, ...]
    total: int
    """Issues in the listing that this is a page of."""
    cursor: str
    more: bool
    budget: Budget


@dataclass(frozen=True, slots=True)
class ChangedPull:
    link: PullRequest
    updated_at: datetime
    closes: frozenset[int]
    """Numbers of this repository's issues."""
    mentions: frozenset[int]
    """Numbers that its title and text name, issues or not; those that it closes among them."""


@dataclass(frozen=True, slots=True)
class PullPage:
    pulls: tuple[ChangedPull, ...]
    cursor: str
    more: bool
    budget: Budget


class ThreadReader:
    """Of one installation or person. Every method may raise GitHubError. Thread-safe but for `known`."""

    def __init__(self, client: Client, identity: Identity) -> None:
        """`identity`: whose comments are the bot's own."""
        self._client = client
        self._identity = identity
        self._query = _query("threads")
        self.known: frozenset[Aspect] = EVERYTHING
        """What this GitHub tells; smaller once it has said that it does not know a field."""

    def page(self, repo: Repository, *, size: int, after: str = "", since: datetime | None = None) -> ThreadPage:
        """Issues of any state, least lately changed first, so that what changes meanwhile comes again at the end."""
        variables = _given(
            owner=repo.owner, name=repo.name, size=size, after=after, since=since.isoformat() if since else ""
        )
        if not after:
            # What was not granted may be by now.
            self.known |= {"links"}
        data = self._asked(variables)
        found = payloads.mapping(_repository(data, repo).get("issues"))
        info = payloads.mapping(found.get("pageInfo"))
        return ThreadPage(
            threads=tuple(self._thread(payloads.mapping(node)) for node in payloads.items(found.get("nodes"))),
            total=payloads.number(found.get("totalCount")) or 0,
            cursor=payloads.text(info.get("endCursor")),
            more=info.get("hasNextPage") is True,
            budget=_budget(data),
        )

    def releases(self, repo: Repository) -> tuple[Release, ...]:
        """Newest first, drafts left out."""
        data = self._client.graphql(_query("releases"), {"owner": repo.owner, "name": repo.name})
        found = []
        for node in _nodes(_repository(data, repo).get("releases")):
            at = payloads.moment(node.get("publishedAt"))
            if at is not None and node.get("isDraft") is not True:
                tag = payloads.text(node.get("tagName"))
                found.append(Release(tag, at, node.get("isPrerelease") is True, payloads.text(node.get("url"))))
        return tuple(found)

    def pulls(self, repo: Repository, after: str = "", size: int = 50) -> PullPage:
        """Lately changed ones first, 50 for one point: an issue that one mentions does not count as changed."""
        variables = _given(owner=repo.owner, name=repo.name, size=size, after=after)
        try:
            data = self._client.graphql(_query("pulls"), variables)
        except Forbidden:
            self.known -= {"links"}
            raise
        found = payloads.mapping(_repository(data, repo).get("pullRequests"))
        info = payloads.mapping(found.get("pageInfo"))
        return PullPage(
            pulls=tuple(_changed(node, repo) for node in _nodes(found)),
            cursor=payloads.text(info.get("endCursor")),
            more=info.get("hasNextPage") is True,
            budget=_budget(data),
        )

    def _asked(self, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        while True:
            try:
                query = self._query if "links" in self.known else _without_pulls(self._query)
                return self._client.graphql(query, variables)
            except Rejected as error:
                unknown = next((name for name in _OPTIONAL if name in str(error) and name in self._query), None)
                if unknown is None:
                    raise
                line, aspect = _OPTIONAL[unknown]
                self._query = self._query.replace(line, "")
                self.known -= {aspect}
            except Forbidden:
                # Pull requests are not granted to this token: what is left is worth having.
                if "links" not in self.known:
                    raise
                self.known -= {"links"}

    def _thread(self, node: Mapping[str, Any]) -> Thread:
        first, last = payloads.mapping(node.get("firstComments")), payloads.mapping(node.get("lastComments"))
        said = (*_nodes(first), *_nodes(last))
        comments = {one.id: one for one in map(self._comment, said)}
        created = payloads.moment(node.get("createdAt")) or payloads.EPOCH
        sub_issues = payloads.mapping(node.get("subIssuesSummary"))
        timeline = _nodes(node.get("timelineItems"))
        # A comment that is both among the first and the last is edited once.
        found = dict.fromkeys((*filter(None, map(_edit, (node, *said))), *filter(None, map(_event, timeline))))
        events = tuple(sorted(found, key=lambda one: one.at))
        closings = [one.actor.login for one in events if one.kind == "closed"] if node.get("state") == "CLOSED" else []
        return Thread(
            issue=Issue(
                number=payloads.number(node.get("number")) or 0,
                title=payloads.text(node.get("title")),
                body=payloads.text(node.get("body")),
                author=_actor(node.get("author"), node.get("authorAssociation")),
                created_at=created,
                updated_at=payloads.moment(node.get("updatedAt")) or created,
                state="closed" if node.get("state") == "CLOSED" else "open",
                state_reason=payloads.text(node.get("stateReason")).lower(),
                labels=tuple(payloads.text(one.get("name")) for one in _nodes(node.get("labels"))),
                locked=node.get("locked") is True,
                transferred_in=any(one.kind == "transferred" for one in events),
                closed_at=payloads.moment(node.get("closedAt")),
                closed_by=closings[-1] if closings else "",
                milestone=payloads.text(payloads.mapping(node.get("milestone")).get("title")),
                assignees=tuple(payloads.text(one.get("login")) for one in _nodes(node.get("assignees"))),
                reactions=payloads.number(payloads.mapping(node.get("reactions")).get("totalCount")) or 0,
                comments=tuple(sorted(comments.values(), key=lambda one: (one.created_at, one.id))),
            ),
            url=payloads.text(node.get("url")),
            comments_total=payloads.number(first.get("totalCount")) or 0,
            events=events,
            links=_links(timeline, _nodes(node.get("closedByPullRequestsReferences"))),
            open_sub_issues=max(
                0, (payloads.number(sub_issues.get("total")) or 0) - (payloads.number(sub_issues.get("completed")) or 0)
            ),
            pinned=node.get("isPinned") is True,
            known=self.known,
        )

    def _comment(self, node: Mapping[str, Any]) -> Comment:
        author = _actor(node.get("author"), node.get("authorAssociation"))
        return Comment(
            id=payloads.number(node.get("databaseId")) or 0,
            author=author,
            body=payloads.text(node.get("body")),
            created_at=payloads.moment(node.get("createdAt")) or payloads.EPOCH,
            node_id=payloads.text(node.get("id")),
            by_this_app=author.is_bot and author.login == f"{self._identity.slug}[bot]",
        )


def _changed(node: Mapping[str, Any], repo: Repository) -> ChangedPull:
    closes = frozenset(
        payloads.number(one.get("number")) or 0
        for one in _nodes(node.get("closingIssuesReferences"))
        if _name(one.get("repository")).lower() == repo.full_name.lower()
    )
    updated_at = payloads.moment(node.get("updatedAt")) or payloads.EPOCH
    link = _pull(node, payloads.moment(node.get("createdAt")) or updated_at, will_close=False)
    said = f"{payloads.text(node.get('title'))}\n{_HIDDEN.sub('', payloads.text(node.get('body')))}"
    return ChangedPull(link, updated_at, closes, closes | mentioned(said, repo))


def mentioned(text: str, repo: Repository) -> frozenset[int]:
    """What a text names of a repository: `#1`, `owner/name#1` or an address."""
    return frozenset(
        int(found["number"])
        for found in _NAMED.finditer(text)
        if not found["place"] or found["place"].lower() == repo.full_name.lower()
    )


def _given(**variables: object) -> dict[str, object]:
    """Without the empty ones: what is not given is not the same as null."""
    return {name: value for name, value in variables.items() if value}


def _event(node: Mapping[str, Any]) -> TimelineEvent | None:
    kind, at = _KINDS.get(payloads.text(node.get("__typename"))), payloads.moment(node.get("createdAt"))
    if kind is None or at is None:
        return None
    subject = payloads.text(payloads.mapping(node.get("label")).get("name"))
    subject = subject or payloads.text(payloads.mapping(node.get("assignee")).get("login"))
    canonical = payloads.mapping(node.get("canonical"))
    if canonical:
        subject = f"{_name(canonical.get('repository'))}#{payloads.number(canonical.get('number'))}"
    return TimelineEvent(kind, at, _actor(node.get("actor")), subject)


def _edit(node: Mapping[str, Any]) -> TimelineEvent | None:
    """The last edit of an issue's text or of a comment: the timeline does not tell it, and the text not by whom."""
    at = payloads.moment(node.get("lastEditedAt"))
    id_ = payloads.number(node.get("databaseId"))
    return None if at is None else TimelineEvent("edited", at, _actor(node.get("editor")), str(id_ or ""))


def _links(timeline: list[Mapping[str, Any]], closing: list[Mapping[str, Any]]) -> tuple[PullRequest, ...]:
    """Each pull request once; what GitHub says of closing outweighs a mention."""
    found: dict[str, PullRequest] = {}
    for node in timeline:
        other = payloads.mapping(node.get("source") or node.get("subject"))
        at, url = payloads.moment(node.get("createdAt")), payloads.text(other.get("url"))
        if at is None or not url:
            continue
        kind = node.get("__typename")
        if kind == "DisconnectedEvent":
            found.pop(url, None)
            continue
        will_close = kind == "ConnectedEvent" or node.get("willCloseTarget") is True
        before = found.get(url)
        found[url] = _pull(
            other, before.linked_at if before else at, will_close=will_close or bool(before and before.will_close)
        )
    for other in closing:
        url = payloads.text(other.get("url"))
        at = found[url].linked_at if url in found else payloads.moment(other.get("createdAt")) or payloads.EPOCH
        found[url] = _pull(other, at, will_close=True)
    return tuple(found.values())


def _pull(node: Mapping[str, Any], linked_at: datetime, *, will_close: bool) -> PullRequest:
    home = payloads.mapping(node.get("repository"))
    default = payloads.text(payloads.mapping(home.get("defaultBranchRef")).get("name"))
    state = payloads.text(node.get("state"))
    return PullRequest(
        repository=_name(home),
        number=payloads.number(node.get("number")) or 0,
        title=payloads.text(node.get("title")),
        url=payloads.text(node.get("url")),
        state="merged" if state == "MERGED" else "closed" if state == "CLOSED" else "open",
        author=_actor(node.get("author")),
        linked_at=linked_at,
        merged_at=payloads.moment(node.get("mergedAt")),
        will_close=will_close,
        to_default_branch=not default or node.get("baseRefName") == default,
    )


def _actor(value: object, association: object = None) -> Actor:
    """GraphQL leaves the ending `[bot]` off, and tells bots by their type."""
    if value is None:
        return payloads.GHOST
    data = payloads.mapping(value)
    login, is_bot = payloads.text(data.get("login")), data.get("__typename") == "Bot"
    return Actor(f"{login}[bot]" if is_bot else login, is_bot=is_bot, association=payloads.text(association) or "NONE")


def _nodes(value: object) -> list[Mapping[str, Any]]:
    return [payloads.mapping(node) for node in payloads.items(payloads.mapping(value).get("nodes")) if node]


def _name(value: object) -> str:
    return payloads.text(payloads.mapping(value).get("nameWithOwner"))


def _repository(data: Mapping[str, Any], repo: Repository) -> Mapping[str, Any]:
    found = payloads.mapping(data.get("repository"))
    if not found:
        raise NotFound(f"GraphQL: {repo.full_name} is not there, or may not be seen")
    return found


def _budget(data: Mapping[str, Any]) -> Budget:
    told = payloads.mapping(data.get("rateLimit"))
    return Budget(
        cost=payloads.number(told.get("cost")) or 0,
        remaining=payloads.number(told.get("remaining")) or 0,
        resets_at=payloads.moment(told.get("resetAt")),
    )


def _without_pulls(query: str) -> str:
    """The query with nothing in it that asks for a pull request."""
    kept = [line for line in query.splitlines() if "...pull" not in line]
    text = "\n".join(kept).partition("fragment pull")[0]
    for name in ("CONNECTED_EVENT, CROSS_REFERENCED_EVENT, DISCONNECTED_EVENT, ",):
        text = text.replace(name, "")
    return text


@cache
def _query(name: str) -> str:
    return (files("bot.github") / "queries" / f"{name}.graphql").read_text(encoding="utf-8")
