"""What holds for all tests of the web."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_app_in_the_environment(monkeypatch: pytest.MonkeyPatch):
    for name in ("APP_ID", "PRIVATE_KEY", "PRIVATE_KEY_PATH", "WEBHOOK_SECRET", "DATABASE_URL", "GITHUB_API_URL"):
        monkeypatch.delenv(name, raising=False)
