"""Every change an issue can undergo, whoever makes it (a person or an app), with its webhooks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from tests.fakes.github.errors import ApiError, invalid
from tests.fakes.github.model import (
    PERMISSIONS,
    Account,
    App,
    Comment,
    Issue,
    Label,
    Permission,
    Reaction,
    Repository,
    TimelineItem,
)
from tests.fakes.github.places import repository_shape
from tests.fakes.github.world import World

BODY_LIMIT = 65_536
LABEL_COLOR = "ededed"
"""What GitHub gives to a label it makes in passing."""


@dataclass(frozen=True, slots=True)
class By:
    """Who makes a change; `app` when it comes through an app's token."""

    account: Account
    app: App | None = None


def may(repository: Repository, by: By, least: Permission) -> bool:
    """Whether a person's permission reaches so far; an app's was checked with its token."""
    return by.app is not None or PERMISSIONS.index(repository.permission_of(by.account)) >= PERMISSIONS.index(least)


def touch(world: World, issue: Issue) -> None:
    world.before_change(issue)
    issue.updated_at = world.clock()


def record(world: World, issue: Issue, kind: str, by: By, **more: Any) -> None:
    """Puts it into the issue's timeline."""
    issue.timeline.append(TimelineItem(kind, by.account, world.clock(), **more))


def tell(world: World, repository: Repository, issue: Issue, action: str, by: By, **more: Any) -> None:
    """Sends `issues.<action>`; pull requests have events of their own."""
    if not issue.is_pull_request:
        shape = {"action": action, "issue": world.shapes.issue(repository, issue), **more}
        world.emit("issues", repository, by.account, shape)


def check_length(resource: str, text: str | None) -> None:
    if text is not None and len(text) > BODY_LIMIT:
        raise invalid(resource, "body", "custom", f"body is too long (maximum is {BODY_LIMIT} characters)")


def open_issue(
    world: World,
    repository: Repository,
    by: By,
    title: str,
    body: str | None = None,
    *,
    labels: Iterable[str] = (),
    issue_type: str = "",
    is_pull_request: bool = False,
    created_at: float | None = None,
) -> Issue:
    if not repository.has_issues:
        raise ApiError(410, "Issues are disabled for this repo")
    if not title:
        raise invalid("Issue", "title", "missing_field")
    check_length("Issue", body)
    now = world.clock() if created_at is None else created_at
    issue = Issue(world.new_id(), repository.next_number, title, body, by.account, now, now, app=by.app)
    issue.type, issue.is_pull_request = issue_type, is_pull_request
    repository.next_number += 1
    repository.issues[issue.number] = issue
    issue.labels = [find_or_make_label(world, repository, by, name) for name in labels]
    world.after_opening(issue)
    tell(world, repository, issue, "opened", by)
    for label in issue.labels:
        tell(world, repository, issue, "labeled", by, label=world.shapes.label(repository, label))
    return issue


def edit_issue(
    world: World,
    repository: Repository,
    issue: Issue,
    by: By,
    *,
    title: str | None = None,
    body: str | None = None,
) -> None:
    changes: dict[str, Any] = {}
    if title is not None and title != issue.title:
        changes["title"] = {"from": issue.title}
    if body is not None and body != issue.body:
        check_length("Issue", body)
        changes["body"] = {"from": issue.body or ""}
    if not changes:
        return
    touch(world, issue)
    if "title" in changes:
        record(world, issue, "RenamedTitleEvent", by)
    issue.title = title if "title" in changes and title is not None else issue.title
    if "body" in changes:
        issue.body, issue.edited_at, issue.editor = body, issue.updated_at, by.account
    tell(world, repository, issue, "edited", by, changes=changes)


def set_state(
    world: World,
    repository: Repository,
    issue: Issue,
    by: By,
    state: Literal["open", "closed"],
    reason: str | None = None,
) -> None:
    if state == issue.state:
        if reason and state == "closed":
            issue.state_reason = reason
        return
    touch(world, issue)
    issue.state = state
    if state == "closed":
        issue.state_reason, issue.closed_at, issue.closed_by = reason or "completed", issue.updated_at, by.account
    else:
        issue.state_reason, issue.closed_at, issue.closed_by = "reopened", None, None
    record(world, issue, "ClosedEvent" if state == "closed" else "ReopenedEvent", by)
    tell(world, repository, issue, "closed" if state == "closed" else "reopened", by)


def set_lock(
    world: World, repository: Repository, issue: Issue, by: By, *, locked: bool, reason: str | None = None
) -> None:
    touch(world, issue)
    issue.locked, issue.lock_reason = locked, reason if locked else None
    record(world, issue, "LockedEvent" if locked else "UnlockedEvent", by)
    tell(world, repository, issue, "locked" if locked else "unlocked", by)


def delete_issue(world: World, repository: Repository, issue: Issue, by: By) -> None:
    touch(world, issue)
    tell(world, repository, issue, "deleted", by)
    issue.deleted = True


def transfer_issue(world: World, repository: Repository, issue: Issue, by: By, target: Repository) -> Issue:
    """Labels do not go along; the target hears `opened`, not `transferred`."""
    now = world.clock()
    moved = Issue(
        world.new_id(), target.next_number, issue.title, issue.body, issue.author, issue.created_at, now, app=issue.app
    )
    moved.comments = list(issue.comments)
    for comment in moved.comments:
        world.comments[comment.id] = (target, moved, comment)
    target.next_number += 1
    target.issues[moved.number] = moved
    record(world, moved, "TransferredEvent", by)
    touch(world, issue)
    issue.moved_to = (target.id, moved.number)
    old = {
        "old_issue": world.shapes.issue(repository, issue),
        "old_repository": repository_shape(world.shapes, repository),
    }
    new = {"new_issue": world.shapes.issue(target, moved), "new_repository": repository_shape(world.shapes, target)}
    tell(world, repository, issue, "transferred", by, changes=new)
    tell(world, target, moved, "opened", by, changes=old)
    return moved


# Labels on an issue.


def find_or_make_label(world: World, repository: Repository, by: By, name: str) -> Label:
    """GitHub makes a label that is added to an issue and does not exist yet."""
    return repository.labels.get(name.lower()) or create_label(world, repository, by, name, LABEL_COLOR)


def add_labels(world: World, repository: Repository, issue: Issue, by: By, names: Iterable[str]) -> None:
    added: list[Label] = []
    for name in names:
        label = find_or_make_label(world, repository, by, name)
        if label not in issue.labels:
            if len(issue.labels) >= 100:
                raise ApiError(422, "Validation Failed", errors=["Issue can't have more than 100 labels"])
            if not added:
                touch(world, issue)
            issue.labels.append(label)
            record(world, issue, "LabeledEvent", by, label=label)
            added.append(label)
    for label in added:
        tell(world, repository, issue, "labeled", by, label=world.shapes.label(repository, label))


def remove_label(world: World, repository: Repository, issue: Issue, by: By, name: str) -> None:
    label = repository.labels.get(name.lower())
    if label is None or label not in issue.labels:
        raise ApiError(404, "Label does not exist")
    touch(world, issue)
    issue.labels.remove(label)
    record(world, issue, "UnlabeledEvent", by, label=label)
    tell(world, repository, issue, "unlabeled", by, label=world.shapes.label(repository, label))


def replace_labels(world: World, repository: Repository, issue: Issue, by: By, names: list[str]) -> None:
    wanted = {name.lower() for name in names}
    for label in [label for label in issue.labels if label.name.lower() not in wanted]:
        remove_label(world, repository, issue, by, label.name)
    add_labels(world, repository, issue, by, names)


# People and pull requests of an issue.


def assign(world: World, repository: Repository, issue: Issue, by: By, who: Account) -> None:
    touch(world, issue)
    issue.assignees.append(who)
    record(world, issue, "AssignedEvent", by, assignee=who)
    tell(world, repository, issue, "assigned", by, assignee=world.shapes.account(who))


def mention(world: World, issue: Issue, pull: Issue, by: By) -> None:
    """A pull request mentions the issue, which GitHub does not count as a change of it."""
    record(world, issue, "CrossReferencedEvent", by, other=pull, will_close=issue.number in pull.closes)


def merge(world: World, repository: Repository, pull: Issue, by: By) -> None:
    """Closes what it is to close, where it goes to the default branch."""
    touch(world, pull)
    pull.state, pull.closed_at, pull.merged_at = "closed", pull.updated_at, pull.updated_at
    if not pull.base:
        for number in pull.closes:
            set_state(world, repository, repository.issues[number], by, "closed")


# Labels of a repository.


def create_label(
    world: World, repository: Repository, by: By, name: str, color: str = LABEL_COLOR, description: str | None = None
) -> Label:
    check_label(name, color, description)
    if name.lower() in repository.labels:
        raise invalid("Label", "name", "already_exists")
    label = Label(world.new_id(), name, color.lower(), description)
    repository.labels[name.lower()] = label
    payload = {"action": "created", "label": world.shapes.label(repository, label)}
    world.emit("label", repository, by.account, payload)
    return label


def check_label(name: str, color: str, description: str | None) -> None:
    if not name.strip():
        raise invalid("Label", "name", "missing_field")
    if len(name) > 50:
        raise invalid("Label", "name", "custom", "name is too long (maximum is 50 characters)")
    if len(color) != 6 or set(color.lower()) - set("0123456789abcdef"):
        raise invalid("Label", "color", "invalid")
    if description is not None and len(description) > 100:
        raise invalid("Label", "description", "custom", "description is too long (maximum is 100 characters)")


def edit_label(
    world: World,
    repository: Repository,
    label: Label,
    by: By,
    *,
    name: str | None = None,
    color: str | None = None,
    description: str | None = None,
) -> None:
    check_label(name or label.name, color or label.color, description)
    if name and name.lower() != label.name.lower() and name.lower() in repository.labels:
        raise invalid("Label", "name", "already_exists")
    changes: dict[str, Any] = {}
    if name and name != label.name:
        changes["name"] = {"from": label.name}
        del repository.labels[label.name.lower()]
        label.name = name
        repository.labels[name.lower()] = label
    if color and color != label.color:
        changes["color"], label.color = {"from": label.color}, color
    if description is not None and description != label.description:
        changes["description"], label.description = {"from": label.description or ""}, description
    if changes:
        payload = {"action": "edited", "label": world.shapes.label(repository, label), "changes": changes}
        world.emit("label", repository, by.account, payload)


def delete_label(world: World, repository: Repository, label: Label, by: By) -> None:
    """It leaves all issues too, for which GitHub sends nothing that can be relied on."""
    del repository.labels[label.name.lower()]
    for issue in repository.issues.values():
        if label in issue.labels:
            issue.labels.remove(label)
    world.emit("label", repository, by.account, {"action": "deleted", "label": world.shapes.label(repository, label)})


# Comments and reactions.


def tell_comment(
    world: World, repository: Repository, issue: Issue, comment: Comment, action: str, by: By, **more: Any
) -> None:
    payload = {
        "action": action,
        "issue": world.shapes.issue(repository, issue),
        "comment": world.shapes.comment(repository, issue, comment),
        **more,
    }
    world.emit("issue_comment", repository, by.account, payload)


def add_comment(world: World, repository: Repository, issue: Issue, by: By, body: str) -> Comment:
    if not body.strip():
        raise invalid("IssueComment", "body", "missing_field", "body cannot be blank")
    check_length("IssueComment", body)
    if issue.locked and not (by.app is None and may(repository, by, "write")):
        raise ApiError(403, "Unable to create comment because issue is locked.")
    touch(world, issue)
    comment = Comment(world.new_id(), by.account, body, issue.updated_at, issue.updated_at, by.app)
    issue.comments.append(comment)
    world.comments[comment.id] = (repository, issue, comment)
    tell_comment(world, repository, issue, comment, "created", by)
    return comment


def edit_comment(world: World, repository: Repository, issue: Issue, comment: Comment, by: By, body: str) -> None:
    check_length("IssueComment", body)
    if body == comment.body:
        return
    touch(world, issue)
    before, comment.body, comment.updated_at = comment.body, body, issue.updated_at
    comment.edited_at, comment.editor = issue.updated_at, by.account
    tell_comment(world, repository, issue, comment, "edited", by, changes={"body": {"from": before}})


def delete_comment(world: World, repository: Repository, issue: Issue, comment: Comment, by: By) -> None:
    touch(world, issue)
    tell_comment(world, repository, issue, comment, "deleted", by)
    issue.comments.remove(comment)
    del world.comments[comment.id]


def react(world: World, target: Issue | Comment, by: By, content: str) -> tuple[Reaction, bool]:
    """The reaction, and whether it is new: the same one twice is one. No webhook tells of reactions."""
    for known in target.reactions:
        if known.user is by.account and known.content == content:
            return known, False
    reaction = Reaction(world.new_id(), by.account, content, world.clock())
    target.reactions.append(reaction)
    return reaction, True
