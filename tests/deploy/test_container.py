"""`make test-deploy`: each step of deploy/Containerfile in a bare Debian, and what comes of it at work."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bot.work.bench import FORM
from tests.deploy.container import Builder, Image, debian, running, wheels
from tests.docs.reading import ROOT
from tests.fakes.github import FakeGitHub, Limits, key_pair, serve
from tests.fakes.postgresql import INSTALLED, postgresql_server
from tests.faults.service import free_port

CONTAINERFILE = ROOT / "deploy/Containerfile"
DEBIAN = ROOT / ".deploy/debian"
"""Kept from one run to the next."""
NEEDED = ("debootstrap", "unshare", "setpriv")


def why_not() -> str:
    if os.environ.get("TRIAGE_TEST_DEPLOY") != "1":
        return "takes a minute or two: make test-deploy"
    if os.geteuid() != 0:
        return "takes root, for chroot: sudo make test-deploy"
    absent = [name for name in NEEDED if not shutil.which(name)]
    return f"takes {', '.join(absent)}: apt install debootstrap util-linux" if absent else ""


pytestmark = [pytest.mark.skipif(bool(why_not()), reason=why_not()), pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    workplace = tmp_path_factory.mktemp("container")
    # Its path must be open to the container's user, and pytest's is not.
    workplace.parent.parent.chmod(0o711)
    workplace.parent.chmod(0o711)
    workplace.chmod(0o711)
    debian(DEBIAN)
    fetched = workplace / "fetched"
    wheels(fetched, ROOT / "requirements/run.txt", "3.13")
    yield Builder(ROOT, DEBIAN, workplace, fetched).build(CONTAINERFILE)
    shutil.rmtree(workplace)


def printed(image: Image, *command: str) -> str:
    return subprocess.run(image.inside(command), capture_output=True, text=True, check=True).stdout.strip()


def test_what_is_built_is_small_and_can_install_nothing(image: Image):
    for absent in ("usr/bin/gcc", "usr/bin/pip3", "opt/triage/bin/pip", "usr/bin/git", "usr/bin/curl"):
        assert not (image.root / absent).exists()
    assert not list((image.root / "opt/triage/lib").glob("python*/site-packages/pip"))
    assert not list((image.root / "var/lib/apt/lists").glob("*_Packages*"))
    size = int(subprocess.run(["du", "-sm", image.root], capture_output=True, text=True, check=True).stdout.split()[0])
    assert size < 450


def test_nothing_of_it_belongs_to_the_user_that_it_runs_as_but_its_data(image: Image):
    inodes = (Path(folder, name) for folder, folders, files in os.walk(image.root) for name in [*folders, *files])
    assert [path for path in inodes if path.lstat().st_uid == 10001] == [image.root / "data"]
    assert printed(image, "stat", "--format", "%a", "/data") == "700"


def test_its_sqlite_and_its_driver_for_postgresql_are_good(image: Image):
    version = printed(image, "python", "-c", "import sqlite3; print(sqlite3.sqlite_version)")
    assert tuple(map(int, version.split("."))) >= (3, 42)
    assert printed(image, "python", "-c", "import psycopg; print(psycopg.pq.__impl__)") == "binary"


def wait_for(condition: Callable[[], object], log: Path, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, log.read_text()[-4000:]
        time.sleep(0.1)


def healthy(image: Image, port: int) -> bool:
    """As an engine would ask."""
    command = image.inside(image.healthcheck, env={"PORT": str(port)})
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def stop(process: subprocess.Popen[bytes]) -> int:
    """Tells number 1 of the container, as an engine would."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    os.kill(int(children[0]), signal.SIGTERM)
    return process.wait(25)


def test_it_triages_an_issue_in_a_root_that_nobody_can_write_to(image: Image, tmp_path: Path):
    port, log = free_port(), tmp_path / "log"
    fake = FakeGitHub(Limits.off())
    app = fake.add_app(webhook_url=f"http://127.0.0.1:{port}/webhook")
    fake.add_repository("octo-org/repo", {".github/ISSUE_TEMPLATE/bug.yml": FORM}, labels=["bug", "needs-info"])
    with serve(fake) as github:
        env = {
            "PORT": str(port),
            "GITHUB_API_URL": github.url,
            "APP_ID": str(app.id),
            "PRIVATE_KEY": key_pair()[0],
            "WEBHOOK_SECRET": app.webhook_secret,
        }
        assert not healthy(image, port)
        with running(image, env, log) as process:
            wait_for(lambda: healthy(image, port), log)
            fake.install(app, "octo-org")
            issue = fake.open_issue("octo-org/repo", "ann", "Crash", "It does not work.")
            wait_for(lambda: fake.comments_by(app, "octo-org/repo", issue), log)
            begun = time.monotonic()
            assert stop(process) == 0, log.read_text()
            assert time.monotonic() - begun < 20


@pytest.mark.parametrize("_server", ["postgresql"] if INSTALLED else [])
def test_several_processes_go_in_it_too_and_stop_in_time(image: Image, tmp_path: Path, _server: str):
    port, log, database = free_port(), tmp_path / "log", free_port()
    image.command = ["serve", "--workers", "2", "--port", "0"]
    with postgresql_server("listen_addresses=127.0.0.1", f"port={database}"):
        env = {
            "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{database}/postgres",
            "APP_ID": "7",
            "PRIVATE_KEY": key_pair()[0],
            "WEBHOOK_SECRET": "a secret",
            "PORT": str(port),
        }
        with running(image, env, log) as process:
            wait_for(lambda: log.read_text().count("Configured") == 3, log)
            lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
            # Number 1 is the one that watches.
            assert all(line["pid"] > 1 for line in lines if line["event"] == "started")
            begun = time.monotonic()
            assert stop(process) == 0, log.read_text()
            assert time.monotonic() - begun < 20
