"""Reads exports of issues: `gh issue list --json …`, REST's arrays or searches, or a JSON object a line."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.github import payloads
from bot.github.bots import is_bot, marked_in
from bot.github.export_files import Broken, NotJsonError, opened, records
from bot.issuebash.thread import Aspect, Thread
from bot.triage.issue import Comment, Issue

COMMAND = (
    "gh issue list --state all --limit 5000 --json number,title,body,author,createdAt,updatedAt,closedAt,state,"
    "stateReason,labels,comments,assignees,milestone,reactionGroups,isPinned,url"
)
"""Makes an export that tells most."""
_MOST_PROBLEMS = 20
_COMMENTS_OF_GH = 100
"""`gh issue list` gives so many, the first ones; where there are as many, nobody knows how many there are."""
_FIRST = 5
"""Of such a conversation so many are kept, as of any long one: rules know that nothing is told of what came then."""
_LARGEST = 2**31
_PAGE = re.compile(r"(https?://[\w.:-]+/[\w.-]+/[\w.-]+)/issues/\d+/?", re.ASCII)
_API = re.compile(r"(https?://)(?:api\.([\w.:-]+)|([\w.:-]+)/api/v3)/repos/([\w.-]+/[\w.-]+)/issues/\d+", re.ASCII)
_PULL = re.compile(r"/pulls?/\d+/?$")
_SHAPES: dict[str, tuple[type, ...]] = {
    "assignees": (list, type(None)),
    "author": (dict, type(None)),
    "body": (str, type(None)),
    "comments": (list, int),
    "isPinned": (bool,),
    "labels": (list,),
    "locked": (bool,),
    "milestone": (dict, type(None)),
    "reactionGroups": (list, type(None)),
    "reactions": (dict, type(None)),
    "subIssuesSummary": (dict, type(None)),
    "sub_issues_summary": (dict, type(None)),
    "user": (dict, type(None)),
}
"""What each key holds. One record with something else must not make a whole report say that nothing is told of it."""


class ExportError(Exception):
    """The file is no export of issues; a sentence for people."""


@dataclass(slots=True)
class Export:
    """What a file held, known once `threads` has been gone through."""

    name: str
    page: str = ""
    """The repository's address, from the issues' own; empty where they have none."""
    known: frozenset[Aspect] | None = None
    """What every issue told; None while there is none."""
    tells_bots: bool = True
    """False where nothing says whether those who comment are bots: only well-known ones are taken for such then."""
    read: int = 0
    cut: int = 0
    """Issues with as many comments as `gh` gives at most, and perhaps more."""
    closed_by_change: int = 0
    """Closed issues that did not tell when: the time of their last change stands for it."""
    problems: list[str] = field(default_factory=list)
    """Records and comments that were left out, and why; the first few."""
    left_out: int = 0

    @property
    def repository(self) -> str:
        """`owner/name`; empty where nothing tells it."""
        return "/".join(self.page.split("/")[-2:])

    def put_aside(self, where: str, why: str) -> None:
        self.left_out += 1
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(f"{self.name}, {where}: {why}")


def threads(path: Path, export: Export) -> Iterator[Thread]:
    """The issues in a file, in its order; pull requests are passed over. Raises ExportError."""
    try:
        with opened(path) as text:
            marked = marked_in(text)
            text.seek(0)
            for where, record in records(text):
                if not _is_pull_request(record) and _is_issue(record, where, export):
                    data = _as_rest(record, marked)
                    issue = payloads.issue(data)
                    if issue is not None:
                        yield _thread(issue, data, where, export)
    except NotJsonError as error:
        what = "it takes an array of issues, or one issue a line"
        raise ExportError(f"{export.name} is no JSON that is understood ({error}): {what}.") from error
    except (OSError, zlib.error, EOFError) as error:
        raise ExportError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if export.known is None:
        raise ExportError(_no_issues(export))


def _no_issues(export: Export) -> str:
    why = f" {export.problems[0]}." if export.problems else ""
    return f"{export.name} holds no issue.{why} Make one with: {COMMAND}"


def _is_pull_request(record: object) -> bool:
    data = payloads.mapping(record)
    url = payloads.text(data.get("html_url")) or payloads.text(data.get("url"))
    return data.get("pull_request") is not None or data.get("isPullRequest") is True or bool(_PULL.search(url))


def _is_issue(record: object, where: str, export: Export) -> bool:
    why = record.why if isinstance(record, Broken) else _why_not(payloads.mapping(record), export)
    if why:
        export.put_aside(where, why)
    return not why


def _why_not(data: Mapping[str, Any], export: Export) -> str:
    """Why a record cannot be taken for one of the repository's issues; empty where it can."""
    number = payloads.number(data.get("number"))
    if number is None or not 0 < number < _LARGEST or not isinstance(data.get("title"), str):
        return "no issue: it has no number or no title"
    if _moment(data, "created") is None:
        return f"issue {number} does not tell when it was filed (created_at or createdAt)"
    if _state(data) not in {"open", "closed"}:
        return f"issue {number} does not tell whether it is open (state)"
    if _state(data) == "closed" and not (_moment(data, "closed") or _moment(data, "updated")):
        return f"issue {number} does not tell when it was closed (closed_at or closedAt)"
    wrong = [key for key, kinds in _SHAPES.items() if key in data and type(data[key]) not in kinds]
    if wrong:
        return f"issue {number} has something else in `{wrong[0]}` than an export has there"
    page = _page(data)
    if page and export.page and page.lower() != export.page.lower():
        return f"issue {number} is of {page}, and those before are of {export.page}"
    return ""


def _moment(data: Mapping[str, Any], what: str) -> object:
    return payloads.moment(data.get(f"{what}_at") or data.get(f"{what}At"))


def _state(data: Mapping[str, Any]) -> str:
    """`gh` has a field `closed`, too."""
    if "state" not in data and isinstance(data.get("closed"), bool):
        return "closed" if data["closed"] else "open"
    return payloads.text(data.get("state")).lower()


def _page(data: Mapping[str, Any]) -> str:
    """The address of the repository's page, from an issue's own or the API's."""
    for url in (payloads.text(data.get("html_url")), payloads.text(data.get("url"))):
        if found := _PAGE.fullmatch(url):
            return found[1]
        if found := _API.fullmatch(url):
            return f"{found[1]}{found[2] or found[3]}/{found[4]}"
    return ""


def _as_rest(data: Mapping[str, Any], marked: frozenset[str]) -> dict[str, Any]:
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
    found["state"] = _state(data)
    found["state_reason"] = payloads.text(found.get("state_reason")).lower()
    found["user"] = _person(found.get("user"), marked) if "user" in found else {}
    found["comments"] = _with_people(data.get("comments"), marked)
    return found


def _with_people(comments: object, marked: frozenset[str]) -> object:
    """The comments in REST's words, so far as they are any."""
    if not isinstance(comments, list):
        return comments
    return [one | {"user": _person(one.get("author", one.get("user")), marked)} if isinstance(one, dict) else one
            for one in comments]  # fmt: skip


def _person(value: object, marked: frozenset[str]) -> object:
    """`gh` writes bots `app/name` as an issue's author, and elsewhere as people."""
    data = payloads.mapping(value)
    login = payloads.text(data.get("login"))
    untold = "is_bot" not in data and "type" not in data
    if data.get("is_bot") is True or login.startswith("app/") or (untold and is_bot(login, marked)):
        return {**data, "login": login.removeprefix("app/").removesuffix("[bot]") + "[bot]", "type": "Bot"}
    return value


def _thread(issue: Issue, data: Mapping[str, Any], where: str, export: Export) -> Thread:
    comments = _comments(data, where, export)
    known = _known(data)
    export.read += 1
    export.known = known if export.known is None else export.known & known
    export.page = export.page or _page(data)
    told = payloads.items(data.get("comments"))
    is_cut = len(told) == _COMMENTS_OF_GH
    if is_cut:
        export.cut += 1
        comments = comments[:_FIRST]
    page = _page(data) or export.page
    return Thread(
        issue=_with(issue, data, comments, export),
        url=f"{page}/issues/{issue.number}" if page else "",
        comments_total=payloads.number(data.get("comments")) or len(told) + is_cut,
        open_sub_issues=_open_sub_issues(data),
        pinned=data.get("isPinned") is True,
        # Its last words, on which most depends, are not among the first hundred.
        known=known - {"comments"} if is_cut else known,
    )


def _with(issue: Issue, data: Mapping[str, Any], comments: tuple[Comment, ...], export: Export) -> Issue:
    reactions = issue.reactions
    for group in map(payloads.mapping, payloads.items(data.get("reactionGroups"))):
        reactions += payloads.number(payloads.mapping(group.get("users")).get("totalCount")) or 0
    closed_at = issue.closed_at if issue.state == "closed" else None
    if issue.state == "closed" and closed_at is None:
        export.closed_by_change += 1
        closed_at = issue.updated_at
    return replace(issue, comments=comments, reactions=reactions, closed_at=closed_at)


def _comments(data: Mapping[str, Any], where: str, export: Export) -> tuple[Comment, ...]:
    found = []
    for place, value in enumerate(payloads.items(data.get("comments")), start=1):
        one = payloads.mapping(value)
        at = payloads.moment(one.get("createdAt") or one.get("created_at"))
        if at is None:
            export.put_aside(f"{where}, comment {place}", "no comment: it does not tell when it was written")
            continue
        user = one.get("user")
        author = payloads.actor(user, one.get("authorAssociation") or one.get("author_association"))
        if user is not None and not author.is_bot and not {"type", "is_bot"} & payloads.mapping(user).keys():
            export.tells_bots = False
        id_ = payloads.number(one.get("databaseId")) or payloads.number(one.get("id")) or _id_in(one.get("url"))
        found.append(Comment(id_, author, payloads.text(one.get("body")), at))
    return tuple(sorted(found, key=lambda it: it.created_at))


def _id_in(url: object) -> int:
    tail = payloads.text(url).rpartition("#issuecomment-")[2]
    return int(tail) if tail.isdecimal() and tail.isascii() else 0


def _open_sub_issues(data: Mapping[str, Any]) -> int:
    summary = payloads.mapping(data.get("sub_issues_summary") or data.get("subIssuesSummary"))
    total, done = payloads.number(summary.get("total")) or 0, payloads.number(summary.get("completed")) or 0
    return max(total - done, 0)


def _known(data: Mapping[str, Any]) -> frozenset[Aspect]:
    has: dict[Aspect, bool] = {
        "assignees": "assignees" in data,
        "comments": isinstance(data.get("comments"), list) or data.get("comments") == 0,
        "labels": "labels" in data,
        "locked": "locked" in data,
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
    told = [one for one in comments if isinstance(one, dict)]
    return all("authorAssociation" in one or "author_association" in one for one in told)
