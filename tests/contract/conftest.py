"""Without GitHub's descriptions there is nothing to hold the fake against."""

from __future__ import annotations

from tests.contract import promises

collect_ignore_glob = [] if promises.available() else ["test_fake_*.py", "test_webhook_*.py"]
