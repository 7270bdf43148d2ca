"""REST: issues, comments, labels and reactions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.fakes.github import changes
from tests.fakes.github.changes import may
from tests.fakes.github.errors import ApiError, invalid, not_found
from tests.fakes.github.model import CONTENTS, Comment, Issue, Label, Permission
from tests.fakes.github.routing import Request, Response, page, routes
from tests.fakes.github.shapes import EVENTS

if TYPE_CHECKING:
    from tests.fakes.github.fake import FakeGitHub

READ, WRITE = "issues:read", "issues:write"
ISSUES = "/repos/{owner}/{repo}/issues"


def issue_of(fake: FakeGitHub, request: Request) -> Issue:
    """Redirects to where an issue was transferred."""
    if not request.repo.has_issues:
        raise ApiError(410, "Issues are disabled for this repo")
    issue = fake.issue(request.repo, request.number)
    if issue.moved_to:
        target = f"{fake.shapes.api}/repositories/{issue.moved_to[0]}/issues/{issue.moved_to[1]}"
        raise ApiError(301, "Moved Permanently", headers={"location": target}, url=target)
    return issue


def comment_of(fake: FakeGitHub, request: Request) -> tuple[Issue, Comment]:
    repository, issue, comment = fake.comments.get(int(request.parameters["comment_id"]), (None, None, None))
    if repository is not request.repo or issue is None or comment is None:
        raise not_found()
    return issue, comment


def since_of(request: Request) -> float:
    text = request.query.get("since", "")
    return datetime.fromisoformat(text.replace(" ", "+")).timestamp() if text else 0.0


def check_writable(request: Request, least: Permission = "read") -> None:
    if request.repo.archived:
        raise ApiError(403, "Repository was archived so is read-only.")
    if not may(request.repo, request.by, least):
        raise ApiError(403, "Must have admin rights to Repository.")


# Issues.


@routes.add("GET", ISSUES, needs=READ)
def list_issues(fake: FakeGitHub, request: Request) -> Response:
    query, since = request.query, since_of(request)
    state, labels = query.get("state", "open"), set(filter(None, query.get("labels", "").lower().split(",")))
    found = [
        issue
        for issue in request.repo.issues.values()
        if not issue.deleted
        and not issue.moved_to
        and fake.is_shown(issue)
        and state in {"all", issue.state}
        and labels <= {label.name.lower() for label in issue.labels}
        and int(issue.updated_at) >= since
        and query.get("creator", "").lower() in {"", issue.author.login.lower() if issue.author else ""}
    ]
    by_update = query.get("sort", "created") == "updated"
    newest_first = query.get("direction", "desc") == "desc"
    found.sort(
        key=lambda issue: (issue.updated_at if by_update else issue.created_at, issue.number), reverse=newest_first
    )
    return page(request, found, lambda issue: fake.shapes.issue(request.repo, fake.as_read(issue)), fake.shapes.api)


@routes.add("POST", ISSUES, needs=WRITE, content=True)
def create_issue(fake: FakeGitHub, request: Request) -> Response:
    """Labels of somebody without triage permission are dropped in silence."""
    check_writable(request)
    title, body = request.given("title", (str, int), "Issue", required=True), request.given("body", str, "Issue")
    labels = label_names(request, "labels") if may(request.repo, request.by, "triage") else []
    issue = changes.open_issue(fake, request.repo, request.by, str(title), body, labels=labels)
    shape = fake.shapes.issue(request.repo, issue)
    return Response(201, shape | {"closed_by": None}, {"location": shape["url"]})


@routes.add("GET", ISSUES + "/{number}", needs=READ)
def get_issue(fake: FakeGitHub, request: Request) -> Response:
    issue = fake.as_read(issue_of(fake, request))
    shape = fake.shapes.issue(request.repo, issue)
    return Response(200, shape | {"closed_by": fake.shapes.account_or_none(issue.closed_by)})


@routes.add("PATCH", ISSUES + "/{number}", needs=WRITE)
def edit_issue(fake: FakeGitHub, request: Request) -> Response:
    issue, by = issue_of(fake, request), request.by
    check_writable(request, "read" if issue.author is by.account else "triage")
    title, body = request.given("title", (str, int), "Issue"), request.given("body", str, "Issue")
    changes.edit_issue(fake, request.repo, issue, by, title=None if title is None else str(title), body=body)
    state = request.given("state", str, "Issue")
    if state not in {None, "open", "closed"}:
        raise invalid("Issue", "state", "invalid")
    if state:
        reason = request.given("state_reason", str, "Issue")
        changes.set_state(fake, request.repo, issue, by, state, reason)
    if "labels" in request.body:
        changes.replace_labels(fake, request.repo, issue, by, label_names(request, "labels"))
    return get_issue(fake, request)


@routes.add("PUT", ISSUES + "/{number}/lock", needs=WRITE)
def lock_issue(fake: FakeGitHub, request: Request) -> Response:
    reason = request.body.get("lock_reason") if isinstance(request.body, dict) else None
    check_writable(request, "triage")
    changes.set_lock(fake, request.repo, issue_of(fake, request), request.by, locked=True, reason=reason)
    return Response(204)


@routes.add("DELETE", ISSUES + "/{number}/lock", needs=WRITE)
def unlock_issue(fake: FakeGitHub, request: Request) -> Response:
    check_writable(request, "triage")
    changes.set_lock(fake, request.repo, issue_of(fake, request), request.by, locked=False)
    return Response(204)


# Labels of an issue.


def label_names(request: Request, member: str) -> list[str]:
    """Both documented forms: `{"labels": […]}` and a bare list; entries are names or objects with a name."""
    given: Any = request.body if isinstance(request.body, list) else (request.body or {}).get(member, [])
    names = [entry.get("name", "") if isinstance(entry, dict) else entry for entry in given]
    for name in names:
        if not isinstance(name, str):
            raise ApiError(422, "Invalid request.\n\nFor 'items', labels are strings.")
        if not name.strip() or len(name) > 50:
            raise invalid("Label", "name", "invalid")
    return names


def issue_labels(fake: FakeGitHub, request: Request, issue: Issue, status: int = 200) -> Response:
    return Response(status, [fake.shapes.label(request.repo, label) for label in issue.labels])


@routes.add("GET", ISSUES + "/{number}/labels", needs=READ)
def list_issue_labels(fake: FakeGitHub, request: Request) -> Response:
    labels = fake.as_read(issue_of(fake, request)).labels
    return page(request, labels, lambda label: fake.shapes.label(request.repo, label), fake.shapes.api)


@routes.add("POST", ISSUES + "/{number}/labels", needs=WRITE)
def add_labels(fake: FakeGitHub, request: Request) -> Response:
    check_writable(request, "triage")
    issue = issue_of(fake, request)
    changes.add_labels(fake, request.repo, issue, request.by, label_names(request, "labels"))
    return issue_labels(fake, request, issue)


@routes.add("PUT", ISSUES + "/{number}/labels", needs=WRITE)
def set_labels(fake: FakeGitHub, request: Request) -> Response:
    check_writable(request, "triage")
    issue = issue_of(fake, request)
    changes.replace_labels(fake, request.repo, issue, request.by, label_names(request, "labels"))
    return issue_labels(fake, request, issue)


@routes.add("DELETE", ISSUES + "/{number}/labels/{name}", needs=WRITE)
def remove_label(fake: FakeGitHub, request: Request) -> Response:
    check_writable(request, "triage")
    issue = issue_of(fake, request)
    changes.remove_label(fake, request.repo, issue, request.by, request.parameters["name"])
    return issue_labels(fake, request, issue)


# Labels of a repository.


def repository_label(request: Request) -> Label:
    label = request.repo.labels.get(request.parameters["name"].lower())
    if label is None:
        raise not_found()
    return label


@routes.add("GET", "/repos/{owner}/{repo}/labels", needs=READ)
def list_labels(fake: FakeGitHub, request: Request) -> Response:
    labels = sorted(request.repo.labels.values(), key=lambda label: label.name.lower())
    return page(request, labels, lambda label: fake.shapes.label(request.repo, label), fake.shapes.api)


@routes.add("POST", "/repos/{owner}/{repo}/labels", needs=WRITE)
def create_label(fake: FakeGitHub, request: Request) -> Response:
    check_writable(request, "triage")
    name = request.given("name", str, "Label", required=True)
    color = request.given("color", str, "Label") or changes.LABEL_COLOR
    description = request.given("description", str, "Label")
    label = changes.create_label(fake, request.repo, request.by, name, color, description)
    shape = fake.shapes.label(request.repo, label)
    return Response(201, shape, {"location": shape["url"]})


@routes.add("GET", "/repos/{owner}/{repo}/labels/{name}", needs=READ)
def get_label(fake: FakeGitHub, request: Request) -> Response:
    return Response(200, fake.shapes.label(request.repo, repository_label(request)))


@routes.add("PATCH", "/repos/{owner}/{repo}/labels/{name}", needs=WRITE)
def edit_label(fake: FakeGitHub, request: Request) -> Response:
    check_writable(request, "triage")
    label = repository_label(request)
    wanted = {name: request.given(name, str, "Label") for name in ("color", "description")}
    changes.edit_label(fake, request.repo, label, request.by, name=request.given("new_name", str, "Label"), **wanted)
    return Response(200, fake.shapes.label(request.repo, label))


@routes.add("DELETE", "/repos/{owner}/{repo}/labels/{name}", needs=WRITE)
def delete_label(fake: FakeGitHub, request: Request) -> Response:
    check_writable(request, "triage")
    changes.delete_label(fake, request.repo, repository_label(request), request.by)
    return Response(204)


@routes.add("GET", ISSUES + "/{number}/events", needs=READ)
def list_events(fake: FakeGitHub, request: Request) -> Response:
    issue = fake.as_read(issue_of(fake, request))
    found = [(number, item) for number, item in enumerate(issue.timeline) if item.kind in EVENTS]
    return page(request, found, lambda it: fake.shapes.event(request.repo, issue, *it), fake.shapes.api)


# Comments.


@routes.add("GET", ISSUES + "/{number}/comments", needs=READ)
def list_comments(fake: FakeGitHub, request: Request) -> Response:
    issue, since = fake.as_read(issue_of(fake, request)), since_of(request)
    found = [comment for comment in issue.comments if int(comment.updated_at) >= since]
    return page(request, found, lambda one: fake.shapes.comment(request.repo, issue, one), fake.shapes.api)


@routes.add("GET", ISSUES + "/comments", needs=READ)
def list_all_comments(fake: FakeGitHub, request: Request) -> Response:
    since, by_update = since_of(request), request.query.get("sort", "created") == "updated"
    found = [
        (issue, comment)
        for repository, issue, comment in fake.comments.values()
        if repository is request.repo and int(comment.updated_at) >= since and not issue.deleted
    ]
    found.sort(key=lambda pair: (pair[1].updated_at if by_update else pair[1].created_at, pair[1].id))
    if request.query.get("direction") == "desc":
        found.reverse()
    return page(request, found, lambda pair: fake.shapes.comment(request.repo, *pair), fake.shapes.api)


@routes.add("POST", ISSUES + "/{number}/comments", needs=WRITE, content=True)
def create_comment(fake: FakeGitHub, request: Request) -> Response:
    check_writable(request)
    issue = issue_of(fake, request)
    body = request.given("body", str, "IssueComment", required=True)
    comment = changes.add_comment(fake, request.repo, issue, request.by, body)
    shape = fake.shapes.comment(request.repo, issue, comment)
    return Response(201, shape, {"location": shape["url"]})


@routes.add("GET", ISSUES + "/comments/{comment_id}", needs=READ)
def get_comment(fake: FakeGitHub, request: Request) -> Response:
    issue, comment = comment_of(fake, request)
    return Response(200, fake.shapes.comment(request.repo, issue, comment))


@routes.add("PATCH", ISSUES + "/comments/{comment_id}", needs=WRITE, content=True)
def edit_comment(fake: FakeGitHub, request: Request) -> Response:
    issue, comment = comment_of(fake, request)
    check_writable(request, "read" if comment.author is request.by.account else "write")
    body = request.given("body", str, "IssueComment", required=True)
    changes.edit_comment(fake, request.repo, issue, comment, request.by, body)
    return Response(200, fake.shapes.comment(request.repo, issue, comment))


@routes.add("DELETE", ISSUES + "/comments/{comment_id}", needs=WRITE)
def delete_comment(fake: FakeGitHub, request: Request) -> Response:
    issue, comment = comment_of(fake, request)
    check_writable(request, "read" if comment.author is request.by.account else "write")
    changes.delete_comment(fake, request.repo, issue, comment, request.by)
    return Response(204)


# Reactions.


def reacted(fake: FakeGitHub, request: Request, target: Issue | Comment) -> Response:
    content = request.given("content", str, "Reaction", required=True)
    if content not in CONTENTS:
        raise invalid("Reaction", "content", "invalid")
    check_writable(request)
    reaction, new = changes.react(fake, target, request.by, content)
    return Response(201 if new else 200, fake.shapes.reaction(reaction))


def list_reactions(fake: FakeGitHub, request: Request, target: Issue | Comment) -> Response:
    wanted = request.query.get("content", "").replace(" ", "+")
    found = [one for one in target.reactions if wanted in {"", one.content}]
    return page(request, found, fake.shapes.reaction, fake.shapes.api)


@routes.add("GET", ISSUES + "/comments/{comment_id}/reactions", needs=READ)
def list_comment_reactions(fake: FakeGitHub, request: Request) -> Response:
    return list_reactions(fake, request, comment_of(fake, request)[1])


@routes.add("POST", ISSUES + "/comments/{comment_id}/reactions", needs=WRITE, content=True)
def react_to_comment(fake: FakeGitHub, request: Request) -> Response:
    return reacted(fake, request, comment_of(fake, request)[1])


@routes.add("GET", ISSUES + "/{number}/reactions", needs=READ)
def list_issue_reactions(fake: FakeGitHub, request: Request) -> Response:
    return list_reactions(fake, request, issue_of(fake, request))


@routes.add("POST", ISSUES + "/{number}/reactions", needs=WRITE, content=True)
def react_to_issue(fake: FakeGitHub, request: Request) -> Response:
    return reacted(fake, request, issue_of(fake, request))
