"""Serves a fake GitHub with one repository and one App, to try things against: `python -m tests.fakes.github`."""

from __future__ import annotations

import argparse
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from tests.fakes.github.fake import FakeGitHub
from tests.fakes.github.limits import Limits
from tests.fakes.github.scene import files_below, key_pair
from tests.fakes.github.server import serve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--repo", default="octo-org/demo")
    parser.add_argument("--files", type=Path, default=Path(), help="a checkout whose .github the repository gets")
    parser.add_argument("--webhook", default="http://127.0.0.1:8000/webhook")
    parser.add_argument("--no-limits", action="store_true")
    options = parser.parse_args()

    fake = FakeGitHub(Limits.off() if options.no_limits else None)
    app = fake.add_app(webhook_url=options.webhook)
    fake.add_repository(options.repo, files_below(options.files, ".github/*", ".github/ISSUE_TEMPLATE/*"))
    key = Path(tempfile.mkdtemp()) / "key.pem"
    key.touch(mode=0o600)
    key.write_text(key_pair()[0])
    with serve(fake, port=options.port) as running:
        fake.install(app, options.repo.partition("/")[0])
        print("The fake GitHub listens. For the service:\n")  # noqa: T201 - it talks to a terminal
        print(f"export GITHUB_API_URL={running.url} APP_ID={app.id} PRIVATE_KEY_PATH={key}")  # noqa: T201
        print(f"export WEBHOOK_SECRET='{app.webhook_secret}'", flush=True)  # noqa: T201
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
