"""Git objects of a set of files: the same SHA-1 names that git gives to blobs, trees and commits."""

from __future__ import annotations

import hashlib
from typing import Any


def object_id(kind: str, data: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()


def blob_id(data: bytes) -> str:
    return object_id("blob", data)


def commit_id(tree: str, parent: str | None, message: str, when: float) -> str:
    lines = [f"tree {tree}", *([f"parent {parent}"] if parent else []), f"committer fake {when:.6f}", "", message]
    return object_id("commit", "\n".join(lines).encode())


Node = dict[str, "Node | bytes"]


def directory(files: dict[str, bytes]) -> Node:
    """Paths folded into nested folders."""
    root: Node = {}
    for path, data in files.items():
        *folders, name = path.split("/")
        node = root
        for folder in folders:
            child = node.setdefault(folder, {})
            assert isinstance(child, dict), f"{path}: a file stands where a folder should"
            node = child
        node[name] = data
    return root


def tree_id(node: Node) -> str:
    """Entries are sorted as git does: a folder as if its name ended in `/`."""
    parts: list[tuple[bytes, bytes]] = []
    for name, child in node.items():
        if isinstance(child, dict):
            parts.append((name.encode() + b"/", f"40000 {name}\0".encode() + bytes.fromhex(tree_id(child))))
        else:
            parts.append((name.encode(), f"100644 {name}\0".encode() + bytes.fromhex(blob_id(child))))
    return object_id("tree", b"".join(entry for _, entry in sorted(parts)))


def entries(node: Node, *, recursive: bool, prefix: str = "") -> list[dict[str, Any]]:
    """What the trees API lists, without addresses; in path order."""
    listed: list[dict[str, Any]] = []
    for name in sorted(node):
        child, path = node[name], prefix + name
        if isinstance(child, dict):
            listed.append({"path": path, "mode": "040000", "type": "tree", "sha": tree_id(child)})
            if recursive:
                listed += entries(child, recursive=True, prefix=f"{path}/")
        else:
            listed.append({"path": path, "mode": "100644", "type": "blob", "sha": blob_id(child), "size": len(child)})
    return listed


def subtrees(node: Node) -> dict[str, Node]:
    """Every folder of the tree, itself included, by its id."""
    found = {tree_id(node): node}
    for child in node.values():
        if isinstance(child, dict):
            found |= subtrees(child)
    return found
