"""Every webhook that the fake GitHub sends has the shape that GitHub describes."""

from __future__ import annotations

from typing import Any

from tests.contract.openapi import webhooks
from tests.fakes.github import FakeGitHub

REPO = "octo-org/demo"


def test_what_people_do_is_told_as_github_tells_it():
    fake = FakeGitHub()
    told: list[tuple[str, dict[str, Any]]] = []
    fake.hooks.watchers.append(lambda event, payload: told.append((event, payload)))
    app = fake.add_app(webhook_url="https://example.com/webhook")
    fake.ping(app)
    fake.add_repository(REPO, {"README.md": "Hi."})
    fake.add_repository("octo-org/other")
    installation = fake.install(app, "octo-org", [REPO])
    fake.install(app, "hubot-org")
    fake.add_repository("hubot-org/new", {"README.md": "Hi."})
    fake.choose_repositories(installation, added=["octo-org/other"])
    do_everything_with_issues(fake)
    fake.create_label(REPO, "docs", "0075ca", "Words")
    fake.rename_label(REPO, "docs", "documentation")
    fake.delete_label(REPO, "documentation")
    fake.push(REPO, {"README.md": "Hello.", "a/b.md": "New"}, by="mona")
    fake.push(REPO, {"a/b.md": None})
    fake.rename(REPO, "renamed")
    for action in ("archived", "unarchived", "privatized", "publicized"):
        fake.change_repository("octo-org/renamed", action)
    fake.choose_repositories(installation, removed=["octo-org/other"])
    fake.suspend(installation)
    fake.suspend(installation, suspended=False)
    fake.delete_repository("octo-org/renamed")
    fake.uninstall(installation)

    wrong = [(event, payload.get("action"), webhooks().check(event, payload)) for event, payload in told]
    assert [entry for entry in wrong if entry[2]] == []
    assert {f"{event}.{payload.get('action', '')}" for event, payload in told} == {
        "ping.",
        "installation.created", "installation.deleted", "installation.suspend", "installation.unsuspend",
        "installation_repositories.added", "installation_repositories.removed",
        "issues.opened", "issues.edited", "issues.labeled", "issues.unlabeled", "issues.closed", "issues.reopened",
        "issues.locked", "issues.unlocked", "issues.transferred", "issues.deleted",
        "issue_comment.created", "issue_comment.edited", "issue_comment.deleted",
        "label.created", "label.edited", "label.deleted",
        "push.",
        "repository.created", "repository.renamed", "repository.archived", "repository.unarchived",
        "repository.privatized", "repository.publicized", "repository.deleted",
    }  # fmt: skip


def do_everything_with_issues(fake: FakeGitHub) -> None:
    issue = fake.open_issue(REPO, "alice", "It breaks", None, labels=["bug"], issue_type="Bug")
    fake.edit_issue(REPO, issue, title="It broke", body="### What\r\n\r\nAll of it")
    fake.label(REPO, issue, "needs-info", by="mona")
    fake.unlabel(REPO, issue, "needs-info", by="mona")
    comment = fake.comment(REPO, issue, "bob", "Me too.")
    fake.edit_comment(comment, "Me too!")
    fake.delete_comment(comment, by="bob")
    fake.comment(REPO, issue, "renovate[bot]", "I am a machine.", bot=True)
    fake.close(REPO, issue, reason="not_planned", by="mona")
    fake.reopen(REPO, issue)
    fake.lock_issue(REPO, issue, by="mona", reason="off-topic")
    fake.unlock_issue(REPO, issue, by="mona")
    pull = fake.open_pull_request(REPO, "alice", "A change")
    fake.comment(REPO, pull, "bob", "Nice.")
    fake.delete_account("alice")
    fake.transfer_issue(REPO, issue, "octo-org/other", by="mona")
    gone = fake.open_issue(REPO, "eve", "Spam")
    fake.delete_issue(REPO, gone, by="mona")
