"""Setting the scene: apps, installations, repositories and their files, and what owners change about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.github import changes, git
from tests.fakes.github.changes import By
from tests.fakes.github.model import App, Commit, Installation, Permission, Repository
from tests.fakes.github.places import brief_repository, former_owner, installation_shape, repository_shape
from tests.fakes.github.shapes import stamp
from tests.fakes.github.world import World

PERMISSIONS = {"issues": "write", "contents": "read", "metadata": "read", "pull_requests": "read"}
EVENTS = ("issues", "issue_comment", "label", "push", "repository")


@cache
def key_pair() -> tuple[str, str]:
    """A private and a public key (PEM), made once a process: RSA takes its time."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


class Scene(World):
    """Repositories are named by `owner/name`, people by login."""

    # Apps and their installations.

    def add_app(
        self,
        slug: str = "triage-bot",
        *,
        owner: str = "octo-org",
        permissions: Mapping[str, str] = PERMISSIONS,
        events: Iterable[str] = EVENTS,
        webhook_url: str = "",
        webhook_secret: str = "a secret of the fake",
        public_key: str = "",
    ) -> App:
        """Its private key is `key_pair()[0]`, unless it brings a public key of its own."""
        with self.lock:
            owner_account = self.account(owner, "Organization")
            bot = self.account(f"{slug}[bot]", "Bot")
            app = App(
                id=self.new_id(),
                slug=slug,
                name=slug.replace("-", " ").title(),
                owner=owner_account,
                bot=bot,
                public_key=public_key or key_pair()[1],
                permissions=dict(permissions),
                events=list(events),
                created_at=self.clock(),
                webhook_url=webhook_url,
                webhook_secret=webhook_secret,
            )
            self.apps[app.id] = app
            return app

    def add_repository(
        self,
        full_name: str,
        files: Mapping[str, bytes | str] | None = None,
        *,
        owner_type: Literal["User", "Organization"] = "Organization",
        labels: Iterable[str] = (),
        **settings: Any,
    ) -> Repository:
        """`settings` are fields of Repository, such as `private` or `default_branch`."""
        with self.lock:
            login, _, name = full_name.partition("/")
            owner = self.account(login, owner_type)
            repository = Repository(self.new_id(), owner, name, self.clock(), **settings)
            self.repositories[repository.id] = repository
            self.names[full_name.lower()] = repository.id
            self.emit("repository", repository, owner, {"action": "created"})
            for label in labels:
                changes.create_label(self, repository, By(owner), label)
            if files:
                self.push(full_name, files, message="Start")
            return repository

    def install(
        self,
        app: App,
        owner: str,
        repositories: Iterable[str] | None = None,
        *,
        permissions: Mapping[str, str] | None = None,
        at: float | None = None,
    ) -> Installation:
        """On all of the owner's repositories, or on those named."""
        with self.lock:
            chosen = {self.repository(name).id for name in repositories or ()}
            installation = Installation(
                id=self.new_id(),
                app=app,
                account=self.account(owner, "Organization"),
                selection="all" if repositories is None else "selected",
                repositories=chosen,
                permissions=dict(permissions or app.permissions),
                created_at=self.clock() if at is None else at,
            )
            self.installations[installation.id] = installation
            listed = [brief_repository(repository) for repository in self.covered(installation)]
            self._tell_installation(installation, "created", repositories=listed)
            return installation

    def uninstall(self, installation: Installation) -> None:
        with self.lock:
            del self.installations[installation.id]
            listed = [brief_repository(repository) for repository in self.covered(installation)]
            self._tell_installation(installation, "deleted", repositories=listed)

    def suspend(self, installation: Installation, *, suspended: bool = True) -> None:
        with self.lock:
            installation.suspended_at = self.clock() if suspended else None
            self._tell_installation(installation, "suspend" if suspended else "unsuspend")

    def choose_repositories(
        self, installation: Installation, added: Iterable[str] = (), removed: Iterable[str] = ()
    ) -> None:
        """A person changes which repositories the app may see."""
        with self.lock:
            plus, minus = ([self.repository(name) for name in names] for names in (added, removed))
            installation.repositories |= {repository.id for repository in plus}
            installation.repositories -= {repository.id for repository in minus}
            for action, listed in (("added", plus), ("removed", minus)):
                if listed:
                    self._tell_choice(installation, action, plus, minus)

    def _tell_choice(
        self, installation: Installation, action: str, plus: Iterable[Repository], minus: Iterable[Repository]
    ) -> None:
        payload = {
            "action": action,
            "installation": installation_shape(self.shapes, installation),
            "repository_selection": installation.selection,
            "repositories_added": [brief_repository(one) for one in plus],
            "repositories_removed": [brief_repository(one) for one in minus],
            "requester": None,
            "sender": self.shapes.account(installation.account),
        }
        self.emit_to(installation, "installation_repositories", payload)

    def _tell_installation(self, installation: Installation, action: str, **more: Any) -> None:
        sender = {"sender": self.shapes.account(installation.account)}
        shape = installation_shape(self.shapes, installation)
        payload = {"action": action, "installation": shape, **more, **({"requester": None} if more else {}), **sender}
        self.emit_to(installation, "installation", payload)

    def ping(self, app: App) -> None:
        now = stamp(self.clock())
        hook = {
            "type": "App",
            "id": app.id + 400_000_000,
            "name": "web",
            "active": app.webhook_active,
            "events": list(app.events),
            "config": {"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": app.webhook_url},
            "updated_at": now,
            "created_at": now,
            "app_id": app.id,
            "deliveries_url": f"{self.shapes.api}/app/hook/deliveries",
        }
        payload = {"zen": "Keep it logically awesome.", "hook_id": hook["id"], "hook": hook}
        self.hooks.send(app, "ping", payload, installation_id=None, repository_id=None)

    def collaborator(self, repo: str, login: str, permission: Permission = "write") -> None:
        self.account(login)
        self.repository(repo).collaborators[login.lower()] = permission

    def member(self, organization: str, login: str) -> None:
        self.account(login)
        self.account(organization, "Organization").members.add(login.lower())

    # Files.

    def push(
        self,
        repo: str,
        files: Mapping[str, bytes | str | None],
        *,
        message: str = "Change files",
        by: str = "",
        branch: str = "",
    ) -> Commit:
        """Commits these files (None removes one) and sends `push`."""
        with self.lock:
            repository = self.repository(repo)
            branch = branch or repository.default_branch
            account = self.account(by) if by else repository.owner
            history = repository.branches.get(branch)
            before = history[-1] if history else None
            commit = self._commit(repository, files, message, branch, by=by)
            touched = {path: data for path, data in files.items() if not before or before.files.get(path) != data}
            old = before.files if before else {}
            listed = {
                "id": commit.sha,
                "tree_id": git.tree_id(git.directory(commit.files)),
                "distinct": True,
                "message": message,
                "timestamp": stamp(commit.created_at),
                "url": f"{self.shapes.html}/{repository.full_name}/commit/{commit.sha}",
                "author": _git_person(account.login),
                "committer": _git_person(account.login),
                "added": [path for path, data in touched.items() if data is not None and path not in old],
                "removed": [path for path, data in touched.items() if data is None],
                "modified": [path for path, data in touched.items() if data is not None and path in old],
            }
            was, now = before.sha if before else "0" * 40, commit.sha
            shape = repository_shape(self.shapes, repository)
            shape |= {
                "created_at": int(repository.created_at),
                "pushed_at": int(repository.pushed_at),
                "stargazers": 0,
                "master_branch": repository.default_branch,
            }
            payload = {
                "ref": f"refs/heads/{branch}",
                "before": was,
                "after": now,
                "repository": shape,
                "pusher": {"name": account.login, "email": f"{account.login}@users.noreply.github.com"},
                "created": before is None,
                "deleted": False,
                "forced": False,
                "base_ref": None,
                "compare": f"{self.shapes.html}/{repository.full_name}/compare/{was[:12]}...{now[:12]}",
                "commits": [listed],
                "head_commit": listed,
            }
            self.emit("push", repository, account, payload)
            return commit

    def _commit(
        self,
        repository: Repository,
        files: Mapping[str, bytes | str | None],
        message: str,
        branch: str,
        *,
        by: str = "",
    ) -> Commit:
        history = repository.branches.setdefault(branch, [])
        whole = dict(history[-1].files) if history else {}
        for path, data in files.items():
            if data is None:
                whole.pop(path, None)
            else:
                whole[path] = data.encode() if isinstance(data, str) else data
        now, parent = self.clock(), history[-1].sha if history else None
        sha = git.commit_id(git.tree_id(git.directory(whole)), parent, message, now)
        author = self.account(by) if by else repository.owner
        commit = Commit(sha, message, whole, author, now, parent)
        history.append(commit)
        repository.pushed_at = now
        repository.contributors.add(author.login.lower())
        return commit

    # Repositories.

    def rename(self, repo: str, name: str, *, by: str = "") -> None:
        """The former name goes on to redirect."""
        with self.lock:
            repository = self.repository(repo)
            before, repository.name = repository.name, name
            self.names[repository.full_name.lower()] = repository.id
            payload = {"action": "renamed", "changes": {"repository": {"name": {"from": before}}}}
            self.emit("repository", repository, self.account(by) if by else repository.owner, payload)

    def transfer(self, repo: str, to: str) -> None:
        """Moves it to another account; the former name goes on to redirect."""
        with self.lock:
            repository = self.repository(repo)
            owner, repository.owner = repository.owner, self.account(to)
            self.names[repository.full_name.lower()] = repository.id
            changed = {"owner": {"from": former_owner(self.shapes, owner)}}
            self.emit("repository", repository, repository.owner, {"action": "transferred", "changes": changed})
            for installation in self.installations.values():
                if installation.selection == "all" and installation.account is owner:
                    self._tell_choice(installation, "removed", [], [repository])
                elif installation.selection == "all" and installation.account is repository.owner:
                    self._tell_choice(installation, "added", [repository], [])

    def change_repository(
        self, repo: str, action: Literal["archived", "unarchived", "privatized", "publicized"]
    ) -> None:
        with self.lock:
            repository = self.repository(repo)
            repository.archived = {"archived": True, "unarchived": False}.get(action, repository.archived)
            repository.private = {"privatized": True, "publicized": False}.get(action, repository.private)
            self.emit("repository", repository, repository.owner, {"action": action})

    def delete_repository(self, repo: str) -> None:
        with self.lock:
            repository = self.repository(repo)
            self.emit("repository", repository, repository.owner, {"action": "deleted"})
            self.names = {name: number for name, number in self.names.items() if number != repository.id}
            del self.repositories[repository.id]


def _git_person(login: str) -> dict[str, str]:
    return {"name": login, "email": f"{login}@users.noreply.github.com", "username": login}


def files_below(folder: Path, *patterns: str) -> dict[str, bytes]:
    """Files of a checkout by their path in it, such as `.github/ISSUE_TEMPLATE/*.yml`."""
    found = sorted(path for pattern in patterns for path in folder.glob(pattern) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
