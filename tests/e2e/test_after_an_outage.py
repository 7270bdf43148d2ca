"""After an outage, or with a backup put back, the service as people run it does what is left to do, once."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import pytest

from tests.e2e.town import FORMS, OWNER, Home, Town, environment
from tests.fakes.github import Running
from tests.fakes.github.model import App, Issue
from tests.fakes.postgresql import INSTALLED, Server, postgresql_server
from tests.fakes.process import Served, served, triage

GAPS = {"what": "It stops."}
NOWHERE = "http://127.0.0.1:9/webhook"
MINUTES = 300.0


@dataclass
class Scene:
    """A repository whose service is started and stopped at will."""

    github: Running
    app: App
    folder: Path
    env: dict[str, str]

    def home(self, service: Served) -> Home:
        self.app.webhook_url = f"{service.url}/webhook"
        town = Town(self.github, self.app, service)
        name = f"{OWNER}/home-001"
        return Home(town, name) if name in self.github.fake.names else town.found(FORMS)

    def arrived_again(self) -> list[str]:
        return [one.guid for one in self.github.fake.hooks.deliveries if one.redelivery and one.status == "OK"]


@pytest.fixture
def scene(github: Running, tmp_path: Path) -> Scene:
    app = github.fake.add_app()
    github.fake.account(OWNER, "Organization")
    github.fake.install(app, OWNER, at=time.time() - 2 * MINUTES)
    env = environment(github, app) | {"TRIAGE_DATA_DIR": str(tmp_path / "data")}
    return Scene(github, app, tmp_path, env)


def comments(home: Home, issues: list[Issue]) -> list[int]:
    return [len(home.comments(issue)) for issue in issues]


@pytest.mark.timeout(300)
def test_what_was_sent_while_it_was_down_is_handled_once_it_is_up(scene: Scene):
    with served(scene.folder, scene.env) as service:
        home = scene.home(service)
        home.asked(home.file(GAPS))
        assert service.stop() == 0
    scene.app.webhook_url = NOWHERE
    opened = [home.file(GAPS) for _ in range(3)]
    scene.github.fake.hooks.wait()
    with served(scene.folder, scene.env) as service:
        home = scene.home(service)
        home.town.until(lambda: comments(home, opened) == [1, 1, 1], 60)
        home.town.quiet()
        # By hand there is nothing left to be asked for.
        scene.app.webhook_url = NOWHERE
        later = home.file(GAPS)
        scene.github.fake.hooks.wait()
        scene.app.webhook_url = f"{service.url}/webhook"
        done = triage("catch-up", env=scene.env)
        assert done.returncode == 0, done.stderr
        assert "asked for again" in done.stdout
        assert "issues of 20" in done.stdout
        home.town.until(lambda: bool(home.comments(later)), 60)
        home.town.quiet()
        assert comments(home, [*opened, later]) == [1, 1, 1, 1]
        assert "0 brought nothing and were asked for again" in triage("catch-up", env=scene.env).stdout
        assert service.stop() == 0


def test_by_hand_it_says_so_where_nothing_arrives(scene: Scene):
    with served(scene.folder, scene.env) as service:
        home = scene.home(service)
        home.town.quiet()
        assert service.stop() == 0
    scene.app.webhook_url = NOWHERE
    home.file(GAPS)
    scene.github.fake.hooks.wait()
    done = triage("catch-up", env=scene.env)
    assert (done.returncode, "does the service run?" in done.stderr) == (1, True), done.stdout
    scene.github.fake.faults.error(422, method="POST", path="/attempts$")
    done = triage("catch-up", env=scene.env)
    assert (done.returncode, "GitHub does not send it again" in done.stderr) == (1, True), done.stdout


@pytest.fixture(params=["sqlite", *(["postgresql"] if INSTALLED else [])])
def stored(request: pytest.FixtureRequest, scene: Scene) -> Iterator[Server | None]:
    if request.param == "sqlite":
        yield None
        return
    with postgresql_server() as server:
        scene.env["DATABASE_URL"] = server.url()
        yield server


def put_back(scene: Scene, backup: Path, server: Server | None) -> None:
    """As the page on backups says."""
    if server is None:
        rmtree(scene.folder / "data")
        (scene.folder / "data").mkdir(mode=0o700)
        (scene.folder / "data/triage.db").write_bytes(backup.read_bytes())
        return
    server.create("restored")
    url = server.url("restored").replace("+psycopg", "")
    subprocess.run(["pg_restore", "--no-owner", "--exit-on-error", f"--dbname={url}", str(backup)], check=True)
    scene.env["DATABASE_URL"] = server.url("restored")


@pytest.mark.timeout(300)
def test_with_a_backup_put_back_it_goes_on_and_asks_nobody_twice(scene: Scene, stored: Server | None):
    backup = scene.folder / "backup"
    with served(scene.folder, scene.env) as service:
        home = scene.home(service)
        before = home.file(GAPS)
        home.asked(before)
        done = triage("db", "backup", str(backup), env=scene.env)
        assert done.returncode == 0, done.stderr
        assert backup.stat().st_mode & 0o777 == 0o600
        # Not in the backup: one opened and asked since, and an answer to the one before.
        begun = time.time() - MINUTES
        since = scene.github.fake.open_issue(home.name, "bob", "Since", "It stops.", created_at=begun)
        home.town.until(lambda: bool(home.comments(since)))
        home.edit(before, {**GAPS, "version": "2.1.0", "system": "Linux"})
        home.town.until(lambda: bool(home.comments(before)[0].minimized))
        home.town.quiet()
        assert service.stop() == 0
    for one in scene.github.fake.hooks.deliveries:
        one.created_at -= MINUTES
        one.delivered_at -= MINUTES
    put_back(scene, backup, stored)
    with served(scene.folder, scene.env) as service:
        home = scene.home(service)
        later = home.file(GAPS)
        home.town.until(lambda: bool(home.comments(later)), 60)
        # What was delivered since the backup was made is asked for: the issue, its label and comment, the answer.
        home.town.until(lambda: len(scene.arrived_again()) >= 4, 60)
        home.town.quiet()
        assert comments(home, [before, since, later]) == [1, 1, 1]
        assert home.comments(before)[0].minimized
        assert service.stop() == 0
