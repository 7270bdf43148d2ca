"""Fuzzes the real service by the description of its addresses: `python -m tests.fuzz.service SECONDS`.

Also the hooks by which schemathesis signs what it delivers; it imports them by this module's name.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import schemathesis

from tests.docs.reading import DOCS, ROOT
from tests.fakes.service import new_key

_SECRET = "It's a Secret to Everybody"
_CHECKS = "status_code_conformance,content_type_conformance,response_schema_conformance"
"""A 503 may be as described, and a 500 never is."""


def before_call(_context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Sign deliveries, so that more than the signature is tried."""
    if case.path == "/webhook":
        kwargs["auth"] = _signed


schemathesis.hook(before_call)


def _signed(request: Any) -> Any:
    """What `requests` calls with all that will be sent; one in eight keeps the signature that was made up for it."""
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    if len(body) % 8:
        signature = hmac.new(_SECRET.encode(), body, hashlib.sha256).hexdigest()
        request.headers["X-Hub-Signature-256"] = f"sha256={signature}"
    return request


def main() -> int:
    """First the service at work, then one that waits for its App; 0 where all answers were as described."""
    seconds = float(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "key.pem"
        key.write_text(new_key())
        credentials = {"APP_ID": "7", "PRIVATE_KEY_PATH": str(key), "WEBHOOK_SECRET": _SECRET}
        at_work = _fuzzed(Path(folder) / "at-work", credentials, seconds * 0.8)
        waiting = _fuzzed(Path(folder) / "waiting", {}, seconds * 0.2)
    return at_work or waiting


def _fuzzed(data_dir: Path, credentials: Mapping[str, str], seconds: float) -> int:
    with _service(data_dir, credentials) as url:
        program, addresses = Path(sys.executable).parent / "schemathesis", DOCS / "reference/openapi.yml"
        command = [str(program), "--no-color", "run", str(addresses)]
        options = ["--url", url, "--checks", _CHECKS, "--max-time", str(int(seconds)), "--continue-on-failure"]
        hooks = {"SCHEMATHESIS_HOOKS": __spec__.name, "PYTHONPATH": str(ROOT)}
        return subprocess.run([*command, *options], cwd=data_dir, env=os.environ | hooks, check=False).returncode


@contextmanager
def _service(data_dir: Path, credentials: Mapping[str, str]) -> Iterator[str]:
    """`triage serve` on any free port; nothing listens where it thinks GitHub is."""
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    environment |= {"GITHUB_API_URL": "http://127.0.0.1:9", "LOG_LEVEL": "error", **credentials}
    data_dir.mkdir()
    command = [sys.executable, "-u", "-m", "bot", "serve", "--port", "0", "--data-dir", str(data_dir)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = next(found for line in process.stdout if (found := re.match(r"Listening on (\S+)", line)))
        try:
            yield told[1]
            assert process.poll() is None, "the service ended by itself"
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
