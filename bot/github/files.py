"""A repository's templates and policy with few requests: git trees and blobs, kept by their ids, checked by ETag.

A first look costs the root's tree, `.github`'s tree and one blob a file (and the owner's `.github` repository the same
way where it is needed). Afterwards one conditional request, free when nothing changed, tells the root's tree; trees and
blobs never change under their id, so only what a push really touched is read again.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import orjson

from bot.forms.load import is_template_path
from bot.github import payloads
from bot.github.caches import FileCache, Fresh, Memory
from bot.github.client import Client, path_of
from bot.github.errors import NotFound, Rejected
from bot.triage.issue import SHARED, Repository

POLICY_PATH = ".github/triage.yml"
_FOLDER = ".github/issue_template/"
_MOST_BYTES = 256 * 1024
_MOST_FILES = 100
_MOST_TOGETHER = 1024 * 1024
"""Bytes of all templates of a repository: compiled, they take several times as much memory."""
_EMPTY_REPOSITORY = 409
_SURROUNDINGS = 2048
"""Bytes that a repository takes beside its files' content."""
_FILE_MODES = frozenset({"100644", "100755"})
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RepositoryFiles:
    """What a repository, or its owner for it, says about its issues."""

    templates: Mapping[str, bytes]
    """Repository path -> content: forms, markdown templates, `config.yml`, the legacy template."""
    policy: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self.templates.values())) + len(self.policy or b"")


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    sha: str
    size: int
    """-1 for a folder."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read, and the state of things it was read from."""

    root: list[_Entry]
    shared: list[_Entry] | None
    """The owner's `.github`; None where it was not needed."""
    shared_changed_at: int
    files: RepositoryFiles


class FileReader:
    """Reads one repository's files as they are on GitHub now."""

    def __init__(
        self, client: Client, cache: FileCache, clock: Callable[[], float], memory: Memory, installation_id: int
    ) -> None:
        self._client = client
        self._cache = cache
        self._clock = clock
        self._memory = memory
        self._installation = installation_id

    def read(self, repo: Repository, changed_at: int = 0, shared_changed_at: int = 0) -> RepositoryFiles:
        """The repository's own files; from the owner's `.github` what the repository has not.

        `changed_at`: when something of it may have changed, and the same of the owner's `.github`.
        """
        root = self._root(repo, changed_at)
        known: _Known | None = self._memory.files.get((self._installation, repo.id))
        if known and known.root == root and self._still_shared(repo, known, shared_changed_at):
            return known.files
        own = self._listed(repo, root)
        policies = [(repo, entry) for entry in own if entry.path == POLICY_PATH]
        templates = [(repo, entry) for entry in own if is_template_path(entry.path)]
        has_folder = any(_in_folder(entry) for entry in own)
        shared: list[_Entry] | None = None
        if not (has_folder and policies) and not repo.is_shared:
            owner = _shared(repo)
            shared = self._root(owner, shared_changed_at)
            listed = self._listed(owner, shared)
            policies = policies or [(owner, entry) for entry in listed if entry.path == POLICY_PATH]
            forms = [(owner, entry) for entry in listed if _in_folder(entry) and is_template_path(entry.path)]
            if not has_folder and forms and self._is_public(owner):
                templates += forms
        templates = templates or [(repo, entry) for entry in self._legacy_in_docs(repo, root)]
        files = self._contents(templates, policies)
        known = _Known(root, shared, shared_changed_at, files)
        self._memory.files.put((self._installation, repo.id), known, files.size + _SURROUNDINGS)
        return files

    def _still_shared(self, repo: Repository, known: _Known, shared_changed_at: int) -> bool:
        """Whether what was taken from the owner's `.github` is as it was; also whether it is public may change."""
        if known.shared is None:
            return True
        same = known.shared_changed_at == shared_changed_at
        return same and known.shared == self._root(_shared(repo), shared_changed_at)

    def _contents(
        self, templates: list[tuple[Repository, _Entry]], policies: list[tuple[Repository, _Entry]]
    ) -> RepositoryFiles:
        readable = [(repo, entry) for repo, entry in templates if entry.size <= _MOST_BYTES][:_MOST_FILES]
        sizes = accumulate(entry.size for _, entry in readable)
        readable = [it for it, size in zip(readable, sizes, strict=True) if size <= _MOST_TOGETHER]
        policy = next(((repo, entry) for repo, entry in policies if entry.size <= _MOST_BYTES), None)
        wanted = [*readable, policy] if policy else readable
        if skipped := {entry.path for _, entry in [*templates, *policies]} - {entry.path for _, entry in wanted}:
            _log.warning("left out, as too long or too many: %s", ", ".join(sorted(skipped)))
        return RepositoryFiles(
            templates={entry.path: blob(self._client, self._cache, repo, entry.sha) for repo, entry in readable},
            policy=blob(self._client, self._cache, policy[0], policy[1].sha) if policy else None,
        )

    def _root(self, repo: Repository, changed_at: int) -> list[_Entry]:
        """The top of the default branch: empty where there is none, or none for us to see."""
        key, now = _key(repo), self._clock()
        kept = self._memory.roots.get((self._installation, key))
        if kept is None or not kept[0].holds(changed_at, now):
            kept = (Fresh.read(changed_at, now), self._root_now(repo, key))
            self._memory.roots.put((self._installation, key), kept)
        return kept[1]

    def _root_now(self, repo: Repository, key: str) -> list[_Entry]:
        known = _loaded(self._cache.get(key))
        etag = payloads.text(known.get("etag"))
        try:
            reply = self._client.call("GET", f"{path_of(repo)}/git/trees/HEAD", repo=repo, etag=etag)
        except NotFound:
            return []
        except Rejected as error:
            if error.status != _EMPTY_REPOSITORY:
                raise
            return []
        if reply.unchanged:
            return _entries(known.get("tree"))
        entries = [entry for entry in _listed_entries(reply.data) if _matters_in_root(entry)]
        self._cache.put(key, orjson.dumps({"etag": reply.headers.get("etag", ""), "tree": _stored(entries)}))
        return entries

    def _listed(self, repo: Repository, root: Iterable[_Entry]) -> list[_Entry]:
        found = [entry for entry in root if entry.size >= 0]
        for folder in root:
            if folder.size < 0 and folder.path.lower() == ".github":
                found += self._tree(repo, folder)
        return found

    def _legacy_in_docs(self, repo: Repository, root: Iterable[_Entry]) -> list[_Entry]:
        folders = [entry for entry in root if entry.size < 0 and entry.path.lower() == "docs"]
        return [entry for folder in folders for entry in self._tree(repo, folder) if is_template_path(entry.path)]

    def _tree(self, repo: Repository, folder: _Entry) -> list[_Entry]:
        """A folder's files that matter; under its id it never changes."""
        key = f"tree/{folder.path}/{folder.sha}"
        known = self._cache.get(key)
        if known is not None:
            return _entries(_loaded(known).get("tree"))
        deep = "?recursive=1" if folder.path.lower() == ".github" else ""
        reply = self._client.call("GET", f"{path_of(repo)}/git/trees/{folder.sha}{deep}", repo=repo)
        if payloads.mapping(reply.data).get("truncated") is True:
            _log.warning("%s: %s holds more files than GitHub lists", repo.full_name, folder.path)
        entries = [
            _Entry(f"{folder.path}/{entry.path}", entry.sha, entry.size) for entry in _listed_entries(reply.data)
        ]
        entries = [entry for entry in entries if entry.size >= 0 and _matters(entry.path)]
        self._cache.put(key, orjson.dumps({"tree": _stored(entries)}))
        return entries

    def _is_public(self, shared: Repository) -> bool:
        key = f"public/{shared.owner.lower()}"
        known = _loaded(self._cache.get(key))
        reply = self._client.call("GET", path_of(shared), etag=payloads.text(known.get("etag")))
        if reply.unchanged:
            return known.get("public") is True
        data = payloads.mapping(reply.data)
        public = data.get("private") is False and data.get("visibility", "public") == "public"
        self._cache.put(key, orjson.dumps({"etag": reply.headers.get("etag", ""), "public": public}))
        return public


def blob(client: Client, cache: FileCache, repo: Repository, sha: str) -> bytes:
    """A file's content by its id, under which it never changes."""
    key = f"blob/{sha}"
    known = cache.get(key)
    if known is not None:
        return known
    data = payloads.mapping(client.call("GET", f"{path_of(repo)}/git/blobs/{sha}", repo=repo).data)
    content = payloads.text(data.get("content"))
    value = base64.b64decode(content) if data.get("encoding") == "base64" else content.encode()
    cache.put(key, value)
    return value


def _shared(repo: Repository) -> Repository:
    """The owner's repository for all. Its id is not known, so it goes by the owner's name."""
    return Repository(0, repo.owner, SHARED, "")


def _key(repo: Repository) -> str:
    return f"root/{repo.id or repo.owner.lower()}"


def _in_folder(entry: _Entry) -> bool:
    return entry.path.lower().startswith(_FOLDER)


def _matters_in_root(entry: _Entry) -> bool:
    if entry.size < 0:
        return entry.path.lower() in {".github", "docs"}
    return is_template_path(entry.path)


def _matters(path: str) -> bool:
    """All of the template folder: any file in it, even one that is no template, keeps the owner's templates out."""
    return path == POLICY_PATH or path.lower().startswith(_FOLDER) or is_template_path(path)


def _listed_entries(data: object) -> list[_Entry]:
    entries = []
    for item in map(payloads.mapping, payloads.items(payloads.mapping(data).get("tree"))):
        is_folder = item.get("type") == "tree"
        if is_folder or (item.get("type") == "blob" and item.get("mode") in _FILE_MODES):
            size = -1 if is_folder else payloads.number(item.get("size")) or 0
            entries.append(_Entry(payloads.text(item.get("path")), payloads.text(item.get("sha")), size))
    return entries


def _stored(entries: Iterable[_Entry]) -> list[list[str | int]]:
    return [[entry.path, entry.sha, entry.size] for entry in entries]


def _entries(stored: object) -> list[_Entry]:
    return [_Entry(*item) for item in payloads.items(stored)]


def _loaded(value: bytes | None) -> Mapping[str, Any]:
    return payloads.mapping(orjson.loads(value)) if value else {}
