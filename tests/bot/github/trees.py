"""Scripts a repository's files as git trees and blobs, with ETags that are believed."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tests.bot.github.scripted import Reply, ScriptedServer


def identity(value: object) -> str:
    return hashlib.sha1(json.dumps(value, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


class Trees:
    """`files` maps paths to contents. Publishing again is a push."""

    def __init__(self, server: ScriptedServer) -> None:
        self._server = server

    def publish(self, full_name: str, files: Mapping[str, bytes], *, sizes: Mapping[str, int] | None = None) -> None:
        base = f"GET /repos/{full_name}/git"
        folders = {name for name, slash, _ in (path.partition("/") for path in files) if slash}
        root = [self._file(path, data, sizes or {}) for path, data in files.items() if "/" not in path]
        for folder in sorted(folders):
            below = {path[len(folder) + 1 :]: data for path, data in files.items() if path.startswith(f"{folder}/")}
            inner = [self._file(path, data, sizes or {}) for path, data in below.items()]
            inner += [{"path": "ISSUE_TEMPLATE", "mode": "040000", "type": "tree", "sha": "f" * 40}]
            sha = identity(inner)
            self._server.on(f"{base}/trees/{sha}", Reply({"sha": sha, "tree": inner, "truncated": False}))
            root.append({"path": folder, "mode": "040000", "type": "tree", "sha": sha})
        etag = f'W/"{identity(root)}"'
        self._server.on(
            f"{base}/trees/HEAD", Reply({"tree": root, "truncated": False}, headers={"ETag": etag}, etag=etag)
        )
        for data in files.values():
            content = base64.encodebytes(data).decode()
            blob = {"sha": identity(data.hex()), "content": content, "encoding": "base64", "size": len(data)}
            self._server.on(f"{base}/blobs/{identity(data.hex())}", Reply(blob))

    @staticmethod
    def _file(path: str, data: bytes, sizes: Mapping[str, int]) -> dict[str, Any]:
        size = sizes.get(path, len(data))
        return {"path": path, "mode": "100644", "type": "blob", "sha": identity(data.hex()), "size": size}
