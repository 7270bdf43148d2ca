"""GraphQL: the part of GitHub's schema in `schema.graphql`, executed by graphql-core."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import GraphQLSchema, build_schema, graphql_sync

from tests.fakes.github.auth import check_permission
from tests.fakes.github.cost import cost
from tests.fakes.github.errors import ApiError
from tests.fakes.github.model import Account, Comment, Issue, Label, Release, Repository, TimelineItem
from tests.fakes.github.routing import Request, Response, routes
from tests.fakes.github.shapes import node_id, stamp, stamp_or_none

if TYPE_CHECKING:
    from tests.fakes.github.fake import FakeGitHub

SCHEMA = Path(__file__).with_name("schema.graphql")


class Refused(Exception):
    """An error in GraphQL's manner: 200, with a type and a message."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.extensions = {"type": kind}


@cache
def schema() -> GraphQLSchema:
    return build_schema(SCHEMA.read_text())


@routes.add("POST", "/graphql", needs="none")
def execute(fake: FakeGitHub, request: Request) -> Response:
    if request.token is None:
        raise ApiError(401, "This endpoint requires you to be authenticated.")
    query, variables = request.given("query", str, "Query", required=True), request.given("variables", dict, "Query")
    from tests.fakes.github.rest_repos import who_pays  # noqa: PLC0415 - it imports the routes

    request.cost = cost(query, variables or {})
    fake.budget(who_pays(request), "graphql", fake.limits.graphql).used += request.cost - 1
    result = graphql_sync(schema(), query, root_value=Root(fake, request), variable_values=variables)
    answer: dict[str, Any] = {} if result.data is None else {"data": result.data}
    if result.errors:
        answer["errors"] = [_error(error) for error in result.errors]
    return Response(200, answer)


def _error(error: Any) -> dict[str, Any]:
    shape: dict[str, Any] = error.formatted
    extensions = shape.pop("extensions", None) or getattr(error.original_error, "extensions", {})
    return {**extensions, **shape}


def connection(items: list[Any], arguments: dict[str, Any], node: Callable[[Any], Any]) -> dict[str, Any]:
    """One page; cursors are positions. GitHub insists on `first` or `last`, 1 to 100."""
    first: Any = arguments.get("first")
    last: Any = arguments.get("last")
    if first is None and last is None:
        raise Refused("MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value.")
    size = int(last if first is None else first)
    if not 1 <= size <= 100:
        raise Refused("EXCESSIVE_PAGINATION", f"Requesting {size} records exceeds the `first` limit of 100 records.")
    start = int(arguments["after"]) + 1 if arguments.get("after") else 0
    end = int(arguments["before"]) if arguments.get("before") else len(items)
    start, end = (start, min(end, start + size)) if first is not None else (max(start, end - size), end)
    return {
        "nodes": [node(item) for item in items[start:end]],
        "totalCount": len(items),
        "pageInfo": {
            "startCursor": str(start) if end > start else None,
            "endCursor": str(end - 1) if end > start else None,
            "hasNextPage": end < len(items),
            "hasPreviousPage": start > 0,
        },
    }


class Root:
    """The fields of Query and Mutation; the engine calls each with its arguments."""

    def __init__(self, fake: FakeGitHub, request: Request) -> None:
        self.fake, self.request = fake, request

    def viewer(self, _info: Any) -> dict[str, Any]:
        return actor(self.request.by.account) or {}

    def rateLimit(self, _info: Any, **_: Any) -> dict[str, Any]:  # noqa: N802 - GitHub's name
        from tests.fakes.github.rest_repos import who_pays  # noqa: PLC0415 - it imports the routes

        shape = self.fake.budget(who_pays(self.request), "graphql", self.fake.limits.graphql).shape()
        used = {name: shape[name] for name in ("limit", "remaining", "used")}
        return used | {"cost": self.request.cost, "resetAt": stamp(shape["reset"])}

    def repository(self, _info: Any, owner: str, name: str, **_: Any) -> dict[str, Any]:
        try:
            found = self.fake.visible_repository(owner, name)
            check_permission(self.fake, self.request.token, found, "metadata:read")
        except ApiError:
            message = f"Could not resolve to a Repository with the name '{owner}/{name}'."
            raise Refused("NOT_FOUND", message) from None
        return repository(found, self.fake)

    def node(self, _info: Any, **arguments: Any) -> dict[str, Any]:
        kind, found = self._found(arguments["id"])
        if kind == "IssueComment":
            return comment(found[2], found[0])
        return issue(found[1], found[0], self.fake) if kind == "Issue" else repository(found, self.fake)

    def minimizeComment(self, _info: Any, **arguments: Any) -> dict[str, Any]:  # noqa: N802 - GitHub's name
        shape = self._minimize(arguments["input"], arguments["input"]["classifier"].lower().replace("_", "-"))
        return {"clientMutationId": arguments["input"].get("clientMutationId"), "minimizedComment": shape}

    def unminimizeComment(self, _info: Any, **arguments: Any) -> dict[str, Any]:  # noqa: N802 - GitHub's name
        shape = self._minimize(arguments["input"], "")
        return {"clientMutationId": arguments["input"].get("clientMutationId"), "unminimizedComment": shape}

    def _found(self, wanted: str) -> tuple[str, Any]:
        found = self.fake.by_node_id(wanted)
        if found is None:
            raise Refused("NOT_FOUND", f"Could not resolve to a node with the global id of '{wanted}'")
        return found

    def _minimize(self, given: dict[str, Any], reason: str) -> dict[str, Any]:
        kind, found = self._found(given["subjectId"])
        if kind != "IssueComment":
            raise Refused("UNPROCESSABLE", "This node cannot be minimized.")
        try:
            check_permission(self.fake, self.request.token, found[0], "issues:write")
        except ApiError:
            raise Refused("FORBIDDEN", "Resource not accessible by integration") from None
        found[2].minimized = reason
        return comment(found[2], found[0])


def actor(account: Account | None) -> dict[str, Any] | None:
    if account is None:
        return None
    prefix = {"Bot": "BOT", "Organization": "O"}.get(account.type, "U")
    login = account.login.removesuffix("[bot]")  # REST alone shows the suffix
    return {"__typename": account.type, "id": node_id(prefix, account.id), "login": login}


def label(one: Label) -> dict[str, Any]:
    known = {"name": one.name, "color": one.color, "description": one.description}
    return {"__typename": "Label", "id": node_id("LA", one.id), **known}


def comment(one: Comment, home: Repository) -> dict[str, Any]:
    return {
        "__typename": "IssueComment",
        "id": node_id("IC", one.id),
        "databaseId": one.id,
        "author": actor(one.author),
        "authorAssociation": home.association_of(one.author),
        "body": one.body,
        "createdAt": stamp(one.created_at),
        "updatedAt": stamp(one.updated_at),
        "lastEditedAt": stamp_or_none(one.edited_at),
        "editor": actor(one.editor),
        "isMinimized": bool(one.minimized),
        "minimizedReason": one.minimized or None,
    }


def issue(one: Issue, home: Repository, fake: FakeGitHub) -> dict[str, Any]:
    return {
        "__typename": "Issue",
        "id": node_id("I", one.id),
        "number": one.number,
        "title": one.title,
        "body": one.body or "",
        "author": actor(one.author),
        "authorAssociation": home.association_of(one.author),
        "state": one.state.upper(),
        "stateReason": (one.state_reason or "").upper() or None,
        "locked": one.locked,
        "isPinned": one.pinned,
        "milestone": {"title": one.milestone} if one.milestone else None,
        "reactions": {"totalCount": len(one.reactions)},
        "subIssuesSummary": dict(zip(("total", "completed"), one.sub_issues, strict=True)),
        "repository": lambda _info: repository(home, fake),
        "assignees": lambda _info, **arguments: connection(one.assignees, arguments, actor),
        "closedByPullRequestsReferences": lambda _info, **arguments: closing(one, home, fake, arguments),
        "timelineItems": lambda _info, **arguments: timeline(one, home, fake, arguments),
        "createdAt": stamp(one.created_at),
        "updatedAt": stamp(one.updated_at),
        "closedAt": stamp_or_none(one.closed_at),
        "lastEditedAt": stamp_or_none(one.edited_at),
        "editor": actor(one.editor),
        "url": fake.shapes.issue_page(home, one),
        "labels": lambda _info, **arguments: connection(one.labels, arguments, label),
        "comments": lambda _info, **arguments: connection(one.comments, arguments, lambda each: comment(each, home)),
    }


def closing(one: Issue, home: Repository, fake: FakeGitHub, arguments: dict[str, Any]) -> dict[str, Any]:
    found = [
        pull
        for pull in {id(item.other): item.other for item in one.timeline if item.other}.values()
        if one.number in pull.closes and (arguments["includeClosedPrs"] or pull.state == "open")
    ]
    return connection(found, arguments, lambda each: pull_request(each, home, fake))


def timeline(one: Issue, home: Repository, fake: FakeGitHub, arguments: dict[str, Any]) -> dict[str, Any]:
    wanted = arguments.get("itemTypes")
    found = [item for item in one.timeline if not wanted or _constant(item.kind) in wanted]
    return connection(found, arguments, lambda item: event(item, home, fake))


def _constant(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


def event(item: TimelineItem, home: Repository, fake: FakeGitHub) -> dict[str, Any]:
    other = item.other
    shown: Any = None
    if other is not None:
        shown = (pull_request if other.is_pull_request else issue)(other, home, fake)
    return {
        "__typename": item.kind,
        "actor": actor(item.actor),
        "createdAt": stamp(item.created_at),
        "label": label(item.label) if item.label else None,
        "assignee": actor(item.assignee),
        "source": shown,
        "subject": shown,
        "canonical": shown,
        "willCloseTarget": item.will_close,
    }


def pull_request(one: Issue, home: Repository, fake: FakeGitHub) -> dict[str, Any]:
    closes = [home.issues[number] for number in one.closes]
    return {
        "__typename": "PullRequest",
        "number": one.number,
        "title": one.title,
        "body": one.body or "",
        "url": fake.shapes.issue_page(home, one),
        "state": "MERGED" if one.merged_at else one.state.upper(),
        "author": actor(one.author),
        "baseRefName": one.base or home.default_branch,
        "createdAt": stamp(one.created_at),
        "updatedAt": stamp(one.updated_at),
        "mergedAt": stamp_or_none(one.merged_at),
        "repository": lambda _info: repository(home, fake),
        "closingIssuesReferences": lambda _info, **arguments: connection(
            closes, arguments, lambda each: issue(each, home, fake)
        ),
    }


def release(one: Release, home: Repository, fake: FakeGitHub) -> dict[str, Any]:
    return {
        "__typename": "Release",
        "tagName": one.tag,
        "publishedAt": stamp(one.published_at),
        "isPrerelease": one.is_prerelease,
        "isDraft": one.is_draft,
        "url": f"{fake.shapes.html}/{home.full_name}/releases/tag/{one.tag}",
    }


def _ordered(found: list[Issue], order: dict[str, str] | None) -> list[Issue]:
    by = {
        "UPDATED_AT": lambda one: (one.updated_at, one.number),
        "CREATED_AT": lambda one: (one.created_at, one.number),
    }
    return sorted(found, key=by[order["field"]], reverse=order["direction"] == "DESC") if order else found


def repository(one: Repository, fake: FakeGitHub) -> dict[str, Any]:
    def issues(_info: Any, states: list[str] | None = None, **arguments: Any) -> dict[str, Any]:
        found = [
            each
            for each in one.issues.values()
            if not each.deleted
            and each.moved_to is None
            and not each.is_pull_request
            and (not states or each.state.upper() in states)
        ]
        since = (arguments.get("filterBy") or {}).get("since")
        if since:
            found = [each for each in found if each.updated_at >= datetime.fromisoformat(since).timestamp()]
        return connection(_ordered(found, arguments.get("orderBy")), arguments, lambda each: issue(each, one, fake))

    def pulls(_info: Any, states: list[str] | None = None, **arguments: Any) -> dict[str, Any]:
        shown = [
            pull_request(each, one, fake)
            for each in _ordered(
                [each for each in one.issues.values() if each.is_pull_request], arguments.get("orderBy")
            )
        ]
        wanted = [each for each in shown if not states or each["state"] in states]
        return connection(wanted, arguments, lambda each: each)

    def numbered(_info: Any, number: int) -> dict[str, Any]:
        found = one.issues.get(number)
        if found is None or found.deleted or found.is_pull_request:
            message = f"Could not resolve to an Issue with the number of {number}."
            raise Refused("NOT_FOUND", message)
        return issue(found, one, fake)

    return {
        "__typename": "Repository",
        "id": node_id("R", one.id),
        "databaseId": one.id,
        "name": one.name,
        "nameWithOwner": one.full_name,
        "isPrivate": one.private,
        "url": f"{fake.shapes.html}/{one.full_name}",
        "defaultBranchRef": {"name": one.default_branch},
        "pullRequests": pulls,
        "releases": lambda _info, **arguments: connection(
            one.releases, arguments, lambda each: release(each, one, fake)
        ),
        "issue": numbered,
        "issues": issues,
        "labels": lambda _info, **arguments: connection(list(one.labels.values()), arguments, label),
    }
