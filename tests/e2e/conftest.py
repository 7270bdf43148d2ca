"""One service for all tests of a module; what passed between it and GitHub is checked at the module's end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract import promises
from tests.e2e.town import OWNER, Town, environment
from tests.fakes.github import FakeGitHub, Limits, serve
from tests.fakes.process import served


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    fake = FakeGitHub(Limits.off())  # the limits have tests of their own
    payloads: list[tuple[str, dict[str, Any]]] = []
    fake.hooks.watchers.append(lambda event, payload: payloads.append((event, payload)))
    app = fake.add_app()
    fake.account(OWNER, "Organization")
    fake.install(app, OWNER)
    with serve(fake) as running:
        # All tests of a module are one installation: its budget for a minute would be spent in seconds.
        settings = environment(running, app) | {"GITHUB_CONTENT_LIMITS": "false"}
        with served(tmp_path_factory.mktemp("service"), settings) as service:
            app.webhook_url = f"{service.url}/webhook"
            yield Town(running, app, service)
            assert service.stop() == 0, service.log[-4000:]
        broken = promises.broken(running, payloads) if promises.available() else []
    if broken:
        pytest.fail("not as GitHub describes it:\n" + "\n".join(broken), pytrace=False)
