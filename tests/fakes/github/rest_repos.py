"""REST: repositories, their files by the contents and git APIs, releases, people and the rate limit."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.fakes.github import git
from tests.fakes.github.errors import ApiError, not_found
from tests.fakes.github.model import Commit, Release, Repository
from tests.fakes.github.places import content_entry, content_file, folder_at, full_repository
from tests.fakes.github.routing import Request, Response, page, routes
from tests.fakes.github.shapes import node_id, stamp

if TYPE_CHECKING:
    from tests.fakes.github.fake import FakeGitHub

READ = "contents:read"
REPO = "/repos/{owner}/{repo}"


@routes.add("GET", REPO)
def get_repository(fake: FakeGitHub, request: Request) -> Response:
    return Response(200, full_repository(fake.shapes, request.repo))


def commit_at(request: Request, ref: str) -> Commit | None:
    """By branch, full ref or commit id; None for a repository without commits."""
    name = ref.removeprefix("refs/").removeprefix("heads/")
    branches = request.repo.branches
    if not branches:
        return None
    if name in {"", "HEAD"}:
        name = request.repo.default_branch
    if name in branches:
        return branches[name][-1]
    for history in branches.values():
        for commit in history:
            if commit.sha == name:
                return commit
    raise ApiError(404, f"No commit found for the ref {ref}" if ref else "Not Found")


@routes.add("GET", REPO + "/contents/{path*}", needs=READ)
def get_contents(fake: FakeGitHub, request: Request) -> Response:
    ref, path = request.query.get("ref", ""), request.parameters.get("path", "").strip("/")
    commit = commit_at(request, ref)
    if commit is None:
        raise ApiError(404, "This repository is empty.")
    ref = ref or request.repo.default_branch
    data = commit.files.get(path)
    if data is not None:
        if "raw" in request.headers.get("accept", ""):
            return Response(200, data, {"content-type": "application/vnd.github.raw+json; charset=utf-8"})
        return Response(200, content_file(fake.shapes, request.repo, path, ref, data))
    try:
        folder = folder_at(commit.files, path)
    except KeyError:
        raise not_found() from None
    prefix = f"{path}/" if path else ""
    listed = [
        content_entry(fake.shapes, request.repo, prefix + name, ref, child if isinstance(child, bytes) else None)
        for name, child in sorted(folder.items())
    ]
    return Response(200, listed)


@routes.add("GET", REPO + "/git/trees/{sha*}", needs=READ)
def get_tree(fake: FakeGitHub, request: Request) -> Response:
    """By tree id, commit id or branch; `branch:folder` too."""
    wanted, recursive = request.parameters["sha"], request.query.get("recursive", "") != ""
    node = tree_at(request, wanted)
    url, sha = f"{fake.shapes.repository_url(request.repo)}/git", git.tree_id(node)
    listed = git.entries(node, recursive=recursive)
    for entry in listed:
        entry["url"] = f"{url}/{entry['type']}s/{entry['sha']}"
    return Response(200, {"sha": sha, "url": f"{url}/trees/{sha}", "tree": listed, "truncated": False})


def tree_at(request: Request, wanted: str) -> git.Node:
    if not request.repo.branches:
        raise ApiError(409, "Git Repository is empty.")
    for history in request.repo.branches.values():
        for commit in reversed(history):
            trees = git.subtrees(git.directory(commit.files))
            if wanted in trees:
                return trees[wanted]
    ref, _, folder = wanted.partition(":")
    try:
        commit_found = commit_at(request, ref)
        assert commit_found
        return folder_at(commit_found.files, folder)
    except (ApiError, KeyError):
        raise not_found() from None


@routes.add("GET", REPO + "/git/blobs/{sha}", needs=READ)
def get_blob(fake: FakeGitHub, request: Request) -> Response:
    sha = request.parameters["sha"]
    for history in request.repo.branches.values():
        for commit in reversed(history):
            for data in commit.files.values():
                if git.blob_id(data) == sha:
                    return Response(200, blob_shape(fake, request, sha, data))
    raise not_found()


def blob_shape(fake: FakeGitHub, request: Request, sha: str, data: bytes) -> dict[str, Any]:
    return {
        "sha": sha,
        "node_id": node_id("B", request.repo.id),
        "size": len(data),
        "url": f"{fake.shapes.repository_url(request.repo)}/git/blobs/{sha}",
        "content": base64.encodebytes(data).decode(),
        "encoding": "base64",
    }


@routes.add("GET", REPO + "/git/ref/{ref*}", needs=READ)
def get_ref(fake: FakeGitHub, request: Request) -> Response:
    ref = request.parameters["ref"]
    history = request.repo.branches.get(ref.removeprefix("heads/"))
    if not ref.startswith("heads/") or not history:
        raise not_found()
    url, sha = f"{fake.shapes.repository_url(request.repo)}/git", history[-1].sha
    shape = {
        "ref": f"refs/{ref}",
        "node_id": node_id("REF", request.repo.id),
        "url": f"{url}/refs/{ref}",
        "object": {"sha": sha, "type": "commit", "url": f"{url}/commits/{sha}"},
    }
    return Response(200, shape)


@routes.add("GET", REPO + "/releases", needs=READ)
def list_releases(fake: FakeGitHub, request: Request) -> Response:
    """Without drafts, which are shown to those alone who may push."""
    releases = [one for one in request.repo.releases if not one.is_draft]
    return page(request, releases, lambda one: release_shape(fake, request.repo, one), fake.shapes.api)


def release_shape(fake: FakeGitHub, repository: Repository, release: Release) -> dict[str, Any]:
    number = len(repository.releases) - repository.releases.index(release)
    url, home = f"{fake.shapes.repository_url(repository)}/releases", f"{fake.shapes.html}/{repository.full_name}"
    return {
        "url": f"{url}/{number}",
        "assets_url": f"{url}/{number}/assets",
        "upload_url": f"{url}/{number}/assets{{?name,label}}",
        "html_url": f"{home}/releases/tag/{release.tag}",
        "id": number,
        "author": fake.shapes.account(repository.owner),
        "node_id": node_id("RE", number),
        "tag_name": release.tag,
        "target_commitish": repository.default_branch,
        "name": release.tag,
        "draft": release.is_draft,
        "immutable": False,
        "prerelease": release.is_prerelease,
        "created_at": stamp(release.published_at),
        "updated_at": stamp(release.published_at),
        "published_at": stamp(release.published_at),
        "assets": [],
        "tarball_url": f"{fake.shapes.repository_url(repository)}/tarball/{release.tag}",
        "zipball_url": f"{fake.shapes.repository_url(repository)}/zipball/{release.tag}",
        "body": f"What is new in {release.tag}.",
    }


@routes.add("GET", REPO + "/collaborators/{login}/permission")
def get_permission(fake: FakeGitHub, request: Request) -> Response:
    account = fake.accounts.get(request.parameters["login"].lower())
    if account is None:
        raise not_found()
    role = request.repo.permission_of(account)
    level = {"maintain": "write", "triage": "read"}.get(role, role)
    rank = ("none", "read", "triage", "write", "maintain", "admin").index(role)
    permissions = {
        "pull": rank >= 1,
        "triage": rank >= 2,
        "push": rank >= 3,
        "maintain": rank >= 4,
        "admin": rank >= 5,
    }
    user = fake.shapes.account(account) | {"permissions": permissions, "role_name": role}
    return Response(200, {"permission": level, "user": user, "role_name": role})


@routes.add("GET", REPO + "/collaborators/{login}")
def is_collaborator(fake: FakeGitHub, request: Request) -> Response:
    login = request.parameters["login"].lower()
    if login in request.repo.collaborators or login == request.repo.owner.login.lower():
        return Response(204)
    raise not_found()


@routes.add("GET", "/users/{login}")
def get_user(fake: FakeGitHub, request: Request) -> Response:
    account = fake.accounts.get(request.parameters["login"].lower())
    if account is None:
        raise not_found()
    profile: dict[str, Any] = dict.fromkeys(("name", "company", "location", "email", "hireable", "bio"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    more = {"blog": "", "created_at": stamp(0), "updated_at": stamp(0)}
    return Response(200, fake.shapes.account(account) | profile | counts | more)


@routes.add("GET", "/repos/{owner}/{repo}/assignees", needs="issues:read")
def list_assignees(fake: FakeGitHub, request: Request) -> Response:
    accounts = [fake.account(login) for login in sorted(request.repo.collaborators)]
    return page(request, accounts, fake.shapes.account, fake.shapes.api)


@routes.add("GET", "/rate_limit", needs="none")
def get_rate_limit(fake: FakeGitHub, request: Request) -> Response:
    """Free of charge."""
    if request.token is None:
        who, limit = "anonymous", fake.limits.anonymous
    else:
        who, limit = who_pays(request), primary_limit(fake, request)
    core = fake.budget(who, "core", limit).shape()
    graphql = fake.budget(who, "graphql", fake.limits.graphql).shape()
    search = {"limit": 30, "used": 0, "remaining": 30, "reset": core["reset"]}
    return Response(200, {"resources": {"core": core, "search": search, "graphql": graphql}, "rate": core})


def who_pays(request: Request) -> str:
    """Budgets belong to an installation (all its tokens together), a person, an app's own requests, or an address."""
    token = request.token
    if token and token.installation:
        return f"installation ID {token.installation.id}"
    if token and token.person:
        return f"user ID {token.person.id}"
    return f"app ID {request.app.id}" if request.app else "anonymous"


def primary_limit(fake: FakeGitHub, request: Request) -> int | None:
    """5,000 an hour, 50 more for each repository beyond 20, at most 12,500."""
    if fake.limits.primary is None or request.token is None or request.token.installation is None:
        return fake.limits.primary
    beyond = max(0, len(fake.covered(request.token.installation)) - 20)
    return fake.limits.primary if not beyond else min(12_500, fake.limits.primary + 50 * beyond)
