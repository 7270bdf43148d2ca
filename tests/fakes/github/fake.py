"""The stateful fake GitHub: its world and scene, and what people do with issues by hand."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from tests.fakes.github import changes
from tests.fakes.github.changes import By
from tests.fakes.github.model import App, Comment, Issue, Release, Repository, Token
from tests.fakes.github.scene import Scene
from tests.fakes.github.shapes import node_id


def _issue_number(issue: Issue | int) -> int:
    return issue if isinstance(issue, int) else issue.number


class FakeGitHub(Scene):
    """Repositories are named by `owner/name`, people by login, issues by number (or the Issue itself)."""

    # Issues, as people handle them.

    def find(self, repo: str, issue: Issue | int) -> tuple[Repository, Issue]:
        repository = self.repository(repo)
        return repository, repository.issues[_issue_number(issue)]

    def open_issue(
        self,
        repo: str,
        author: str,
        title: str,
        body: str | None = None,
        labels: Iterable[str] = (),
        *,
        issue_type: str = "",
        bot: bool = False,
        created_at: float | None = None,
    ) -> Issue:
        """`labels` as the web chooser puts on those of a template that exist."""
        with self.lock:
            repository = self.repository(repo)
            by = By(self.account(author, "Bot" if bot else "User"))
            return changes.open_issue(
                self, repository, by, title, body, labels=labels, issue_type=issue_type, created_at=created_at
            )

    def open_pull_request(self, repo: str, author: str, title: str, body: str | None = None) -> Issue:
        with self.lock:
            repository = self.repository(repo)
            return changes.open_issue(self, repository, By(self.account(author)), title, body, is_pull_request=True)

    def assign(self, repo: str, issue: Issue | int, who: str, *, by: str = "") -> None:
        with self.lock:
            repository, found = self.find(repo, issue)
            changes.assign(self, repository, found, By(self.account(by or who)), self.account(who))

    def mention(self, repo: str, issue: Issue | int, pull: Issue, *, closing: bool = False) -> None:
        """By the pull request's author."""
        with self.lock:
            _, found = self.find(repo, issue)
            pull.closes += [found.number] if closing else []
            changes.mention(self, found, pull, self._by("", pull))

    def merge(self, repo: str, pull: Issue, *, by: str, base: str = "") -> None:
        """`base`: a branch other than the default one."""
        with self.lock:
            pull.base = base
            changes.merge(self, self.repository(repo), pull, By(self.account(by)))

    def release(self, repo: str, tag: str, **more: Any) -> None:
        with self.lock:
            self.repository(repo).releases.insert(0, Release(tag, self.clock(), **more))

    def edit_issue(
        self, repo: str, issue: Issue | int, *, by: str = "", title: str | None = None, body: str | None = None
    ) -> None:
        """By its author, unless somebody else is named."""
        with self.lock:
            repository, found = self.find(repo, issue)
            changes.edit_issue(self, repository, found, self._by(by, found), title=title, body=body)

    def close(self, repo: str, issue: Issue | int, *, by: str = "", reason: str = "completed") -> None:
        with self.lock:
            repository, found = self.find(repo, issue)
            changes.set_state(self, repository, found, self._by(by, found), "closed", reason)

    def reopen(self, repo: str, issue: Issue | int, *, by: str = "") -> None:
        with self.lock:
            repository, found = self.find(repo, issue)
            changes.set_state(self, repository, found, self._by(by, found), "open")

    def lock_issue(self, repo: str, issue: Issue | int, *, by: str, reason: str | None = None) -> None:
        with self.lock:
            repository, found = self.find(repo, issue)
            changes.set_lock(self, repository, found, self._by(by, found), locked=True, reason=reason)

    def unlock_issue(self, repo: str, issue: Issue | int, *, by: str) -> None:
        with self.lock:
            repository, found = self.find(repo, issue)
            changes.set_lock(self, repository, found, self._by(by, found), locked=False)

    def delete_issue(self, repo: str, issue: Issue | int, *, by: str) -> None:
        with self.lock:
            repository, found = self.find(repo, issue)
            changes.delete_issue(self, repository, found, self._by(by, found))

    def transfer_issue(self, repo: str, issue: Issue | int, target: str, *, by: str) -> Issue:
        with self.lock:
            repository, found = self.find(repo, issue)
            return changes.transfer_issue(self, repository, found, self._by(by, found), self.repository(target))

    def label(self, repo: str, issue: Issue | int, *names: str, by: str) -> None:
        with self.lock:
            repository, found = self.find(repo, issue)
            changes.add_labels(self, repository, found, self._by(by, found), names)

    def unlabel(self, repo: str, issue: Issue | int, name: str, *, by: str) -> None:
        with self.lock:
            repository, found = self.find(repo, issue)
            changes.remove_label(self, repository, found, self._by(by, found), name)

    def create_label(self, repo: str, name: str, color: str = changes.LABEL_COLOR, description: str = "") -> None:
        with self.lock:
            repository = self.repository(repo)
            changes.create_label(self, repository, By(repository.owner), name, color, description)

    def rename_label(self, repo: str, name: str, to: str) -> None:
        with self.lock:
            repository = self.repository(repo)
            changes.edit_label(self, repository, repository.labels[name.lower()], By(repository.owner), name=to)

    def delete_label(self, repo: str, name: str) -> None:
        with self.lock:
            repository = self.repository(repo)
            changes.delete_label(self, repository, repository.labels[name.lower()], By(repository.owner))

    def comment(self, repo: str, issue: Issue | int, author: str, body: str, *, bot: bool = False) -> Comment:
        with self.lock:
            repository, found = self.find(repo, issue)
            account = self.account(author, "Bot" if bot else "User")
            return changes.add_comment(self, repository, found, By(account), body)

    def edit_comment(self, comment: Comment | int, body: str, *, by: str = "") -> None:
        with self.lock:
            repository, issue, found = self.comments[comment if isinstance(comment, int) else comment.id]
            account = self.account(by) if by else found.author
            assert account, "a deleted account edits nothing"
            changes.edit_comment(self, repository, issue, found, By(account), body)

    def delete_comment(self, comment: Comment | int, *, by: str) -> None:
        with self.lock:
            repository, issue, found = self.comments[comment if isinstance(comment, int) else comment.id]
            changes.delete_comment(self, repository, issue, found, By(self.account(by)))

    def delete_account(self, login: str) -> None:
        """What they wrote stays, without an author. No webhook tells of it."""
        with self.lock:
            gone = self.accounts.pop(login.lower())
            for repository in self.repositories.values():
                for issue in repository.issues.values():
                    issue.author = None if issue.author is gone else issue.author
                    for comment in issue.comments:
                        comment.author = None if comment.author is gone else comment.author

    def personal_token(self, login: str) -> str:
        """As a person makes one on the settings page; it may do what they may."""
        with self.lock:
            value = f"ghp_{secrets.token_hex(18)}"
            self.tokens[value] = Token(value, {}, self.clock() + 86_400, person=self.account(login))
            return value

    def expire_tokens(self) -> None:
        with self.lock:
            for token in self.tokens.values():
                token.expires_at = 0.0

    def offer_manifest(self, manifest: dict[str, Any]) -> str:
        """A person posts an App manifest and confirms it; the temporary code for its conversion."""
        code = secrets.token_hex(20)
        self.manifests[code] = manifest
        return code

    # What is to be seen.

    def labels_of(self, repo: str, issue: Issue | int) -> list[str]:
        with self.lock:
            return [label.name for label in self.find(repo, issue)[1].labels]

    def comments_by(self, app: App, repo: str, issue: Issue | int) -> list[Comment]:
        with self.lock:
            return [comment for comment in self.find(repo, issue)[1].comments if comment.author is app.bot]

    def node_id(self, comment: Comment) -> str:
        return node_id("IC", comment.id)

    def _by(self, login: str, issue: Issue) -> By:
        account = self.account(login) if login else issue.author
        assert account, "say who does it: the author's account is gone"
        return By(account)
