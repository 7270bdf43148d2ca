"""Reads exports of issues: `gh issue list --json …`, REST's arrays, or a JSON object a line; gzipped or not."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from bot.github import payloads
from bot.issuebash.thread import Aspect, Thread
from bot.triage.issue import Comment, Issue

_GZIP = b"\x1f\x8b"
_MOST_PROBLEMS = 20
_PEEKED = 64
"""Bytes in which the first bracket must be."""


class ExportError(Exception):
    """The file is no export of issues; a sentence for people."""


@dataclass(slots=True)
class Export:
    """What a file held, known once `threads` has been gone through."""

    name: str
    repository: str = ""
    """`owner/name`, from the issues' addresses; empty where they have none."""
    known: frozenset[Aspect] | None = None
    """What every issue told; None while there is none."""
    read: int = 0
    problems: list[str] = field(default_factory=list)
    """Records that were left out, and why; the first few."""
    left_out: int = 0

    def put_aside(self, where: str, why: str) -> None:
        self.left_out += 1
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(f"{self.name}, {where}: {why}")


def threads(path: Path, export: Export) -> Iterator[Thread]:
    """The issues in a file, in its order; pull requests are passed over. Raises ExportError.

    JSON lines are read one by one; an array is read whole, as its end says whether it is one.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
        with gzip.GzipFile(path) if packed else path.open("rb") as file:
            for where, record in _records(file, path.name):
                yield from _thread(record, where, export)
    except (OSError, zlib.error, EOFError) as error:
        raise ExportError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if export.known is None:
        raise ExportError(_no_issues(path, export))


def _no_issues(path: Path, export: Export) -> str:
    why = f" {export.problems[0]}." if export.problems else ""
    return (
        f"{path} holds no issue.{why} Make one with: gh issue list --state all --limit 5000 --json"
        " number,title,body,author,createdAt,updatedAt,closedAt,state,stateReason,labels,comments,assignees,milestone,"
        "reactionGroups,isPinned,url"
    )


def _records(file: io.BufferedReader | gzip.GzipFile, name: str) -> Iterator[tuple[str, Any]]:
    """Each record with where it stands. What begins with `[` is one array or several, as `gh api --paginate` prints."""
    if file.peek(_PEEKED)[:_PEEKED].lstrip().startswith(b"["):
        yield from _arrays(file.read(), name)
        return
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            if number == 1:
                raise ExportError(f"{name} is neither a JSON array nor a JSON object a line: {error}") from error
            record = None
        yield f"line {number}", record


def _arrays(content: bytes, name: str) -> Iterator[tuple[str, Any]]:
    try:
        arrays = [orjson.loads(content)]
    except orjson.JSONDecodeError:
        try:
            arrays = orjson.loads(b"[" + content.replace(b"][", b"],[").replace(b"]\n[", b"],[") + b"]")
        except orjson.JSONDecodeError as error:
            raise ExportError(f"{name} is no JSON that is understood: {error}") from error
    number = 0
    for array in arrays:
        for record in array:
            number += 1
            yield f"record {number}", record


def _thread(record: object, where: str, export: Export) -> Iterator[Thread]:
    data = payloads.mapping(record)
    if "pull_request" in data or data.get("isPullRequest") is True or "/pull/" in payloads.text(data.get("url")):
        return
    issue = payloads.issue(_as_rest(data))
    if issue is None or "title" not in data:
        export.put_aside(where, "no issue: it has no number or no title")
        return
    if _created(data) is None:
        export.put_aside(where, f"issue {issue.number} does not tell when it was filed (created_at or createdAt)")
        return
    known, comments = _known(data), _comments(data)
    export.read += 1
    export.known = known if export.known is None else export.known & known
    url = payloads.text(data.get("html_url")) or payloads.text(data.get("url"))
    export.repository = export.repository or _repository(url)
    yield Thread(
        issue=_with(issue, data, comments),
        url=url if "://api." not in url else "",
        comments_total=payloads.number(data.get("comments")) or len(comments),
        open_sub_issues=_open_sub_issues(data),
        pinned=data.get("isPinned") is True,
        known=known,
    )


def _as_rest(data: Mapping[str, Any]) -> dict[str, Any]:
    """`gh` has GraphQL's names; ours read REST's."""
    names = {
        "author": "user",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
        "closedAt": "closed_at",
        "stateReason": "state_reason",
        "authorAssociation": "author_association",
    }
    found = {names.get(key, key): value for key, value in data.items()}
    found["state"] = payloads.text(data.get("state")).lower()
    found["state_reason"] = payloads.text(found.get("state_reason")).lower()
    found["user"] = _person(found.get("user")) if "user" in found else {}
    return found


def _person(value: object) -> object:
    """`gh` tells bots by `is_bot` and writes them `app/name`."""
    data = payloads.mapping(value)
    login = payloads.text(data.get("login"))
    if data.get("is_bot") is True or login.startswith("app/"):
        return {**data, "login": login.removeprefix("app/").removesuffix("[bot]") + "[bot]", "type": "Bot"}
    return value


def _created(data: Mapping[str, Any]) -> object:
    return payloads.moment(data.get("created_at") or data.get("createdAt"))


def _with(issue: Issue, data: Mapping[str, Any], comments: tuple[Comment, ...]) -> Issue:
    reactions = issue.reactions
    for group in map(payloads.mapping, payloads.items(data.get("reactionGroups"))):
        reactions += payloads.number(payloads.mapping(group.get("users")).get("totalCount")) or 0
    return replace(issue, comments=comments, reactions=reactions)


def _comments(data: Mapping[str, Any]) -> tuple[Comment, ...]:
    found = []
    for value in payloads.items(data.get("comments")):
        one = payloads.mapping(value)
        at = payloads.moment(one.get("createdAt") or one.get("created_at"))
        if at is None:
            continue
        author = payloads.actor(
            _person(one.get("author", one.get("user"))), one.get("authorAssociation") or one.get("author_association")
        )
        id_ = payloads.number(one.get("databaseId")) or payloads.number(one.get("id")) or _id_in(one.get("url"))
        found.append(Comment(id_, author, payloads.text(one.get("body")), at))
    return tuple(sorted(found, key=lambda it: it.created_at))


def _id_in(url: object) -> int:
    tail = payloads.text(url).rpartition("#issuecomment-")[2]
    return int(tail) if tail.isdigit() else 0


def _open_sub_issues(data: Mapping[str, Any]) -> int:
    summary = payloads.mapping(data.get("sub_issues_summary") or data.get("subIssuesSummary"))
    total, done = payloads.number(summary.get("total")) or 0, payloads.number(summary.get("completed")) or 0
    return max(total - done, 0)


def _known(data: Mapping[str, Any]) -> frozenset[Aspect]:
    has: dict[Aspect, bool] = {
        "assignees": "assignees" in data,
        "comments": isinstance(data.get("comments"), list) or data.get("comments") == 0,
        "milestone": "milestone" in data,
        "pinned": "isPinned" in data,
        "reactions": "reactionGroups" in data or "reactions" in data,
        "sub_issues": "sub_issues_summary" in data or "subIssuesSummary" in data,
        "associations": _tells_associations(data),
    }
    return frozenset(aspect for aspect, there in has.items() if there)


def _tells_associations(data: Mapping[str, Any]) -> bool:
    """`gh` tells it of comments alone; that is enough to know who answered."""
    comments = data.get("comments")
    if not isinstance(comments, list):
        return "author_association" in data or "authorAssociation" in data
    return all("authorAssociation" in one or "author_association" in one for one in map(payloads.mapping, comments))


def _repository(url: str) -> str:
    """`owner/name` of `https://host/owner/name/issues/1`."""
    parts = url.split("/")
    return "/".join(parts[-4:-2]) if len(parts) >= 5 and parts[-2] == "issues" else ""
