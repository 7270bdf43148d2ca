"""A stub of GitHub's API, run as a process of its own: answers at once and remembers only counts."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, cast

import orjson
import uvloop

from benchmarks.bodies import form_files
from benchmarks.shapes import INSTALLATION, OWNER, repository, user

APP = {"id": 77, "slug": "triage-benchmark", "name": "Triage benchmark", "permissions": {}, "events": []}
INSTALLED = {
    "id": INSTALLATION,
    "account": user(OWNER, "Organization"),
    "permissions": {"issues": "write"},
    "suspended_at": None,
    "created_at": "2026-01-01T00:00:00Z",
}
POLICY = b"# The defaults will do.\n"
FILES = {**form_files(), ".github/triage.yml": POLICY}
BLOBS = {hashlib.sha1(data).hexdigest(): data for data in FILES.values()}  # noqa: S324  that is how git names them
LABEL_NAMES = ("bug", "documentation", "enhancement", "installation", "performance", "needs-triage", "needs-info")
FOLDER = "f" * 40
REPOSITORY = rf"/repos/{OWNER}/(?P<name>(?:bench|own)-\d+)"
"""One called `own-…` has files of its own; all others have the same."""
ISSUE = rf"{REPOSITORY}/issues/(?P<number>\d+)"

Answer = tuple[int, Any]


class Counts:
    """What was asked since the last reset, and when the issue that was awaited got its comment."""

    def __init__(self) -> None:
        self.routes: Counter[str] = Counter()
        self.labelled: set[str] = set()
        self.commented: set[str] = set()
        self.again = 0
        self.awaited = 0
        self.done_at = 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "routes": dict(self.routes),
            "completed": len(self.labelled & self.commented),
            "again": self.again,
            "done_at": self.done_at,
            "cpu": time.process_time(),
        }


class Stub:
    def __init__(self) -> None:
        self.counts = Counts()
        self.comments = 0
        self.routes: list[tuple[str, re.Pattern[str], Callable[[dict[str, str], bytes], Answer]]] = [
            (method, re.compile(pattern + r"(?:\?.*)?\Z"), handler)
            for method, pattern, handler in (
                ("POST", ISSUE + "/labels", self.add_labels),
                ("POST", ISSUE + "/comments", self.add_comment),
                ("GET", ISSUE + "/comments", lambda _found, _body: (200, [])),
                ("POST", r"/app/installations/\d+/access_tokens", self.token),
                ("GET", "/app/installations", lambda _found, _body: (200, [INSTALLED])),
                ("GET", "/app/hook/deliveries", lambda _found, _body: (200, [])),
                ("GET", "/app", lambda _found, _body: (200, APP)),
                ("GET", REPOSITORY, lambda found, _body: (200, repository(found["name"]))),
                ("GET", REPOSITORY + "/labels", lambda _found, _body: (200, _labels(LABEL_NAMES))),
                ("GET", REPOSITORY + "/git/trees/HEAD", self.root),
                ("GET", REPOSITORY + r"/git/trees/\w{40}", self.folder),
                ("GET", REPOSITORY + r"/git/blobs/(?P<sha>\w+)", self.blob),
            )
        ]

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        if path.startswith("/_stub/"):
            return self.control(path)
        for verb, pattern, handler in self.routes:
            if verb == method and (found := pattern.match(path)):
                self.counts.routes[f"{method} {handler.__name__ if handler.__name__ != '<lambda>' else path}"] += 1
                return handler(found.groupdict(), body)
        self.counts.routes[f"{method} {path}"] += 1
        return 404, {"message": "Not Found"}

    def control(self, path: str) -> Answer:
        if path.startswith("/_stub/reset/"):
            self.counts = Counts()
            self.counts.awaited = int(path.rpartition("/")[2])
        return 200, self.counts.as_json()

    def add_labels(self, found: dict[str, str], body: bytes) -> Answer:
        self.completed(self.counts.labelled, found)
        return 200, _labels(orjson.loads(body)["labels"])

    def add_comment(self, found: dict[str, str], body: bytes) -> Answer:
        self.completed(self.counts.commented, found)
        self.comments += 1
        url = f"https://api.github.com/repos/{OWNER}/{found['name']}/issues"
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return 201, {
            "id": self.comments,
            "node_id": f"IC_{self.comments}",
            "url": f"{url}/comments/{self.comments}",
            "html_url": f"https://github.com/{OWNER}/{found['name']}/issues/{found['number']}#issuecomment-{self.comments}",
            "issue_url": f"{url}/{found['number']}",
            "user": user("triage-benchmark[bot]", "Bot"),
            "created_at": now,
            "updated_at": now,
            "author_association": "NONE",
            "body": orjson.loads(body)["body"],
            "performed_via_github_app": APP,
        }

    def completed(self, issues: set[str], found: dict[str, str]) -> None:
        issue = f"{found['name']}#{found['number']}"
        self.counts.again += issue in issues
        issues.add(issue)
        counts = self.counts
        if len(counts.commented) == counts.awaited == len(counts.labelled):
            counts.done_at = time.monotonic()

    def token(self, _found: dict[str, str], _body: bytes) -> Answer:
        expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return 201, {"token": "ghs_benchmark", "expires_at": expires, "permissions": {"issues": "write"}}

    def root(self, found: dict[str, str], _body: bytes) -> Answer:
        sha = _sha(found["name"].encode()) if found["name"].startswith("own-") else FOLDER
        return 200, {"sha": "0" * 40, "tree": [{"path": ".github", "mode": "040000", "type": "tree", "sha": sha}]}

    def folder(self, found: dict[str, str], _body: bytes) -> Answer:
        tree = [
            {"path": path.removeprefix(".github/"), "mode": "100644", "type": "blob", "sha": sha, "size": len(data)}
            for path, (sha, data) in zip(FILES, _blobs(found["name"]).items(), strict=True)
        ]
        return 200, {"sha": FOLDER, "tree": tree, "truncated": False}

    def blob(self, found: dict[str, str], _body: bytes) -> Answer:
        content = base64.b64encode(_blobs(found["name"])[found["sha"]]).decode()
        return 200, {"encoding": "base64", "content": content}


@lru_cache(maxsize=100)
def _blobs(name: str) -> dict[str, bytes]:
    """By their ids, in the order of FILES."""
    mine = f"description: Of {name}. ".encode() if name.startswith("own-") else b"description: "
    contents = (data.replace(b"description: ", mine) + b"# " + name.encode() for data in FILES.values())
    return {_sha(data): data for data in contents} if name.startswith("own-") else BLOBS


def _sha(data: bytes) -> str:
    """As git names things, more or less."""
    return hashlib.sha1(data).hexdigest()  # noqa: S324


def _labels(names: list[str] | tuple[str, ...]) -> list[dict[str, Any]]:
    url = f"https://api.github.com/repos/{OWNER}/labels"
    return [
        {"id": n, "node_id": f"L_{n}", "url": f"{url}/{name}", "name": name, "color": "ededed", "default": False}
        for n, name in enumerate(names, 1)
    ]


class Connection(asyncio.Protocol):
    """Enough of HTTP/1.1 for clients that send Content-Length: no chunks, no pipelining."""

    def __init__(self, stub: Stub) -> None:
        self.stub = stub
        self.received = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if len(body) < (int(length[1]) if length else 0):
            return
        self.received = b""
        method, path, _ = head.split(b" ", 2)
        status, data = self.stub.answer(method.decode(), path.decode(), body)
        answer = orjson.dumps(data)
        self.transport.write(
            b"HTTP/1.1 %d X\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n"
            b"X-GitHub-Request-Id: 0\r\n\r\n%b" % (status, len(answer), answer)
        )


async def main() -> None:
    stub = Stub()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(stub), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
