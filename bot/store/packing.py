"""A Thread as bytes and back: lists by position, whole seconds, so that a report over very many takes little time.

A newer release may add to the end of a list: what comes after the known is passed over.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from bot.issuebash.thread import PullRequest, Thread, TimelineEvent
from bot.triage.issue import Actor, Comment, Issue


def pack(thread: Thread) -> bytes:
    issue = thread.issue
    return orjson.dumps(
        (
            (
                issue.number,
                issue.title,
                issue.body,
                _actor(issue.author),
                _seconds(issue.created_at),
                _seconds(issue.updated_at),
                issue.state,
                issue.state_reason,
                issue.labels,
                issue.type,
                issue.locked,
                issue.is_pull_request,
                issue.transferred_in,
                _seconds(issue.closed_at),
                issue.closed_by,
                issue.milestone,
                issue.assignees,
                issue.reactions,
            ),
            [
                (it.id, _actor(it.author), it.body, _seconds(it.created_at), it.node_id, it.by_this_app)
                for it in issue.comments
            ],
            thread.url,
            thread.comments_total,
            [(it.kind, _seconds(it.at), _actor(it.actor), it.subject) for it in thread.events],
            [
                (
                    it.repository,
                    it.number,
                    it.title,
                    it.url,
                    it.state,
                    _actor(it.author),
                    _seconds(it.linked_at),
                    _seconds(it.merged_at),
                    it.will_close,
                    it.to_default_branch,
                )
                for it in thread.links
            ],
            thread.open_sub_issues,
            thread.pinned,
            sorted(thread.known),
        )
    )


def packed_login(login: str) -> bytes:
    """What a packed thread holds if it names somebody as an actor: what `pack` begins an actor with."""
    return b"[" + orjson.dumps(login) + b","


def unpack(content: bytes) -> Thread:
    issue, comments, url, total, events, links, open_sub_issues, pinned, known, *_ = orjson.loads(content)
    number, title, body, author, created, updated, state, reason, labels, type_, *rest = issue
    locked, is_pull_request, transferred_in, closed, closed_by, milestone, assignees, reactions, *_ = rest
    return Thread(
        issue=Issue(
            number=number,
            title=title,
            body=body,
            author=_who(author),
            created_at=_moment(created),
            updated_at=_moment(updated),
            state=state,
            state_reason=reason,
            labels=tuple(labels),
            type=type_,
            locked=locked,
            is_pull_request=is_pull_request,
            transferred_in=transferred_in,
            closed_at=_moment_or_none(closed),
            closed_by=closed_by,
            milestone=milestone,
            assignees=tuple(assignees),
            reactions=reactions,
            comments=tuple(_comment(it) for it in comments),
        ),
        url=url,
        comments_total=total,
        events=tuple(TimelineEvent(kind, _moment(at), _who(actor), subject) for kind, at, actor, subject, *_ in events),
        links=tuple(_link(it) for it in links),
        open_sub_issues=open_sub_issues,
        pinned=pinned,
        known=frozenset(known),
    )


def _comment(it: list[Any]) -> Comment:
    id_, author, body, created, node_id, by_this_app, *_ = it
    return Comment(id_, _who(author), body, _moment(created), node_id, by_this_app)


def _link(it: list[Any]) -> PullRequest:
    repository, number, title, url, state, author, linked, merged, will_close, to_default, *_ = it
    return PullRequest(
        repository=repository,
        number=number,
        title=title,
        url=url,
        state=state,
        author=_who(author),
        linked_at=_moment(linked),
        merged_at=_moment_or_none(merged),
        will_close=will_close,
        to_default_branch=to_default,
    )


def _who(it: list[Any]) -> Actor:
    return Actor(*it[:3])


def _actor(actor: Actor) -> tuple[str, bool, str]:
    return actor.login, actor.is_bot, actor.association


def _seconds(at: datetime | None) -> int | None:
    """GitHub's times are whole seconds."""
    return None if at is None else int(at.timestamp())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _moment_or_none(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
