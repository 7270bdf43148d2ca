"""The JSON that GitHub writes for repositories, their files and installations."""

from __future__ import annotations

import base64
from typing import Any

from tests.fakes.github import git
from tests.fakes.github.model import Account, Installation, Repository, Token
from tests.fakes.github.shapes import Json, Shapes, node_id, stamp, stamp_or_none

# Each names an address below the repository's own; braces are URI templates that clients fill in.
ADDRESSES = {
    "forks": "/forks", "keys": "/keys{/key_id}", "collaborators": "/collaborators{/collaborator}", "teams": "/teams",
    "hooks": "/hooks", "issue_events": "/issues/events{/number}", "events": "/events", "assignees": "/assignees{/user}",
    "branches": "/branches{/branch}", "tags": "/tags", "blobs": "/git/blobs{/sha}", "git_tags": "/git/tags{/sha}",
    "git_refs": "/git/refs{/sha}", "trees": "/git/trees{/sha}", "statuses": "/statuses/{sha}",
    "languages": "/languages", "stargazers": "/stargazers", "contributors": "/contributors",
    "subscribers": "/subscribers", "subscription": "/subscription", "commits": "/commits{/sha}",
    "git_commits": "/git/commits{/sha}", "comments": "/comments{/number}",
    "issue_comment": "/issues/comments{/number}", "contents": "/contents/{+path}",
    "compare": "/compare/{base}...{head}", "merges": "/merges", "archive": "/{archive_format}{/ref}",
    "downloads": "/downloads", "issues": "/issues{/number}", "pulls": "/pulls{/number}",
    "milestones": "/milestones{/number}", "notifications": "/notifications{?since,all,participating}",
    "labels": "/labels{/name}", "releases": "/releases{/id}", "deployments": "/deployments",
}  # fmt: skip


def brief_repository(repository: Repository) -> Json:
    return {
        "id": repository.id,
        "node_id": node_id("R", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
    }


def repository_shape(shapes: Shapes, repository: Repository) -> Json:
    url, page = shapes.repository_url(repository), f"{shapes.html}/{repository.full_name}"
    open_issues = sum(1 for issue in repository.issues.values() if issue.state == "open" and not issue.deleted)
    shape: Json = brief_repository(repository) | {
        "owner": shapes.account(repository.owner),
        "html_url": page,
        "description": repository.description,
        "fork": False,
        "url": url,
        **{f"{name}_url": url + path for name, path in ADDRESSES.items()},
        "created_at": stamp(repository.created_at),
        "updated_at": stamp(repository.pushed_at or repository.created_at),
        "pushed_at": stamp(repository.pushed_at or repository.created_at),
        "git_url": f"git://github.com/{repository.full_name}.git",
        "ssh_url": f"git@github.com:{repository.full_name}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "homepage": None,
        "size": sum(map(len, repository.files.values())) // 1024,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": None,
        "has_issues": repository.has_issues,
        "has_projects": True,
        "has_downloads": True,
        "has_wiki": True,
        "has_pages": False,
        "has_discussions": False,
        "forks_count": 0,
        "mirror_url": None,
        "archived": repository.archived,
        "disabled": False,
        "open_issues_count": open_issues,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "private" if repository.private else "public",
        "forks": 0,
        "open_issues": open_issues,
        "watchers": 0,
        "default_branch": repository.default_branch,
    }
    return shape


def full_repository(shapes: Shapes, repository: Repository) -> Json:
    shape = repository_shape(shapes, repository) | {"network_count": 0, "subscribers_count": 0}
    if repository.owner.type == "Organization":
        shape["organization"] = shapes.account(repository.owner)
    return shape


def organization(shapes: Shapes, account: Account) -> Json:
    url = f"{shapes.api}/orgs/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("O", account.id),
        "url": url,
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{account.id}?v=4",
        "description": None,
    }


def former_owner(shapes: Shapes, account: Account) -> Json:
    """Of a repository that was transferred."""
    if account.type == "Organization":
        return {"organization": organization(shapes, account)}
    return {"user": shapes.account(account)}


def installation_shape(shapes: Shapes, installation: Installation) -> Json:
    app, account = installation.app, installation.account
    settings = f"organizations/{account.login}/settings" if account.type == "Organization" else "settings"
    return {
        "id": installation.id,
        "client_id": app.client_id,
        "account": shapes.account(account),
        "repository_selection": installation.selection,
        "access_tokens_url": f"{shapes.api}/app/installations/{installation.id}/access_tokens",
        "repositories_url": f"{shapes.api}/installation/repositories",
        "html_url": f"{shapes.html}/{settings}/installations/{installation.id}",
        "app_id": app.id,
        "app_slug": app.slug,
        "target_id": account.id,
        "target_type": account.type,
        "permissions": dict(installation.permissions),
        "events": list(app.events),
        "created_at": stamp(installation.created_at),
        "updated_at": stamp(installation.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": shapes.account(account) if installation.suspended_at else None,
        "suspended_at": stamp_or_none(installation.suspended_at),
    }


def installation_reference(installation: Installation) -> Json:
    """As it stands in most webhooks; its node id is still of the old kind."""
    name = f"23:IntegrationInstallation{installation.id}"
    return {"id": installation.id, "node_id": base64.b64encode(name.encode()).decode()}


def token_shape(token: Token) -> Json:
    assert token.installation
    selection = "selected" if token.repositories is not None else token.installation.selection
    return {
        "token": token.value,
        "expires_at": stamp(token.expires_at),
        "permissions": dict(token.permissions),
        "repository_selection": selection,
    }


def content_entry(shapes: Shapes, repository: Repository, path: str, ref: str, data: bytes | None) -> Json:
    """One entry of the contents API; `data` None for a folder."""
    url = f"{shapes.repository_url(repository)}/contents/{path}?ref={ref}"
    page = f"{shapes.html}/{repository.full_name}"
    kind = "tree" if data is None else "blob"
    sha = git.tree_id(folder_at(repository.files, path)) if data is None else git.blob_id(data)
    git_url = f"{shapes.repository_url(repository)}/git/{kind}s/{sha}"
    html_url = f"{page}/{kind}/{ref}/{path}"
    raw = f"https://raw.githubusercontent.com/{repository.full_name}/{ref}/{path}"
    return {
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": sha,
        "size": 0 if data is None else len(data),
        "url": url,
        "html_url": html_url,
        "git_url": git_url,
        "download_url": None if data is None else raw,
        "type": "dir" if data is None else "file",
        "_links": {"self": url, "git": git_url, "html": html_url},
    }


def content_file(shapes: Shapes, repository: Repository, path: str, ref: str, data: bytes) -> Json:
    return content_entry(shapes, repository, path, ref, data) | {
        "content": base64.encodebytes(data).decode(),
        "encoding": "base64",
    }


def folder_at(files: dict[str, bytes], path: str) -> git.Node:
    """The folder's nodes; KeyError where there is none."""
    node: Any = git.directory(files)
    for part in filter(None, path.split("/")):
        if not isinstance(node, dict):
            raise KeyError(path)
        node = node[part]
    if not isinstance(node, dict):
        raise KeyError(path)
    return node
