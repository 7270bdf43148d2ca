"""Two accounts with the same App: nothing of the one is told to the other, or done with its rights."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import orjson
import pytest

from tests.e2e.town import Home, Town, environment
from tests.fakes.github import Running
from tests.fakes.process import served

OWNERS = ("acme", "bolt")
FORM = """\
name: Bug of {owner}
description: Something of {owner} does not work
labels: [label-of-{owner}]
body:
  - {{type: input, id: version, attributes: {{label: Version of {owner}}}, validations: {{required: true}}}}
  - {{type: textarea, id: what, attributes: {{label: What {owner} saw}}, validations: {{required: true}}}}
"""
POLICY = """\
request:
  wording:
    request: "Dear friend of {owner}: {{% for one in missing %}}{{{{ one.label }}}}{{% endfor %}}"
"""


@pytest.fixture
def homes(github: Running, tmp_path: Path):
    """A private repository each, and one that is served by its owner's shared policy."""
    fake = github.fake
    app = fake.add_app()
    with served(tmp_path, environment(github, app)) as service:
        app.webhook_url = f"{service.url}/webhook"
        town = Town(github, app, service)
        homes: list[Home] = []
        for owner in OWNERS:
            fake.account(owner, "Organization")
            fake.add_repository(f"{owner}/.github", {".github/triage.yml": POLICY.format(owner=owner)})
            files = {".github/ISSUE_TEMPLATE/bug.yml": FORM.format(owner=owner)}
            labels = (f"label-of-{owner}", "needs-info")
            homes.append(town.found(files, labels, owner, private=True))
            fake.install(app, owner)
        yield homes
        assert service.stop() == 0


def test_nothing_of_one_account_reaches_another(homes: list[Home], tmp_path: Path):
    town, github = homes[0].town, homes[0].town.running
    for home, owner in zip(homes, OWNERS, strict=True):
        issue = home.file({"what": f"It broke at {owner}."}, author=f"person-of-{owner}", title=f"Trouble at {owner}")
        comment = home.asked(issue)
        assert f"Dear friend of {owner}" in comment.body
        assert f"label-of-{owner}" in home.labels(issue)
    # Each was asked for with a right to it.
    assert not [(it.method, it.path, it.status) for it in github.exchanges if it.status in {401, 403}]
    for home, owner, other in zip(homes, OWNERS, reversed(OWNERS), strict=True):
        told = [it for it in github.exchanges if it.path.startswith(f"/repos/{home.name}/")]
        assert owner in str([it.answer for it in told])
        assert other not in str([(it.path, it.body) for it in told])
        assert httpx.get(f"{town.service.url}/reports/{home.name}").status_code == 404
        kept = rows_of(tmp_path / "data/triage.db", github.fake.repository(home.name).id)
        assert owner in kept
        assert other not in kept


def test_a_repository_that_changes_hands_is_served_by_its_new_owners_policy(homes: list[Home]):
    home, town = homes[0], homes[0].town
    before = home.file({"what": "It broke."}, author="ann")
    assert "Dear friend of acme" in home.asked(before).body
    town.running.fake.transfer(home.name, "bolt")
    home.name = home.name.replace("acme", "bolt")
    after = home.file({"what": "It broke again."}, author="ann")
    assert "Dear friend of bolt" in home.asked(after).body
    assert not [(it.method, it.path, it.status) for it in town.running.exchanges if it.status in {401, 403}]


def rows_of(database: Path, repository: int) -> str:
    """All that the database holds of a repository, read while the service runs."""
    found: list[object] = []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            if "repository_id" in columns:
                found += connection.execute(f"SELECT * FROM {table} WHERE repository_id = ?", (repository,))  # noqa: S608
        found += connection.execute("SELECT * FROM repositories WHERE id = ?", (repository,))
        found += connection.execute("SELECT * FROM deliveries WHERE lane = ?", (f"repository:{repository}",))
    return orjson.dumps(found, default=lambda value: value.decode("utf-8", "replace")).decode()
